"""Training as a background job: the job folder is the run folder. `run_job` is the verb "train" (see `verbs`)."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import UsageError
from CLIPSLib.jobs import Job, JobReporter, open_job

VERB = "train"


def run_job(arguments: Mapping[str, Any], reporter: JobReporter) -> dict[str, Any]:
    """Train the run in the current folder, from its last checkpoint if it has one.

    arguments: none; everything is in `recipe.toml` and `cases.json`. A termination signal (a cluster's time is up, the
    machine shuts down) is a request to save and stop.

    Raises:
        UsageError: arguments. Otherwise as `training.train`.
    """
    if arguments:
        raise UsageError("arguments", f"The job 'train' takes no arguments, such as '{next(iter(arguments))}'")
    from CLIPSLib.training.run import train

    folder = Path.cwd()
    with _stopping_on_signals(open_job(folder)):
        return train(folder, reporter)


@contextlib.contextmanager
def _stopping_on_signals(job: Job) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: job.ask_stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
