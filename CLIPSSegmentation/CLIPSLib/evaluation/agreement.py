"""Do two ways to measure agree? Bland-Altman, Lin's concordance, Pearson. Used by `cohort`, and by report for plots.

Arrays are `(n,)`, one value per case, already without missing ones. `experiments` counts with the same limits.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from CLIPSLib.evaluation.types import BlandAltman

_NORMAL_97_5 = 1.959963984540054  # 95 % of a normal distribution lie within this many sd of its mean


def bland_altman(reference: np.ndarray, prediction: np.ndarray, *, unit: str = "mL") -> BlandAltman | None:
    """Bias and limits of agreement of prediction minus reference; None for fewer than two cases.

    Confidence intervals: Student's t, with the standard error of a limit of agreement of Bland and Altman, Stat Methods
    Med Res 1999;8:135-160 (section 2.1): sd * sqrt(1 / n + 1.96^2 / (2 (n - 1))).
    """
    difference = np.asarray(prediction, dtype=float) - np.asarray(reference, dtype=float)
    n = len(difference)
    if n < 2:
        return None
    spread = float(difference.std(ddof=1))
    return limits_of_agreement(
        n,
        bias=float(difference.mean()),
        bias_error=spread / math.sqrt(n),
        sd=spread,
        sd_error=spread / math.sqrt(2.0 * (n - 1)),
        unit=unit,
    )


def log_bland_altman(reference: np.ndarray, prediction: np.ndarray) -> BlandAltman | None:
    """The same of logarithms, given back as factors: for differences that grow with the volume itself.

    A bias of 0.8 says: predictions are 0.8 times the reference (geometric mean). Cases in which either is 0 have no
    logarithm; they are counted in `excluded`.
    """
    reference, prediction = np.asarray(reference, dtype=float), np.asarray(prediction, dtype=float)
    both = (reference > 0) & (prediction > 0)
    found = bland_altman(np.log(reference[both]), np.log(prediction[both]), unit="ratio")
    return found and as_factors(found, excluded=int(np.count_nonzero(~both)))


def limits_of_agreement(
    n: int, *, bias: float, bias_error: float, sd: float, sd_error: float, unit: str
) -> BlandAltman:
    """Bias and limits of `n` cases, with intervals from the standard errors of the bias and of the sd of a difference.

    A limit is bias -+ 1.96 sd, two estimates that are independent of each other: its variance is the sum of theirs.
    """
    from scipy.stats import t

    quantile = float(t.ppf(0.975, n - 1))
    of_bias = quantile * bias_error
    of_limit = quantile * math.hypot(bias_error, _NORMAL_97_5 * sd_error)
    lower, upper = bias - _NORMAL_97_5 * sd, bias + _NORMAL_97_5 * sd
    return BlandAltman(
        unit=unit,
        n=n,
        excluded=0,
        bias=bias,
        bias_ci=(bias - of_bias, bias + of_bias),
        sd=sd,
        lower=lower,
        lower_ci=(lower - of_limit, lower + of_limit),
        upper=upper,
        upper_ci=(upper - of_limit, upper + of_limit),
    )


def as_factors(found: BlandAltman, *, excluded: int) -> BlandAltman:
    """What was found of logarithms as factors; `sd` stays that of the logarithms. excluded: cases that have none."""
    edges = {name: math.exp(getattr(found, name)) for name in ("bias", "lower", "upper")}
    intervals = {f"{name}_ci": tuple(math.exp(edge) for edge in getattr(found, f"{name}_ci")) for name in edges}
    return replace(found, excluded=excluded, **edges, **intervals)


def concordance(first: np.ndarray, second: np.ndarray) -> float | None:
    """Lin's concordance correlation coefficient (Biometrics 1989;45:255-268), with 1/n moments as there.

    None for fewer than two cases, or where neither varies and both are equal.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(first) < 2:
        return None
    covariance = float(((first - first.mean()) * (second - second.mean())).mean())
    spread = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    return 2.0 * covariance / spread if spread > 0 else None


def class_agreement(first: np.ndarray, second: np.ndarray) -> tuple[float | None, float | None]:
    """Two yes-or-no judgments of the same cases: the share that agree, and Cohen's kappa (Educ Psychol Meas 1960).

    None without cases; kappa also when chance alone agrees on all of them.
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if len(first) == 0:
        return None, None
    same = float((first == second).mean())
    by_chance = float(first.mean() * second.mean() + (~first).mean() * (~second).mean())
    return same, (same - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else None


def pearson(first: np.ndarray, second: np.ndarray) -> float | None:
    """Pearson's linear correlation; None for fewer than two cases, or where one of the two does not vary."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])
