"""A job carried out, in this process: from `job.json` to the last status. Called by `CLIPSLib.__main__`."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from CLIPSLib.errors import Cancelled, ClipsError, Failure, UsageError, package_missing
from CLIPSLib.jobs.folder import JobFolder
from CLIPSLib.jobs.processes import lead_own_group
from CLIPSLib.jobs.reporter import JobReporter
from CLIPSLib.locks import only_one

Task = Callable[[Mapping[str, Any], JobReporter], Mapping[str, Any]]
Verbs = Callable[[], Mapping[str, Task]]
_TRACEBACK_LINES = 30


def run_job_process(path: str | os.PathLike, verbs: Verbs) -> int:
    """`run_job` for a process that does nothing else. Returns the exit code."""
    lead_own_group()
    return run_job(path, verbs)


def run_job(path: str | os.PathLike, verbs: Verbs) -> int:
    """Do what the folder's `job.json` says; tell it through the folder. Returns the exit code of `ClipsError`, or 0.

    verbs: gives the tasks by name, called when the job is locked: what goes wrong while they are imported is then told
    like any failure. A task takes the arguments and a `JobReporter`, works with the job folder as current folder (so
    that relative paths mean the same for everybody) and returns what is to be known of its result, as JSON values.
    A folder that cannot be understood, or is being worked in, is left as it is.
    """
    folder = JobFolder(path)
    try:
        job = folder.read_job()
        with only_one(folder.lock), contextlib.chdir(folder.path):
            return _run(folder, job, verbs)
    except ClipsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"The end of the job could not be written: {error}", file=sys.stderr)
        return Failure.exit_code


def _run(folder: JobFolder, job: Mapping[str, Any], verbs: Verbs) -> int:
    reporter = JobReporter(folder)
    reporter.begin()
    try:
        reporter.check()
        task = _task(job["verb"], verbs())
        reporter.done(task(job["arguments"], reporter))
        return 0
    except ClipsError as error:
        return _fail(reporter, error)
    except KeyboardInterrupt:
        return _fail(reporter, Cancelled())
    except MemoryError:
        return _fail(reporter, Failure("out-of-memory", "There is not enough memory", "", "Close other programs."))
    except Exception as error:
        return _fail(reporter, _unexpected(error, folder))


def _task(verb: str, tasks: Mapping[str, Task]) -> Task:
    if verb not in tasks:
        raise UsageError("unknown-verb", f"There is no task '{verb}'", "", f"There are: {', '.join(sorted(tasks))}.")
    return tasks[verb]


def _fail(reporter: JobReporter, error: ClipsError) -> int:
    lines = traceback.format_exc().splitlines()
    with contextlib.suppress(OSError):  # the log can be on a full disk too
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    reporter.fail(error, lines[-_TRACEBACK_LINES:])
    return error.exit_code


def _unexpected(error: Exception, folder: JobFolder) -> Failure:
    if isinstance(error, ModuleNotFoundError) and (missing := package_missing(error)):
        return missing
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = str(error.filename or folder.path)
        return Failure("disk-full", "The disk is full", where, "Free space and start the job again.")
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return Failure("unexpected", f"An error that was not foreseen: {text}", str(folder.log), "Report it with the log.")
