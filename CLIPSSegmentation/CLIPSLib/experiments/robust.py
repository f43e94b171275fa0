"""The second opinions on a difference: two-level bootstrap, Hodges-Lehmann, share of cases that gain or lose.

Called by `contrasts.py`; shown in the report below the primary analysis.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from CLIPSLib.experiments.types import Effect, Paired

EXACT_UP_TO = 50  # cases; beyond, the signed-rank sum is normal for all purposes


def two_level_bootstrap(paired: Paired, *, seed: int, repetitions: int = 10_000, confidence: float = 0.95) -> Effect:
    """Percentile interval of the mean, resampling runs (seeds within each fold), then cases within each fold.

    One run and one case less than there are is drawn, else few runs would look too sure. With one seed the runs are the
    folds, and these are resampled. No p value: it is the cross-check of the mixed analysis, not another test.
    """
    differences = paired.differences
    indices = np.unique(paired.folds, return_inverse=True)[1]
    seeds = differences.shape[1]
    drawn, weights = _drawn(tuple(np.bincount(indices).tolist()), seeds, repetitions, seed)
    sums = np.zeros(repetitions)
    for fold, (cases, runs) in enumerate(weights):
        sums += drawn[:, fold] * ((cases @ differences[indices == fold]) * runs).sum(axis=1) / seeds
    means = sums / (drawn @ np.bincount(indices))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Effect(
        mean=float(differences.mean()),
        low=float(low),
        high=float(high),
        se=float(means.std(ddof=1)),
        df=None,
        p=None,
        method=f"two-level bootstrap, {repetitions} repetitions, percentile",
        case_count=len(differences),
        run_count=paired.fold_count * seeds,
        confidence=confidence,
    )


@lru_cache(maxsize=2)  # all contrasts of an endpoint, and most endpoints, are of the same cases
def _drawn(
    sizes: tuple[int, ...], seeds: int, repetitions: int, seed: int
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """How often each fold [repetition, fold] takes part, and by fold each case and each run [repetition, number].

    Counts say as much as lists of draws, and make a mean of a matrix product. Of n one less than n is drawn: so the
    variance of a mean of few runs is not underestimated (Rao & Wu 1988, J Am Stat Assoc 83:231-241).
    """
    rng = np.random.default_rng(seed)

    def counts(number: int) -> np.ndarray:
        picked = max(1, number - 1)
        return rng.multinomial(picked, np.full(number, 1 / number), size=repetitions) * (number / picked)

    drawn = counts(len(sizes)) if seeds == 1 else np.ones((repetitions, len(sizes)))
    return drawn, [(counts(size), counts(seeds)) for size in sizes]


def hodges_lehmann(paired: Paired, *, confidence: float = 0.95) -> Effect:
    """Hodges-Lehmann median of the seed-averaged differences, interval and p of the Wilcoxon signed-rank test.

    Over cases alone, without the luck of the runs: secondary, for its robustness only (Hollander, Wolfe & Chicken,
    Nonparametric Statistical Methods, 3rd ed., sections 3.1 to 3.3).
    """
    from scipy import stats

    values = paired.differences.mean(axis=1)
    count = len(values)
    first, second = np.triu_indices(count)
    walsh = np.sort((values[first] + values[second]) / 2)
    rank = _signed_rank_limit(count, confidence)
    p = 1.0 if not values.any() else float(stats.wilcoxon(values, zero_method="pratt").pvalue)
    return Effect(
        mean=float(np.median(walsh)),
        low=float(walsh[rank - 1]),
        high=float(walsh[-rank]),
        se=float("nan"),
        df=None,
        p=p,
        method="Hodges-Lehmann, Wilcoxon signed-rank over cases",
        case_count=count,
        run_count=paired.fold_count * len(paired.seeds),
        confidence=confidence,
    )


def _signed_rank_limit(count: int, confidence: float) -> int:
    """Which of the sorted Walsh averages, from either end, bounds the interval (at least 1: the outermost)."""
    if count > EXACT_UP_TO:
        from scipy import stats

        middle, spread = count * (count + 1) / 4, np.sqrt(count * (count + 1) * (2 * count + 1) / 24)
        return max(1, int(np.floor(middle - stats.norm.ppf(0.5 + confidence / 2) * spread)))
    ways = np.ones(1)  # in how many of the 2^count sign patterns the signed-rank sum is 0, 1, 2, ...
    for rank in range(1, count + 1):
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    within = np.cumsum(ways) / 2.0**count <= (1 - confidence) / 2
    return max(1, int(within.sum()))


def changed_cases(
    paired: Paired, *, threshold: float = 0.1, higher_is_better: bool = True
) -> tuple[tuple[str, float], ...]:
    """Cases whose seed-averaged score changed by more than `threshold`, the largest loss first."""
    values = paired.differences.mean(axis=1)
    sign = 1 if higher_is_better else -1
    changed = [(case, float(v)) for case, v in zip(paired.case_ids, values, strict=True) if abs(v) > threshold]
    return tuple(sorted(changed, key=lambda pair: (sign * pair[1], pair[0])))
