"""Pacing functions that rise from a starting share b to the full list at a share a of the run.

All use s = min(1, t / (a T)), t the global step, T the steps of the run. Those of Wu et al. that differ from the
survey's in formula and not only in parameters carry their name: there are two "roots" and two "exponentials".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from CLIPSLib.curriculum.pacing.base import Growing, Progress
from CLIPSLib.schema import Range

_SURVEY = "Wang, Chen and Zhu, A survey on curriculum learning, IEEE TPAMI 2022"
_PENHA = "Penha and Hauff, Curriculum learning strategies for IR, ECIR 2020"
_PLATANIOS = "Platanios et al., Competence-based curriculum learning, NAACL 2019"
_WU = "Wu, Dyer and Neyshabur, When do curricula work?, ICLR 2021"


@dataclass(frozen=True, kw_only=True)
class Ramp(Growing):
    """What all ramps share; `rise` is the formula."""

    start: Annotated[float, Range(0.0001, 1.0), "b: share of the list available at the first step"] = 0.25
    full_at: Annotated[float, Range(0.001, 10.0), "a: share of the run after which everything is available"] = 0.4

    def fraction(self, at: Progress) -> float:
        s = min(1.0, at.step / (self.full_at * at.total_steps))
        return 1.0 if s >= 1.0 else min(1.0, max(self.start, self.rise(s)))  # exactly the full list, not 1 - 1e-16

    def rise(self, s: float) -> float:
        """g at s in [0, 1]; `fraction` keeps it within [b, 1]."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Linear(Ramp):
    """g = b + (1 - b) s."""

    title: ClassVar = "linear"
    formula: ClassVar = "g = b + (1 - b) s"
    source: ClassVar = _SURVEY
    pitfall: ClassVar = "the pool doubles early: each new case gets less and less attention relative to the first ones"

    def rise(self, s: float) -> float:
        return self.start + (1.0 - self.start) * s


@dataclass(frozen=True, kw_only=True)
class RootP(Ramp):
    """g = (b^p + (1 - b^p) s)^(1/p); p = 2 is the square root of competence-based learning."""

    title: ClassVar = "root-p of Platanios et al."
    formula: ClassVar = "g = (b^p + (1 - b^p) s)^(1/p)"
    source: ClassVar = f"{_PLATANIOS} (p = 2); {_PENHA} (any p)"
    pitfall: ClassVar = "not the root of Wu et al. (wu-polynomial with power 0.5): that one rises faster at first"

    power: Annotated[float, Range(0.1, 50.0), "p: the larger, the faster the pool grows at first"] = 2.0

    def rise(self, s: float) -> float:
        lowest = self.start**self.power
        return (lowest + (1.0 - lowest) * s) ** (1.0 / self.power)


@dataclass(frozen=True, kw_only=True)
class Competence(Ramp):
    """c(t) = sqrt(c0^2 + (1 - c0^2) s): root-p with p = 2 and the start and length of the paper."""

    title: ClassVar = "competence"
    formula: ClassVar = "g = sqrt(c0^2 + (1 - c0^2) s), c0 = start"
    source: ClassVar = _PLATANIOS
    pitfall: ClassVar = "starts at 1 % of the list: with few patients the minimum pool decides, not the formula"

    start: Annotated[float, Range(0.0001, 1.0), "c0: initial competence"] = 0.01
    full_at: Annotated[float, Range(0.001, 10.0), "a: share of the run after which everything is available"] = 0.5

    def rise(self, s: float) -> float:
        return math.sqrt(self.start**2 + (1.0 - self.start**2) * s)


@dataclass(frozen=True, kw_only=True)
class Geometric(Ramp):
    """g = b^(1 - s)."""

    title: ClassVar = "geometric"
    formula: ClassVar = "g = b^(1 - s) = 2^((1 - s) log2 b)"
    source: ClassVar = f"{_PENHA}; {_SURVEY}"
    pitfall: ClassVar = "spends most of the ramp on the easiest cases: overfitting where they are few"

    def rise(self, s: float) -> float:
        return self.start ** (1.0 - s)


@dataclass(frozen=True, kw_only=True)
class WuPolynomial(Ramp):
    """g = b + (1 - b) s^p; Wu et al. call p = 1/2 "root", 1 "linear" and 2 "quad"."""

    title: ClassVar = "polynomial of Wu et al."
    formula: ClassVar = "g = b + (1 - b) s^p"
    source: ClassVar = _WU
    pitfall: ClassVar = "power 0.5 is what Wu et al. call root; it is not root-p"

    power: Annotated[float, Range(0.1, 50.0), "p: 0.5 (their root), 1, 2 (their quad)"] = 2.0

    def rise(self, s: float) -> float:
        return self.start + (1.0 - self.start) * s**self.power


@dataclass(frozen=True, kw_only=True)
class WuExponential(Ramp):
    """g = b + (1 - b) (e^(10 s) - 1) / (e^10 - 1)."""

    title: ClassVar = "exponential of Wu et al."
    formula: ClassVar = "g = b + (1 - b) (e^(10 s) - 1) / (e^10 - 1)"
    source: ClassVar = _WU
    pitfall: ClassVar = "not the exponential of Hacohen and Weinshall; nearly constant until shortly before the end"

    def rise(self, s: float) -> float:
        return self.start + (1.0 - self.start) * math.expm1(10.0 * s) / math.expm1(10.0)


@dataclass(frozen=True, kw_only=True)
class WuLogarithmic(Ramp):
    """g = b + (1 - b) (1 + 0.1 ln(s + e^-10))."""

    title: ClassVar = "logarithmic of Wu et al."
    formula: ClassVar = "g = b + (1 - b) (1 + ln(s + e^-10) / 10)"
    source: ClassVar = _WU
    pitfall: ClassVar = "close to vanilla: 90 % of the list after an eighth of the run"

    def rise(self, s: float) -> float:
        return self.start + (1.0 - self.start) * (1.0 + 0.1 * math.log(s + math.exp(-10.0)))


@dataclass(frozen=True, kw_only=True)
class WuStep(Ramp):
    """g = b + (1 - b) floor(s): two levels."""

    title: ClassVar = "step of Wu et al."
    formula: ClassVar = "g = b + (1 - b) floor(s)"
    source: ClassVar = _WU
    pitfall: ClassVar = "hard cases arrive all at once; watch the loss there, and the learning rate that is left"

    def rise(self, s: float) -> float:
        return self.start + (1.0 - self.start) * math.floor(s)
