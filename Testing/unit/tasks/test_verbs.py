"""Who lists tasks, or looks at runs and experiments, needs no PyTorch: every background job begins with that list."""

import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[3] / "CLIPSSegmentation"
_WITHOUT_TORCH = """
import importlib, sys
sys.path.insert(0, {core!r})
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "monai"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
for name in {names!r}:
    importlib.import_module(name)
"""
USED_BY_PANELS = ("runs", "experiment", "experiment_runs", "experiment_job", "experiment_result", "run_predictions")


@pytest.mark.parametrize("names", [("verbs",), USED_BY_PANELS], ids=["verbs", "panels"])
def test_the_list_of_tasks_and_what_panels_ask_load_without_torch(names):
    code = _WITHOUT_TORCH.format(core=str(CORE), names=[f"CLIPSLib.tasks.{name}" for name in names])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
