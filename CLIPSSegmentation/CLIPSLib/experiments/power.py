"""What a design can see: power, and the smallest effect that it detects, from the variances of a pilot.

Called before an experiment is launched (`clips experiment check`) and by its report.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.experiments.types import Size, VarianceComponents


def power(effect: float, components: VarianceComponents, size: Size, *, alpha: float = 0.05) -> float:
    """The probability that the mixed analysis (two-sided, `alpha`) finds a true mean difference of `effect`.

    Noncentral t with the expected variance of the mean and its Satterthwaite degrees of freedom.
    """
    from scipy import stats

    se, df = expected_error(components, size)
    critical = stats.t.ppf(1 - alpha / 2, df)
    shift = abs(effect) / se
    wrong_sign = np.nan_to_num(stats.nct.cdf(-critical, df, shift))  # SciPy gives NaN where it is below 1e-300
    return float(stats.nct.sf(critical, df, shift) + wrong_sign)


def minimum_detectable_effect(
    components: VarianceComponents, size: Size, *, alpha: float = 0.05, wanted_power: float = 0.8
) -> float:
    """The smallest mean difference that is found with probability `wanted_power`."""
    from scipy import optimize

    se, _ = expected_error(components, size)

    def missing(effect: float) -> float:
        return power(effect, components, size, alpha=alpha) - wanted_power

    enough = se
    while missing(enough) < 0:  # by steps: the noncentral t of SciPy loses its way far beyond power 1
        enough *= 1.5
    return float(optimize.brentq(missing, 0, enough))


def expected_error(components: VarianceComponents, size: Size) -> tuple[float, float]:
    """Standard error of the mean difference and degrees of freedom that `mixed_effect` will have, in expectation.

    With one seed, or folds of one case, the runs are the folds (t over fold means), as in `mixed_effect`.
    """
    case, run, residual = (sd**2 for sd in (components.case_sd, components.run_sd, components.residual_sd))
    cases, folds, seeds = size.cases, size.folds, size.seeds
    variance = case / cases + run / (folds * seeds) + residual / (cases * seeds)
    if seeds == 1 or cases < 2 * folds:
        return float(np.sqrt(variance)), max(folds - 1.0, 1.0)
    squares = np.array([residual + seeds * case, residual + cases / folds * run, residual])
    dfs = np.array([cases - folds, folds * (seeds - 1), (cases - folds) * (seeds - 1)])
    parts = squares / (cases * seeds)
    return float(np.sqrt(variance)), float(variance**2 / (parts**2 / dfs).sum())
