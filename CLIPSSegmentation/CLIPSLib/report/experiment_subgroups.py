"""Groups of patients in which a difference is looked at by itself: thirds by difficulty, lesion count, stratum.

Descriptive: intervals without correction. Called by `experiment_figures` and `experiment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.mixed import mixed_effect
from CLIPSLib.experiments.types import Effect, Paired
from CLIPSLib.report.text import Language

THIRDS = ("easy", "middle", "hard")
_FEW_LESIONS = 5


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """What is known of a tested case beside its scores. difficulty: higher is harder, None: not ranked."""

    difficulty: float | None
    lesion_count: int
    stratum: str = ""


def difficulty_percentiles(facts: Mapping[str, CaseFacts]) -> dict[str, float]:
    """Percentile of each ranked case among all, in (0, 100]; ties in the order of their ids."""
    ranked = sorted(
        (case for case, known in facts.items() if known.difficulty is not None),
        key=lambda case: (facts[case].difficulty, case),
    )
    return {case: 100.0 * (place + 1) / len(ranked) for place, case in enumerate(ranked)}


def third_of(percentile: float) -> str:
    """ "easy", "middle" or "hard"."""
    return THIRDS[min(2, int(3 * (percentile - 1e-9) / 100.0))]


def subgroups(paired: Paired, facts: Mapping[str, CaseFacts], say: Language) -> list[tuple[str, Effect]]:
    """Name and effect of each group with at least two cases; strata only where there are several."""
    percentiles = difficulty_percentiles(facts)
    members: dict[str, list[str]] = {say[third]: [] for third in THIRDS}
    for case in paired.case_ids:
        if case in percentiles:
            members[say[third_of(percentiles[case])]].append(case)
        members.setdefault(say[_by_lesions(facts[case].lesion_count)], []).append(case)
    strata = sorted({facts[case].stratum for case in paired.case_ids})
    for stratum in strata if len(strata) > 1 else ():
        name = say["stratum"].format(name=stratum or "–")
        members[name] = [case for case in paired.case_ids if facts[case].stratum == stratum]
    return [(name, effect) for name, cases in members.items() if (effect := effect_in(paired, cases)) is not None]


def effect_in(paired: Paired, cases: list[str]) -> Effect | None:
    """The effect in some of the cases; None for fewer than two."""
    chosen = np.isin(paired.case_ids, cases)
    try:
        return mixed_effect(
            replace(
                paired,
                case_ids=tuple(np.array(paired.case_ids)[chosen]),
                folds=paired.folds[chosen],
                arm_scores=paired.arm_scores[chosen],
                control_scores=paired.control_scores[chosen],
            )
        )
    except Refusal:
        return None


def _by_lesions(count: int) -> str:
    if count <= 1:
        return "lesions_1"
    return "lesions_few" if count <= _FEW_LESIONS else "lesions_many"
