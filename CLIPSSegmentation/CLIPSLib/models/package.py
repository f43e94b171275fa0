"""A model as it is handed over, folder or ZIP: only what `model.json` lists is read, checked while it is copied.

Called by the store. Nothing is ever extracted under a name of the archive's choosing.
"""

from __future__ import annotations

import contextlib
import hashlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.models.description import DESCRIPTION_FILE, ModelFile
from CLIPSLib.progress import Reporter

_CHUNK = 4 * 2**20
_LARGEST_DESCRIPTION = 2**20
_COPY_AGAIN = "Copy or download it again, and compare its size with the one on the publisher's page."


class Package(Protocol):
    """Files by plain name."""

    where: str

    def open(self, name: str) -> IO[bytes]:
        """A file for reading. Raises Failure ("file-missing") when there is none, Refusal when it is a link."""
        ...


@contextlib.contextmanager
def opened(source: str | Path) -> Iterator[Package]:
    """The package at a path.

    Raises:
        Failure: nothing there, or a damaged archive. Refusal: neither folder nor ZIP, no `model.json`, or an archive
            with links, absolute paths, ".." or encryption.
    """
    path = Path(source)
    if path.is_dir():
        yield _Folder(path)
    elif not path.exists():
        raise Failure("cannot-read", "There is no such file or folder", str(path))
    elif not zipfile.is_zipfile(path):
        raise Refusal("not-a-package", "A model comes as a folder or a ZIP file; this is neither", str(path))
    else:
        with _archive(path) as archive:
            yield _Zip(archive, str(path))


def copy_description(package: Package, folder: Path) -> None:
    """Copy `model.json`, which must be small."""
    with package.open(DESCRIPTION_FILE) as stream:
        text = stream.read(_LARGEST_DESCRIPTION + 1)
    if len(text) > _LARGEST_DESCRIPTION:
        raise Refusal("description-too-large", f"{DESCRIPTION_FILE} is larger than 1 MB", package.where)
    (folder / DESCRIPTION_FILE).write_bytes(text)


def copy_file(package: Package, file: ModelFile, folder: Path, reporter: Reporter) -> None:
    """Copy one file; it must have the size and the SHA-256 that the description states.

    Raises:
        Failure: missing or damaged, with the file's name. Cancelled.
    """
    digest = hashlib.sha256()
    copied = 0
    try:
        with package.open(file.name) as source, open(folder / file.name, "wb") as target:
            while chunk := source.read(_CHUNK):
                reporter.check()
                copied += len(chunk)
                if copied > file.size_bytes:
                    break
                digest.update(chunk)
                target.write(chunk)
                reporter.progress(f"Copying {file.name}", min(copied / file.size_bytes, 0.999))
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(file, package.where, str(error)) from error
    if copied != file.size_bytes:
        more = "more than " if copied > file.size_bytes else f"{copied} instead of "
        raise _damaged(file, package.where, f"it has {more}{file.size_bytes} bytes")
    if digest.hexdigest() != file.sha256:
        raise _damaged(file, package.where, f"its SHA-256 begins {digest.hexdigest()[:8]}, not {file.sha256[:8]}")
    reporter.progress(f"Copying {file.name}", 1.0)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.where = str(folder)
        self._folder = folder

    def open(self, name: str) -> IO[bytes]:
        path = self._folder / name
        if path.is_symlink():
            raise Refusal("link", f"'{name}' is a link; a model consists of its own files", self.where)
        try:
            return open(path, "rb")
        except OSError as error:
            raise _missing(name, self.where) from error


class _Zip:
    """The files beside the archive's only `model.json`, at its top or within folders."""

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self.where = where
        self._archive = archive
        entries = archive.infolist()
        for entry in entries:
            _refuse_unsafe(entry, where)
        tops = [PurePosixPath(e.filename).parent for e in entries if PurePosixPath(e.filename).name == DESCRIPTION_FILE]
        if len(tops) != 1:
            found = "several" if tops else "no"
            raise Refusal("not-a-package", f"The ZIP file holds {found} {DESCRIPTION_FILE}, and must hold one", where)
        self._top = tops[0]

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._archive.open(str(self._top / name))
        except KeyError as error:
            raise _missing(name, self.where) from error
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise Failure("zip-damaged", f"'{name}' cannot be unpacked: {error}", self.where, _COPY_AGAIN) from error


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise Failure("zip-damaged", f"The ZIP file cannot be read: {error}", str(path), _COPY_AGAIN) from error
    with archive:
        yield archive


def _refuse_unsafe(entry: zipfile.ZipInfo, where: str) -> None:
    """Harmless to us, since only listed names are read; but nobody should trust such an archive."""
    name = entry.filename
    path = PurePosixPath(name.replace("\\", "/"))
    reason = None
    if path.is_absolute() or ".." in path.parts or ":" in name:
        reason = "leads out of its folder"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        reason = "is a link"
    elif entry.flag_bits & 1:
        reason = "is encrypted"
    if reason:
        raise Refusal("unsafe-archive", f"The ZIP file is not accepted: '{name}' {reason}", where)


def _missing(name: str, where: str) -> Failure:
    return Failure("file-missing", f"The model lacks the file '{name}'", where, _COPY_AGAIN)


def _damaged(file: ModelFile, where: str, reason: str) -> Failure:
    return Failure("file-damaged", f"The file '{file.name}' is damaged or another one: {reason}", where, _COPY_AGAIN)
