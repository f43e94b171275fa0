"""Freezing a design: everything that decides the comparison is written and hashed before the first run.

The report compares what was run with this file; a design that changed afterwards is another experiment. Called by
`tasks`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.design import Design
from CLIPSLib.experiments.fairness import Deviation
from CLIPSLib.files import read_json, write_json
from CLIPSLib.provenance import library_versions, software, utc_now
from CLIPSLib.schema import load_json, to_document
from CLIPSLib.training import Recipe

FORMAT, VERSION = "clips-experiment", 1
_FREE = (("design", "at_once"),)  # how many runs at a time decides nothing


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """`frozen.json`. folds: case id -> fold. hard_cases: who counts as hard, decided before the first run.

    files: SHA-256 of the files that the design names (cases, tables). sha256: over all of the above.
    """

    design: Design
    recipe: Recipe
    folds: Mapping[str, int]
    hard_cases: tuple[str, ...]
    files: Mapping[str, str]
    deviations: tuple[Deviation, ...] = ()
    created_utc: str = ""
    software: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


def freeze(
    path: Path,
    design: Design,
    recipe: Recipe,
    *,
    folds: Mapping[str, int],
    hard_cases: tuple[str, ...],
    files: Mapping[str, str],
    deviations: tuple[Deviation, ...],
) -> Frozen:
    """Write `frozen.json`; the same content once more is no new freezing.

    Raises:
        Refusal: the folder holds another experiment, frozen earlier; the fields that differ are named.
    """
    decided = {
        "design": to_document(design),
        "recipe": to_document(recipe),
        "folds": dict(sorted(folds.items())),
        "hard_cases": sorted(hard_cases),
        "files": dict(sorted(files.items())),
    }
    if path.exists():
        return _require_same(load_frozen(path), decided, path)
    told = {
        "deviations": to_document(deviations),
        "created_utc": utc_now(),
        "software": {**software(), "libraries": library_versions()},
        "sha256": _hash(decided),
    }
    write_json(path, {**decided, **told}, format_name=FORMAT, version=VERSION)
    return load_frozen(path)


def load_frozen(path: Path) -> Frozen:
    """Read `frozen.json`. Raises as `schema.load_json`."""
    return load_json(path, Frozen, format_name=FORMAT, version=VERSION)


def read_frozen_documents(path: Path) -> Mapping[str, Any]:
    """What was frozen as it was written; nothing where there is no such file. Raises as `files.read_json`."""
    return read_json(path, format_name=FORMAT, version=VERSION) if path.exists() else {}


def hardest(scores: Mapping[str, float | None], share: float) -> tuple[str, ...]:
    """The `share` of the cases with the highest scores (higher is harder), at least one; ties by case id.

    Cases without a score (no lesion) are never hard.
    """
    known = sorted(
        (case for case, score in scores.items() if score is not None), key=lambda case: (-scores[case], case)
    )
    return tuple(sorted(known[: max(1, round(share * len(known)))]))


def _require_same(there: Frozen, decided: Mapping[str, Any], path: Path) -> Frozen:
    written = read_frozen_documents(path)  # as it was: later versions may know more fields
    if _hash({name: written[name] for name in decided}) != there.sha256:
        raise Refusal(
            "frozen-edited",
            "What was frozen is not what its hash says: the file was changed after the first run began",
            str(path),
            "Restore the file, or start another experiment in a new folder.",
        )
    before = {
        "design": to_document(there.design),
        "recipe": to_document(there.recipe),
        "folds": dict(there.folds),
        "hard_cases": sorted(there.hard_cases),
        "files": dict(there.files),
    }
    changed = _changed_names(before, decided)
    if not changed:
        return there
    raise Refusal(
        "frozen",
        f"The experiment was frozen on {there.created_utc} and {', '.join(changed)} changed since",
        str(path),
        "Undo the change, or start another experiment in a new folder.",
    )


def _changed_names(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The fields and files that differ: "design.margin" rather than "design"."""
    changed = []
    for name, value in now.items():
        if name in ("design", "recipe"):
            fields = [field for field in value if value[field] != before[name].get(field)]
            changed += [f"{name}.{field}" for field in fields if (name, field) not in _FREE]
        elif name == "files":
            files = {**before[name], **value}
            changed += [f"the file {file}" for file in files if before[name].get(file) != value.get(file)]
        elif value != before[name]:
            changed.append(name)
    return changed


def _hash(decided: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()
