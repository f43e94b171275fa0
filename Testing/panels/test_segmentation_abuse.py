"""What a hurried user does: volumes swapped, moved and emptied, jobs removed while they run, names made of blanks."""

from dataclasses import replace

import pytest
from builders_panel import JOB_S
from CLIPSLib.jobs import JobStatus


@pytest.fixture
def shown(opened, phantom_study):
    """The panel with the lesions of the phantom and their table node, made without a job."""
    from CLIPSLib import measure_lesions, segment_study
    from CLIPSLib.scene import add_measures_table, add_segmentation

    opened.pet, opened.ct = opened.show(phantom_study)
    segmentation = segment_study(phantom_study, "suv4")
    opened.node = add_segmentation(segmentation, phantom_study, opened.pet)
    opened.tableNode = add_measures_table(measure_lesions(segmentation, phantom_study), opened.node)
    opened.panel.showResult(opened.node, opened.tableNode)
    return opened


def other_patient(study):
    identity = replace(study.identity, patient_id="OTHER", pet_series_uid="1.2.3", ct_series_uid="1.2.4")
    return replace(study, identity=replace(identity, study_uid="1.2", frame_of_reference_uid=""))


def test_the_ct_of_another_patient_is_refused(opened, phantom_study):
    pet, _ct = opened.show(phantom_study)
    _pet, ct = opened.show(other_patient(phantom_study))
    opened.panel.chooseStudy(pet, ct)
    assert not opened.ui.applyButton.enabled
    assert "PHANTOM-0001 and OTHER" in opened.ui.frameState.text


def test_the_ct_of_the_same_patients_follow_up_is_refused(opened, phantom_study):
    """Two studies loaded, then another PET chosen: the CT in the other selector is not its own."""
    first, _ct = opened.show(phantom_study)
    identity = replace(phantom_study.identity, study_uid="1.2", pet_series_uid="1.2.3", ct_series_uid="1.2.4")
    opened.show(replace(phantom_study, identity=identity))
    assert opened.ui.applyButton.enabled
    opened.parameters.petVolume = first
    assert not opened.ui.applyButton.enabled and "of different examinations" in opened.ui.frameState.text


def test_a_pet_is_no_ct(opened, phantom_study):
    pet, _ct = opened.show(phantom_study)
    opened.parameters.ctVolume = pet
    assert not opened.ui.applyButton.enabled and "needs HU" in opened.ui.frameState.text


def _to_becquerel(pet) -> None:
    import slicer

    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("Bq/ml", "UCUM", "Becquerels/milliliter")
    pet.SetVoxelValueUnits(units)


def _move(pet) -> None:
    import slicer

    pet.SetAndObserveTransformNodeID(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode").GetID())


@pytest.mark.parametrize("harm", [_to_becquerel, _move, lambda pet: pet.SetAndObserveImageData(None)])
def test_what_was_verified_is_verified_again_when_a_volume_changes(host, opened, phantom_study, harm):
    pet, _ct = opened.show(phantom_study)
    assert opened.ui.applyButton.enabled
    harm(pet)
    host.wait_until(lambda: not opened.ui.applyButton.enabled, JOB_S)
    assert "Verified" not in opened.ui.suvState.text or opened.ui.frameState.text


def test_segments_edited_without_their_pet_leave_no_old_table(host, shown):
    import slicer

    rows = shown.tableNode.GetNumberOfRows()
    slicer.mrmlScene.RemoveNode(shown.pet)
    assert shown.tableNode.GetNumberOfRows() == rows  # still the numbers of this mask
    shown.node.GetSegmentation().RemoveSegment(shown.node.GetSegmentation().GetNthSegmentID(0))
    assert shown.tableNode.GetNumberOfRows() == 0 and "PET was gone" in shown.ui.problemLabel.text


def test_a_running_job_that_is_removed_leaves_no_progress(host, opened, phantom_study):
    import qt

    opened.show(phantom_study)
    job = opened.apply_and_hold()
    host.wait_until(lambda: opened.ui.stageLabel.text, JOB_S)
    opened.ui.jobTable.selectRow(0)
    with host.answering(qt.QMessageBox.Ok):
        opened.ui.removeJobButton.click()
    assert not job.folder.exists()
    assert opened.ui.stageLabel.text == "" and opened.ui.applyButton.text == "Apply"


def test_a_job_folder_that_somebody_deleted_is_forgotten(opened, phantom_study):
    import shutil

    opened.show(phantom_study)
    opened.apply()
    shutil.rmtree(opened.jobs[0].folder)
    opened.panel.jobs.follower.look()
    assert opened.jobs == [] and opened.ui.jobTable.rowCount == 0


def test_a_pet_that_was_moved_while_its_job_ran_does_not_get_the_result(host, opened, phantom_study):
    from CLIPSSegmentationLib.Logic import petOf

    pet, _ct = opened.show(phantom_study)
    job = opened.apply_and_hold()
    origin = pet.GetOrigin()
    pet.SetOrigin(origin[0] + 50.0, *origin[1:])
    job.job.resume()
    host.wait_until(lambda: job.shown, JOB_S)
    loaded = petOf(opened.parameters.segmentation)
    assert loaded is not pet and loaded.GetOrigin() == pytest.approx(origin)


def test_a_name_of_blanks_is_not_taken(shown):
    before = shown.rows()[0][0]
    shown.ui.lesionTable.item(0, 0).setText("   ")
    shown.settle()
    assert shown.rows()[0][0] == before


def test_an_edit_that_was_not_measured_yet_goes_with_its_scene(shown):
    import slicer

    shown.node.GetSegmentation().RemoveSegment(shown.node.GetSegmentation().GetNthSegmentID(0))
    slicer.mrmlScene.Clear()
    assert shown.rows() == [] and not shown.live.pending
    buttons = ("kindButton", "undoButton", "redoButton", "copyButton", "csvButton", "reportButton", "applyButton")
    assert not any(getattr(shown.ui, button).enabled for button in buttons)


class NamedJob:
    """As much of a `SegmentationJob` as who follows it looks at."""

    def __init__(self, name: str) -> None:
        self.folder, self.status = name, JobStatus(state="running")


class TwoJobs:
    """Stands for `SegmentationJobs`: two that end between two looks of the panel."""

    def __init__(self) -> None:
        self._jobs = [NamedJob("first"), NamedJob("second")]

    def jobs(self) -> list[NamedJob]:
        return self._jobs

    def end(self) -> None:
        for job in self._jobs:
            job.status = JobStatus(state="done")


def test_a_result_that_cannot_be_shown_does_not_silence_the_job_after_it(host):
    from CLIPSSegmentationLib.JobFollower import JobFollower

    def tell(job, _status) -> None:
        told.append(job.folder)
        if job.folder == "first":
            raise RuntimeError("cannot be shown")

    told, jobs = [], TwoJobs()
    follower = JobFollower(jobs, lambda: None, tell)
    follower.start()
    follower.stop()
    jobs.end()
    with pytest.raises(RuntimeError, match="cannot be shown"):
        follower.look()
    assert told == ["first", "second"]


def test_no_other_study_is_opened_while_one_is_read(host, opened, small_phantom, monkeypatch):
    """The panel lets Slicer handle events meanwhile."""
    from CLIPSSegmentationLib.PanelReporter import PanelReporter

    usable = []
    table = opened.panel.study.database.table
    monkeypatch.setattr(PanelReporter, "_look", lambda self: usable.append(table.enabled))
    with host.answering(str(small_phantom)):
        opened.ui.loadFolderButton.click()
    assert usable and not any(usable) and table.enabled


def test_the_click_of_the_panel_leaves_nothing_in_the_scene_or_its_tree(opened):
    import slicer

    def markups() -> list:
        nodes = slicer.util.getNodesByClass("vtkMRMLMarkupsNode")
        return nodes + slicer.util.getNodesByClass("vtkMRMLMarkupsDisplayNode")

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    assert len(markups()) == 2 and not any(node.GetSaveWithScene() for node in markups())
    assert not any(hierarchy.GetItemByDataNode(node) for node in markups())
    opened.widget.exit()
    assert markups() == []


def test_a_job_whose_status_is_damaged_is_listed_and_runs_again(host, opened, phantom_study):
    import os
    import signal

    opened.show(phantom_study)
    job = opened.apply_and_hold()
    os.kill(job.status.pid, signal.SIGKILL)
    host.wait_until(lambda: job.status.ended, JOB_S)
    (job.folder / "status.json").write_text("{", encoding="utf-8")
    opened.panel.jobs.stop()
    opened.panel.jobs.start()
    opened.ui.jobTable.selectRow(0)
    opened.ui.againButton.click()
    host.wait_until(lambda: opened.parameters.segmentation is not None, JOB_S)


def draw_on(ct, box=(slice(2, 6), slice(10, 20), slice(10, 20))):
    """A segmentation node as the Segment Editor makes it on a CT: the CT's voxels are its geometry."""
    import numpy as np
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), ct.GetID())
    drawn = np.zeros(slicer.util.arrayFromVolume(ct).shape, np.uint8)
    drawn[box] = 1
    segment = node.GetSegmentation().AddEmptySegment("lesion", "lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(drawn, node, segment, ct)
    return node


def test_what_was_drawn_on_the_ct_is_measured_on_the_pet_of_its_study_and_says_so(opened, phantom_study):
    pet, ct = opened.show(phantom_study)
    opened.panel.showResult(draw_on(ct), None)
    opened.settle()
    assert opened.panel.results.live.petNode is pet and opened.panel.results.live.error is None
    assert opened.panel.results.live.measures.patient.lesion_count == 1
    assert "drawn on another grid" in opened.ui.cautionsLabel.text


def test_what_was_drawn_on_a_ct_without_a_pet_says_what_it_is_and_what_to_do(opened, phantom_study):
    import slicer

    pet, ct = opened.show(phantom_study)
    node = draw_on(ct)
    opened.parameters.petVolume = None
    slicer.mrmlScene.RemoveNode(pet)
    opened.parameters.segmentation = node
    opened.settle()
    said = opened.ui.problemLabel.text
    assert ct.GetName() in said and "no PET in SUV" in said and "Choose the PET" in said


def test_measuring_from_the_console_without_a_pet_says_so(opened, phantom_study):
    import slicer

    pet, ct = opened.show(phantom_study)
    node = draw_on(ct)
    assert opened.panel.logic.measure(node).GetNumberOfRows() > 0
    slicer.mrmlScene.RemoveNode(pet)
    with pytest.raises(ValueError, match=r"by hand.*choose it"):
        opened.panel.logic.measure(node)
