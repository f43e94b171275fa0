"""In which order cases are admitted, and how strata are interleaved. Called when a curriculum is built.

Every ordering is deterministic in (cases, scores, seed) and blind to the order of the files: ties are broken by a
hash of seed and case id.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from CLIPSLib.curriculum.identity import hash_of_id
from CLIPSLib.curriculum.types import CurriculumCase
from CLIPSLib.errors import Refusal, UsageError

CURRICULUM, ANTI, RANDOM, SIZE = "curriculum", "anti", "random", "size"
ORDERINGS = {
    CURRICULUM: "easiest first, by the scores",
    ANTI: "hardest first, by the scores",
    RANDOM: "a permutation drawn once from the seed",
    SIZE: "largest tumor volume first: does the score say more than size?",
}
USING_SCORES = (CURRICULUM, ANTI)
_SHOWN = 5


def order_cases(
    cases: Sequence[CurriculumCase],
    scores: Mapping[str, float] | None,
    ordering: str,
    seed: int,
    *,
    interleave: bool = True,
) -> tuple[str, ...]:
    """The ids in the order of admission. interleave: order within strata and mix, so that each prefix has all strata.

    Raises:
        UsageError: the ordering needs scores and got none. Refusal: a case has no finite score, or no volume.
    """
    key = _keys(cases, scores, ordering)
    ties = {case.case_id: hash_of_id("order", seed, case.case_id) for case in cases}
    ordered = sorted(cases, key=lambda case: (key(case), ties[case.case_id]))
    if interleave:
        ordered = interleave_strata(ordered, seed)
    return tuple(case.case_id for case in ordered)


def interleave_strata(ordered: Sequence[CurriculumCase], seed: int) -> list[CurriculumCase]:
    """Mix strata evenly, keeping the order within each: of the first n cases, each stratum has its share of n.

    The j-th of m cases of a stratum goes to the place (j - 1/2) / m of the list; between equal places the hash of the
    stratum decides (Hacohen and Weinshall balance classes to the same end).
    """
    members: dict[str, list[CurriculumCase]] = defaultdict(list)
    for case in ordered:
        members[case.stratum].append(case)
    placed = [
        ((j + 0.5) / len(group), hash_of_id("stratum", seed, stratum), case)
        for stratum, group in members.items()
        for j, case in enumerate(group)
    ]
    return [case for _, _, case in sorted(placed, key=lambda entry: entry[:2])]


def difficulty_ranks(ids: Sequence[str], scores: Mapping[str, float], seed: int) -> dict[str, float]:
    """rank / N in (0, 1], 1 for the hardest; ties as in `order_cases`."""
    ordered = order_cases([CurriculumCase(case_id=i) for i in ids], scores, CURRICULUM, seed, interleave=False)
    return {case_id: (position + 1) / len(ordered) for position, case_id in enumerate(ordered)}


def _keys(
    cases: Sequence[CurriculumCase], scores: Mapping[str, float] | None, ordering: str
) -> Callable[[CurriculumCase], float]:
    if ordering == RANDOM:
        return lambda case: 0.0
    if ordering == SIZE:
        _refuse_without(cases, {case.case_id: case.volume_ml for case in cases}, "tumor volume")
        return lambda case: -case.volume_ml
    if scores is None:
        what = f"The ordering '{ordering}' needs a difficulty score for each case, and none were given"
        raise UsageError("no-scores", what, "", "Give scores (higher is harder), or choose 'random-order'.")
    _refuse_without(cases, scores, "difficulty score")
    sign = 1.0 if ordering == CURRICULUM else -1.0
    return lambda case: sign * scores[case.case_id]


def _refuse_without(cases: Sequence[CurriculumCase], values: Mapping[str, float | None], what: str) -> None:
    missing = [c.case_id for c in cases if values.get(c.case_id) is None or not math.isfinite(values[c.case_id])]
    if missing:
        named = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        raise Refusal(
            "no-score",
            f"{len(missing)} of {len(cases)} cases have no {what}: {named}",
            "",
            "Measure them, or name them in 'quarantine'.",
        )
