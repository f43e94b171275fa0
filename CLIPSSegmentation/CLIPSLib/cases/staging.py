"""Images on their way into a registry: written aside first, named last. Used by `intake`, `masks`, `drafts`, `check`.

A crash leaves what was there, and files that begin with ".writing-", which `check` finds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from CLIPSLib.errors import Failure
from CLIPSLib.files import sha256_file

WRITING = ".writing-"


@contextlib.contextmanager
def staged_folder(parent: Path) -> Iterator[Path]:
    """A new folder beside its future place; what is still in it at the end of the block is removed."""
    path = parent / f"{WRITING}{uuid.uuid4().hex}"
    with _saying(parent):
        path.mkdir(parents=True)
    try:
        with _saying(parent):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def staged_image(folder: Path, write: Callable[[Path], object]) -> Iterator[tuple[Path, str]]:
    """Write an image aside in `folder`; gives its path and SHA-256 for `name_by_content`, which moves it."""
    path = folder / f"{WRITING}{uuid.uuid4().hex}.nii.gz"
    try:
        write(path)
        yield path, sha256_file(path)
    finally:
        path.unlink(missing_ok=True)


def name_by_content(path: Path, target: Path) -> None:
    """Give a staged file its final name, write-protected; one that is there already and whole stays.

    target: named by the SHA-256 of `path`.
    """
    with _saying(target):
        if target.exists() and sha256_file(target) == target.name.partition(".")[0]:
            return
        if target.exists():  # damaged
            remove(target)
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        os.replace(path, target)
        sync_folder(target.parent)


def remove(path: Path) -> None:
    """Delete a file or folder, write-protected or not."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return
    with contextlib.suppress(OSError):
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)  # Windows does not delete protected files
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder outlast a power failure (POSIX; Windows does so by itself)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _saying(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(
            "cannot-write", f"Cannot write: {error.strerror or error}", str(path), "Check the disk and the folder."
        ) from error
