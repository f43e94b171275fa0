"""Coefficients of agreement between raters: Krippendorff's alpha, quadratic weighted kappa, ICC(2,1) and ICC(2,k).

Pure arithmetic on matrices of cases by raters; NaN is a missing rating. Called by `agreement`.
"""

from __future__ import annotations

import numpy as np


def krippendorff_alpha(ratings: np.ndarray) -> float | None:
    """Krippendorff's alpha for ordinal ratings `(cases, raters)`, NaN where a rater did not rate.

    alpha = 1 - D_o / D_e over the coincidences of values within a case; the ordinal distance of values c < k is
    (sum of n_g for g = c..k, minus (n_c + n_k) / 2) squared. Cases with one rating do not count.
    None with no case rated twice, or when all ratings are equal.

    Source: Krippendorff, Computing Krippendorff's alpha-reliability (2011), section D and E.
    """
    coincidences, totals = _coincidences(np.asarray(ratings, dtype=float))
    if totals.sum() == 0:
        return None
    cumulated = np.cumsum(totals)
    middle = cumulated - totals / 2.0
    distance = (middle[:, None] - middle[None, :]) ** 2  # the sum from c to k less half of both ends, squared
    expected = float((totals[:, None] * totals[None, :] * distance).sum()) / (totals.sum() - 1.0)
    return 1.0 - float((coincidences * distance).sum()) / expected if expected > 0.0 else None


def _coincidences(ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often two values meet in a case, weighted by 1 / (ratings of the case - 1), `(values, values)`; row sums."""
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=1)
    size = counts.sum(axis=1)
    counts = counts[size >= 2].astype(float)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    coincidences = (pairs / (size[size >= 2] - 1.0)[:, None, None]).sum(axis=0)
    return coincidences, coincidences.sum(axis=1)


def weighted_kappa(first: np.ndarray, second: np.ndarray) -> float | None:
    """Cohen's kappa of two raters with quadratic weights, on cases that both rated `(n,)`.

    kappa = 1 - sum(w O) / sum(w E) with w = (i - j)**2, O the table of both ratings, E that of their margins.
    None for no case or when neither rater varies. Source: Cohen, Psychol Bull 1968;70:213-220.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(a) == 0:
        return None
    observed = float(((a - b) ** 2).mean())
    expected = float(((a[:, None] - b[None, :]) ** 2).mean())
    return 1.0 - observed / expected if expected > 0.0 else None


def intraclass_correlation(ratings: np.ndarray) -> tuple[float | None, float | None]:
    """ICC(2,1) of one rater and ICC(2,k) of the mean of all: two-way random effects, absolute agreement.

    ratings: `(n cases, k raters)`, complete. With the mean squares of cases R, raters C and error E:
    ICC(2,1) = (R - E) / (R + (k - 1) E + k (C - E) / n), ICC(2,k) = (R - E) / (R + (C - E) / n).
    None below 2 cases or 2 raters, or where nothing varies. Source: Shrout and Fleiss, Psychol Bull 1979;86:420-428.
    """
    table = np.asarray(ratings, dtype=float)
    n, k = table.shape
    if n < 2 or k < 2:
        return None, None
    of_cases, of_raters, overall = table.mean(axis=1), table.mean(axis=0), table.mean()
    rows = k * float(((of_cases - overall) ** 2).sum()) / (n - 1)
    columns = n * float(((of_raters - overall) ** 2).sum()) / (k - 1)
    residual = table - of_cases[:, None] - of_raters[None, :] + overall
    error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    single = rows + (k - 1) * error + k * (columns - error) / n
    mean = rows + (columns - error) / n
    return ((rows - error) / single if single > 0 else None), ((rows - error) / mean if mean > 0 else None)
