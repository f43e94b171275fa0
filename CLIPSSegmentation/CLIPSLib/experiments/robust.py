"""The second opinions on a difference: two-level bootstrap, Hodges-Lehmann, share of cases that gain or lose.

Called by `contrasts.py`; shown in the report below the primary analysis.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.experiments.types import Effect, Paired

EXACT_UP_TO = 50  # cases; beyond, the signed-rank sum is normal for all purposes


def two_level_bootstrap(paired: Paired, *, seed: int, repetitions: int = 10_000, confidence: float = 0.95) -> Effect:
    """Percentile interval of the mean, resampling runs (seeds within each fold), then cases within each fold.

    With one seed the runs are the folds, and these are resampled. No p value: it is the cross-check of the mixed
    analysis, not another test.
    """
    rng = np.random.default_rng(seed)
    differences = paired.differences
    indices = np.unique(paired.folds, return_inverse=True)[1]
    seeds, folds = differences.shape[1], paired.fold_count
    drawn = np.ones((repetitions, folds))  # how often each fold takes part
    if seeds == 1:
        drawn = rng.multinomial(folds, np.full(folds, 1 / folds), size=repetitions)
    sums = np.zeros(repetitions)
    for fold in range(folds):
        inside = differences[indices == fold]
        count = len(inside)
        # How often each case and each run was drawn says as much as the list of draws, and is a matrix product.
        cases = rng.multinomial(count, np.full(count, 1 / count), size=repetitions)
        runs = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=repetitions)
        sums += drawn[:, fold] * np.einsum("rc,cs,rs->r", cases, inside, runs, optimize=True) / seeds
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
