"""The three pacing functions of Hacohen and Weinshall; they count optimizer steps, not shares of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, ClassVar

from CLIPSLib.curriculum.pacing.base import Growing, Progress
from CLIPSLib.schema import Range

_HACOHEN = "Hacohen and Weinshall, On the power of curriculum learning in training deep networks, ICML 2019"
_Start = Annotated[float, Range(0.0001, 1.0), "b: share of the list available at the first step"]
_Increase = Annotated[float, Range(1.0001, 1000.0), "c: factor by which the pool grows"]


@dataclass(frozen=True, kw_only=True)
class HacohenFixedExponential(Growing):
    """g = min(1, b c^floor(t / q))."""

    title: ClassVar = "fixed exponential of Hacohen and Weinshall"
    formula: ClassVar = "g = min(1, b c^floor(t / q))"
    source: ClassVar = _HACOHEN
    pitfall: ClassVar = "counts steps: the defaults reach the full list after 600 steps however long the run is"

    start: _Start = 0.04
    increase: _Increase = 1.9
    step_length: Annotated[int, Range(1), "q: optimizer steps between two increases"] = 100

    def fraction(self, at: Progress) -> float:
        return _grown(self.start, self.increase, at.step // self.step_length)


@dataclass(frozen=True, kw_only=True)
class HacohenVariedExponential(Growing):
    """As the fixed one, with a length of its own for each level."""

    title: ClassVar = "varied exponential of Hacohen and Weinshall"
    formula: ClassVar = "g = min(1, b c^k), k = how many of q1, q1 + q2, ... are <= t; then the last length repeats"
    source: ClassVar = _HACOHEN
    pitfall: ClassVar = "one parameter per level: easily tuned on the test set"

    step_lengths: Annotated[tuple[Annotated[int, Range(1)], ...], Range(1), "q1, q2, ...: optimizer steps per level"]
    start: _Start = 0.04
    increase: _Increase = 1.9

    def fraction(self, at: Progress) -> float:
        ends = list(accumulate(self.step_lengths))
        level = sum(end <= at.step for end in ends)
        beyond = max(0, at.step - ends[-1]) // self.step_lengths[-1]
        return _grown(self.start, self.increase, level + beyond)


@dataclass(frozen=True, kw_only=True)
class HacohenSingleStep(Growing):
    """g = b until step q, then 1."""

    title: ClassVar = "single step of Hacohen and Weinshall"
    formula: ClassVar = "g = b if t < q else 1"
    source: ClassVar = _HACOHEN
    pitfall: ClassVar = "q has to be tuned for each data set"

    step_length: Annotated[int, Range(1), "q: optimizer steps before everything is available"]
    start: _Start = 0.04

    def fraction(self, at: Progress) -> float:
        return self.start if at.step < self.step_length else 1.0


def _grown(start: float, increase: float, levels: int) -> float:
    """min(1, start * increase^levels), without overflow."""
    enough = math.log(1.0 / start) / math.log(increase)
    return 1.0 if levels > enough else min(1.0, start * increase**levels)
