"""`cases.json`: the frozen cases of a run, read and written. Called by `tasks` (to freeze) and by the engine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import sha256_file, write_json
from CLIPSLib.progress import Reporter
from CLIPSLib.schema import load_json, to_document
from CLIPSLib.training.types import CaseList, TrainingCase

FORMAT, VERSION = "clips-training-cases", 1


def read_cases(path: str | Path) -> CaseList:
    """The cases of a file, with absolute paths. Images are not looked at.

    A list that was moved together with its images finds them beside itself, one that was moved alone where they were.

    Raises:
        Failure: missing or not JSON. Refusal: another format, a newer version, not valid, or a patient in two roles.
    """
    if not Path(path).is_file():
        what = "The list of cases is not there"
        remedy = "Make it with 'clips cases freeze'; the recipe names it in data.cases."
        raise Failure("no-case-list", what, str(path), remedy)
    listed = load_json(path, CaseList, format_name=FORMAT, version=VERSION)
    folders = [str(Path(path).absolute().parent), *([listed.folder] if listed.folder else [])]
    return replace(listed, cases=tuple(_located(case, folders) for case in listed.cases), folder="")


def write_cases(path: str | Path, cases: CaseList, *, place: str | Path | None = None, overwrite: bool = False) -> Path:
    """Write `cases.json`; its paths become relative to its folder. Raises as `files.write_json`.

    place: the folder where the list will lie, when it is written beside it first (`files.atomic_folder`).
    """
    folder = str(Path(place or Path(path).parent).absolute())
    placed = replace(cases, cases=tuple(_relative(case, folder) for case in cases.cases), folder=folder)
    return write_json(path, to_document(placed), format_name=FORMAT, version=VERSION, overwrite=overwrite)


def content_sha256(cases: CaseList) -> str:
    """SHA-256 of all that makes the list: of files their hashes, wherever they lie."""
    document = to_document(replace(cases, folder=""))
    for case in document["cases"]:
        for name in case["sha256"]:
            del case[name]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def hash_files(case: TrainingCase) -> TrainingCase:
    """The case with the SHA-256 of each of its files.

    Raises:
        Failure: a file is missing or cannot be read, with the case named.
    """
    hashes = {}
    for name, path in case.files().items():
        try:
            hashes[name] = sha256_file(path)
        except OSError as error:
            what = f"The {name} of case '{case.case_id}' cannot be read: {error.strerror}"
            raise Failure("case-unreadable", what, path, "Restore the file, or leave the case out.") from error
    return replace(case, sha256=hashes)


def hash_all(cases: CaseList, reporter: Reporter) -> CaseList:
    """The list with the hashes of all its files; those that it has are kept.

    Raises:
        Refusal: one PET under two names is trained and validated with. Failure: as `hash_files`. Cancelled.
    """
    if all(case.files().keys() <= case.sha256.keys() for case in cases.cases):
        return cases
    hashed = []
    for number, case in enumerate(cases.cases):
        reporter.check()
        reporter.progress("Reading files", number / len(cases.cases))
        hashed.append(replace(case, sha256={**hash_files(case).sha256, **case.sha256}))
    reporter.progress("Reading files", 1.0)
    try:
        return replace(cases, cases=tuple(hashed))
    except ValueError as error:
        what = f"{str(error)[:1].upper()}{str(error)[1:]}"
        raise Refusal("cases-overlap", what, "cases.json", "Leave one of them out, or give both one role.") from error


def require_unchanged(case: TrainingCase) -> None:
    """The files still are what was frozen.

    Raises:
        Refusal: one is not, with the case named. Failure: one is missing or cannot be read.
    """
    for name, now in hash_files(case).sha256.items():
        if case.sha256.get(name) != now:
            raise Refusal(
                "case-changed",
                f"The {name} of case '{case.case_id}' is not the file that was frozen for this run",
                case.files()[name],
                "Restore the file, or freeze the cases again.",
            )


def _located(case: TrainingCase, folders: Sequence[str]) -> TrainingCase:
    """Lexically: a path leads back to where it came from also through linked folders."""
    paths = {}
    for name, path in case.files().items():
        places = [os.path.normpath(os.path.join(folder, path)) for folder in folders]
        paths[name] = next(filter(os.path.exists, places), places[0])
    return replace(case, **paths)


def _relative(case: TrainingCase, folder: str) -> TrainingCase:
    return replace(case, **{name: _path_from(folder, path) for name, path in case.files().items()})


def _path_from(folder: str, path: str) -> str:
    if not os.path.isabs(path):
        return path
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return path
