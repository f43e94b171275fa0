"""What the results keep true over time: undo after coming back, the right PET, a review of what is there now."""

import pytest


@pytest.fixture
def shown(opened, phantom_study):
    """The panel with the lesions of the phantom, made without a job."""
    from CLIPSLib import segment_study
    from CLIPSLib.scene import add_segmentation

    opened.pet, _ct = opened.show(phantom_study)
    opened.node = add_segmentation(segment_study(phantom_study, "suv4"), phantom_study, opened.pet)
    opened.panel.showResult(opened.node, None)
    return opened


def come_back(opened) -> None:
    opened.panel.exit()
    opened.panel.enter()


def test_undo_works_after_the_panel_was_left_and_opened_again(shown):
    come_back(shown)
    before = shown.live.measures
    shown.select(0)
    shown.ui.deleteButton.click()
    assert len(shown.rows()) == len(before.lesions) - 1
    shown.ui.undoButton.click()
    shown.settle(lambda: shown.live.measures == before)


def test_undo_works_in_the_next_scene(shown, phantom_study):
    import slicer
    from CLIPSLib import segment_study
    from CLIPSLib.scene import add_segmentation

    slicer.mrmlScene.Clear(0)
    pet, _ct = shown.show(phantom_study)
    shown.panel.showResult(add_segmentation(segment_study(phantom_study, "suv4"), phantom_study, pet), None)
    before = shown.live.measures
    shown.select(0)
    shown.ui.kindButton.click()
    assert shown.live.measures != before
    shown.ui.undoButton.click()
    shown.settle(lambda: shown.live.measures == before)


def erase(opened, row: int) -> None:
    """What a brush does."""
    import numpy as np
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    segment_id = opened.live.measures.lesions[row].lesion_id
    mask = segment_mask(opened.node, segment_id, opened.pet)
    mask[: int(np.median(np.nonzero(mask)[0]))] = False
    set_segment_mask(opened.node, segment_id, image_like(mask.astype(np.uint8), opened.live.study.pet), opened.pet)


def test_a_result_is_not_measured_on_the_pet_of_another_study(shown, phantom_study):
    from dataclasses import replace

    import slicer
    from CLIPSLib.errors import Refusal
    from CLIPSLib.scene import add_study_volumes

    identity = replace(phantom_study.identity, pet_series_uid="2.25.7", ct_series_uid="2.25.8", study_uid="2.25.9")
    other, _ct = add_study_volumes(replace(phantom_study, identity=identity))
    with pytest.raises(Refusal, match=r"2\.25\.7"):
        shown.logic.measure(shown.node, other)
    slicer.mrmlScene.RemoveNode(shown.pet)
    shown.panel.chooseStudy(other, None)
    assert "2.25.7" in shown.ui.problemLabel.text and shown.ui.tmtvLabel.text == ""
    assert not shown.ui.csvButton.enabled


@pytest.mark.parametrize("while_away", [True, False])
def test_a_review_ends_with_edits_that_the_panel_did_not_follow(shown, while_away):
    shown.ui.reviewedCheckBox.checked = True
    come_back(shown)
    assert shown.ui.reviewedCheckBox.checked
    if while_away:
        shown.panel.exit()
        from CLIPSLib.scene import set_kind

        set_kind(shown.node, shown.node.GetSegmentation().GetNthSegmentID(0), "physiological")
    else:
        erase(shown, 0)
        shown.panel.exit()
        from CLIPSLib.scene import is_reviewed

        assert not is_reviewed(shown.node)
    shown.panel.enter()
    assert not shown.ui.reviewedCheckBox.checked and "unreviewed" in shown.ui.reviewLabel.text


def test_a_review_that_ended_can_be_given_again(shown):
    for _again in range(2):
        shown.ui.reviewedCheckBox.checked = True
        assert shown.live.measures.patient.reviewed
        erase(shown, 0)
        shown.settle()
        assert not shown.ui.reviewedCheckBox.checked


def test_undo_brings_no_withdrawn_review_back(shown, tmp_path):
    """Slicer's undo restores the segments with their tags, and files keep only these."""
    import slicer
    from CLIPSLib.scene import is_reviewed, segmentation_from_node

    shown.ui.reviewedCheckBox.checked = True
    shown.select(0)
    shown.ui.kindButton.click()
    shown.ui.undoButton.click()
    shown.settle(lambda: not is_reviewed(shown.node))
    assert not shown.ui.reviewedCheckBox.checked
    assert slicer.util.saveNode(shown.node, str(tmp_path / "mask.seg.nrrd"))
    saved = slicer.util.loadSegmentation(str(tmp_path / "mask.seg.nrrd"))
    assert not segmentation_from_node(saved, shown.pet).reviewed


def test_a_lesion_that_is_gone_is_not_acted_on(shown):
    shown.select(0, 1)
    segment_id = shown.live.measures.lesions[0].lesion_id
    shown.node.GetSegmentation().RemoveSegment(segment_id)
    assert shown.live.pending
    shown.ui.kindButton.click()
    assert segment_id not in shown.node.GetSegmentation().GetSegmentIDs()
    assert shown.live.measures.lesions[0].kind == "physiological"


def test_a_review_of_a_lesion_made_by_hand_keeps_the_method(shown):
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import add_lesion, segment_mask
    from CLIPSLib.segmentation import Lesion

    method = shown.live.segmentation.provenance
    mask = segment_mask(shown.node, shown.live.measures.lesions[0].lesion_id, shown.pet)
    drawn = image_like(mask.astype("uint8"), shown.live.study.pet)
    shown.select(0)
    shown.ui.deleteButton.click()
    add_lesion(shown.node, Lesion(label=0, lesion_id="drawn", name="Drawn"), drawn, shown.pet)
    shown.settle()
    shown.ui.reviewedCheckBox.checked = True
    assert shown.live.segmentation.provenance == method
    assert shown.live.measures.patient.reviewed


def test_tumor_and_physiological_uptake_are_not_merged(started_host, shown):
    shown.select(0)
    shown.ui.kindButton.click()
    before = shown.live.measures
    shown.select(0, 1)
    shown.ui.mergeButton.click()
    with pytest.raises(AssertionError, match="same kind first"):
        started_host.check()
    assert shown.live.measures == before


def test_the_heading_says_whose_results_these_are_when_another_study_is_chosen(shown, phantom_study):
    from dataclasses import replace

    assert shown.ui.resultsButton.text == "Results"
    identity = replace(phantom_study.identity, pet_series_uid="2.25.7", ct_series_uid="2.25.8", study_uid="2.25.9")
    shown.show(replace(phantom_study, identity=identity))
    assert shown.ui.resultsButton.text == f"Results of {shown.pet.GetName()}"
    shown.panel.chooseStudy(shown.pet, None)
    assert shown.ui.resultsButton.text == "Results"


def test_a_review_goes_with_the_saved_segmentation_and_ends_with_an_edit_elsewhere(shown, tmp_path):
    import slicer
    from CLIPSLib.formats import read_seg_nrrd

    shown.ui.reviewedCheckBox.checked = True
    assert slicer.util.saveNode(shown.node, str(tmp_path / "reviewed.seg.nrrd"))
    back = read_seg_nrrd(tmp_path / "reviewed.seg.nrrd", shown.live.study.pet)
    assert back.reviewed and back.provenance == shown.live.segmentation.provenance
    shown.node.GetSegmentation().RemoveSegment(shown.node.GetSegmentation().GetNthSegmentID(0))
    assert slicer.util.saveNode(shown.node, str(tmp_path / "edited.seg.nrrd"))
    edited = read_seg_nrrd(tmp_path / "edited.seg.nrrd", shown.live.study.pet)
    assert not edited.reviewed

    from CLIPSLib import measure_lesions

    assert measure_lesions(edited, shown.live.study).patient.method.endswith(", edited")


def test_a_review_comes_back_with_the_saved_scene(shown, tmp_path):
    import slicer

    shown.ui.reviewedCheckBox.checked = True
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    shown.settle(lambda: shown.live.measures is not None)
    assert shown.ui.reviewedCheckBox.checked and shown.live.measures.patient.reviewed


def test_a_long_name_leaves_kind_volume_and_suvmax_in_sight(shown):
    name = "GTV of the left inguinal region, drawn for radiotherapy planning"
    shown.ui.lesionTable.item(0, 0).setText(name)
    shown.settle()
    table = shown.ui.lesionTable
    assert shown.rows()[0][0] == name == table.item(0, 0).toolTip()
    right_edge = sum(table.columnWidth(column) for column in range(4))
    assert table.horizontalHeaderItem(3).text() == "SUVmax" and right_edge <= 460 - 2 * 40  # margins and scroll bar
