"""Whom an id of a hospital's list means: a case, a pseudonym, a patient number of the key file. For `difficulty`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CLIPSLib.cases.identities import read_identities
from CLIPSLib.errors import Refusal

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry

IDENTITIES = "identities.json"


@dataclass(frozen=True, kw_only=True)
class MatchedIds:
    """cases: id -> the cases it means, in the order of the ids. unknown: ids that mean none."""

    cases: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]


def match_ids(registry: Registry, ids: Sequence[str]) -> MatchedIds:
    """Find the cases of ids, compared as text: case ids, pseudonyms of patients, the hospital's patient ids.

    A patient means all of his cases. Without the key file, patient ids of the hospital are unknown.

    Raises:
        Refusal: "id-ambiguous": an id is one patient's pseudonym or case and another one's hospital id.
    """
    rows = registry.cases()
    by_case = {row.case_id: (row.case_id,) for row in rows}
    by_pseudonym = _gathered((row.patient_id, row.case_id) for row in rows)
    identities = read_identities(registry.folder / IDENTITIES)
    known = {} if identities is None else {p: person.get("patient_id", "") for p, person in identities.patients.items()}
    by_hospital = _gathered((known.get(row.patient_id, ""), row.case_id) for row in rows)
    found = {}
    for given in ids:
        meanings = {source[given] for source in (by_case, by_pseudonym, by_hospital) if given in source}
        if len(meanings) > 1 and given not in by_case:
            several = "; ".join(", ".join(cases) for cases in sorted(meanings))
            raise Refusal("id-ambiguous", f"'{given}' could mean the cases {several}", "", "Use the case ids.")
        if meanings:
            found[given] = by_case.get(given) or meanings.pop()
    return MatchedIds(cases=found, unknown=tuple(given for given in ids if given not in found))


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """key -> all its cases; empty keys mean nobody."""
    gathered: dict[str, tuple[str, ...]] = {}
    for key, case in pairs:
        if key:
            gathered[key] = (*gathered.get(key, ()), case)
    return gathered
