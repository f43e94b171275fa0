"""Review in the panel: edits are measured, kinds and parts change, undo brings back, what was reviewed stays true."""

import csv

import numpy as np
import pytest
from builders_panel import JOB_S
from CLIPSLib.errors import ClipsError


@pytest.fixture
def reviewed(opened, phantom_study):
    """The panel with the lesions of the phantom, made without a job."""
    from CLIPSLib import measure_lesions, segment_study
    from CLIPSLib.scene import add_measures_table, add_segmentation

    pet, _ct = opened.show(phantom_study)
    segmentation = segment_study(phantom_study, "suv4")
    node = add_segmentation(segmentation, phantom_study, pet)
    table = add_measures_table(measure_lesions(segmentation, phantom_study), node)
    opened.panel.showResult(node, table)
    opened.node, opened.pet, opened.tableNode = node, pet, table
    return opened


def total(opened) -> float:
    return opened.live.measures.patient.tmtv_ml


def volume(opened, row: int) -> float:
    return opened.live.measures.lesions[row].volume_ml


def erase_half(opened, row: int) -> None:
    """What a brush does: voxels of a segment change, and Slicer fires what it fires for that."""
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    segment_id = opened.live.measures.lesions[row].lesion_id
    mask = segment_mask(opened.node, segment_id, opened.pet)
    mask[: int(np.median(np.nonzero(mask)[0]))] = False
    set_segment_mask(opened.node, segment_id, image_like(mask.astype(np.uint8), opened.live.study.pet), opened.pet)


def test_painted_voxels_are_measured_after_a_moment(reviewed):
    before = total(reviewed)
    erase_half(reviewed, 0)
    assert reviewed.live.pending and total(reviewed) == before
    reviewed.settle()
    assert total(reviewed) < before
    column = reviewed.tableNode.GetTable().GetColumnByName("volume_ml")
    assert column.GetValue(reviewed.tableNode.GetNumberOfRows() - 1) == total(reviewed)


def test_the_numbers_after_edits_are_those_of_a_fresh_measurement(reviewed):
    from CLIPSLib import measure_lesions
    from CLIPSLib.scene import segmentation_from_node, study_from_nodes

    erase_half(reviewed, 1)
    reviewed.select(0)
    reviewed.ui.kindButton.click()
    fresh = measure_lesions(segmentation_from_node(reviewed.node, reviewed.pet), study_from_nodes(reviewed.pet))
    assert fresh == reviewed.live.measures


def test_physiological_uptake_leaves_the_totals_by_one_key_and_stays_in_the_table(host, reviewed):
    from PySide6.QtTest import QTest

    before, counted = total(reviewed), volume(reviewed, 0)
    reviewed.select(0)
    table = reviewed.ui.lesionTable
    reviewed.panel.form.window().show()
    table.setFocus()
    QTest.keyClick(table, "P")
    if total(reviewed) == before:  # keys reach only an active window, which not every platform gives offscreen
        reviewed.panel.results.lesions._kindKey.activated.emit()
    assert total(reviewed) == pytest.approx(before - counted)
    assert reviewed.rows()[0][1] == "physiological"
    assert len(reviewed.rows()) == reviewed.node.GetSegmentation().GetNumberOfSegments()
    reviewed.ui.kindButton.click()
    assert total(reviewed) == pytest.approx(before)


def test_merge_and_split_are_each_others_opposite(reviewed):
    ids = [lesion.lesion_id for lesion in reviewed.live.measures.lesions]
    volumes = [lesion.volume_ml for lesion in reviewed.live.measures.lesions]
    reviewed.select(1, 3)
    reviewed.ui.mergeButton.click()
    assert [lesion.lesion_id for lesion in reviewed.live.measures.lesions] == [*ids[:3], *ids[4:]]
    assert volume(reviewed, 1) == pytest.approx(volumes[1] + volumes[3])
    reviewed.select(1)
    reviewed.ui.splitButton.click()
    assert total(reviewed) == pytest.approx(sum(volumes))
    assert volume(reviewed, 1) == pytest.approx(volumes[1])
    assert reviewed.live.measures.lesions[1].lesion_id == ids[1]
    assert reviewed.live.measures.lesions[-1].name == "Lesion 2.2"
    assert volume(reviewed, -1) == pytest.approx(volumes[3])


def test_a_lesion_in_one_piece_is_not_split(started_host, reviewed):
    reviewed.select(2)
    reviewed.ui.splitButton.click()
    with pytest.raises(AssertionError, match="is in one piece"):
        started_host.check()


@pytest.mark.parametrize("action", ["kindButton", "mergeButton", "deleteButton"])
def test_undo_takes_one_action_back_and_redo_makes_it_again(reviewed, action):
    before = reviewed.live.measures
    reviewed.select(0, 1)
    getattr(reviewed.ui, action).click()
    changed = reviewed.live.measures
    assert changed.patient != before.patient or changed.lesions != before.lesions
    reviewed.ui.undoButton.click()
    reviewed.settle(lambda: reviewed.live.measures == before)
    reviewed.ui.redoButton.click()
    reviewed.settle(lambda: reviewed.live.measures == changed)


def test_a_name_is_typed_into_the_table_and_the_id_stays(reviewed):
    first = reviewed.live.measures.lesions[0]
    reviewed.ui.lesionTable.item(0, 0).setText("Mediastinal bulk")
    reviewed.settle()
    assert reviewed.live.measures.lesions[0].name == "Mediastinal bulk"
    assert reviewed.live.measures.lesions[0].lesion_id == first.lesion_id
    assert reviewed.node.GetSegmentation().GetSegment(first.lesion_id).GetName() == "Mediastinal bulk"


def test_a_selected_lesion_is_shown_in_the_slice_views(reviewed):
    import slicer

    reviewed.select(2)
    x, y, z = reviewed.live.measures.lesions[2].centroid_lps_mm
    offsets = {
        name: slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode().GetSliceOffset()
        for name in ("Red", "Yellow", "Green")
    }
    spacing = max(reviewed.pet.GetSpacing())
    assert offsets["Red"] == pytest.approx(z, abs=spacing)
    assert abs(offsets["Yellow"]) == pytest.approx(abs(x), abs=spacing)
    assert abs(offsets["Green"]) == pytest.approx(abs(y), abs=spacing)


def test_shift_and_mouse_over_a_lesion_select_its_row(reviewed, monkeypatch):
    import slicer

    monkeypatch.setattr(type(reviewed.panel.results.lesions), "_shiftIsDown", staticmethod(lambda: True))
    crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    hottest = _voxel_of(reviewed, 3)
    crosshair.SetCursorPositionRAS(hottest)
    assert reviewed.panel.results.table.selectedIds == [reviewed.live.measures.lesions[3].lesion_id]
    assert reviewed.live.lesionAt((9999.0, 0.0, 0.0)) is None


def _voxel_of(opened, row: int):
    from CLIPSLib.imaging import array_view, index_to_lps_mm

    labels = opened.live.segmentation.labels
    index = np.argwhere(array_view(labels) == opened.live.measures.lesions[row].label)[0]
    x, y, z = index_to_lps_mm(labels, index)[0]
    return [-x, -y, z]


@pytest.mark.parametrize("method", [0, 1])
def test_a_missed_lesion_is_added_with_a_click(host, reviewed, method):
    from slicer_host import views

    missed = _voxel_of(reviewed, 2)
    before = reviewed.live.measures.lesions[2]
    reviewed.select(2)
    reviewed.ui.deleteButton.click()
    count = len(reviewed.rows())
    reviewed.ui.growSelector.currentIndex = method
    reviewed.ui.growPlaceWidget.setPlaceModeEnabled(True)
    views.place_point(missed)
    host.wait_until(lambda: len(reviewed.rows()) == count + 1, JOB_S)
    added = reviewed.live.measures.lesions[-1]
    assert reviewed.panel.results.table.selectedIds == [added.lesion_id]
    if method == 0:
        assert added.volume_ml == pytest.approx(before.volume_ml)
    assert not reviewed.ui.growPlaceWidget.placeModeEnabled


def test_a_click_into_nothing_says_why(reviewed):
    count = len(reviewed.rows())
    with pytest.raises(ClipsError, match="a lesion starts at SUV"):
        reviewed.panel.results.lesions.addLesionAt(reviewed.pet.GetOrigin())
    assert len(reviewed.rows()) == count


def test_a_review_is_kept_until_lesions_change(reviewed):
    reviewed.ui.reviewedCheckBox.checked = True
    assert reviewed.ui.reviewLabel.text == "Reviewed."
    reviewed.ui.lesionTable.item(0, 0).setText("Another name")
    reviewed.settle()
    assert reviewed.ui.reviewedCheckBox.checked
    erase_half(reviewed, 0)
    reviewed.settle()
    assert not reviewed.ui.reviewedCheckBox.checked and "unreviewed" in reviewed.ui.reviewLabel.text


def test_the_table_goes_to_the_clipboard(reviewed):
    import qt

    reviewed.ui.copyButton.click()
    lines = qt.QApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Lesion\tKind\tmL")
    assert len(lines) == len(reviewed.rows()) + 2
    assert lines[-1].split("\t")[2] == f"{total(reviewed):.1f}"


def test_csv_and_report_hold_what_the_panel_shows(host, reviewed, tmp_path):
    erase_half(reviewed, 0)  # not measured yet: saving must not be faster than the table
    with host.answering(str(tmp_path / "lesions.csv"), str(tmp_path / "report.html")):
        reviewed.ui.csvButton.click()
        reviewed.ui.reportButton.click()
    rows = list(csv.DictReader((tmp_path / "lesions.csv").open(encoding="utf-8")))
    assert float(rows[-1]["volume_ml"]) == pytest.approx(total(reviewed))
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "PHANTOM-0001" in report and f"{total(reviewed):.1f}" in report


def test_an_anonymous_report_names_nobody(host, reviewed, tmp_path):
    reviewed.ui.anonymousCheckBox.checked = True
    with host.answering(str(tmp_path / "report.html")):
        reviewed.ui.reportButton.click()
    assert "PHANTOM-0001" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_moved_pet_is_not_measured(reviewed):
    import slicer

    reviewed.pet.SetAndObserveTransformNodeID(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode").GetID())
    reviewed.settle(lambda: "moved by the transform" in reviewed.ui.problemLabel.text)
    assert reviewed.ui.tmtvLabel.text == "" and not reviewed.ui.csvButton.enabled
    reviewed.pet.SetAndObserveTransformNodeID(None)
    reviewed.settle(lambda: reviewed.ui.tmtvLabel.text != "")


def test_a_condition_of_the_mask_is_said_when_an_edit_breaks_it(reviewed):
    """A network's mask that holds for SUV >= 4 only."""
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    reviewed.node.SetAttribute("CLIPS.ValidFor", "suv >= 4")
    for segment_id in reviewed.node.GetSegmentation().GetSegmentIDs():
        reviewed.node.GetSegmentation().GetSegment(segment_id).SetTag("CLIPS.ValidFor", "suv >= 4")
    segment_id = reviewed.live.measures.lesions[0].lesion_id
    mask = segment_mask(reviewed.node, segment_id, reviewed.pet)
    mask[:, 0, :] = True
    set_segment_mask(
        reviewed.node, segment_id, image_like(mask.astype(np.uint8), reviewed.live.study.pet), reviewed.pet
    )
    reviewed.settle(lambda: "suv >= 4" in reviewed.ui.problemLabel.text)


def test_cautions_are_shown_with_the_result(reviewed):
    study_cautions = reviewed.live.study.cautions
    shown = reviewed.ui.cautionsLabel.text
    assert all(str(caution) in shown for caution in study_cautions)


def test_the_mip_is_in_the_layout_of_the_module(reviewed):
    import slicer

    view = slicer.mrmlScene.GetSingletonNode("CLIPSMip", "vtkMRMLViewNode")
    assert view.GetRaycastTechnique() == slicer.vtkMRMLViewNode.MaximumIntensityProjection
    display = slicer.modules.volumerendering.logic().GetFirstVolumeRenderingDisplayNode(reviewed.pet)
    assert display.GetVisibility() and view.GetID() in display.GetViewNodeIDs()
