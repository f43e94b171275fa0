"""Agreement of TMTV where several networks segmented each patient: limits for *one* network. Called by `arms.py`.

Limits of seed-averaged volumes would be those of an ensemble that nobody tested, and too narrow.
"""

from __future__ import annotations

import math

import numpy as np

from CLIPSLib.evaluation.agreement import as_factors, limits_of_agreement
from CLIPSLib.evaluation.types import BlandAltman


def repeated_limits(differences: np.ndarray, *, unit: str = "mL") -> BlandAltman | None:
    """Bias and 95 % limits of agreement of [case, repetition] differences; None for fewer than two cases.

    The variance of a single difference is that of the case means plus (1 - 1/m) times the one within cases (Bland and
    Altman, Stat Methods Med Res 1999;8:135-160, section 5.1), whence also the standard error of the limits.
    """
    cases, repetitions = differences.shape
    if cases < 2:
        return None
    bias, between = float(differences.mean()), float(differences.mean(axis=1).var(ddof=1))
    within, within_df = 0.0, 1
    if repetitions > 1:
        within = (1 - 1 / repetitions) * float(differences.var(axis=1, ddof=1).mean())
        within_df = cases * (repetitions - 1)
    variance = between + within
    of_variance = 2 * (between**2 / (cases - 1) + within**2 / within_df)
    return limits_of_agreement(
        cases,
        bias=bias,
        bias_error=math.sqrt(between / cases),
        sd=math.sqrt(variance),
        sd_error=math.sqrt(of_variance / (4 * variance)) if variance else 0.0,
        unit=unit,
    )


def repeated_ratio_limits(reference: np.ndarray, prediction: np.ndarray) -> BlandAltman | None:
    """The same of log(prediction / reference), given back as factors: the spread of volumes grows with their size.

    Cases where either is 0 in some repetition have no logarithm; they are counted in `excluded`.
    """
    both = ((reference > 0) & (prediction > 0)).all(axis=1)
    found = repeated_limits(np.log(prediction[both] / reference[both]), unit="ratio")
    return found and as_factors(found, excluded=int(np.count_nonzero(~both)))
