"""Where to cut the ordered list into buckets: at natural breaks of the scores. For `boundaries` of baby-step."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from CLIPSLib.errors import UsageError


def jenks_boundaries(scores: Iterable[float], stages: int) -> tuple[float, ...]:
    """Shares of the ordered list at which `stages` buckets end, so that scores within a bucket differ least.

    The exact minimum of the summed squared deviations from the bucket means (Fisher, JASA 1958; the natural breaks of
    Jenks), by dynamic programming, O(stages n^2).

    Raises:
        UsageError: fewer different scores than buckets.
    """
    ordered = np.sort(np.fromiter(scores, dtype=float))
    count = len(ordered)
    if len(np.unique(ordered)) < stages:
        raise UsageError("too-few-scores", f"{len(np.unique(ordered))} different scores do not fill {stages} buckets")
    sums, squares = (np.concatenate([[0.0], np.cumsum(ordered**power)]) for power in (1, 2))
    best, cuts = np.concatenate([[0.0], np.full(count, np.inf)]), []
    for _ in range(stages):
        following, cut = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=int)
        for end in range(1, count + 1):
            starts = np.arange(end)
            spread = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
            costs = best[starts] + spread
            cut[end] = int(np.argmin(costs))
            following[end] = costs[cut[end]]
        best = following
        cuts.append(cut)
    ends, end = [], count
    for cut in reversed(cuts):
        ends.append(end / count)
        end = cut[end]
    return tuple(reversed(ends))
