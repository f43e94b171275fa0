"""CLIPS Training: a case is opened, corrected and decided on; nothing is lost, nothing overwritten, nothing leaks."""

import builders_training_panel
import numpy as np
import pytest
from builders_training_panel import PATIENCE_S, TrainingPanel


@pytest.fixture
def colleague(training, registry_folder):
    """The same registry in the hands of somebody else."""
    from CLIPSLib.cases import Registry

    with Registry.open(registry_folder) as registry:
        yield registry


def test_a_case_opens_as_fusion_with_mip_windows_and_outlines(training):
    import slicer
    from CLIPSSegmentationLib import Display

    assert training.open("C0002")
    case = training.review.case
    assert Display.isShown()
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == case.ctNode.GetID()
    assert composite.GetForegroundVolumeID() == case.petNode.GetID()
    ct = case.ctNode.GetDisplayNode()
    assert (ct.GetWindow(), ct.GetLevel()) == (400.0, 40.0)
    assert (case.petNode.GetDisplayNode().GetWindowLevelMin(), case.petNode.GetDisplayNode().GetWindowLevelMax()) == (
        0.0,
        6.0,
    )
    assert slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    assert not case.segmentationNode.GetDisplayNode().GetVisibility2DFill()
    assert training.live.measures.patient.lesion_count == 7
    assert not training.review.work.changed and training.review.work.editCount == 0
    editor = training.review.ui.editor
    assert editor.mrmlSegmentEditorNode().GetSingletonTag() == "CLIPSTraining"
    assert editor.effectNameOrder() == ("Paint", "Erase", "Scissors", "Islands")
    assert editor.segmentationNode() is case.segmentationNode and editor.sourceVolumeNode() is case.petNode


def test_cases_leave_nothing_behind_in_the_scene(training):
    import slicer

    def nodes():
        return sorted(node.GetClassName() for node in slicer.util.getNodesByClass("vtkMRMLNode"))

    training.open("C0001")
    first = nodes()
    training.open("C0002")
    assert nodes() == first
    volumes = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert volumes == {"C0002 PET", "C0002 CT"}
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    patients = [item for item in children(hierarchy) if hierarchy.GetItemLevel(item) == "Patient"]
    assert len(patients) == 1


def children(hierarchy):
    """The items at the top of the subject hierarchy."""
    import vtk

    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), found)
    return [found.GetId(n) for n in range(found.GetNumberOfIds())]


def test_a_correction_is_a_new_version_with_parent_author_and_effort(training, colleague):
    training.open("C0001")
    before = training.live.measures.patient.tmtv_ml
    assert training.review.ui.acceptButton.enabled and not training.review.ui.saveButton.enabled
    training.delete_lesion()
    assert training.review.ui.saveButton.enabled and not training.review.ui.acceptButton.enabled
    training.review.ui.commentEdit.text = "brain"
    training.review.ui.saveButton.click()
    first, second = colleague.masks("C0001")
    assert (second.origin, second.author, second.parent, second.comment) == (
        "corrected",
        "A. Reader",
        first.id,
        "brain",
    )
    assert second.volume_ml == pytest.approx(training.live.measures.patient.tmtv_ml) and second.volume_ml < before
    assert first.volume_ml == pytest.approx(before)
    assert colleague.reference("C0001").id == second.id
    (review,) = colleague.reviews("C0001")
    assert (review.status, review.mask_id, review.edit_count, review.comment) == ("corrected", second.id, 1, "brain")
    assert not training.review.work.changed
    assert training.rows()[0][1] == "corrected"


def test_accept_makes_the_prediction_the_reference(training, colleague):
    training.open("C0003")
    training.review.ui.acceptButton.click()
    (mask,) = colleague.masks("C0003")
    assert colleague.reference("C0003").id == mask.id
    assert [(each.status, each.mask_id) for each in colleague.reviews("C0003")] == [("accepted", mask.id)]


@pytest.mark.parametrize(("button", "status"), [("flagButton", "flagged"), ("unusableButton", "unusable")])
def test_a_case_without_a_decision_keeps_its_changes_as_unfinished_work(training, colleague, button, status):
    training.open("C0001")
    training.delete_lesion()
    getattr(training.review.ui, button).click()
    assert [each.status for each in colleague.reviews("C0001")] == [status]
    assert len(colleague.masks("C0001")) == 1 and colleague.reference("C0001") is None
    assert colleague.read_draft("C0001", "A. Reader").edit_count == 1


def test_nothing_is_kept_without_a_name(training, colleague):
    training.cases.ui.readerEdit.text = ""
    training.cases.ui.readerEdit.editingFinished.emit()
    training.open("C0001")
    training.review.ui.acceptButton.click()
    assert "Type your name" in training.review.ui.messageLabel.text
    assert colleague.reviews("C0001") == []


def test_undo_back_to_the_start_is_no_change(training):
    training.open("C0001")
    training.delete_lesion()
    assert training.review.work.changed
    training.review.ui.undoButton.click()
    training.settle()
    assert not training.review.work.changed
    assert training.review.work.editCount == 2


@pytest.mark.parametrize("answer", ["Save", "Discard", "Cancel"])
def test_leaving_a_changed_case_asks(host, training, colleague, answer):
    import qt

    training.open("C0001")
    training.delete_lesion()
    with host.answering(getattr(qt.QMessageBox, answer)):
        left = training.open("C0002")
    assert "C0001" in host.dialogs[-1].text
    assert left == (answer != "Cancel")
    assert training.review.caseId == ("C0001" if answer == "Cancel" else "C0002")
    assert len(colleague.masks("C0001")) == (2 if answer == "Save" else 1)
    assert colleague.read_draft("C0001", "A. Reader") is None


def test_unfinished_work_is_kept_on_leaving_the_panel_and_shown_again(training, colleague):
    training.open("C0001")
    training.delete_lesion()
    remaining = training.live.measures.patient.tmtv_ml
    training.widget.exit()
    draft = colleague.read_draft("C0001", "A. Reader")
    assert (draft.edit_count, len(draft.segmentation.lesions)) == (1, 6)
    training.widget.enter()
    assert training.review.caseId == "C0001" and training.review.work.changed
    assert training.live.measures.patient.tmtv_ml == pytest.approx(remaining)


def test_work_survives_the_end_of_slicer_and_can_be_thrown_away(host, training, registry_folder, colleague):
    training.open("C0001")
    training.delete_lesion()
    training.review._draftTimer.timeout.emit()  # a minute later
    host.reset()  # Slicer ends without a word
    again = TrainingPanel(host)
    again.open_registry(registry_folder)
    again.open("C0001")
    assert "unfinished work" in again.review.ui.draftLabel.text and not again.review.ui.draftArea.isHidden()
    assert again.live.measures.patient.lesion_count == 6 and again.review.work.editCount == 1
    again.review.ui.startOverButton.click()  # in testing mode Slicer answers OK or Cancel; see the dialog below
    if again.review.work.changed:
        import qt

        with host.answering(qt.QMessageBox.Ok):
            again.review.ui.startOverButton.click()
    again.settle()
    assert again.live.measures.patient.lesion_count == 7 and not again.review.work.changed
    assert colleague.read_draft("C0001", "A. Reader") is None and again.review.ui.draftArea.isHidden()


def test_a_draft_is_written_only_when_something_is_new(training, colleague):
    training.open("C0001")
    training.review.keepDraft()
    assert colleague.read_draft("C0001", "A. Reader") is None
    training.delete_lesion()
    training.review.keepDraft()
    saved = colleague.read_draft("C0001", "A. Reader").saved_utc
    training.review.keepDraft()
    assert colleague.read_draft("C0001", "A. Reader").saved_utc == saved
    training.review.ui.undoButton.click()
    training.settle()
    training.review.keepDraft()
    assert colleague.read_draft("C0001", "A. Reader") is None


def test_closing_the_scene_keeps_the_work_and_closes_the_case(training, colleague):
    import slicer

    training.open("C0001")
    training.delete_lesion()
    slicer.mrmlScene.Clear()
    assert training.review.caseId is None and training.review.case is None
    assert colleague.read_draft("C0001", "A. Reader").edit_count == 1
    training.open("C0001")
    assert training.live.measures.patient.lesion_count == 6


@pytest.mark.parametrize("which", ["segmentationNode", "petNode"])
def test_deleted_nodes_close_the_case_and_keep_the_work(host, training, colleague, which):
    import slicer

    training.open("C0001")
    training.delete_lesion()
    slicer.mrmlScene.RemoveNode(getattr(training.review.case, which))
    host.wait_until(lambda: training.review.caseId is None, PATIENCE_S)
    assert "taken out of the scene" in training.review.ui.messageLabel.text
    assert len(colleague.read_draft("C0001", "A. Reader").segmentation.lesions) == 6
    assert training.open("C0001")


def test_who_was_overtaken_gets_a_version_and_the_other_stays_the_reference(training, colleague):
    from CLIPSLib import segment_study

    training.open("C0001")
    training.delete_lesion()
    study = colleague.read_study("C0001")
    theirs = colleague.add_mask("C0001", segment_study(study, "41max"), origin="corrected", author="B. Reader")
    colleague.set_reference("C0001", theirs.id, author="B. Reader")
    training.review.ui.saveButton.click()
    assert [mask.author for mask in colleague.masks("C0001")] == ["suv4", "B. Reader", "A. Reader"]
    assert colleague.reference("C0001").id == theirs.id
    assert "another reference" in training.review.ui.messageLabel.text


def test_a_review_by_somebody_else_appears_on_refresh(training, colleague):
    colleague.review("C0002", status="flagged", reader="B. Reader", comment="liver?")
    assert training.rows()[1][1] == "to review"
    training.cases.ui.refreshButton.click()
    assert training.rows()[1][1].startswith("flagged") and training.rows()[1][3] == "B. Reader"


def test_two_outlines_are_shown_and_numbers_only_after_rating(training, colleague):
    from CLIPSLib import segment_study

    study = colleague.read_study("C0001")
    (first,) = colleague.masks("C0001")
    smaller = segment_study(study, "41max")
    second = colleague.add_mask("C0001", smaller, origin="corrected", author="B. Reader", parent=first.id)
    colleague.set_reference("C0001", second.id, author="B. Reader")
    training.open("C0001")
    assert training.review.work.base.id == second.id
    assert training.review.versions.chosen.id == first.id
    training.review.versions.toggle()
    other = training.review.case.otherNode
    assert other.GetSegmentation().GetNumberOfSegments() == first.lesion_count
    assert "when you have rated" in training.review.ui.diffLabel.text
    training.rating.choose(2)
    training.rating.ui.rateButton.click()
    difference = colleague.diff(second.id, first.id)
    assert f"{difference.added_ml:.1f} mL more" in training.review.ui.diffLabel.text
    assert f"{difference.dice:.3f}" in training.review.ui.diffLabel.text
    for closed in (False, True):  # Qt disables what is in a box that is closed; the key goes on working
        training.review.ui.versionsBox.collapsed = closed
    training.review.versions.toggle()
    assert training.review.case.otherNode is None and other.GetScene() is None


def test_an_earlier_reference_is_restored(training, colleague):
    training.open("C0001")
    training.delete_lesion()
    training.review.ui.saveButton.click()
    first, second = colleague.masks("C0001")
    assert training.review.versions.chosen.id == first.id
    training.review.ui.makeReferenceButton.click()
    assert colleague.reference("C0001").id == first.id
    assert [choice.mask_id for choice in colleague.reference_history("C0001")] == [second.id, first.id]


def test_a_clicked_component_goes_and_comes_back_by_undo(training):
    from CLIPSLib.imaging import array_view, index_to_lps_mm

    training.open("C0001")
    training.review.lesions.table.select([lesion.lesion_id for lesion in training.live.measures.lesions[1:3]])
    training.review.ui.mergeButton.click()  # one lesion of two components
    merged = training.live.measures.lesions[1]
    before = training.live.measures.patient.tmtv_ml
    labels = training.live.segmentation.labels
    label = next(each.label for each in training.live.segmentation.lesions if each.lesion_id == merged.lesion_id)
    x, y, z = index_to_lps_mm(labels, np.argwhere(array_view(labels) == label)[0])[0]
    training.review.removeComponentAt((-x, -y, z))
    rest = training.live.measures.lesions[1]
    assert rest.lesion_id == merged.lesion_id and 0 < rest.volume_ml < merged.volume_ml
    assert training.live.measures.patient.lesion_count == 6
    training.review.ui.undoButton.click()
    training.settle()
    assert training.live.measures.patient.tmtv_ml == pytest.approx(before)
    training.review.removeComponentAt((9999.0, 0.0, 0.0))
    assert "no lesion" in training.review.ui.messageLabel.text


def test_the_editor_is_kept_to_a_range_of_suv(training):
    training.open("C0001")
    node = training.review.ui.editor.mrmlSegmentEditorNode()
    assert not node.GetSourceVolumeIntensityMask()
    training.review.ui.suvMaskCheckBox.checked = True
    training.review.ui.suvMaskRange.minimumValue = 2.5
    assert node.GetSourceVolumeIntensityMask()
    assert node.GetSourceVolumeIntensityMaskRange() == (2.5, 50.0)
    training.review.ui.suvMaskCheckBox.checked = False
    assert not node.GetSourceVolumeIntensityMask()


def test_a_patient_without_lesions_is_saved_as_an_empty_reference(training, colleague, phantom_study):
    study = builders_training_panel.study_of(phantom_study, 77)
    case = colleague.add_case(study, source="test")
    training.cases.ui.refreshButton.click()
    training.open(case.case_id)
    assert "No mask yet" in training.review.ui.versionLabel.text
    assert not training.review.ui.acceptButton.enabled and training.review.ui.saveButton.enabled
    training.review.ui.saveButton.click()
    assert colleague.reference(case.case_id).lesion_count == 0


def test_a_comment_that_was_typed_is_there_when_the_case_is_opened_again(training):
    training.open("C0001")
    training.review.ui.commentEdit.text = "ask B."
    training.open("C0002")
    assert training.review.ui.commentEdit.text == ""
    training.open("C0001")
    assert training.review.ui.commentEdit.text == "ask B."


def test_another_version_is_reviewed_and_becomes_the_parent(training, colleague):
    training.open("C0001")
    training.delete_lesion()
    training.review.ui.saveButton.click()
    training.review.ui.editVersionButton.click()  # the prediction again
    training.settle()
    first = colleague.masks("C0001")[0]
    assert training.review.work.base.id == first.id and training.live.measures.patient.lesion_count == 7
    training.delete_lesion(row=2)
    training.review.ui.saveButton.click()
    third = colleague.masks("C0001")[-1]
    assert third.parent == first.id and colleague.reference("C0001").id == third.id


def test_a_prediction_that_arrives_while_a_case_is_open_can_be_compared(training, colleague):
    from CLIPSLib import segment_study

    training.open("C0001")
    colleague.add_mask(
        "C0001", segment_study(colleague.read_study("C0001"), "41max"), origin="predicted", author="night run"
    )
    training.cases.ui.refreshButton.click()
    assert "41max" in training.review.versions.describe(training.review.versions.chosen)


def test_unfinished_work_that_could_not_be_kept_is_told_whatever_else_there_is_to_tell(training, monkeypatch):
    from CLIPSLib.errors import Failure

    def full(*_arguments, **_options):
        raise Failure("cannot-write", "Cannot write: No space left on device", "drafts")

    training.open("C0001")
    training.delete_lesion()
    training.review.work.twice = True
    monkeypatch.setattr(training.registry, "save_draft", full)
    training.review.keepDraft()
    assert "No space left on device" in training.review.ui.messageLabel.text
