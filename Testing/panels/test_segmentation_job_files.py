"""What jobs keep on the disk, for how long, and what becomes of folders that an older version or a crash left."""

import json
import os
import sys
import time

import pytest
from builders_panel import JOB_S
from CLIPSLib.errors import Refusal


@pytest.fixture
def finished(opened, phantom_study):
    """(panel, its one job), done and shown."""
    opened.show(phantom_study)
    opened.apply()
    return opened, opened.jobs[0]


def age(job, hours: float) -> None:
    then = time.time() - hours * 3600.0
    for path in job.folder.iterdir():
        os.utime(path, (then, then))


def come_back(opened) -> None:
    """What the next start of Slicer does with the jobs."""
    opened.panel.jobs.stop()
    opened.panel.jobs.start()


def test_images_of_a_shown_job_go_after_a_day_and_protocol_and_result_stay(finished):
    opened, job = finished
    age(job, 23)
    come_back(opened)
    assert job.hasImages
    before = job.sizeBytes
    age(job, 25)
    come_back(opened)
    assert not job.hasImages and job.sizeBytes < before / 2
    assert {"job.json", "status.json", "log.txt", "result", "origin.json"} <= {
        path.name for path in job.folder.iterdir()
    }
    opened.ui.jobTable.selectRow(0)
    assert opened.ui.showResultButton.enabled and not opened.ui.againButton.enabled


def test_a_result_that_nobody_saw_keeps_its_images(opened, phantom_study):
    import slicer

    pet, ct = opened.show(phantom_study)
    job = opened.logic.startSegmentation(pet, ct)
    opened.logic.waitFor(job)
    age(job, 1000)
    opened.logic.jobs.tidy()
    slicer.mrmlScene.Clear()
    opened.panel.jobs.showResult(job)
    assert opened.live.measures.patient.tmtv_ml > 0


def test_a_result_without_images_finds_the_study_that_was_loaded_again_and_no_other(finished, phantom_study):
    from dataclasses import replace

    import slicer
    from CLIPSSegmentationLib.Logic import petOf

    opened, job = finished
    job.dropImages()
    slicer.mrmlScene.Clear()
    with pytest.raises(Refusal, match="Load the study again"):
        opened.logic.showResult(job)
    opened.show(replace(phantom_study, suv=replace(phantom_study.suv, factor=2 * phantom_study.suv.factor)))
    with pytest.raises(Refusal, match="Load the study again"):
        opened.logic.showResult(job)
    pet, _ct = opened.show(phantom_study)
    node, _table = opened.logic.showResult(job)
    assert petOf(node) is pet
    with pytest.raises(Refusal, match="deleted"):
        opened.logic.jobs.again(job)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_jobs_are_private_and_their_folders_name_nobody(finished):
    opened, job = finished
    assert opened.logic.jobs.root.stat().st_mode & 0o777 == 0o700
    assert job.origin["title"].startswith("PHANTOM-0001")
    again = opened.logic.jobs.again(job)
    assert "PHANTOM" not in job.folder.name and "PHANTOM" not in again.folder.name


def test_a_full_disk_is_said_before_anything_is_written(opened, phantom_study, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**12, 10**12 - 10**8, 10**8))
    pet, ct = opened.show(phantom_study)
    with pytest.raises(Refusal, match=r"0\.1 GB are free"):
        opened.logic.startSegmentation(pet, ct)
    assert list(opened.logic.jobs.root.glob("*/")) == []


def test_jobs_of_an_older_version_have_no_token_and_are_shown(host, finished):
    """`petToken` came later; what else is missing is made up for."""
    import slicer

    opened, job = finished
    origin = json.loads((job.folder / "origin.json").read_text(encoding="utf-8"))
    del origin["petToken"]
    (job.folder / "origin.json").write_text(json.dumps(origin), encoding="utf-8")
    slicer.mrmlScene.Clear()
    (old,) = opened.logic.jobs.jobs()
    opened.panel.jobs.showResult(old)
    host.wait_until(lambda: opened.live.measures is not None, JOB_S)
    volumes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    opened.panel.jobs.showResult(old)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == volumes


def test_a_damaged_origin_does_not_close_the_list_of_jobs(finished):
    opened, job = finished
    (job.folder / "origin.json").write_text("{", encoding="utf-8")
    opened.panel.jobs.follower._byFolder.clear()
    come_back(opened)
    assert opened.ui.jobTable.item(0, 3).text() == job.folder.name
    opened.ui.jobTable.selectRow(0)
    opened.ui.removeJobButton.click()
    assert not job.folder.exists()


def test_the_size_of_a_job_is_in_the_list(finished):
    opened, job = finished
    opened.panel.jobs.update()
    assert opened.ui.jobTable.item(0, 2).text() == f"{job.sizeBytes / 1e6:.0f} MB"


def test_a_deleted_folder_of_jobs_is_made_again(opened, phantom_study):
    import shutil

    pet, ct = opened.show(phantom_study)
    shutil.rmtree(opened.logic.jobs.root)
    assert opened.logic.startSegmentation(pet, ct).hasImages
