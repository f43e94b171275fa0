"""What waits in a queue is started by a job of its own, until nothing waits."""

import pytest
from CLIPSLib.errors import Cancelled
from CLIPSLib.jobs import JobQueue
from CLIPSLib.jobs.folder import JobFolder
from CLIPSLib.jobs.processes import this_process
from CLIPSLib.jobs.status import new_status
from CLIPSLib.progress import SILENT
from CLIPSLib.tasks import advance_job


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """Two jobs that wait, and are done as soon as they are started."""
    monkeypatch.setattr(advance_job, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(advance_job, "JobQueue", lambda root, concurrent: made)

    def launch(job) -> None:
        JobFolder(job.folder).write_status({**new_status(this_process(), "Ending"), "state": "done"})

    made = JobQueue(tmp_path / "runs", launch=launch)
    for number in range(2):
        made.add("train", {"number": number})
    return made


def test_it_ends_when_nothing_waits_any_more(queue, tmp_path):
    assert advance_job.run_job({"root": str(tmp_path / "runs")}, SILENT) == {"started": 2}
    assert [job.status().state for job in queue.jobs()] == ["done", "done"]
    assert advance_job.run_job({"root": str(tmp_path / "runs")}, SILENT) == {"started": 0}


def test_cancelled_it_leaves_what_waits(queue, tmp_path):
    class Impatient:
        def check(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        advance_job.run_job({"root": str(tmp_path / "runs")}, Impatient())
    assert [job.status().state for job in queue.jobs()] == ["waiting", "waiting"]
