"""Jobs in a row: order, places, restarts. Processes are real ones in Testing/processes; here none runs."""

from __future__ import annotations

import pytest
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.jobs import Job, JobQueue, let_wait
from CLIPSLib.jobs.folder import JobFolder
from CLIPSLib.jobs.processes import this_process
from CLIPSLib.jobs.status import failed_status, new_status


def pretend_to_launch(job: Job) -> None:
    JobFolder(job.folder).write_status(new_status(this_process(), "Starting"))


def end(job: Job) -> None:
    JobFolder(job.folder).write_status({**new_status(this_process(), "Ending"), "state": "done"})


def queue_in(tmp_path, concurrent: int = 1) -> JobQueue:
    return JobQueue(tmp_path / "jobs", concurrent=concurrent, launch=pretend_to_launch)


def add(queue: JobQueue, count: int) -> list[Job]:
    return [queue.add("segment", {"number": number}) for number in range(count)]


def folders(jobs: list[Job]) -> list:
    return [job.folder for job in jobs]


def test_jobs_start_in_the_order_they_came_one_when_the_other_has_ended(tmp_path):
    queue = queue_in(tmp_path)
    jobs = add(queue, 3)
    assert folders(queue.jobs()) == folders(jobs)
    for job in jobs:
        assert folders(queue.advance()) == [job.folder]
        assert queue.advance() == []
        end(job)
    assert queue.advance() == []


def test_several_run_at_a_time_when_asked(tmp_path):
    queue = queue_in(tmp_path, concurrent=2)
    jobs = add(queue, 3)
    assert folders(queue.advance()) == folders(jobs[:2])
    end(jobs[0])
    assert folders(queue.advance()) == folders(jobs[2:])


def test_a_waiting_job_that_is_cancelled_never_starts(tmp_path):
    queue = queue_in(tmp_path)
    first, second, third = add(queue, 3)
    queue.advance()
    assert second.status().state == "waiting"
    second.ask_cancel()
    assert second.status().state == "cancelled"
    end(first)
    assert folders(queue.advance()) == [third.folder]


def test_a_queue_goes_on_after_a_restart(tmp_path):
    first, second = add(queue_in(tmp_path), 2)
    queue_in(tmp_path).advance()
    end(first)
    assert folders(queue_in(tmp_path).advance()) == [second.folder]


def test_one_that_cannot_be_started_does_not_hold_up_the_next(tmp_path):
    def launch(job: Job) -> None:
        if job.arguments["number"] == 0:
            failure = Failure("cannot-start", "The process cannot be started")
            JobFolder(job.folder).write_status(failed_status(this_process(), failure))
            raise failure
        pretend_to_launch(job)

    queue = JobQueue(tmp_path, launch=launch)
    first, second = add(queue, 2)
    assert folders(queue.advance()) == [second.folder]
    assert first.status().state == "failed"


def test_a_failure_that_the_job_cannot_say_itself_is_raised(tmp_path):
    def launch(job: Job) -> None:
        raise Failure("disk-full", "The disk is full; nothing was written")

    queue = JobQueue(tmp_path, launch=launch)
    add(queue, 1)
    with pytest.raises(Failure, match="disk is full"):
        queue.advance()


def test_input_can_be_put_into_the_folder_before_the_job_is_one(tmp_path):
    queue = queue_in(tmp_path)
    folder = queue.new_folder("M. Éric / 12")
    (folder / "input").mkdir(parents=True)
    assert queue.jobs() == []
    job = queue.add("segment", {"images": "input"}, folder=folder)
    assert folders(queue.jobs()) == [job.folder]
    assert (job.folder / "input").is_dir()


def test_a_job_is_read_once_however_often_the_queue_is_looked_at(tmp_path):
    queue = queue_in(tmp_path)
    add(queue, 2)
    assert queue.jobs()[0] is queue.jobs()[0]


def test_a_damaged_status_is_that_of_a_lost_job_and_stops_no_other(tmp_path):
    queue = queue_in(tmp_path)
    damaged, waiting = add(queue, 2)
    JobFolder(damaged.folder).status.write_text("{", encoding="utf-8")
    assert folders(queue.advance()) == [waiting.folder]
    status = damaged.status()
    assert (status.state, status.ended) == ("lost", True)
    with pytest.raises(Failure, match="not valid JSON"):
        status.raise_for_error()


def test_a_job_that_goes_on_waits_for_its_turn_like_any_other(tmp_path):
    queue = queue_in(tmp_path)
    first, second = add(queue, 2)
    queue.advance()
    end(first)
    queue.advance()
    let_wait(first)
    assert first.status().state == "waiting"
    assert queue.advance() == []  # the second runs
    with pytest.raises(Refusal, match="running already"):
        let_wait(second)
    end(second)
    assert folders(queue.advance()) == [first.folder]
