"""Studies in a row, in real processes."""

from __future__ import annotations

import job_program
from CLIPSLib.jobs import JobQueue


def test_two_jobs_run_one_after_the_other_and_a_third_is_cancelled_while_it_waits(tmp_path):
    queue = JobQueue(tmp_path / "jobs", launch=job_program.launch)
    first, second, third = (queue.add("polite", {"seconds": 0.3}) for _ in range(3))
    third.ask_cancel()

    def everything_ended() -> bool:
        queue.advance()
        return all(job.status().ended for job in queue.jobs())

    job_program.wait_until(everything_ended)
    assert [job.status().state for job in (first, second, third)] == ["done", "done", "cancelled"]
    assert first.status().ended_utc <= second.status().started_utc


def test_a_queue_looked_after_by_two_programs_starts_each_job_once(tmp_path):
    queues = [JobQueue(tmp_path / "jobs", launch=job_program.launch) for _ in range(2)]
    job = queues[0].add("polite", {"seconds": 0.3})
    assert [len(queue.advance()) for queue in queues] == [1, 0]
    assert job.wait(job_program.PATIENCE_S).state == "done"
    assert [len(queue.advance()) for queue in queues] == [0, 0]
    states = [event["state"] for event in job.events()[0] if event["event"] == "state"]
    assert states == ["running", "done"]
