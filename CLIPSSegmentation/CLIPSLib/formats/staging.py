"""A set of files that appears in a folder together or not at all, beside whatever else the folder holds.

Used by `result` and by the task that measures. `files.atomic_folder` does the same for a folder of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import atomic_folder


@contextlib.contextmanager
def together(folder: str | os.PathLike, names: Sequence[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder to write some of `names` into; they move to `folder` only when the block ends well.

    With `overwrite`, every one of `names` that lay in `folder` is replaced or, when not written anew, removed: files
    of two results are never mixed. The name given last is removed first and moved last, so a reader that starts with
    it never sees half a set, even after a power failure.

    Raises:
        Refusal: one of `names` exists and `overwrite` is False; checked before anything is written.
        Failure: the folder cannot be written to; what was there stays.
    """
    target = Path(folder)
    existing = [name for name in names if (target / name).exists()]
    if existing and not overwrite:
        raise _exists(target, existing)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        with atomic_folder(target) as temporary:
            yield temporary
        return
    try:
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield temporary
        _exchange(temporary, target, names)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _exchange(temporary: Path, target: Path, names: Sequence[str]) -> None:
    """Move the old files aside, the new ones in; put everything back if one of the moves fails."""
    aside = Path(tempfile.mkdtemp(prefix=".replaced-", dir=target))
    moved: list[tuple[Path, Path]] = []
    try:
        for name in reversed(names):
            _move(target / name, aside / name, moved)
        for name in names:
            _move(temporary / name, target / name, moved)
    except OSError:
        for source, destination in reversed(moved):
            os.rename(destination, source)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, destination: Path, moved: list[tuple[Path, Path]]) -> None:
    if source.exists():
        os.rename(source, destination)
        moved.append((source, destination))


def _exists(target: Path, names: Sequence[str]) -> Refusal:
    return Refusal(
        "exists",
        f"The folder holds a result already ({', '.join(names)}), which is not overwritten unasked",
        str(target),
        "Choose another folder, or ask for overwriting.",
    )


def _cannot_write(target: Path, error: OSError) -> Failure:
    reason = error.strerror or str(error)
    return Failure("cannot-write", f"Cannot write: {reason}", str(target), "Choose another folder.")
