"""What is known beforehand, put into self-paced learning: a linear prior, and an order that weights must respect.

Self-paced curriculum learning (Jiang et al., AAAI 2015) restricts the weights to what prior knowledge allows.
"""

from __future__ import annotations

import numpy as np


def prefer(losses: np.ndarray, preference: np.ndarray, strength: float) -> np.ndarray:
    """Losses under the linear prior -eta sum p_i v_i: l_i - eta p_i, moved up by eta so that none is negative.

    The move changes nothing about who is in: with a quantile threshold, only the order counts. Soft weights become more
    alike by it. preference: p in [-1, 1], float64 [n], 1 for a case that should come early. strength: eta, in the unit
    of the losses.
    """
    return losses + strength * (1.0 - preference)


def never_rising(weights: np.ndarray) -> np.ndarray:
    """The weights nearest to `weights` (least squares) that never rise along the list, easiest first.

    The pairwise prior "v_i >= v_j where i ranks easier": isotonic regression by pooling adjacent violators (Barlow et
    al. 1972).
    """
    blocks: list[tuple[float, int]] = []  # mean and length
    for weight in weights:
        mean, length = float(weight), 1
        while blocks and blocks[-1][0] < mean:
            before, count = blocks.pop()
            mean, length = (before * count + mean * length) / (count + length), count + length
        blocks.append((mean, length))
    return np.repeat([mean for mean, _ in blocks], [length for _, length in blocks])
