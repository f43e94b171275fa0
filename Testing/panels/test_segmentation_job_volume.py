"""Which volume gets a job's result: the one that it was ordered for, known by its token, and never another one."""

from dataclasses import replace

import pytest
from builders_panel import JOB_S, OpenPanel

TOKEN = "CLIPS.JobToken"


@pytest.fixture
def nameless_study(phantom_study):
    """Without series UIDs, as a volume from NIfTI: nothing in it tells two patients apart."""
    return replace(phantom_study, identity=replace(phantom_study.identity, pet_series_uid="", ct_series_uid=""))


def finish(host, job) -> None:
    job.job.resume()
    host.wait_until(lambda: job.status.state == "done", JOB_S)


def results() -> list:
    import slicer

    return slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def result_pet():
    from CLIPSSegmentationLib.Logic import petOf

    (node,) = results()
    return petOf(node)


def test_another_patient_under_the_same_node_id_gets_neither_result_nor_cancel(host, opened, nameless_study):
    import slicer

    pet, _ = opened.show(nameless_study)
    node_id, job = pet.GetID(), opened.apply_and_hold()
    slicer.mrmlScene.Clear()
    other, _ = opened.show(nameless_study)
    if other.GetID() != node_id:  # what a new scene usually does by itself
        pytest.fail(f"the host gave {other.GetID()}, not {node_id} again")
    assert opened.ui.applyButton.text == "Apply"
    finish(host, job)
    host.wait_until(lambda: "Finished" in opened.ui.stageLabel.text, JOB_S)
    assert results() == []
    opened.panel.jobs.showResult(job)
    assert result_pet() is not other and result_pet().GetAttribute(TOKEN) == job.origin["petToken"]
    assert other.GetAttribute(TOKEN) is None


def test_a_scene_saved_and_loaded_again_gets_the_result_of_its_job(host, opened, nameless_study, tmp_path):
    import slicer

    opened.show(nameless_study)
    job = opened.apply_and_hold()
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    (loaded,) = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute(TOKEN)]
    assert opened.logic.jobs.petNode(job) is loaded
    finish(host, job)
    host.wait_until(lambda: job.shown, JOB_S)
    assert result_pet() is loaded


def test_a_slicer_started_again_goes_on_with_the_job_of_its_scene(host, opened, nameless_study, tmp_path):
    import slicer

    opened.show(nameless_study)
    job = opened.apply_and_hold()
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    opened.widget.cleanup()
    slicer.mrmlScene.Clear()
    again = OpenPanel(host)
    assert again.ui.applyButton.text == "Apply"
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    host.wait_until(lambda: again.parameters.petVolume is not None, JOB_S)
    assert again.ui.applyButton.text == "Cancel"
    finish(host, job)
    host.wait_until(lambda: job.shown, JOB_S)
    assert result_pet() is again.parameters.petVolume and again.rows()


def test_the_job_of_a_script_is_brought_into_the_scene_by_the_script_alone(host, opened, nameless_study):
    job = opened.logic.startSegmentation(*opened.show(nameless_study))
    opened.logic.waitFor(job)
    opened.panel.jobs.follower.look()
    assert results() == [] and opened.ui.applyButton.text == "Apply"
    opened.logic.showResult(job)
    assert len(results()) == 1


def test_jobs_of_one_volume_share_its_token_and_other_volumes_have_others(opened, nameless_study):
    first, second = opened.show(nameless_study)[0], opened.show(nameless_study)[0]
    jobs = [opened.logic.startSegmentation(pet) for pet in (first, first, second)]
    tokens = [job.origin["petToken"] for job in jobs]
    assert tokens == [first.GetAttribute(TOKEN), first.GetAttribute(TOKEN), second.GetAttribute(TOKEN)]
    assert tokens[0] != tokens[2]


def test_a_clone_does_not_take_the_result_of_its_original(opened, nameless_study):
    pet, clone = opened.show(nameless_study)[0], opened.show(nameless_study)[0]
    opened.logic.startSegmentation(pet)
    clone.SetAttribute(TOKEN, pet.GetAttribute(TOKEN))  # as cloning copies it
    for node in (clone, pet):
        job = opened.logic.startSegmentation(node)
        assert opened.logic.jobs.petNode(job) is node


def test_a_result_shown_twice_after_its_scene_was_closed_loads_the_pet_once(host, opened, nameless_study):
    import slicer

    pet, _ = opened.show(nameless_study)
    job = opened.logic.startSegmentation(pet)
    opened.logic.waitFor(job)
    slicer.mrmlScene.Clear()
    opened.panel.jobs.showResult(job)
    count = len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
    opened.panel.jobs.showResult(job)
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == count
