"""Runs that wait start when their turn comes although nobody looks: a job that lives for as long as something waits.

`run_job` is the verb "advance-jobs" (see `verbs`), ordered by the panel that trains, for when Slicer is closed. It does
what an open panel does; both may at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from CLIPSLib.jobs import JobQueue
from CLIPSLib.progress import Reporter
from CLIPSLib.schema import Range, from_document

VERB = "advance-jobs"
_LOOK_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class AdvanceRequest:
    """root: the folder of the queue. at_once: how many of its jobs run at a time."""

    root: str
    at_once: Annotated[int, Range(1)] = 1


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Start waiting jobs until none waits. arguments: those of `AdvanceRequest`. Returns {"started": how many}.

    Raises:
        Refusal: arguments. Failure: the folders cannot be written to. Cancelled: what was started goes on.
    """
    request = from_document(AdvanceRequest, arguments, where=VERB)
    queue = JobQueue(request.root, concurrent=request.at_once)
    started = 0
    while waiting := sum(job.status().state == "waiting" for job in queue.jobs()):
        reporter.check()
        reporter.progress(f"{waiting} waiting", 0.0)
        started += len(queue.advance())
        time.sleep(_LOOK_EVERY_S)
    return {"started": started}
