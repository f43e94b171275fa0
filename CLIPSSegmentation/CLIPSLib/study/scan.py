"""From a folder to headers: every file below it is opened once, whatever its name. Called by `find`.

Files are read ahead by threads (on a network share the waiting is what costs) and parsed one after the other:
pydicom holds the interpreter's lock, so that parsing in threads takes three times as long as in one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from CLIPSLib.errors import Failure
from CLIPSLib.progress import Reporter
from CLIPSLib.study.headers import MEDIA_STORAGE_DIRECTORY, SliceHeader, looks_like_dicom, read_header

HEADER_BYTES = 32 * 1024  # holds nearly every header; longer ones are read again in full
_READERS = 4
_BATCH = 64


@dataclass
class ScannedFolder:
    """All headers of a folder, and the damaged DICOM files with the reason. Other files are only counted."""

    headers: list[SliceHeader] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    file_count: int = 0

    def add(self, other: ScannedFolder) -> None:
        """Append what another part of the files holds."""
        self.headers += other.headers
        self.unreadable += other.unreadable
        self.file_count += other.file_count


def scan_folder(root: Path, reporter: Reporter) -> ScannedFolder:
    """Read the header of every DICOM file below `root` (or of the one file `root`).

    Raises:
        Failure: `root` does not exist or cannot be listed.
        Cancelled: `reporter.check` said so.
    """
    return scan_files(list_files(root), reporter)


def scan_files(paths: list[Path], reporter: Reporter) -> ScannedFolder:
    """As `scan_folder`, of these files, wherever they lie (3D Slicer's DICOM database knows them one by one)."""
    scanned = ScannedFolder(file_count=len(paths))
    for index, (path, content, size_or_reason) in enumerate(_read_ahead(paths)):
        reporter.check()
        reporter.progress("scanning", index / len(paths))
        _add(scanned, path, content, size_or_reason)
    reporter.progress("scanning", 1.0)
    return scanned


def list_files(root: Path) -> list[Path]:
    """All files below `root` in a stable order; links are followed, a folder is entered once however often linked."""
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise Failure("no-such-folder", "The folder does not exist", str(root), "Check the path.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise Failure("cannot-read", "The folder cannot be read", str(root), "Check its permissions.")
    found: list[Path] = []
    entered: set[tuple[int, int]] = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in entered:
            subfolders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        subfolders.sort()
        found.extend(path for name in sorted(names) if (path := Path(folder, name)).is_file())
    return found


def _read_ahead(paths: list[Path]) -> Iterator[tuple[Path, bytes, int | str]]:
    """Each path with its first bytes and its size, or with b"" and the reason why it cannot be opened."""
    remaining = iter(paths)
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = pool.submit(_read_starts, list(islice(remaining, _BATCH)))
        while waiting is not None:
            batch = list(islice(remaining, _BATCH))
            following = pool.submit(_read_starts, batch) if batch else None
            yield from waiting.result()
            waiting = following


def _read_starts(paths: list[Path]) -> list[tuple[Path, bytes, int | str]]:
    return [_read_start(path) for path in paths]


def _read_start(path: Path) -> tuple[Path, bytes, int | str]:
    try:
        with open(path, "rb", buffering=0) as stream:
            return path, stream.read(HEADER_BYTES), os.fstat(stream.fileno()).st_size
    except OSError as error:
        return path, b"", error.strerror or str(error)


def _add(scanned: ScannedFolder, path: Path, start: bytes, size_or_reason: int | str) -> None:
    if isinstance(size_or_reason, str):
        scanned.unreadable.append((path, size_or_reason))
        return
    if not looks_like_dicom(start):
        return
    try:
        header = _header(path, start, size_or_reason)
    except (OSError, ValueError) as error:
        scanned.unreadable.append((path, str(error)))
        return
    if header.sop_class_uid == MEDIA_STORAGE_DIRECTORY or path.name.upper() == "DICOMDIR":
        return  # a table of contents: the files themselves are read
    if header.series_uid and header.modality:
        scanned.headers.append(header)
    else:
        missing = "SeriesInstanceUID (0020,000E)" if header.modality else "Modality (0008,0060)"
        scanned.unreadable.append((path, f"{missing} is missing: the file is damaged or no image"))


def _header(path: Path, start: bytes, size: int) -> SliceHeader:
    """From the first bytes where they hold the whole header, else from the whole file."""
    try:
        header = read_header(path, start, size)
    except ValueError:
        if size <= len(start):
            raise
    else:
        if header.pixel_offset is not None or size <= len(start) or header.modality not in ("PT", "CT", ""):
            return header
    return read_header(path, path.read_bytes(), size)
