"""Long work in a process of its own, told and followed through files in a folder (docs/jobs.md). Knows no task."""

from CLIPSLib.jobs.job import Job, list_jobs, open_job
from CLIPSLib.jobs.launch import create_job, launch_job, let_wait, start_job
from CLIPSLib.jobs.queue import JobQueue
from CLIPSLib.jobs.reporter import JobReporter
from CLIPSLib.jobs.run import run_job, run_job_process
from CLIPSLib.jobs.status import ENDED, JobStatus

__all__ = [
    "ENDED",
    "Job",
    "JobQueue",
    "JobReporter",
    "JobStatus",
    "create_job",
    "launch_job",
    "let_wait",
    "list_jobs",
    "open_job",
    "run_job",
    "run_job_process",
    "start_job",
]
