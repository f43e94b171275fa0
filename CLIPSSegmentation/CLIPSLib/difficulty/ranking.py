"""Scores to ranks: percentiles with hard = 1, and one order of the cases in which nothing depends on file order.

Pure arithmetic on mappings of case id to score. Called by the combination, the validity, curricula and exports.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np

from CLIPSLib.difficulty.types import HardWhen
from CLIPSLib.errors import UsageError

SIGNIFICANT_DIGITS = 9
SMALLEST_RATIO = 1e-6  # of a lesion without uptake: far from 1, and finite


def significant(value: float) -> float:
    """The value with 9 significant digits: rounding errors, which differ by machine, must not order cases."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def oriented(value: float, hard_when: HardWhen) -> float:
    """A value as a score: higher is harder. "near 1" compares ratios, so 0.5 and 2 are equally far away."""
    if hard_when == "near 1":
        return -abs(math.log(max(value, SMALLEST_RATIO)))
    return value if hard_when == "high" else -value


def midranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 1 in ascending order, float64 `(n,)`; equal values share the mean of their ranks."""
    array = np.asarray(values, dtype=float)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def percentiles(scores: Mapping[str, float | None]) -> dict[str, float | None]:
    """Mid-rank over the number of scored cases, in (0, 1]: the hardest case alone at the top has 1.

    Cases without a score keep None.
    """
    scored = {case: score for case, score in scores.items() if score is not None}
    ranks = midranks(list(scored.values())) / max(len(scored), 1)
    found = dict(zip(scored, ranks.tolist(), strict=True))
    return {case: found.get(case) for case in scores}


def easiest_first(
    scores: Mapping[str, float | None],
    *,
    seed: int = 0,
    tie_breakers: Sequence[Mapping[str, float | None]] = (),
) -> tuple[str, ...]:
    """The ids of all scored cases, easiest first.

    Equal scores are ordered by the first tie breaker in which the cases differ (a case without a score there counts
    as the easier one), then by a hash of seed and id: the same on every machine, and never the order of files.
    """
    keys = [percentiles(scores), *map(percentiles, tie_breakers)]

    def place(case: str) -> tuple:
        return (*((ranks.get(case) or 0.0) for ranks in keys), seeded_hash(case, seed))

    return tuple(sorted((case for case, score in scores.items() if score is not None), key=place))


def seeded_hash(case_id: str, seed: int) -> str:
    """SHA-256 of seed and id, as hex."""
    return hashlib.sha256(f"{seed}:{case_id}".encode()).hexdigest()


def require_known(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Refuse names that do not exist.

    Raises:
        UsageError: "unknown-name", with what exists.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"unknown-{what}", f"There is no {what} '{unknown[0]}'; there are: {', '.join(known)}")
