"""`cases.json`: the frozen cases of a run, read and written. Called by `tasks` (to freeze) and by the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from CLIPSLib.errors import Failure
from CLIPSLib.files import sha256_file, write_json
from CLIPSLib.schema import load_json, to_document
from CLIPSLib.training.types import CaseList, TrainingCase

FORMAT, VERSION = "clips-training-cases", 1


def read_cases(path: str | Path) -> CaseList:
    """The cases of a file, with absolute paths. Images are not looked at (`check_case_files` does that).

    Raises:
        Failure: missing or not JSON. Refusal: another format, a newer version, not valid, or a patient in two roles.
    """
    listed = load_json(path, CaseList, format_name=FORMAT, version=VERSION)
    folder = Path(path).absolute().parent
    return replace(listed, cases=tuple(_located(case, folder) for case in listed.cases))


def write_cases(path: str | Path, cases: CaseList, *, overwrite: bool = False) -> Path:
    """Write `cases.json`. Raises as `files.write_json`."""
    return write_json(path, to_document(cases), format_name=FORMAT, version=VERSION, overwrite=overwrite)


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


def _located(case: TrainingCase, folder: Path) -> TrainingCase:
    return replace(case, **{name: str(folder / path) for name, path in case.files().items()})
