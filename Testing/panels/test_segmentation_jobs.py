"""Jobs of the panel survive what happens to them: cancelled, killed, orphaned, their scene closed, their node gone."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from builders_panel import JOB_S, MODULE_FILE, REPOSITORY, OpenPanel


def state(job) -> str:
    return job.status.state


def test_apply_becomes_cancel_and_cancel_ends_the_process(host, opened, phantom_study):
    opened.show(phantom_study)
    job = opened.apply_and_hold()
    assert opened.ui.applyButton.text == "Cancel"
    opened.ui.applyButton.click()
    host.wait_until(lambda: state(job) == "cancelled" and opened.ui.applyButton.text == "Apply", JOB_S)
    assert opened.parameters.segmentation is None
    assert not (job.folder / "result").exists()


def test_a_killed_worker_is_said_with_its_log(host, opened, phantom_study):
    opened.show(phantom_study)
    job = opened.apply_and_hold()
    os.kill(job.status.pid, signal.SIGKILL)
    host.wait_until(lambda: "ended without a word" in opened.ui.stageLabel.text, JOB_S)
    assert opened.ui.applyButton.text == "Apply"
    opened.ui.jobTable.selectRow(0)
    opened.ui.showLogButton.click()
    job.job.resume()
    opened.ui.againButton.click()
    host.wait_until(lambda: opened.parameters.segmentation is not None, JOB_S)
    assert len(opened.jobs) == 1


def test_the_last_lines_of_a_failure_are_in_the_details_of_the_dialog(host, opened, phantom_study):
    import qt

    opened.show(phantom_study)
    job = opened.apply_and_hold()
    with host.answering(qt.QMessageBox.Ok) as shown:
        (job.folder / "result").mkdir()  # in the way of the result
        (job.folder / "result" / "labels.nii.gz").write_text("kept")
        job.job.resume()
        host.wait_until(lambda: shown, JOB_S)
    assert job.origin["title"] in shown[-1].text
    assert str(job.folder) in shown[-1].details


def test_two_studies_queue_and_each_result_finds_its_own_pet(host, opened, phantom_study):
    """Two studies of one patient, with volumes of the same name."""
    first, _ = opened.show(phantom_study)
    held = opened.apply_and_hold()
    other = replace(phantom_study.identity, pet_series_uid="1.2.3", study_uid="1.2", study_date="20240201")
    second, _ = opened.show(replace(phantom_study, identity=other))
    second.SetName(first.GetName())
    assert opened.ui.applyButton.text == "Apply"  # the second study is not being segmented
    opened.ui.applyButton.click()
    waiting = opened.jobs[-1]
    assert [state(held), state(waiting)] == ["paused", "waiting"]
    assert opened.ui.applyButton.text == "Cancel"
    host.wait_until(lambda: "1 more waiting" in opened.ui.timeLabel.text, JOB_S)
    held.job.resume()
    host.wait_until(lambda: held.shown and waiting.shown, JOB_S)
    import slicer

    results = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert [node.GetNodeReference(role) for node in results] == [first, second]


def test_a_waiting_job_is_cancelled_without_having_run(host, opened, phantom_study):
    opened.show(phantom_study)
    held = opened.apply_and_hold()
    opened.parameters.petVolume, _ = opened.show(phantom_study)
    opened.ui.applyButton.click()
    waiting = opened.jobs[-1]
    opened.ui.applyButton.click()
    host.wait_until(lambda: state(waiting) == "cancelled", JOB_S)
    assert waiting.status.pid is None and state(held) == "paused"


def test_closing_the_scene_loses_nothing(host, opened, phantom_study):
    import slicer

    opened.show(phantom_study)
    job = opened.apply_and_hold()
    slicer.mrmlScene.Clear()
    job.job.resume()
    host.wait_until(lambda: state(job) == "done" and "Finished" in opened.ui.stageLabel.text, JOB_S)
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []
    opened.ui.jobTable.selectRow(0)
    opened.ui.showResultButton.click()
    assert opened.parameters.segmentation is not None
    assert opened.live.measures.patient.tmtv_ml > 0
    assert opened.parameters.petVolume.GetAttribute("CLIPS.SeriesInstanceUID") == job.origin["petSeriesUid"]


def test_a_renamed_pet_gets_its_result_and_a_deleted_one_is_loaded_again(host, opened, phantom_study):
    import slicer

    pet, _ = opened.show(phantom_study)
    job = opened.apply_and_hold()
    pet.SetName("Renamed")
    job.job.resume()
    host.wait_until(lambda: opened.parameters.segmentation is not None, JOB_S)
    assert opened.live.petNode is pet
    opened.parameters.segmentation = None
    job = opened.apply_and_hold()
    slicer.mrmlScene.RemoveNode(pet)
    assert not opened.ui.applyButton.enabled
    job.job.resume()
    host.wait_until(lambda: state(job) == "done" and "Finished" in opened.ui.stageLabel.text, JOB_S)
    opened.panel.jobs.showResult(job)
    assert opened.live.measures.patient.tmtv_ml > 0


def test_deleting_the_result_under_review_leaves_a_working_panel(host, opened, phantom_study):
    import slicer

    opened.show(phantom_study)
    node = opened.apply()
    slicer.mrmlScene.RemoveNode(node)
    host.process_events()
    assert opened.rows() == [] and opened.ui.tmtvLabel.text == ""
    assert opened.apply() is not None


ORDER = """
import sys, os
sys.path[:0] = [{testing!r}, {modules!r}]
import slicer_host, builders_panel
host = slicer_host.start()
opened = builders_panel.OpenPanel(host)
from CLIPSLib import load_study
opened.show(load_study({study!r}))
job = opened.apply_and_hold()
print(job.folder, flush=True)
os._exit(9)
"""


def test_the_job_of_a_slicer_that_died_is_offered_by_the_next_one(host, own_data_folder, small_phantom):
    code = ORDER.format(testing=str(REPOSITORY / "Testing"), modules=str(MODULE_FILE.parent), study=str(small_phantom))
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=JOB_S)
    assert died.returncode == 9, died.stderr
    opened = OpenPanel(host)
    (job,) = opened.jobs
    assert str(job.folder) == died.stdout.strip().splitlines()[-1]
    assert state(job) == "paused" and not opened.ui.jobsBox.collapsed
    job.job.resume()
    host.wait_until(lambda: state(job) == "done", JOB_S)
    host.wait_until(lambda: "finished, not shown yet" in opened.ui.jobTable.item(0, 0).text(), JOB_S)
    opened.ui.jobTable.selectRow(0)
    opened.ui.showResultButton.click()
    assert len(opened.rows()) == len(opened.live.measures.lesions) > 0


def test_jobs_go_on_while_another_module_is_open(host, opened, phantom_study):
    opened.show(phantom_study)
    job = opened.apply_and_hold()
    opened.widget.exit()
    job.job.resume()
    host.wait_until(lambda: job.shown, JOB_S)
    opened.widget.enter()
    import slicer

    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1


def test_a_question_of_a_method_is_asked_in_a_field_and_the_job_goes_on(host, opened, phantom_study):
    """PERCIST without a liver in the field of view asks where its sphere shall lie."""
    import numpy as np
    import SimpleITK as sitk

    pet = sitk.Image(phantom_study.pet)
    cold = sitk.GetImageFromArray(np.minimum(sitk.GetArrayViewFromImage(pet), 0.4).astype(np.float32))
    cold.CopyInformation(pet)
    opened.show(replace(phantom_study, pet=cold, ct=None))
    opened.parameters.model = "percist"
    opened.ui.applyButton.click()
    host.wait_until(lambda: opened.ui.questionJobArea.isVisibleTo(opened.panel.form), JOB_S)
    assert not opened.ui.answerButton.enabled
    center = cold.TransformContinuousIndexToPhysicalPoint([size / 2 for size in cold.GetSize()])
    opened.panel.jobs.questions.field("liver_center_lps_mm").text = " ".join(f"{value:.1f}" for value in center)
    opened.ui.answerButton.click()
    host.wait_until(lambda: opened.parameters.segmentation is not None, JOB_S)
    assert not opened.ui.questionJobArea.isVisibleTo(opened.panel.form)


def test_missing_weights_are_refused_in_words(host, opened, phantom_study, own_data_folder, tmp_path, monkeypatch):
    import builders_model
    from CLIPSLib.models import ModelStore

    monkeypatch.setattr("CLIPSLib.models.store.missing_package", lambda description: "torch")  # do not try weights
    ModelStore().install(builders_model.fake(tmp_path / "model"))
    host.packaging.pretend(torch="2.8", monai="1.5")
    opened.panel.model.refresh()
    opened.show(phantom_study)
    opened.parameters.model = "small@1.0"
    for weights in own_data_folder.rglob("fold_0.pt"):
        weights.unlink()
    opened.panel.model.ensureDependencies = lambda: None  # its own tests are in test_segmentation_options
    opened.ui.applyButton.click()
    host.wait_until(lambda: state(opened.jobs[-1]) == "failed", JOB_S)
    complete = importlib.util.find_spec("torch") and importlib.util.find_spec("monai")
    wanted = "'fold_0.pt' is missing" if complete else "torch"
    host.wait_until(lambda: wanted in opened.ui.stageLabel.text, JOB_S)


def test_a_job_is_removed_with_its_images(host, opened, phantom_study):
    opened.show(phantom_study)
    opened.apply()
    (job,) = opened.jobs
    assert (job.folder / "images" / "pet_suv.nii").exists()
    opened.ui.jobTable.selectRow(0)
    opened.ui.removeJobButton.click()
    assert not job.folder.exists() and opened.ui.jobTable.rowCount == 0


def test_the_documented_script_segments_a_folder_of_patients_without_a_window(
    host, own_data_folder, small_phantom, tmp_path, monkeypatch
):
    import slicer

    patients, results = tmp_path / "patients", tmp_path / "results"
    for name in ("anna", "bert"):
        shutil.copytree(small_phantom, patients / name)
    (patients / "empty").mkdir()
    text = (REPOSITORY / "docs" / "slicer-module.md").read_text(encoding="utf-8")
    script = text.split("```python\n# segment_patients.py")[1].split("```")[0]
    host.load_module(MODULE_FILE)
    assert slicer.util.mainWindow() is None
    monkeypatch.setattr(sys, "argv", ["segment_patients.py", str(patients), str(results)])
    exec(compile("#" + script, "segment_patients.py", "exec"), {})
    assert {path.name for path in results.iterdir()} >= {"anna.seg.nrrd", "bert.seg.nrrd", "anna.csv", "bert.csv"}
    assert (results / "anna.csv").read_text() == (results / "bert.csv").read_text()
    assert slicer.app._exit_code == 1  # the empty folder was refused


def test_an_order_that_cannot_be_carried_out_leaves_no_job(opened, phantom_study):
    from CLIPSLib.errors import UsageError

    pet, ct = opened.show(phantom_study)
    with pytest.raises(UsageError, match="no segmenter"):
        opened.logic.segment(pet, ct, model="none")
    with pytest.raises(UsageError, match="not possible"):
        opened.logic.segment(pet, ct, options={"threshold": -1})
    assert opened.logic.jobs.jobs() == []
