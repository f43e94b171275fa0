"""The age of self-paced learning as a quantile: the threshold that lets in as many cases as the pacing function says.

A threshold in units of the loss would have to be tuned for each loss and shrink as the network learns; a quantile is
free of scale and gives the pool sizes of a pacing function.
"""

from __future__ import annotations

import numpy as np

_QUANTILE = 0.95  # outliers above it do not set the scale


def quantile_age(losses: np.ndarray, size: int) -> float | None:
    """An age that the `size` smallest losses (and ties of the largest of them) lie below; None: all of them do.

    It lies halfway to the next larger loss, so that the case at the threshold is included, and with a weight above 0
    under soft regularizers too.
    """
    ordered = np.sort(losses)
    if size >= len(ordered):
        return None
    threshold = ordered[size - 1]
    above = np.searchsorted(ordered, threshold, side="right")
    return None if above == len(ordered) else float((threshold + ordered[above]) / 2.0)


def in_units_of_the_largest(losses: np.ndarray) -> np.ndarray:
    """Losses divided by their 95th percentile: what depends on the unit of the loss (priors, the logistic and the
    logarithmic regularizer) then means the same for every loss and at every time."""
    scale = _quantile(np.sort(losses), _QUANTILE)
    return losses / scale if scale > 0.0 else losses


def within(losses: np.ndarray, age: float, highest: float | None) -> tuple[np.ndarray, float]:
    """Losses and age divided by one number, so that the age does not exceed what the regularizer is defined for."""
    if highest is None or age <= highest:
        return losses, age
    return losses * (highest / age), highest


def _quantile(ordered: np.ndarray, share: float) -> float:
    """Linear between the two nearest; as `numpy.quantile`, which takes ten times as long for a few hundred numbers."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
