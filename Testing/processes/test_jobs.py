"""Jobs in real processes: how they end, who can end them, and what an onlooker sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import job_program
import pytest
from CLIPSLib.errors import Question, Refusal
from CLIPSLib.files import write_json
from CLIPSLib.jobs import launch_job, list_jobs, open_job, start_job
from CLIPSLib.jobs.processes import identify

CORE = Path(start_job.__code__.co_filename).parent.parent.parent
PATIENCE_S = job_program.PATIENCE_S

posix_only = pytest.mark.skipif(os.name != "posix", reason="kills with POSIX signals")


def python(code: str, *arguments: str) -> subprocess.Popen:
    """Another program that follows jobs."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CORE), str(job_program.FOLDER)])}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_study_is_segmented_by_a_job_in_a_folder_with_blanks_and_accents(small_phantom, tmp_path):
    job = start_job(tmp_path / "Étude nº 1 日本", "segment", {"path": str(small_phantom), "out": "résultat"})
    status = job.wait(PATIENCE_S)
    assert (status.state, status.error) == ("done", None), job.log_tail()
    (case,) = status.result["cases"]
    assert (Path(case["folder"]) / "segmentation.json").is_file()
    assert Path(case["folder"]).is_relative_to(job.folder / "résultat")
    assert case["patient"]["tmtv_ml"] > 0
    stages = [event["stage"] for event in job.events()[0] if event["event"] == "stage"]
    assert stages[-1] == "Writing results"
    assert status.pid != os.getpid()


def test_what_a_task_warns_of_and_gives_is_in_the_status(tmp_path):
    job = job_program.start(tmp_path / "job", "polite", seconds=0.1)
    status = job.wait(PATIENCE_S)
    assert status.state == "done"
    assert [caution.code for caution in status.cautions] == ["noisy"]
    assert status.result["folder"] == str(job.folder)
    assert status.started_utc < status.ended_utc


@pytest.mark.parametrize(("verb", "state"), [("refuse", "refused"), ("ask", "question"), ("eat_memory", "failed")])
def test_an_error_of_the_task_is_told_with_its_remedy_and_can_be_raised_again(verb, state, tmp_path):
    status = job_program.start(tmp_path / "job", verb).wait(PATIENCE_S)
    assert status.state == state
    assert status.error["what"]
    with pytest.raises(Exception, match=status.error["what"]) as caught:
        status.raise_for_error()
    if verb == "refuse":
        assert isinstance(caught.value, Refusal)
        assert caught.value.remedy == "Export the series again."
    if verb == "ask":
        assert isinstance(caught.value, Question)
        assert (caught.value.key, caught.value.unit, caught.value.choices) == ("weight_kg", "kg", ("70", "80"))


@pytest.mark.parametrize(("verb", "word"), [("crash", "ZeroDivisionError"), ("not_json", "TypeError")])
def test_an_unforeseen_error_leaves_its_traceback_in_the_log_and_its_last_lines_in_the_status(verb, word, tmp_path):
    job = job_program.start(tmp_path / "job", verb, zero=0)
    status = job.wait(PATIENCE_S)
    assert (status.state, status.error["code"]) == ("failed", "unexpected")
    assert word in status.error["what"]
    assert status.error["details"][-1].startswith(word)
    assert status.error["details"] == job.log_tail(len(status.error["details"]))


def test_a_disk_that_fills_up_ends_the_job_with_its_sentence(tmp_path):
    status = job_program.start(tmp_path / "job", "full_disk").wait(PATIENCE_S)
    assert (status.state, status.error["code"]) == ("failed", "disk-full")
    assert "result" in status.error["where"]


def test_an_unknown_task_is_told_with_those_there_are(tmp_path):
    status = start_job(tmp_path / "job", "nonsense", {}).wait(PATIENCE_S)
    assert (status.state, status.error["code"]) == ("failed", "unknown-verb")
    assert "segment" in status.error["remedy"]


def test_a_job_that_checks_is_cancelled_at_once_and_in_good_order(tmp_path):
    job = job_program.start(tmp_path / "job", "polite")
    job_program.wait_for_stage(job, "Working")
    status = job.cancel(grace_s=PATIENCE_S)
    assert status.state == "cancelled"
    assert status.ended_utc is not None  # it said so itself: nobody waited for the grace to pass


def test_a_job_that_does_not_check_is_ended_after_the_grace_period(tmp_path):
    job = job_program.start(tmp_path / "job", "deaf")
    job_program.wait_for_stage(job, "Deaf")
    status = job.cancel(grace_s=0.3)
    assert (status.state, status.ended_utc) == ("cancelled", None)
    assert identify(status.pid) is None


@posix_only
@pytest.mark.parametrize("orphan", [False, True])
def test_cancelling_ends_grandchildren_even_those_that_lost_their_parent(orphan, tmp_path):
    job = job_program.start(tmp_path / "job", "family", orphan=orphan)
    job_program.wait_for_stage(job, "Family")
    family = [int(pid) for pid in (job.folder / "family").read_text().split()]
    assert identify(family[1]) is not None
    assert job.cancel(grace_s=0.0).state == "cancelled"
    assert [identify(pid) for pid in family] == [None, None]


@posix_only
def test_a_killed_process_is_seen_as_lost_and_what_it_left_behind_can_be_ended(tmp_path):
    job = job_program.start(tmp_path / "job", "family")
    job_program.wait_for_stage(job, "Family")
    os.kill(job.status().pid, signal.SIGKILL)
    status = job.wait(10.0)
    assert (status.state, status.error["code"]) == ("lost", "job-lost")
    assert "Family" in status.error["what"]
    family = [int(pid) for pid in (job.folder / "family").read_text().split()]
    assert identify(family[1]) is not None
    job.end()
    assert [identify(pid) for pid in family] == [None, None]


@posix_only
def test_a_job_outlives_the_program_that_started_it_and_is_followed_by_another(tmp_path):
    folder = tmp_path / "job"
    code = (
        "import sys, time, pathlib, job_program\n"
        "job = job_program.start(pathlib.Path(sys.argv[1]), 'polite')\n"
        "job_program.wait_for_stage(job, 'Working')\n"
        "print('started', flush=True)\n"
        "time.sleep(600)"
    )
    parent = python(code, str(folder))
    assert parent.stdout.readline().strip() == "started"
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    job = open_job(folder)
    first = job.status()
    assert first.state == "running"
    job_program.wait_until(lambda: job.status().fraction > first.fraction)
    assert job.cancel().state == "cancelled"


def test_a_second_runner_refuses_and_leaves_the_first_alone(tmp_path):
    job = job_program.start(tmp_path / "job", "polite")
    job_program.wait_for_stage(job, "Working")
    first = job.status()
    second = python("import sys, job_program as p; sys.exit(p.run_job_process(sys.argv[1], dict))", str(job.folder))
    assert second.wait(PATIENCE_S) == Refusal.exit_code
    with pytest.raises(Refusal, match="at work"):
        launch_job(job)
    assert (job.status().state, job.status().pid) == ("running", first.pid)
    job.cancel()


def test_pause_checkpoint_and_resume_are_obeyed(tmp_path):
    job = job_program.start(tmp_path / "job", "polite")
    job_program.wait_for_stage(job, "Working")
    job.ask_checkpoint()
    job_program.wait_until((job.folder / "checkpoint").exists)
    job.pause()
    job_program.wait_until(lambda: job.status().state == "paused")
    paused = job.status()
    time.sleep(0.6)
    assert job.status().fraction == paused.fraction
    job.resume()
    job_program.wait_until(lambda: job.status().fraction > paused.fraction)
    assert job.status().state == "running"
    job.pause()
    job_program.wait_until(lambda: job.status().state == "paused")
    assert job.cancel().state == "cancelled"  # also from a pause
    states = [event["state"] for event in job.events()[0] if event["event"] == "state"]
    assert states == ["running", "paused", "running", "paused", "cancelled"]


def test_a_lost_or_cancelled_job_can_be_started_again(tmp_path):
    job = job_program.start(tmp_path / "job", "polite", seconds=1.0)
    job.cancel(grace_s=0.0)
    job_program.launch(job)
    assert job.wait(PATIENCE_S).state == "done"


def test_an_interpreter_that_is_not_there_fails_the_job_with_a_sentence(tmp_path):
    job = job_program.create(tmp_path / "job", "polite")
    with pytest.raises(Exception, match="cannot be started"):
        job_program.launch(job, python=str(tmp_path / "no-python"))
    assert (job.status().state, job.status().error["code"]) == ("failed", "cannot-start")


def test_a_process_that_ends_before_it_can_speak_is_lost_and_its_log_says_why(tmp_path):
    job = job_program.create(tmp_path / "job", "polite")
    launch_job(job, program="no_such_program")
    status = job.wait(PATIENCE_S)
    assert status.state == "lost"
    assert "no_such_program" in status.error["details"][-1]


def test_a_job_of_a_newer_version_is_refused_by_everybody(tmp_path):
    job = job_program.create(tmp_path / "job", "polite")
    write_json(job.folder / "job.json", {"verb": "polite"}, format_name="clips-job", version=99, overwrite=True)
    with pytest.raises(Refusal, match="version 99"):
        open_job(job.folder)
    assert list_jobs(tmp_path) == []
    runner = python("import sys, job_program as p; sys.exit(p.run_job_process(sys.argv[1], dict))", str(job.folder))
    assert runner.wait(PATIENCE_S) == Refusal.exit_code
    assert not (job.folder / "status.json").exists()


def test_modules_come_from_this_software_whatever_lies_in_the_current_or_the_job_folder(tmp_path, monkeypatch):
    trap = "raise RuntimeError('not Python\\'s own')"
    for folder in (tmp_path, tmp_path / "job"):
        folder.mkdir(exist_ok=True)
        (folder / "random.py").write_text(trap)
        (folder / "CLIPSLib.py").write_text(trap)
    monkeypatch.chdir(tmp_path)
    status = job_program.start(tmp_path / "job", "where").wait(PATIENCE_S)
    assert status.state == "done", status.error
    assert Path(status.result["core"]) == CORE / "CLIPSLib" / "__init__.py"
    assert status.result["path"][0] == str(CORE)
    assert not Path(status.result["random"]).is_relative_to(tmp_path)


def test_the_process_without_a_folder_says_how_it_is_used():
    environment = {**os.environ, "PYTHONPATH": str(CORE)}
    command = [sys.executable, "-m", "CLIPSLib"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "JOB_FOLDER" in ended.stderr
