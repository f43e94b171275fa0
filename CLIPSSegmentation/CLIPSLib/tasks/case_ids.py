"""Whom the ids of a hospital's list mean: cases, pseudonyms, the hospital's patient numbers. For `difficulty`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CLIPSLib.errors import Refusal

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry


@dataclass(frozen=True, kw_only=True)
class MatchedIds:
    """cases: id -> the cases it means, in the order of the ids. unknown: ids that mean none."""

    cases: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]


def match_ids(registry: Registry, ids: Sequence[str]) -> MatchedIds:
    """Find the cases of ids as `Registry.find` does, compared as text; a patient means all of his cases.

    Raises:
        Refusal: "id-ambiguous": an id means cases of different patients (a pseudonym that is another's number).
    """
    patients = {row.case_id: row.patient_id for row in registry.cases()}
    found = {given: registry.find(given) for given in dict.fromkeys(ids)}
    for given, cases in found.items():
        if len({patients[case] for case in cases}) > 1:
            raise Refusal("id-ambiguous", f"'{given}' could mean the cases {', '.join(cases)}", "", "Use the case ids.")
    return MatchedIds(
        cases={given: cases for given, cases in found.items() if cases},
        unknown=tuple(given for given, cases in found.items() if not cases),
    )
