"""Overlap of two masks: the cheap primitives. Called by `case`, `hospital`, difficulty, training and experiments."""

from __future__ import annotations

import numpy as np


def dice(a: np.ndarray, b: np.ndarray) -> float | None:
    """Dice of two boolean masks of one shape, 2|A and B| / (|A| + |B|); None when both are empty.

    Raises:
        ValueError: the shapes differ.
    """
    return dice_of_counts(*_counts(a, b))


def iou(a: np.ndarray, b: np.ndarray) -> float | None:
    """Intersection over union of two boolean masks of one shape; None when both are empty. Raises as `dice`."""
    shared, size_a, size_b = _counts(a, b)
    return shared / (size_a + size_b - shared) if size_a + size_b else None


def dice_of_counts(shared: int, size_a: int, size_b: int) -> float | None:
    """Dice of masks with `size_a` and `size_b` voxels of which `shared` are in both; None when both are empty."""
    return 2.0 * shared / (size_a + size_b) if size_a + size_b else None


def _counts(a: np.ndarray, b: np.ndarray) -> tuple[int, int, int]:
    if a.shape != b.shape:  # numpy would stretch one of them without a word
        raise ValueError(f"masks of different shapes: {a.shape} and {b.shape}")
    a, b = a.astype(bool, copy=False), b.astype(bool, copy=False)
    return int(np.count_nonzero(a & b)), int(np.count_nonzero(a)), int(np.count_nonzero(b))
