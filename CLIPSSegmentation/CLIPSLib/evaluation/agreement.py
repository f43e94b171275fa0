"""Do two ways to measure agree? Bland-Altman, Lin's concordance, Pearson. Used by `cohort`, and by report for plots.

Arrays are `(n,)`, one value per case, already without missing ones.
"""

from __future__ import annotations

import math

import numpy as np

from CLIPSLib.evaluation.types import BlandAltman

_NORMAL_97_5 = 1.959963984540054  # 95 % of a normal distribution lie within this many sd of its mean


def bland_altman(reference: np.ndarray, prediction: np.ndarray, *, unit: str = "mL") -> BlandAltman | None:
    """Bias and limits of agreement of prediction minus reference; None for fewer than two cases.

    Confidence intervals: Student's t, with the standard error of a limit of agreement of Bland and Altman, Stat Methods
    Med Res 1999;8:135-160 (section 2.1): sd * sqrt(1 / n + 1.96^2 / (2 (n - 1))).
    """
    from scipy.stats import t

    difference = np.asarray(prediction, dtype=float) - np.asarray(reference, dtype=float)
    n = len(difference)
    if n < 2:
        return None
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(t.ppf(0.975, n - 1))
    of_bias = quantile * sd / math.sqrt(n)
    of_limit = quantile * sd * math.sqrt(1.0 / n + _NORMAL_97_5**2 / (2.0 * (n - 1)))
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


def log_bland_altman(reference: np.ndarray, prediction: np.ndarray) -> BlandAltman | None:
    """The same of logarithms, given back as factors: for differences that grow with the volume itself.

    A bias of 0.8 says: predictions are 0.8 times the reference (geometric mean). Cases in which either is 0 have no
    logarithm; they are counted in `excluded`.
    """
    reference, prediction = np.asarray(reference, dtype=float), np.asarray(prediction, dtype=float)
    both = (reference > 0) & (prediction > 0)
    found = bland_altman(np.log(reference[both]), np.log(prediction[both]), unit="ratio")
    if found is None:
        return None

    def factors(interval: tuple[float, float]) -> tuple[float, float]:
        return math.exp(interval[0]), math.exp(interval[1])

    return BlandAltman(
        unit="ratio",
        n=found.n,
        excluded=int(np.count_nonzero(~both)),
        bias=math.exp(found.bias),
        bias_ci=factors(found.bias_ci),
        sd=found.sd,
        lower=math.exp(found.lower),
        lower_ci=factors(found.lower_ci),
        upper=math.exp(found.upper),
        upper_ci=factors(found.upper_ci),
    )


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
