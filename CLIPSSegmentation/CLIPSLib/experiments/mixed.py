"""The primary analysis: a paired difference with cases and runs as crossed random effects, in closed form.

The model of a difference is  d[i, s] = effect + case[i] + run[fold(i), s] + residual[i, s].  All cases of a fold share
the two networks of a run, so that a test over cases alone takes the luck of these networks for an effect: with one
seed and 555 cases it "finds" a difference in one null experiment out of four. Here the mean squares of cases and of
runs both enter the standard error (Satterthwaite 1946, Biometrics 2:110-114, for the degrees of freedom).
Called by `contrasts.py` and `power.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.types import Effect, Paired, VarianceComponents

MIXED = "cases and runs as crossed random effects, Satterthwaite"
FOLD_MEANS = "t over the fold means (one seed, or a fold with a single case: runs and cases cannot be told apart)"
CASES_ONLY = "t over cases of one single run: the luck of the run is not in the interval"


@dataclass(frozen=True, kw_only=True)
class MeanSquares:
    """Of cases within folds, of runs within folds, of the rest; arrays over the leading axes of what was given.

    weights: what each is multiplied with in the variance of the grand mean; dfs: their degrees of freedom.
    mean_fold_size: cases per fold, on average.
    """

    case: np.ndarray
    run: np.ndarray
    residual: np.ndarray
    weights: tuple[float, float, float]
    dfs: tuple[float, float, float]
    mean_fold_size: float
    seed_count: int


def mixed_effect(paired: Paired, *, confidence: float = 0.95) -> Effect:
    """The mean of the differences, its interval and its p value (two-sided, of no difference).

    With one seed and several folds: t over the fold means. With one single run: t over cases, without a p value.

    Raises:
        Refusal: fewer than two cases.
    """
    differences = paired.differences
    cases, seeds = differences.shape
    if cases < 2:
        raise Refusal(
            "too-few-cases",
            f"{cases} case has both scores of {paired.metric}; a comparison needs at least two",
            f"{paired.arm} against {paired.control}",
            "Add test cases, or choose a metric that is defined for them.",
        )
    runs = paired.fold_count * seeds
    if seeds > 1 and min(np.bincount(_fold_indices(paired.folds))) > 1:
        mean, variance, df = satterthwaite(differences, paired.folds)
        method = MIXED
    elif paired.fold_count > 1:
        mean, variance, df = _over_fold_means(differences, paired.folds)
        method = FOLD_MEANS
    else:
        mean, variance, df = differences.mean(), differences.mean(axis=1).var(ddof=1) / cases, cases - 1.0
        method = CASES_ONLY
    return _effect(float(mean), float(variance), float(df), method, cases, runs, confidence)


def satterthwaite(differences: np.ndarray, folds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grand mean, its variance and degrees of freedom, for [..., case, seed] (leading axes: repetitions).

    Where the estimate of the variance falls below what cases alone or runs alone explain (components estimated as
    negative), the larger of these is taken, with its degrees of freedom: conservative, and never zero by accident.
    """
    squares = mean_squares(differences, folds)
    parts = np.stack(
        [w * ms for w, ms in zip(squares.weights, (squares.case, squares.run, squares.residual), strict=True)]
    )
    dfs = np.array(squares.dfs).reshape(3, *[1] * (parts.ndim - 1))
    variance = parts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance**2 / (parts**2 / dfs).sum(axis=0)
    for index in (0, 1):
        smaller = variance < parts[index]
        variance = np.where(smaller, parts[index], variance)
        df = np.where(smaller, squares.dfs[index], df)
    return differences.mean(axis=(-2, -1)), variance, np.maximum(np.nan_to_num(df, nan=1.0), 1.0)


def mean_squares(differences: np.ndarray, folds: np.ndarray) -> MeanSquares:
    """The analysis of variance of [..., case, seed] with cases and runs nested in folds; needs at least two seeds.

    With n_f cases in fold f, N in all and R seeds, E[case] = e2 + R c2, E[run] = e2 + mean(n_f) r2, E[residual] = e2;
    the variance of the grand mean is c2 / N + r2 sum(n_f^2) / (N^2 R) + e2 / (N R).
    """
    indices = _fold_indices(folds)
    sizes = np.bincount(indices)
    cases, seeds = differences.shape[-2:]
    sums = np.zeros((3, *differences.shape[:-2]))
    for fold in range(len(sizes)):
        inside = differences[..., indices == fold, :]
        mean = inside.mean(axis=(-2, -1), keepdims=True)
        of_case = inside.mean(axis=-1, keepdims=True) - mean
        of_run = inside.mean(axis=-2, keepdims=True) - mean
        rest = inside - mean - of_case - of_run
        sums[0] += seeds * (of_case**2).sum(axis=(-2, -1))
        sums[1] += sizes[fold] * (of_run**2).sum(axis=(-2, -1))
        sums[2] += (rest**2).sum(axis=(-2, -1))
    dfs = (cases - len(sizes), len(sizes) * (seeds - 1), (cases - len(sizes)) * (seeds - 1))
    per_run = (sizes**2).sum() / cases**2 / seeds / sizes.mean()
    return MeanSquares(
        case=sums[0] / dfs[0],
        run=sums[1] / dfs[1],
        residual=sums[2] / dfs[2],
        weights=(1 / (cases * seeds), per_run, -per_run),
        dfs=dfs,
        mean_fold_size=float(sizes.mean()),
        seed_count=seeds,
    )


def variance_components(paired: Paired) -> VarianceComponents:
    """Standard deviations of case, run and residual from the mean squares (negative estimates are zero).

    Raises:
        Refusal: one seed only, or a fold with one case: the three cannot be told apart; no difference anywhere.
    """
    sizes = np.bincount(_fold_indices(paired.folds))
    if paired.differences.shape[1] < 2 or min(sizes) < 2:
        raise Refusal(
            "pilot-too-small",
            f"Variance of cases and of runs cannot be told apart with {len(paired.seeds)} seed(s) and "
            f"{min(sizes)} case(s) in the smallest fold",
            f"{paired.arm} against {paired.control}",
            "Run the pilot with at least two seeds and two cases per fold.",
        )
    if not paired.differences.any():
        raise Refusal(
            "pilot-without-spread",
            f"{paired.metric} is the same in both arms in every case, which tells no variance",
            f"{paired.arm} against {paired.control}",
            "Choose another primary endpoint, or a pilot in which it differs.",
        )
    squares = mean_squares(paired.differences, paired.folds)
    case = (squares.case - squares.residual) / squares.seed_count
    run = (squares.run - squares.residual) / squares.mean_fold_size
    return VarianceComponents(
        case_sd=float(np.sqrt(max(case, 0))),
        run_sd=float(np.sqrt(max(run, 0))),
        residual_sd=float(np.sqrt(squares.residual)),
    )


def nadeau_bengio_factor(size_of_test_part: float, runs: int) -> float:
    """By how much the standard error of cross-validation grows when overlapping training sets are allowed for.

    size_of_test_part: share of the cases (0.2 for five folds); runs: folds x seeds. A sensitivity line of the report:
    sqrt((1/J + p/(1-p)) * J) with J runs (Nadeau & Bengio 2003, Machine Learning 52:239-281).
    """
    return float(np.sqrt(1 + runs * size_of_test_part / (1 - size_of_test_part)))


def _over_fold_means(differences: np.ndarray, folds: np.ndarray) -> tuple[float, float, float]:
    """Mean over cases; variance from the spread of the fold means, each fold weighing as many cases as it has."""
    indices = _fold_indices(folds)
    sizes = np.bincount(indices)
    of_case = differences.mean(axis=1)
    means = np.bincount(indices, of_case) / sizes
    weights = sizes / sizes.sum()
    mean = float(weights @ means)
    count = len(sizes)
    variance = float((weights**2 * (means - mean) ** 2).sum() * count / (count - 1))
    return mean, variance, count - 1.0


def _effect(mean: float, variance: float, df: float, method: str, cases: int, runs: int, confidence: float) -> Effect:
    from scipy import stats

    se = float(np.sqrt(variance))
    half = float(stats.t.ppf(0.5 + confidence / 2, df)) * se
    p = None
    if method != CASES_ONLY:
        p = float(2 * stats.t.sf(abs(mean) / se, df)) if se > 0 else (1.0 if mean == 0 else 0.0)
    return Effect(
        mean=mean,
        low=mean - half,
        high=mean + half,
        se=se,
        df=None if method == CASES_ONLY else df,
        p=p,
        method=method,
        case_count=cases,
        run_count=runs,
        confidence=confidence,
    )


def _fold_indices(folds: np.ndarray) -> np.ndarray:
    return np.unique(folds, return_inverse=True)[1]
