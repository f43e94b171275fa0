"""Worker processes: how one begins, and what it means when one ends. Called by `prepare_all.py` and by the feed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TypeVar

from CLIPSLib.errors import ClipsError, Failure

T = TypeVar("T")
HUNG_S = 900.0  # without a batch: no patch takes so long, a worker hangs
_SAVED_BY_S = 60  # a termination signal leaves the workers so long


def begin_worker(worker: int) -> None:
    """Processes side by side are the parallel part: threads within each would fight for the same cores."""
    import SimpleITK as sitk
    import torch

    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGTERM, _outlive_the_save)


def _outlive_the_save(_signal: int, _frame: object) -> None:
    """Clusters end all processes of a job at once; the run still needs its workers to reach the step at which it saves.

    It then lets them go. One that hangs is ended by the alarm.
    """
    signal.alarm(_SAVED_BY_S)


def next_of(results: Iterator[T | ClipsError]) -> T:
    """The next result of a loader. Its workers give a ClipsError as a result, since the loader would make one text of
    error and traceback.

    Raises:
        StopIteration: there is none. Failure: a worker died, ran out of memory or hangs. What the workers gave.
    """
    try:
        result = next(results)
    except MemoryError as error:
        raise _failed("ran out of memory", error) from error
    except RuntimeError as error:
        if "timed out" in str(error):
            raise _failed(f"gave nothing for {HUNG_S / 60:.0f} minutes", error) from error
        if "DataLoader worker" not in str(error):
            raise
        raise _failed("died", error) from error
    if isinstance(result, ClipsError):
        raise result
    return result


def _failed(how: str, error: BaseException) -> Failure:
    said = str(error).strip().splitlines()
    return Failure(
        "worker-died",
        f"A process that prepares images {how}" + (f": {said[0]}" if said else ""),
        "data.workers",
        "Memory, or in a container its shared memory (/dev/shm), may have run out: resume the run with fewer workers, "
        "clips runs resume RUN --set data.workers=0.",
    )
