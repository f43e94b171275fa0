"""A probability map against a reference, and how unsure it is. Called by difficulty and by validation in training.

Where a mask only says right or wrong, probabilities also say how nearly: young networks often find nothing at all, and
their masks then rank no case.
"""

from __future__ import annotations

import numpy as np

_SMOOTH = 1.0  # voxels, as in the loss of training: defined for an empty reference
_LEAST = 1e-7  # a probability of exactly 0 that is wrong would cost infinitely much


def probability_loss(probability: np.ndarray, reference: np.ndarray) -> float:
    """Soft Dice loss plus mean cross-entropy (nats) over the whole volume: the training loss "dice-ce" of two classes.

    1 - (2 sum(p r) + 1) / (sum p + sum r + 1), Milletari et al., 3DV 2016. probability: of tumor, floats `[z, y, x]`;
    reference: bool, of the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    if probability.shape != reference.shape:
        raise ValueError(f"a probability of shape {probability.shape} and a reference of {reference.shape}")
    p = np.clip(probability.astype(np.float64), _LEAST, 1.0 - _LEAST)
    shared, found, size = float(p[reference].sum()), float(p.sum()), int(np.count_nonzero(reference))
    overlap = (2.0 * shared + _SMOOTH) / (found + size + _SMOOTH)
    entropy = -(np.log(p[reference]).sum() + np.log1p(-p[~reference]).sum()) / p.size
    return 1.0 - overlap + float(entropy)


def voxel_entropy(probability: np.ndarray) -> np.ndarray:
    """-p ln p - (1 - p) ln(1 - p) of each voxel, float64, in nats: 0 where sure, ln 2 = 0.693 at p = 0.5."""
    p = np.clip(probability.astype(np.float64), _LEAST, 1.0 - _LEAST)
    return -p * np.log(p) - (1.0 - p) * np.log1p(-p)
