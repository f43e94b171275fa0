"""Self-paced learning with diversity: not only the easy cases of one center, but the easiest of each.

Jiang et al., Self-paced learning with diversity, NeurIPS 2014: f(v) = -lambda sum v - gamma sum_j ||v_j||_2 over
groups j.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def diverse_thresholds(losses: np.ndarray, groups: Sequence[str], age: float, gamma: float) -> np.ndarray:
    """For each case the threshold that its loss must not exceed: lambda + gamma / (sqrt(i) + sqrt(i - 1)).

    i: rank of its loss within its group, from 1; equal losses rank as they stand. losses: float64 [n]; gamma in the
    unit of the loss, 0 gives plain self-paced learning.
    """
    thresholds = np.empty(len(losses))
    names = np.asarray(groups)
    for group in np.unique(names):
        members = np.flatnonzero(names == group)
        rank = np.empty(len(members))
        rank[np.argsort(losses[members], kind="stable")] = np.arange(1, len(members) + 1)
        thresholds[members] = age + gamma / (np.sqrt(rank) + np.sqrt(rank - 1.0))
    return thresholds
