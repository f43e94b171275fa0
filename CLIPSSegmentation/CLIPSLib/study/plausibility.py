"""Whether a PET that became SUV looks like a patient in SUV. Called by `read`.

One cheap check catches what no header rule can: MBq for Bq, g for kg, scaling twice, a wrong day.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.errors import Caution

_BODY_MEAN_RANGE = (0.2, 3.0)  # whole-body FDG lies near 0.6 to 1.1 by definition of SUV
_BODY_FLOOR = 0.5  # of the mean of the image: tells body from air whatever the scale
_SAMPLES = 2_000_000


def body_mean_suv(suv: np.ndarray) -> float:
    """Mean SUV of the voxels above half of the image's mean: the body, whatever the scale of the values.

    A lattice of voxels is enough for large volumes.
    """
    stride = max(1, round((suv.size / _SAMPLES) ** (1 / 3)))
    sample = suv[::stride, ::stride, ::stride]
    floor = _BODY_FLOOR * max(float(sample.mean(dtype=np.float64)), 0.0)
    body = sample[sample > floor]
    return float(body.mean(dtype=np.float64)) if body.size else 0.0


def check_suv(suv: np.ndarray) -> tuple[Caution, ...]:
    """A loud caution when the mean over the body cannot be that of a patient."""
    mean = body_mean_suv(suv)
    low, high = _BODY_MEAN_RANGE
    if low <= mean <= high:
        return ()
    what = (
        f"The mean SUV of the body is {mean:.3g}, far from the usual 0.6 to 1.1: "
        "units, dose, weight or times of this series are almost certainly wrong"
    )
    return (Caution("body-mean-suv", what),)
