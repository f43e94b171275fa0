"""One process at a time: a lock on a file, which the system takes back when its holder dies, however it dies.

Ground floor: called by `jobs` (one runner per folder) and by tasks that write a table together.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from CLIPSLib.errors import Failure, Refusal

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextlib.contextmanager
def only_one(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock on `path` (made if need be) for the length of the block.

    Raises:
        Refusal: another process holds it, still after `wait_s`.
        Failure: the folder cannot be written to, or its disk knows no locks.
    """
    with _open(path) as stream:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                _lock(stream)
                break
            except OSError as error:
                if error.errno not in _TAKEN or time.monotonic() >= deadline:
                    raise _refused(path, error) from error
                time.sleep(0.05)
        try:
            yield
        finally:
            _unlock(stream)


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: BinaryIO) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(stream: BinaryIO) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    # lockf, not flock: forked helpers of a runner do not inherit it, so they cannot hold it after the runner's death
    def _lock(stream: BinaryIO) -> None:
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(stream: BinaryIO) -> None:
        fcntl.lockf(stream, fcntl.LOCK_UN)


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "a+b")
    except OSError as error:
        raise Failure("cannot-write", f"Cannot write: {error.strerror}", str(path), "Choose another folder.") from error


def _refused(path: Path, error: OSError) -> Refusal | Failure:
    if error.errno in _TAKEN:
        return Refusal(
            "job-running", "Another process is at work in this folder", str(path.parent), "Wait for it, or cancel it."
        )
    return Failure(
        "cannot-lock", f"Files here cannot be locked: {error.strerror}", str(path), "Choose a folder on a local disk."
    )
