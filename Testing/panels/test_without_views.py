"""Slicer without a main window has no layout manager at all; the host always has one, so it is taken away here."""

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SEGMENTATION = REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py"
TRAINING = REPOSITORY / "CLIPSTraining" / "CLIPSTraining.py"


@pytest.fixture
def without_views(host, own_data_folder, monkeypatch):
    import slicer

    monkeypatch.setattr(type(slicer.app), "layoutManager", lambda _application: None)
    return host


def test_a_script_segments_a_study(without_views, small_phantom):
    without_views.load_module(SEGMENTATION)
    logic = sys.modules["CLIPSSegmentation"].CLIPSSegmentationLogic()
    _segmentation_node, table_node = logic.segment(*logic.loadStudy(str(small_phantom)))
    assert table_node.GetNumberOfRows() > 1


@pytest.mark.slow
def test_panels_open_show_a_result_and_a_case_and_are_left(without_views, phantom_study, registry_folder):
    """Slicer's generic module tests open panels so."""
    from CLIPSLib.scene import add_study_volumes

    segmentation = without_views.open_panel(SEGMENTATION)
    segmentation.panel.chooseStudy(*add_study_volumes(phantom_study))
    segmentation.ui.applyButton.click()
    without_views.wait_until(lambda: segmentation.panel.parameterNode.segmentation is not None, 60)
    training = without_views.open_panel(TRAINING)
    assert training.panel.openRegistry(str(registry_folder))
    assert training.panel.openCase("C0001")
    without_views.process_events()
    for widget in (segmentation, training):
        widget.exit()
        widget.enter()
        widget.exit()
