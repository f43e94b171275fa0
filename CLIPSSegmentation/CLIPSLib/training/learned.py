"""Which cases a model has learned from, without naming them: hashes in its card, compared with the cases at hand.

Written by `card`; read by tasks, which refuse to order or judge a case by a network that knows it. A hash tells who
has the case already that it was used, and nobody else anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from CLIPSLib.files import read_json
from CLIPSLib.models import InstalledModel
from CLIPSLib.training.types import CaseList

CARD_FILE, CARD_FORMAT, CARD_VERSION = "card.json", "clips-model-card", 1
FIELD = "learned_from"


@dataclass(frozen=True, kw_only=True)
class LearnedFrom:
    """marks: of the cases that are known to be learned from. complete: False where others may have been, too."""

    marks: frozenset[str] = frozenset()
    complete: bool = True

    def knows(self, case_id: str, pet_sha256: str = "") -> bool:
        """Whether a case is among them, by its id or by the file of its PET."""
        return not self.marks.isdisjoint(case_marks(case_id, pet_sha256))

    def document(self) -> dict[str, Any]:
        """As the card holds it."""
        return {"sha256": sorted(self.marks), "complete": self.complete}


def case_marks(case_id: str, pet_sha256: str = "") -> tuple[str, ...]:
    """SHA-256 of a case's id and, where it is known, of its PET file: either tells that it is the same case."""
    by_id = hashlib.sha256(f"case {case_id}".encode()).hexdigest()
    return (by_id, pet_sha256) if pet_sha256 else (by_id,)


def together(parts: Iterable[LearnedFrom]) -> LearnedFrom:
    """What several networks have learned from in all."""
    found = list(parts)
    return LearnedFrom(
        marks=frozenset().union(*(part.marks for part in found)), complete=all(part.complete for part in found)
    )


def learned_in_run(cases: CaseList, parent: Mapping[str, Any]) -> LearnedFrom:
    """What a run learned from: the cases it was trained with, and those that chose its best step.

    parent: of the run's identity; a fork whose source had other cases has learned from these as well.
    """
    marks = [mark for case in cases.cases for mark in case_marks(case.case_id, case.sha256.get("pet", ""))]
    return LearnedFrom(marks=frozenset(marks), complete=not parent or bool(parent.get("same_cases")))


def learned_by(model: InstalledModel) -> LearnedFrom:
    """What an installed model has learned from, by its card; a model without one may have learned from anything.

    Raises:
        Failure, Refusal: the card is damaged.
    """
    path = model.folder / CARD_FILE
    if not path.exists():
        return LearnedFrom(complete=False)
    found = read_json(path, format_name=CARD_FORMAT, version=CARD_VERSION).get(FIELD, {})
    return LearnedFrom(marks=frozenset(_texts(found.get("sha256", ()))), complete=found.get("complete") is True)


def _texts(values: Sequence[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
