"""How far the raters of a registry agree, shown before their ratings are used. Called by tasks and the rating panel."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from CLIPSLib.cases.types import Rating
from CLIPSLib.difficulty.coefficients import intraclass_correlation, krippendorff_alpha, weighted_kappa
from CLIPSLib.difficulty.types import Agreement


def agreement(ratings: Iterable[Rating]) -> Agreement:
    """Agreement of several raters, from all ratings; the latest of a rater on a case counts.

    A rater who rated cases twice also gets the kappa of his last two ratings (`repeated_kappa`): drift shows there.
    """
    histories = rating_histories(ratings)
    raters = tuple(sorted({rater for _, rater in histories}))
    table = rating_table(histories, raters)
    complete = table[np.isfinite(table).all(axis=1)]
    alpha = krippendorff_alpha(table) if len(raters) > 1 else None
    single, mean = intraclass_correlation(complete) if len(raters) > 1 else (None, None)
    return Agreement(
        raters=raters,
        cases=int((np.isfinite(table).sum(axis=1) >= 2).sum()),
        complete_cases=len(complete) if len(raters) > 1 else 0,
        krippendorff_alpha=alpha,
        weighted_kappa=_pairwise_kappa(table, raters),
        icc_single=single,
        icc_mean=mean,
        repeated_kappa=_repeated_kappa(histories, raters),
        undefined=_undefined(len(raters), alpha, single),
    )


def rating_histories(ratings: Iterable[Rating]) -> dict[tuple[str, str], list[int]]:
    """(case, rater) -> scores in the order in which they were given."""
    histories: dict[tuple[str, str], list[int]] = {}
    for rating in sorted(ratings, key=lambda rating: rating.id):
        histories.setdefault((rating.case_id, rating.rater), []).append(rating.score)
    return histories


def rating_table(histories: dict[tuple[str, str], list[int]], raters: Sequence[str]) -> np.ndarray:
    """The latest scores, `(cases in the order of their ids, raters)`, NaN for none."""
    cases = sorted({case for case, _ in histories})
    table = np.full((len(cases), len(raters)), np.nan)
    for (case, rater), scores in histories.items():
        table[cases.index(case), raters.index(rater)] = scores[-1]
    return table


def _pairwise_kappa(table: np.ndarray, raters: Sequence[str]) -> dict[str, float]:
    found = {}
    for a, b in itertools.combinations(range(len(raters)), 2):
        both = table[np.isfinite(table[:, [a, b]]).all(axis=1)]
        kappa = weighted_kappa(both[:, a], both[:, b])
        if kappa is not None:
            found[f"{raters[a]}, {raters[b]}"] = kappa
    return found


def _repeated_kappa(histories: dict[tuple[str, str], list[int]], raters: Sequence[str]) -> dict[str, float]:
    found = {}
    for rater in raters:
        repeated = [scores[-2:] for (_, who), scores in histories.items() if who == rater and len(scores) > 1]
        kappa = weighted_kappa(*np.array(repeated).T) if repeated else None
        if kappa is not None:
            found[rater] = kappa
    return found


def _undefined(raters: int, alpha: float | None, single: float | None) -> dict[str, str]:
    if raters < 2:
        return dict.fromkeys(("krippendorff_alpha", "icc_single", "icc_mean"), "there is only one rater, or none")
    reasons = {}
    if alpha is None:
        reasons["krippendorff_alpha"] = "no case has two ratings, or all ratings are equal"
    if single is None:
        reasons["icc_single"] = reasons["icc_mean"] = "fewer than 2 cases were rated by all, or nothing varies"
    return reasons
