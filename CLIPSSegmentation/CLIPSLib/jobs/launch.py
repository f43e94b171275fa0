"""The start of a job: the order on paper, then a process that outlives the one that started it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.jobs.folder import JobFolder
from CLIPSLib.jobs.job import Job
from CLIPSLib.jobs.processes import ProcessId, end_tree, launched, this_process
from CLIPSLib.jobs.status import WAITING, failed_status, new_status
from CLIPSLib.locks import only_one

PROGRAM = "CLIPSLib"
_CORE = Path(__file__).resolve().parents[2]  # the folder that holds CLIPSLib
_LAST_WORDS_S = 2.0
_started: list[subprocess.Popen] = []


def start_job(
    folder: str | os.PathLike,
    verb: str,
    arguments: Mapping[str, Any],
    *,
    python: str | None = None,
    environment: Mapping[str, str] | None = None,
    program: str = PROGRAM,
) -> Job:
    """`create_job` and `launch_job` in one."""
    job = create_job(folder, verb, arguments)
    launch_job(job, python=python, environment=environment, program=program)
    return job


def create_job(folder: str | os.PathLike, verb: str, arguments: Mapping[str, Any]) -> Job:
    """Write a job that waits to be launched. The folder may hold other files, such as the job's input.

    arguments: JSON values; relative paths in them are relative to the job folder.

    Raises:
        Refusal: the folder holds a job. UsageError: the arguments are no JSON. Failure: it cannot be written.
    """
    JobFolder(folder).write_job(verb, arguments)
    return Job(folder)


def launch_job(
    job: Job,
    *,
    python: str | None = None,
    environment: Mapping[str, str] | None = None,
    program: str = PROGRAM,
) -> None:
    """Start the process of a job that waits, or has ended and is to run again; does not wait for it.

    python: the interpreter, by default the one of 3D Slicer inside Slicer and this one elsewhere. environment:
    variables over those of this process. program: what `python -m` runs; it calls `run_job_process`.

    Raises:
        Refusal: the job runs already. Failure: the process cannot be started, or the folder not be written to.
    """
    files = JobFolder(job.folder)
    with only_one(files.lock):
        _make_ready(job, files)
    command = [python or _interpreter(), "-m", program, str(files.path)]
    try:
        process = _spawn(command, files, environment or {})
    except OSError as error:
        failure = _cannot_start(error, command)
        files.write_first_status(failed_status(this_process(), failure))
        raise failure from error
    _started[:] = [other for other in _started if other.poll() is None]  # takes in those that ended: no zombies
    _started.append(process)
    _speak_for(launched(process.pid), files)


def let_wait(job: Job) -> None:
    """Let a job that has ended wait again, so that a queue starts it in its turn; one that waits stays as it is.

    Raises:
        Refusal: the job runs already. Failure: the folder cannot be written to.
    """
    files = JobFolder(job.folder)
    with only_one(files.lock, wait_s=_LAST_WORDS_S):  # a runner has said its last word just before it lets go
        _make_ready(job, files)


def _make_ready(job: Job, files: JobFolder) -> None:
    status = job.status()
    if status.ended:
        files.forget_last_run()
    elif status.state != WAITING:
        raise Refusal("job-running", "The job is running already", str(job.folder), "Wait for it, or cancel it.")


def _speak_for(process: ProcessId, files: JobFolder) -> None:
    """Write the status of a process that still loads; once it has spoken itself, its own words stand."""
    try:
        files.write_first_status(new_status(process, "Starting"))
    except Refusal:
        pass
    except Failure:  # nobody could see it run, and it could not say how it ended
        end_tree(process)
        raise


def _interpreter() -> str:
    """Slicer's own interpreter sets up Slicer's libraries; elsewhere, one that happens to be on the path is foreign."""
    inside_slicer = "slicer" in sys.modules
    return (inside_slicer and shutil.which("PythonSlicer")) or sys.executable


def _spawn(command: list[str], files: JobFolder, environment: Mapping[str, str]) -> subprocess.Popen:
    with open(files.log, "ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=files.path,
            env=_environment(environment),
            **_detached(),
        )


def _cannot_start(error: OSError, command: list[str]) -> Failure:
    reason = error.strerror or str(error)
    where = str(error.filename or command[0])
    return Failure("cannot-start", f"The process cannot be started: {reason}", where, "Check this path.")


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    merged = {**os.environ, **environment}
    known = [path for path in merged.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", str(_CORE))]
    return {
        **merged,
        "PYTHONPATH": os.pathsep.join([str(_CORE), *known]),
        "PYTHONSAFEPATH": "1",  # a file "random.py" in the job folder is not Python's
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",  # the log is read while it is written
    }


def _detached() -> dict[str, Any]:
    """No terminal, no signals of the parent. On Windows a hidden console: without one each child opens its own."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
