"""Writing so that nothing is lost: whole files or none, never over an existing one unasked.

Ground floor; every room that writes uses it. Also the one place for JSON documents with a format name and version.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from CLIPSLib.errors import Failure, Refusal


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it takes the name `path` only when the block ends well.

    The temporary name keeps the suffixes (".nii.gz"), so that writers which choose a format by name work.

    Raises:
        Refusal: `path` exists and `overwrite` is False (checked before and after the block).
        Failure: the folder cannot be written to or the disk is full; nothing remains.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise _exists(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix="-" + target.name, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        _flush_to_disk(temporary)
        _give_default_permissions(temporary)
        if overwrite:
            os.replace(temporary, target)
        else:
            _rename_without_overwriting(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary sibling folder to fill; it takes the name `path` only when the block ends well.

    With `overwrite`, the old folder is moved aside first and deleted last: a crash leaves one of the two whole.

    Raises:
        Refusal: `path` exists and `overwrite` is False (an empty folder does not count).
        Failure: the folder cannot be written to or the disk is full; nothing remains.
    """
    target = Path(path)
    if _holds_something(target) and not overwrite:
        raise _exists(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield temporary
        _give_default_permissions(temporary, 0o777)
        _replace_folder(temporary, target, overwrite=overwrite)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_bytes(path: str | os.PathLike, content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file whole or not at all. Raises as `atomic_path`."""
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def write_text(path: str | os.PathLike, text: str, *, overwrite: bool = False) -> Path:
    """Write UTF-8 text with the line ends given, whole or not at all. Raises as `atomic_path`."""
    return write_bytes(path, text.encode("utf-8"), overwrite=overwrite)


def write_json(
    path: str | os.PathLike, content: dict, *, format_name: str, version: int, overwrite: bool = False
) -> Path:
    """Write a JSON document that names its format and version first. NaN is not allowed: use None."""
    document = {"format": format_name, "format_version": version, **content}
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return write_text(path, text, overwrite=overwrite)


def read_json(path: str | os.PathLike, *, format_name: str, version: int) -> dict:
    """Read a JSON document written by `write_json`.

    Raises:
        Failure: missing or not JSON.
        Refusal: another format, or a version newer than `version`.
    """
    source = Path(path)
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise cannot_read(source, error) from error
    except ValueError as error:
        raise Failure("not-json", f"The file is not valid JSON: {error}", str(source)) from error
    if not isinstance(document, dict) or document.get("format") != format_name:
        raise Refusal("wrong-format", f"The file is not a '{format_name}' document", str(source))
    found = document.get("format_version")
    if not isinstance(found, int) or found > version:
        raise Refusal(
            "newer-format",
            f"'{format_name}' version {found} is not known; this software reads up to version {version}",
            str(source),
            "Update CLIPS.",
        )
    return document


def sha256_file(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def safe_name(text: str, *, fallback: str = "unnamed", limit: int = 64) -> str:
    """A file or folder name from any text (patient ids hold '/', blanks and worse): letters, digits, '-', '_', '.'.

    Names that Windows keeps for devices ("CON", "nul.txt") get a leading "_".
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:limit].rstrip(".")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = "_" + name
    return name or fallback


def _rename_without_overwriting(temporary: Path, target: Path) -> None:
    """Give the file its name unless somebody took it meanwhile (a hard link cannot replace a file)."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # file systems without hard links (some network shares, FAT)
        if target.exists():
            raise _exists(target) from None
        os.replace(temporary, target)


def _holds_something(target: Path) -> bool:
    return target.exists() and not (target.is_dir() and not any(target.iterdir()))


def _replace_folder(temporary: Path, target: Path, *, overwrite: bool) -> None:
    old = None
    if target.exists():
        if _holds_something(target) and not overwrite:
            raise _exists(target)
        old = Path(tempfile.mkdtemp(prefix=".replaced-", dir=target.parent))
        os.rename(target, old / target.name)
    try:
        os.rename(temporary, target)
    except OSError:
        if old is not None:
            os.rename(old / target.name, target)
            old.rmdir()
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())


def _give_default_permissions(path: Path, mode: int = 0o666) -> None:
    """mkstemp and mkdtemp make private things; results follow the user's umask like any other file."""
    if os.name == "posix":
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(mode & ~umask)


def _exists(target: Path) -> Refusal:
    return Refusal(
        "exists",
        f"The {'folder' if target.is_dir() else 'file'} exists already and is not overwritten unasked",
        str(target),
        "Choose another name, or ask for overwriting.",
    )


def cannot_read(path: str | os.PathLike, error: OSError) -> Failure:
    """What to say of a file that could not be read, and what to do about it."""
    remedy = "Copy it again, or restore it from a backup."
    if isinstance(error, FileNotFoundError):
        remedy = "Check the path."
    elif isinstance(error, IsADirectoryError):
        remedy = "Name a file in this folder."
    elif isinstance(error, PermissionError):
        remedy = "Ask its owner for the right to read it."
    return Failure("cannot-read", f"Cannot read the file: {error.strerror or error}", str(path), remedy)


def _cannot_write(target: Path, error: OSError) -> Failure:
    if error.errno == errno.ENOSPC:
        return Failure("disk-full", "The disk is full; nothing was written", str(target), "Free space and try again.")
    return Failure("cannot-write", f"Cannot write: {error.strerror or error}", str(target), "Choose another folder.")
