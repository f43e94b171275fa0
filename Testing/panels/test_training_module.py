"""The module file of CLIPS Training works as Slicer uses it: cheap to load and open, with a self test that passes."""

import subprocess
import sys

import builders_training_panel
import pytest
from builders_training_panel import MODULE_FILE, REPOSITORY, SEGMENTATION_FILE


@pytest.fixture
def module(host):
    """The Python module that Slicer has loaded from the file."""
    host.load_module(SEGMENTATION_FILE)
    host.load_module(MODULE_FILE)
    return sys.modules["CLIPSTraining"]


def test_slicer_learns_what_the_module_is_and_needs(module):
    import slicer

    described = slicer.modules.clipstraining
    assert described.title == "CLIPS Training"
    assert described.dependencies == ("CLIPSSegmentation",)
    assert "not a medical device" in described.helpText


def test_without_the_first_module_it_is_refused(host):
    with pytest.raises(RuntimeError, match="CLIPSSegmentation"):
        host.load_module(MODULE_FILE)


def test_the_self_test_passes(module):
    module.CLIPSTrainingTest().runTest()


def test_a_case_is_shown_and_taken_out_from_the_console(module, phantom_study, tmp_path):
    import slicer

    folder = builders_training_panel.make_registry(tmp_path / "registry", phantom_study, count=1)
    with module.CLIPSTrainingLogic() as logic:
        logic.openRegistry(str(folder))
        shown = logic.showCase("C0001")
        assert shown.segmentationNode.GetSegmentation().GetNumberOfSegments() == 7
        shown.remove()
    assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def test_opening_the_panel_loads_nothing_heavy_and_no_core_room_that_reads_images(started_host):
    code = (
        "import sys, slicer_host\n"
        f"host = slicer_host.start(); host.load_module({str(SEGMENTATION_FILE)!r})\n"
        f"host.load_module({str(MODULE_FILE)!r})\n"
        "print('loaded', sorted({n.split('.')[0] for n in sys.modules} & {'CLIPSLib', 'SimpleITK', 'scipy'}))\n"
        f"host.open_panel({str(MODULE_FILE)!r}) if False else __import__('slicer').modules.clipstraining"
        ".widgetRepresentation().enter()\n"
        "print('opened', sorted({n.split('.')[0] for n in sys.modules} & {'SimpleITK', 'pydicom', 'scipy', 'torch', "
        "'monai', 'matplotlib'}))"
    )
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
    code = f"import sys; sys.path[:0] = {path}\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["loaded []", "opened []"]


def test_every_control_has_a_tooltip(host, own_data_folder):
    import qt

    panel = builders_training_panel.TrainingPanel(host)
    kinds = (qt.QAbstractButton, qt.QComboBox, qt.QLineEdit, qt.QTableWidget)
    for section in (panel.cases, panel.review, panel.rating):
        for name, widget in vars(section.ui).items():
            if isinstance(widget, kinds) and not name.startswith("qt_"):
                assert widget.toolTip, name


def test_the_module_file_stays_a_shell():
    assert len(MODULE_FILE.read_text(encoding="utf-8").splitlines()) <= 150


def test_a_scene_that_was_saved_in_a_layout_of_clips_has_its_views_in_a_slicer_where_no_panel_was_opened(started_host):
    code = (
        "import slicer_host\n"
        f"host = slicer_host.start(); host.load_module({str(SEGMENTATION_FILE)!r})\n"
        f"host.load_module({str(MODULE_FILE)!r})\n"
        "import slicer\n"
        "for layout in (7150, 7151):\n"  # what the scene says is all that is left of it
        "    slicer.app.layoutManager().layoutLogic().GetLayoutNode().SetViewArrangement(layout)\n"
        "    print(slicer.app.layoutManager().sliceViewNames())"
    )
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
    code = f"import sys; sys.path[:0] = {path}\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    fusion, side_by_side = done.stdout.splitlines()[-2:]
    assert "Red" in fusion and "CLIPSAAxial" in side_by_side
