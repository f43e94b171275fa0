"""CLIPS Training: what was done in the last moment counts; undo, images and unfinished work outlast leaving."""

import pytest


@pytest.fixture
def brush(training):
    """Erases half of a lesion, as a brush does; what follows is up to the panel."""
    import numpy as np
    from CLIPSLib.imaging import array_view, image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    def brush() -> None:
        case = training.review.case
        segment_id = case.segmentationNode.GetSegmentation().GetNthSegmentID(0)
        mask = segment_mask(case.segmentationNode, segment_id, case.petNode)
        mask[: int(np.median(np.nonzero(mask)[0]))] = False
        pet = case.content.study.pet
        assert array_view(pet).shape == mask.shape
        set_segment_mask(case.segmentationNode, segment_id, image_like(mask.astype(np.uint8), pet), case.petNode)

    return brush


def test_accept_right_after_a_stroke_of_the_brush_accepts_nothing_and_loses_nothing(training, brush):
    training.open("C0001")
    brush()
    assert training.live.pending and training.review.ui.acceptButton.enabled  # not looked at yet
    training.review.onAccept()
    assert training.registry.reviews("C0001") == []
    assert training.review.work.changed and training.review.ui.saveButton.enabled


def test_save_right_after_a_stroke_of_the_brush_saves_it(training, brush):
    training.open("C0001")
    brush()
    assert training.review.onSave()
    first, second = training.registry.masks("C0001")
    assert second.volume_ml < first.volume_ml


def test_a_stroke_before_the_case_has_been_measured_counts_as_an_edit_and_is_asked_about(host, training, brush):
    import qt

    training.panel.openCase("C0001")
    brush()
    with host.answering(qt.QMessageBox.Cancel):
        assert not training.panel.openCase("C0002")
    assert training.review.work.changed and training.review.work.editCount == 1


def test_stepping_through_unchanged_cases_measures_none_of_them(training, monkeypatch):
    from CLIPSLib.measures import LesionMeter

    measured = []
    monkeypatch.setattr(LesionMeter, "measure", lambda *_args, **_kwargs: measured.append(1))
    for case in ("C0001", "C0002", "C0003"):
        assert training.panel.openCase(case)
    assert not measured and training.review.work is not None


def test_lesions_that_cannot_be_read_are_neither_accepted_nor_saved_as_they_were_before(training):
    import slicer

    training.open("C0001")
    training.delete_lesion()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    training.review.case.segmentationNode.SetAndObserveTransformNodeID(transform.GetID())
    training.settle()
    assert training.review.ui.problemLabel.text
    assert not training.review.onSave() and len(training.registry.masks("C0001")) == 1
    training.review.case.segmentationNode.SetAndObserveTransformNodeID(None)
    training.settle()
    assert training.review.onSave()


def test_undo_goes_on_when_the_panel_was_left_and_opened_again(training):
    training.open("C0001")
    training.delete_lesion()
    training.widget.exit()
    training.widget.enter()
    assert training.live.measures.patient.lesion_count == 6
    training.review.ui.undoButton.click()
    training.settle()
    assert training.live.measures.patient.lesion_count == 7 and not training.review.work.changed


def test_a_scene_that_closes_while_the_panel_is_left_leaves_an_editor_that_works(training):
    import slicer

    training.open("C0001")
    training.delete_lesion()
    training.widget.exit()
    slicer.mrmlScene.Clear(0)
    training.widget.enter()
    assert training.review.caseId is None and training.review.ui.editor.segmentationNode() is None
    training.open("C0001")  # with the work that was kept
    training.delete_lesion()
    training.review.ui.undoButton.click()
    training.settle()
    assert training.live.measures.patient.lesion_count == 6


def test_nodes_that_are_deleted_right_after_a_stroke_close_the_case(host, training, brush):
    import slicer
    from builders_training_panel import PATIENCE_S

    training.panel.openCase("C0001")
    brush()
    slicer.mrmlScene.RemoveNode(training.review.case.petNode)
    host.wait_until(lambda: training.review.caseId is None, PATIENCE_S)
    assert "taken out of the scene" in training.review.ui.messageLabel.text


def test_the_case_that_was_left_is_not_read_again(host, training):
    from builders_training_panel import PATIENCE_S

    training.open("C0001")
    reader = training.panel.imageReader
    host.wait_until(lambda: not reader.busy, PATIENCE_S)
    started = []
    read, reader._images = reader._images, lambda case: started.append(case) or read(case)
    training.open("C0002")
    training.open("C0001")
    host.wait_until(lambda: not reader.busy, PATIENCE_S)
    assert "C0001" not in started


def test_images_that_are_gone_are_told_as_a_failure_and_the_work_stays(training, registry_folder):
    """The database is there, the images are not: half of a disk."""
    training.open("C0001")
    training.delete_lesion()
    images = registry_folder / "images"
    away = images.rename(registry_folder / "away")
    assert not training.review.onSave()
    assert "missing or damaged" in training.review.ui.messageLabel.text
    away.rename(images)
    assert training.review.onSave()


def test_two_slicers_under_one_name_lose_no_unfinished_work(training, registry_folder):
    from CLIPSLib.cases import Registry
    from CLIPSTrainingLib.CaseContent import sameLesions

    training.open("C0001")
    training.delete_lesion()
    with Registry.open(registry_folder) as other:  # the other Slicer keeps what is unfinished there
        (first,) = other.masks("C0001")
        theirs = other.read_mask(first.id)
        labels = theirs.labels * 1
        labels[labels.GetSize()[0] // 2 :, :, :] = 0
        from dataclasses import replace

        theirs = replace(theirs, labels=labels)
        other.save_draft("C0001", "A. Reader", theirs, parent=first.id)
    training.review.keepDraft()
    assert "another Slicer" in training.review.ui.messageLabel.text
    _first, kept = training.registry.masks("C0001")
    assert (kept.parent, kept.author, kept.origin) == (first.id, "A. Reader", "corrected")
    assert sameLesions(training.registry.read_mask(kept.id), theirs)
    assert training.registry.reference("C0001") is None
    assert len(training.registry.read_draft("C0001", "A. Reader").segmentation.lesions) == 6
    training.review.keepDraft()
    assert training.review.onSave()
    assert len(training.registry.masks("C0001")) == 3  # kept once


@pytest.mark.parametrize("begin", ["openCase", "accept"])
def test_a_second_press_waits_until_the_first_is_carried_out(host, training, begin):
    """Handled in between, it would open a second case beside the first, or accept the case that comes next unseen."""
    import qt

    training.open("C0001")
    seen = []
    qt.QTimer.singleShot(0, lambda: seen.append(training.review.caseId))
    if begin == "openCase":
        training.panel.openCase("C0002")
    else:
        training.review.onAccept()
    assert seen == []
    host.process_events()
    assert seen == ["C0002" if begin == "openCase" else "C0001"]


def test_a_key_that_is_pressed_twice_does_not_accept_the_next_case_as_well(training):
    training.open("C0001")
    training.rating.choose(3)
    training.rating.onRate()
    for _press in range(2):
        training.review.onAccept()
    assert training.review.caseId == "C0002"
    assert training.registry.reference("C0001") is not None
    assert training.registry.reference("C0002") is None
    training.settle()
    training.review.onAccept()
    assert training.registry.reference("C0002") is not None
