"""Radioactive decay and bed timing: the arithmetic behind a PET header. Called by vendors, dicom_pet and tests.

Written down once more than in the room `study`, on purpose: what a phantom promises must not depend on the reader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def remaining(elapsed_s: float, half_life_s: float) -> float:
    """The part of an activity that is left after `elapsed_s`: 2^(-t / T)."""
    return 2.0 ** (-elapsed_s / half_life_s)


def average_activity_time_s(duration_s: float, half_life_s: float) -> float:
    """When, after a frame's start, the activity equals its mean over the frame: ln(xT / (1 - e^-xT)) / x."""
    rate = math.log(2.0) / half_life_s  # the x above
    return math.log(rate * duration_s / -math.expm1(-rate * duration_s)) / rate


def decay_factor(offset_s: float, duration_s: float, half_life_s: float) -> float:
    """What corrects a frame to the series start: e^(x t) x T / (1 - e^-xT), DICOM Decay Factor (0054,1321)."""
    return 1.0 / remaining(offset_s + average_activity_time_s(duration_s, half_life_s), half_life_s)


@dataclass(frozen=True, kw_only=True)
class Bed:
    """One bed position: its number from 0 (the first scanned) and its start after the series start."""

    number: int
    offset_s: float
    duration_s: float


def beds_of_slices(
    heights_mm: Sequence[float], *, step_mm: float, duration_s: float, pause_s: float = 4.0
) -> list[Bed]:
    """The bed each slice was scanned in. Scanning runs from the feet to the head: the lowest slice is in bed 0."""
    lowest = min(heights_mm)
    numbers = np.floor((np.asarray(heights_mm, dtype=float) - lowest) / step_mm + 1e-6).astype(int)
    return [Bed(number=int(n), offset_s=float(n * (duration_s + pause_s)), duration_s=duration_s) for n in numbers]
