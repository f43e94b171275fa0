"""What a job tells through its folder, how often, and what it does when it cannot."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from CLIPSLib.errors import Cancelled, Caution, Failure, Refusal
from CLIPSLib.jobs.folder import CANCEL, CHECKPOINT, PAUSE, RESUME, STOP, JobFolder
from CLIPSLib.jobs.reporter import JobReporter
from CLIPSLib.progress import Reporter


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    folder = JobFolder(tmp_path)
    folder.write_job("test", {})
    return folder


@pytest.fixture
def reporter(folder, clock):
    reporter = JobReporter(folder, min_interval_s=0.5, clock=clock)
    reporter.begin()
    return reporter


def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_it_is_a_reporter(reporter):
    assert isinstance(reporter, Reporter)


def test_within_a_stage_the_status_is_written_at_most_once_an_interval(reporter, folder, clock, monkeypatch):
    written = []
    write = folder.write_status
    monkeypatch.setattr(folder, "write_status", lambda *args, **kwargs: (written.append(args), write(*args, **kwargs)))
    for step in range(1000):  # 10 s of work, a report every 10 ms
        reporter.progress("Working", step / 1000)
        clock.now += 0.01
    assert 18 <= len(written) <= 21
    assert folder.read_status()["fraction"] > 0.9


def test_a_new_stage_is_written_at_once(reporter, folder):
    for stage in ("Reading PET", "Reading CT"):
        reporter.progress(stage, 0.0)
        assert folder.read_status()["stage"] == stage


def test_time_left_is_guessed_from_the_share_done_and_pauses_do_not_count(folder, clock):
    def resume_after_a_minute(seconds):
        clock.now += 60.0
        folder.append_control(RESUME)

    reporter = JobReporter(folder, clock=clock, sleep=resume_after_a_minute)
    reporter.progress("Working", 0.0)
    clock.now += 10.0
    reporter.progress("Working", 0.25)
    assert folder.read_status()["seconds_left"] == 30.0
    folder.append_control(PAUSE)
    reporter.check()
    reporter.progress("Working", 0.25)
    assert folder.read_status()["seconds_left"] == 30.0


def test_a_caution_is_told_once(reporter, folder):
    for _ in range(3):
        reporter.caution(Caution("noisy", "The image is noisy", "series 3"))
    assert [caution["code"] for caution in folder.read_status()["cautions"]] == ["noisy"]
    assert [event["event"] for event in folder.read_events()[0]] == ["state", "caution"]


def test_check_obeys_cancel(reporter, folder):
    reporter.check()
    folder.append_control(CANCEL)
    with pytest.raises(Cancelled):
        for _ in range(2):
            reporter._clock.now += 1.0
            reporter.check()


def test_a_job_whose_folder_was_moved_away_ends_instead_of_working_where_nobody_sees_it(reporter, folder, clock):
    reporter.check()
    folder.job.rename(folder.path / "elsewhere.json")
    clock.now += 1.0
    reporter.check()
    clock.now += 6.0
    with pytest.raises(Failure, match="deleted or moved"):
        reporter.check()


def test_a_folder_out_of_reach_for_a_moment_ends_nothing(reporter, folder, clock):
    for _ in range(4):
        folder.job.rename(folder.path / "elsewhere.json")
        clock.now += 3.0
        reporter.check()
        (folder.path / "elsewhere.json").rename(folder.job)
        clock.now += 3.0
        reporter.check()


def test_a_disk_that_does_not_answer_ends_nothing(reporter, folder, clock, monkeypatch):
    """A network that fails for minutes: whether the folder is there is not known, and the work goes on."""

    def no_answer(path, **_):
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    monkeypatch.setattr(type(folder.job), "stat", no_answer)
    for _ in range(3):
        clock.now += 6.0
        reporter.check()


def test_a_request_for_a_checkpoint_is_given_once_and_cancels_nothing(reporter, folder):
    folder.append_control(CHECKPOINT)
    folder.append_control("nonsense")
    reporter.check()
    assert [reporter.take_checkpoint_request(), reporter.take_checkpoint_request()] == [True, False]


def test_a_control_file_written_by_hand_works_too(reporter, folder, clock):
    folder.append_control(CHECKPOINT)
    reporter.check()
    clock.now += 1.0
    folder.control.write_text("cancel")
    with pytest.raises(Cancelled):
        reporter.check()


def test_work_goes_on_when_nothing_can_be_told(reporter, monkeypatch):
    monkeypatch.setattr(Path, "write_text", no_space)
    monkeypatch.setattr("builtins.open", no_space)
    reporter.progress("Working", 0.5)
    reporter.caution(Caution("noisy", "The image is noisy"))
    reporter.check()


def test_on_a_full_disk_the_end_is_written_over_the_old_status(reporter, folder, monkeypatch):
    reporter.progress("Working with a name so long that the last status is shorter" + "!" * 2000, 0.5)
    monkeypatch.setattr(Path, "write_text", no_space)  # no new file can be made; old blocks can be written to
    reporter.fail(Refusal("units", "Units is CNTS"), ["last line"])
    status = folder.read_status()
    assert (status["state"], status["error"]["details"]) == ("refused", ["last line"])
    assert not list(folder.path.glob(".writing*"))


def test_a_result_that_is_no_json_does_not_end_the_job(reporter, folder):
    for result in ({"object": object()}, {"volume": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            reporter.done(result)
    assert folder.read_status()["state"] == "running"


def test_a_request_to_stop_is_given_once_and_ends_a_pause(folder):
    reporter = JobReporter(folder, sleep=lambda seconds: folder.append_control(STOP))
    reporter.begin()
    folder.append_control(PAUSE)
    reporter.check()
    assert [reporter.take_stop_request(), reporter.take_stop_request()] == [True, False]


def test_facts_of_the_task_are_in_the_status_and_its_events_among_the_events(reporter, folder):
    reporter.progress("Training", 0.1)
    reporter.tell({"step": 3, "loss": 0.5})
    reporter.event("validation", dice=0.7)
    reporter.progress("Validating", 0.0)
    assert folder.read_status()["facts"] == {"step": 3, "loss": 0.5}
    assert {"event": "validation", "dice": 0.7}.items() <= folder.read_events()[0][-2].items()
