"""Does a table order cases as out-of-fold Dice does? Spearman's rho with two intervals. Called by tasks and reports."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from CLIPSLib.difficulty.ranking import midranks
from CLIPSLib.difficulty.types import DifficultyTable, Validity

WEAK_RHO = 0.2
NORMAL_975 = 1.959963984540054  # the 97.5 % point of the standard normal distribution
BOOTSTRAP_RESAMPLES = 2000
METHOD = (
    "Spearman's rho of score and Dice over the cases that have both; 95 % interval by Fisher's z with the standard "
    f"error of Bonett and Wright (2000), and percentiles of {BOOTSTRAP_RESAMPLES} seeded bootstrap resamples of cases"
)


def validity(table: DifficultyTable, out_of_fold_dice: Mapping[str, float | None], *, seed: int = 0) -> Validity:
    """How well a table foretells what a network that never saw the case achieves on it.

    out_of_fold_dice: case id -> Dice of a network trained without that case (or of a fixed method); None for cases
    without one. A network's Dice on its own training cases shows how well it remembers, and must not be given.
    """
    dice = {case: value for case, value in out_of_fold_dice.items() if value is not None}
    both = [case for case in table.ranked if case in dice]
    scores = np.array([table.ranked[case] for case in both], dtype=float)
    reached = np.array([dice[case] for case in both], dtype=float)
    rho = spearman(scores, reached)
    low, high = fisher_interval(rho, len(both))
    bootstrap_low, bootstrap_high = _bootstrap_interval(scores, reached, seed)
    return Validity(
        rho=rho,
        low=low,
        high=high,
        n=len(both),
        method=METHOD,
        bootstrap_low=bootstrap_low,
        bootstrap_high=bootstrap_high,
        unscored=tuple(sorted(case for case in dice if case not in table.ranked)),
        warning=_warning(rho, low, high),
    )


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Pearson's correlation of the mid-ranks; None for fewer than 4 pairs or where one side does not vary."""
    if len(first) < 4:
        return None
    a, b = midranks(first), midranks(second)
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / spread if spread > 0.0 else None


def fisher_interval(rho: float | None, n: int) -> tuple[float | None, float | None]:
    """The 95 % interval tanh(atanh(rho) -+ 1.96 SE), SE = sqrt((1 + rho**2 / 2) / (n - 3)).

    Source: Bonett and Wright, Psychometrika 2000;65:23-28, for Spearman's rho below about 0.95; at exactly +-1 there
    is no such interval.
    """
    if rho is None or n < 4 or abs(rho) >= 1.0:
        return None, None
    reach = NORMAL_975 * math.sqrt((1.0 + rho**2 / 2.0) / (n - 3))
    return math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)


def _bootstrap_interval(first: np.ndarray, second: np.ndarray, seed: int) -> tuple[float | None, float | None]:
    if spearman(first, second) is None:
        return None, None
    draws = np.random.default_rng(seed).integers(0, len(first), size=(BOOTSTRAP_RESAMPLES, len(first)))
    found = [rho for draw in draws if (rho := spearman(first[draw], second[draw])) is not None]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _warning(rho: float | None, low: float | None, high: float | None) -> str:
    if rho is None:
        return "Fewer than 4 cases have both numbers, or one of them never varies: nothing can be said."
    if abs(rho) < WEAK_RHO:
        return f"|rho| is below {WEAK_RHO}: a curriculum in this order is close to one in random order."
    if rho > 0.0:
        return "The harder a case is called, the better it was segmented: the order seems to be upside down."
    if low is not None and high is not None and low < 0.0 < high:
        return "The interval includes 0: these cases are too few to tell."
    return ""
