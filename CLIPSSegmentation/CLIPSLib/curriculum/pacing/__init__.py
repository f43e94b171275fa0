"""Pacing functions: how much of the ordered list is available at a step. One file per family."""

from CLIPSLib.curriculum.pacing.base import FullSet, Growing, Pacing, Progress, pool_size
from CLIPSLib.curriculum.pacing.gated import PerformanceGated
from CLIPSLib.curriculum.pacing.hacohen import HacohenFixedExponential, HacohenSingleStep, HacohenVariedExponential
from CLIPSLib.curriculum.pacing.ramps import (
    Competence,
    Geometric,
    Linear,
    RootP,
    WuExponential,
    WuLogarithmic,
    WuPolynomial,
    WuStep,
)
from CLIPSLib.curriculum.pacing.replayed import Replayed
from CLIPSLib.curriculum.pacing.stages import BabyStep, OnePass

PACINGS: dict[str, type[Pacing]] = {
    "none": FullSet,
    "linear": Linear,
    "root-p": RootP,
    "competence": Competence,
    "geometric": Geometric,
    "baby-step": BabyStep,
    "one-pass": OnePass,
    "wu-polynomial": WuPolynomial,
    "wu-exponential": WuExponential,
    "wu-logarithmic": WuLogarithmic,
    "wu-step": WuStep,
    "hacohen-fixed-exponential": HacohenFixedExponential,
    "hacohen-varied-exponential": HacohenVariedExponential,
    "hacohen-single-step": HacohenSingleStep,
    "performance-gated": PerformanceGated,
    "replayed": Replayed,
}

__all__ = ["PACINGS", "FullSet", "Growing", "Pacing", "Progress", "pool_size"]
