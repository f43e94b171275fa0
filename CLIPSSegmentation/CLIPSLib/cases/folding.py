"""`make_split`: who is trained on and who is validated on, by patient, the same for every order of the files.

Called by tasks and the command. Where a patient falls depends on the seed and on his pseudonym through a hash
(SHA-256), never on a position in a list.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from CLIPSLib.cases.types import Fold, Split
from CLIPSLib.errors import Refusal, UsageError


class SplitCase(Protocol):
    """What of a case decides its place: `CaseRow` and `CaseRecord` have it."""

    case_id: str
    patient_id: str
    stratum: str


def make_split(
    cases: Sequence[SplitCase],
    *,
    folds: int | None = None,
    holdout: float | None = None,
    seed: int,
    stratify: bool = True,
) -> Split:
    """Divide cases into K folds of about equal size, or put a share aside. All studies of a patient stay together.

    folds: K-fold cross-validation; each case is validated on in one fold. holdout: the share of cases to validate
    on (0.2 for 80/20), one fold. stratify: every stratum is divided in the same proportion, as far as patients allow;
    a patient whose studies lie in several strata counts to the first by name.

    Raises:
        UsageError: neither or both of `folds` and `holdout`, or out of range. Refusal: fewer patients than folds.
    """
    if (folds is None) == (holdout is None):
        raise UsageError("split", "A split needs either folds or holdout, not both")
    if folds is not None and folds < 2:
        raise UsageError("split", f"folds is {folds}; at least 2 are needed")
    if holdout is not None and not 0 < holdout < 1:
        raise UsageError("split", f"holdout is {holdout}; it is a share between 0 and 1, such as 0.2")
    patients = _by_patient(cases)
    needed = folds or 2
    if len(patients) < needed:
        raise Refusal("too-few-patients", f"{len(patients)} patients cannot be divided into {needed} parts")
    strata = _strata(patients, seed, stratify)
    sides = _deal(strata, patients, folds) if folds else _put_aside(strata, patients, holdout)
    everyone = {case.case_id for case in cases}
    return Split(
        folds=tuple(Fold(train=_sorted(everyone - side), validation=_sorted(side)) for side in sides),
        method="k-fold" if folds else "holdout",
        parameters={"folds": folds, "holdout": holdout, "seed": seed, "stratify": stratify},
    )


Patients = dict[str, list[SplitCase]]


def _by_patient(cases: Sequence[SplitCase]) -> Patients:
    """Cases by patient. Raises `UsageError` when one is given twice."""
    twice = [case_id for case_id, number in Counter(case.case_id for case in cases).items() if number > 1]
    if twice:
        raise UsageError("split", f"The case {twice[0]} is given twice")
    patients: Patients = defaultdict(list)
    for case in sorted(cases, key=lambda case: case.case_id):
        patients[case.patient_id].append(case)
    return dict(patients)


def _strata(patients: Patients, seed: int, stratify: bool) -> list[list[str]]:
    """Patients by stratum, each in the order of their hashes."""
    strata: dict[str, list[str]] = defaultdict(list)
    for patient, cases in patients.items():
        strata[min(case.stratum for case in cases) if stratify else ""].append(patient)
    return [sorted(strata[name], key=lambda patient: _draw(seed, patient)) for name in sorted(strata)]


def _draw(seed: int, patient: str) -> str:
    return hashlib.sha256(f"{seed}\n{patient}".encode()).hexdigest()


def _deal(strata: list[list[str]], patients: Patients, folds: int) -> list[set[str]]:
    """Give each patient to the fold with the fewest cases of his stratum, of these to the smallest fold."""
    sides: list[set[str]] = [set() for _ in range(folds)]
    for stratum in strata:
        dealt = [0] * folds
        for patient in sorted(stratum, key=lambda patient: -len(patients[patient])):  # large ones first; stable
            fold = min(range(folds), key=lambda i: (dealt[i], len(sides[i]), i))
            sides[fold] |= {case.case_id for case in patients[patient]}
            dealt[fold] += len(patients[patient])
    return sides


def _put_aside(strata: list[list[str]], patients: Patients, share: float) -> list[set[str]]:
    """Take patients of each stratum until its share, and what earlier strata lacked or had too much, is reached."""
    aside: set[str] = set()
    due, last = 0.0, sum(map(len, strata)) - 1
    taken = 0
    for stratum in strata:
        due += share * sum(len(patients[patient]) for patient in stratum)
        for patient in stratum:
            size = len(patients[patient])
            if taken < last and len(aside) + size / 2 <= due:
                aside |= {case.case_id for case in patients[patient]}
                taken += 1
    if not aside:  # so few that the share rounds to nobody
        aside = {case.case_id for case in patients[strata[0][0]]}
    return [aside]


def _sorted(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids))
