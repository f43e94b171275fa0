"""The module file works as Slicer uses it: cheap to load, usable from the console, with a self test that passes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MODULE_FILE = REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py"


@pytest.fixture
def module(host):
    """The Python module that Slicer has loaded from the file."""
    host.load_module(MODULE_FILE)
    return sys.modules["CLIPSSegmentation"]


def test_slicer_learns_what_the_module_is(module):
    import slicer

    described = slicer.modules.clipssegmentation
    assert described.title == "CLIPS Segmentation"
    assert described.categories == ("Segmentation",)
    assert not described.hidden
    assert "not a medical device" in described.helpText


def test_slicer_is_told_which_of_its_modules_are_used_and_does_not_load_this_one_without_them(host, monkeypatch):
    import slicer

    monkeypatch.delattr(slicer.modules, "volumerendering")
    with pytest.raises(RuntimeError, match="VolumeRendering"):
        host.load_module(MODULE_FILE)


def test_the_self_test_passes(module):
    module.CLIPSSegmentationTest().runTest()


def test_scripts_find_models_and_jobs_in_the_folder_that_was_chosen_in_the_panel(host, monkeypatch, tmp_path):
    import qt

    monkeypatch.setenv("CLIPS_HOME", "")  # put back after the test
    monkeypatch.delenv("CLIPS_HOME")
    qt.QSettings().setValue("CLIPS/DataFolder", str(tmp_path))
    host.load_module(MODULE_FILE)
    assert sys.modules["CLIPSSegmentation"].CLIPSSegmentationLogic().jobs.root == tmp_path / "jobs"


@pytest.mark.parametrize("page", ["slicer-module", "training-panel"])
def test_documented_scripts_are_started_so_that_slicer_ends_with_them_also_after_an_error(page):
    """Slicer stays open after `--python-script` when the script does not get to its end; without a window, for ever."""
    text = (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```python\n# \w+\.py: Slicer (.*)", text)
    assert re.match(r"--no-main-window \w+\.py ", command)


def test_an_error_reaches_the_console_with_what_to_do(module, tmp_path):
    from CLIPSLib.errors import ClipsError

    with pytest.raises(ClipsError) as error:
        module.CLIPSSegmentationLogic().loadStudy(str(tmp_path))
    assert error.value.remedy


def test_loading_the_module_file_loads_neither_the_core_nor_anything_heavy(started_host):
    code = (
        "import sys, slicer_host\n"
        f"slicer_host.start().load_module({str(MODULE_FILE)!r})\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'CLIPSLib', 'SimpleITK', 'pydicom', 'scipy', 'torch', 'matplotlib'}))"
    )
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation")]
    code = f"import sys; sys.path[:0] = {path}\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_file_stays_a_shell():
    assert len(MODULE_FILE.read_text(encoding="utf-8").splitlines()) <= 150
