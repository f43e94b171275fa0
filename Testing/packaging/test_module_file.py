"""The module file works as Slicer uses it: cheap to load, usable from the console, with a self test that passes."""

import subprocess
import sys
import types
from pathlib import Path

import pytest
from scripted_module import loaded_module

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MODULE_FILE = REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py"


@pytest.fixture
def module():
    with loaded_module(MODULE_FILE) as module:
        yield module


def test_slicer_learns_what_the_module_is(module):
    parent = types.SimpleNamespace()
    module.CLIPSSegmentation(parent)
    assert parent.title == "CLIPS Segmentation"
    assert parent.categories == ["Segmentation"]
    assert parent.hidden  # until there is a panel
    assert "not a medical device" in parent.helpText


def test_the_self_test_passes(module):
    module.CLIPSSegmentationTest().runTest()


def test_an_error_reaches_the_console_with_what_to_do(module, tmp_path):
    from CLIPSLib.errors import ClipsError

    with pytest.raises(ClipsError) as error:
        module.CLIPSSegmentationLogic().loadStudy(str(tmp_path))
    assert error.value.remedy


def test_loading_the_module_file_loads_neither_the_core_nor_anything_heavy():
    code = (
        "import sys; from pathlib import Path; from scripted_module import loaded_module\n"
        f"with loaded_module(Path({str(MODULE_FILE)!r})):\n"
        "    print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'CLIPSLib', 'SimpleITK', 'pydicom', 'scipy', 'torch', 'matplotlib'}))"
    )
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation")]
    code = f"import sys; sys.path[:0] = {path}\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_file_stays_a_shell():
    assert len(MODULE_FILE.read_text(encoding="utf-8").splitlines()) <= 150
