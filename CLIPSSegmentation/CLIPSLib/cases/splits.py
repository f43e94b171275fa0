"""Splits that are kept by name, and nnU-Net's `splits_final.json`. Called by `Registry` and the command.

nnU-Net's file is a list of {"train": [ids], "val": [ids]}, one per fold
(https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/manual_data_splits.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.people import require_name
from CLIPSLib.cases.types import Fold, SavedSplit, Split
from CLIPSLib.errors import Caution, Failure, Refusal, UsageError
from CLIPSLib.files import cannot_read, write_text
from CLIPSLib.provenance import utc_now


def save(database: Database, name: str, split: Split) -> SavedSplit:
    """Keep a split for good. Raises as `Registry.save_split`."""
    name = require_name(name, "split")
    rows = {row["case_id"]: row for row in database.rows("SELECT case_id, patient_id, content_sha256 FROM cases")}
    require_sound(split, {case_id: row["patient_id"] for case_id, row in rows.items()})
    _require_other_pixels(split, {case_id: row["content_sha256"] for case_id, row in rows.items()})
    document = {
        "method": split.method,
        "parameters": dict(split.parameters),
        "folds": [{"train": fold.train, "validation": fold.validation} for fold in split.folds],
    }
    with database.transaction():
        there = database.row("SELECT sha256 FROM splits WHERE name = ?", (name,))
        if there is None:
            row = {"name": name, "document": json.dumps(document), "sha256": split.sha256, "saved_utc": utc_now()}
            database.insert("splits", row)
        elif there["sha256"] != split.sha256:
            raise Refusal(
                "split-exists",
                f"There is another split with the name {name!r}; a saved split never changes",
                str(database.path.parent),
                "Choose another name.",
            )
    kept = next(found for found in saved(database) if found.name == name)
    return replace(kept, cautions=tuple(_cautions(database, split)))


def _require_other_pixels(split: Split, contents: Mapping[str, str]) -> None:
    """Raises `Refusal` when the very PET that is validated on is trained on, under another name."""
    for number, fold in enumerate(split.folds):
        trained = {contents[case]: case for case in fold.train}
        both = [(trained[contents[case]], case) for case in fold.validation if contents[case] in trained]
        if both:
            raise Refusal(
                "pixels-on-both-sides",
                f"In fold {number} the cases {both[0][0]} and {both[0][1]} are on both sides and have the same PET",
                remedy="Remove one of them, or call it unusable.",
            )


def _cautions(database: Database, split: Split) -> Iterator[Caution]:
    """Cases whose patient is not known: nothing can keep his studies together."""
    unknown = []
    for row in database.rows("SELECT case_id, cautions FROM cases ORDER BY case_id"):
        with reading(row["case_id"]):
            codes = {caution["code"] for caution in json.loads(row["cautions"])}
        if codes & {"patient-unknown", "patient-id-twice"} and row["case_id"] in split.case_ids:
            unknown.append(row["case_id"])
    if unknown:
        what = (
            f"In {len(unknown)} cases it is not certain who the patient is: his studies may be on both sides of a fold"
        )
        listed = ", ".join(unknown[:10]) + (", ..." if len(unknown) > 10 else "")
        yield Caution("patients-uncertain", what, listed)


def load(database: Database, name: str) -> Split:
    """A split by its name. Raises `UsageError` when there is none, `Failure` when it is not what was saved."""
    row = database.row("SELECT * FROM splits WHERE name = ?", (name,))
    if row is None:
        names = ", ".join(found.name for found in saved(database)) or "none"
        raise UsageError("no-such-split", f"There is no split {name!r}; there are: {names}", str(database.path.parent))
    with reading(f"split {name}"):
        document = json.loads(row["document"])
        folds = tuple(Fold(train=tuple(f["train"]), validation=tuple(f["validation"])) for f in document["folds"])
        split = Split(folds=folds, method=document["method"], parameters=document["parameters"])
    if split.sha256 != row["sha256"]:
        raise Failure("split-changed", f"The split {name!r} is not the one that was saved", str(database.path))
    return split


def saved(database: Database) -> list[SavedSplit]:
    """The splits of a registry, oldest first."""
    found = []
    for row in database.rows("SELECT * FROM splits ORDER BY rowid"):
        same = {name: row[name] for name in ("name", "sha256", "saved_utc")}
        with reading(f"split {row['name']}"):
            document = json.loads(row["document"])
            ids = {case for fold in document["folds"] for case in (*fold["train"], *fold["validation"])}
            found.append(SavedSplit(**same, method=document["method"], folds=len(document["folds"]), cases=len(ids)))
    return found


def naming(database: Database, case_id: str) -> tuple[str, ...]:
    """The names of the splits that a case is in."""
    return tuple(found.name for found in saved(database) if case_id in load(database, found.name).case_ids)


def require_sound(split: Split, patients: Mapping[str, str]) -> None:
    """Check a split against the patients of its cases (case id -> patient id).

    Raises:
        Refusal: no fold; a case that is not known; a case twice; a case or a patient on both sides of a fold; an empty
            side.
    """
    unknown = [case for case in split.case_ids if case not in patients]
    if unknown:
        raise Refusal(
            "unknown-cases",
            f"{len(unknown)} cases of the split are not in the registry: {', '.join(unknown[:10])}",
            remedy="Add them first, or take them out of the split.",
        )
    if not split.folds:
        raise Refusal("empty-split", "The split has no fold")
    for number, fold in enumerate(split.folds):
        twice = [case for side in (fold.train, fold.validation) for case in side if side.count(case) > 1]
        if twice:
            raise Refusal("case-twice", f"Fold {number} of the split names the case {twice[0]} twice on one side")
        if not fold.train or not fold.validation:
            raise Refusal("empty-fold", f"Fold {number} of the split has an empty side")
        both = {patients[case] for case in fold.train} & {patients[case] for case in fold.validation}
        if both:
            raise Refusal(
                "patient-on-both-sides",
                f"In fold {number} the patients {', '.join(sorted(both)[:10])} are trained on and validated on",
                remedy="Keep all studies of a patient together.",
            )


def write_nnunet_splits(split: Split, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Write a split as nnU-Net's `splits_final.json`. Raises as `files.write_text`."""
    folds = [{"train": list(fold.train), "val": list(fold.validation)} for fold in split.folds]
    return write_text(path, json.dumps(folds, indent=4) + "\n", overwrite=overwrite)


def read_nnunet_splits(path: str | os.PathLike) -> Split:
    """Read nnU-Net's `splits_final.json`; ids stay text. Who the patients are is checked when the split is saved.

    Raises:
        Failure: missing or no JSON. Refusal: not of that form.
    """
    try:
        folds = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise cannot_read(path, error) from error
    except ValueError as error:
        raise Failure("not-json", f"The file is not valid JSON: {error}", str(path)) from error
    try:
        split = Split(folds=tuple(Fold(train=_ids(f["train"]), validation=_ids(f["val"])) for f in folds))
    except (KeyError, TypeError) as error:
        raise _not_splits(path, f"fold without {error}") from error
    if not split.folds:
        raise _not_splits(path, "no fold")
    return split


def _ids(ids: list[str]) -> tuple[str, ...]:
    if not isinstance(ids, list) or not all(isinstance(case, str) for case in ids):
        raise TypeError("a list of texts")
    return tuple(sorted(ids))


def _not_splits(path: str | os.PathLike, reason: str) -> Refusal:
    what = f'The file is no list of folds {{"train": [ids], "val": [ids]}}: {reason}'
    return Refusal("wrong-format", what, str(path), "Give nnU-Net's splits_final.json.")
