"""Agreement of TMTV where several networks segmented each patient: limits for *one* network. Called by `arms.py`.

Limits of seed-averaged volumes would be those of an ensemble that nobody tested, and too narrow.
"""

from __future__ import annotations

import math

import numpy as np

from CLIPSLib.evaluation.types import BlandAltman

_NORMAL_97_5 = 1.959963984540054


def repeated_limits(differences: np.ndarray, *, unit: str = "mL") -> BlandAltman | None:
    """Bias and 95 % limits of agreement of [case, repetition] differences; None for fewer than two cases.

    The variance of a single difference is that of the case means plus (1 - 1/m) times the one within cases (Bland and
    Altman, Stat Methods Med Res 1999;8:135-160, section 5.1), whence also the standard error of the limits.
    """
    from scipy import stats

    cases, repetitions = differences.shape
    if cases < 2:
        return None
    bias, between = float(differences.mean()), float(differences.mean(axis=1).var(ddof=1))
    within, within_df = 0.0, 1
    if repetitions > 1:
        within = (1 - 1 / repetitions) * float(differences.var(axis=1, ddof=1).mean())
        within_df = cases * (repetitions - 1)
    variance = between + within
    sd = math.sqrt(variance)
    of_sd = (between**2 / (cases - 1) + within**2 / within_df) / (2 * variance) if variance else 0.0
    quantile = float(stats.t.ppf(0.975, cases - 1))
    of_bias = quantile * math.sqrt(between / cases)
    of_limit = quantile * math.sqrt(between / cases + _NORMAL_97_5**2 * of_sd)
    lower, upper = bias - _NORMAL_97_5 * sd, bias + _NORMAL_97_5 * sd
    return BlandAltman(
        unit=unit,
        n=cases,
        excluded=0,
        bias=bias,
        bias_ci=(bias - of_bias, bias + of_bias),
        sd=sd,
        lower=lower,
        lower_ci=(lower - of_limit, lower + of_limit),
        upper=upper,
        upper_ci=(upper - of_limit, upper + of_limit),
    )


def repeated_ratio_limits(reference: np.ndarray, prediction: np.ndarray) -> BlandAltman | None:
    """The same of log(prediction / reference), given back as factors: the spread of volumes grows with their size.

    Cases where either is 0 in some repetition have no logarithm; they are counted in `excluded`.
    """
    both = ((reference > 0) & (prediction > 0)).all(axis=1)
    found = repeated_limits(np.log(prediction[both] / reference[both]), unit="ratio")
    if found is None:
        return None
    factors = {
        name: tuple(math.exp(edge) for edge in getattr(found, name)) for name in ("bias_ci", "lower_ci", "upper_ci")
    }
    return BlandAltman(
        unit="ratio",
        n=found.n,
        excluded=int(np.count_nonzero(~both)),
        bias=math.exp(found.bias),
        sd=found.sd,
        lower=math.exp(found.lower),
        upper=math.exp(found.upper),
        **factors,
    )
