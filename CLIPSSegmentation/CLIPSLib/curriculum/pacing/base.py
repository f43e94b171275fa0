"""What a pacing function is: a share of the ordered list at each step. Read by every file of this folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class Progress:
    """Where training stands.

    step: global optimizer step from 0. count: ranked cases. performances: the validation metrics that act by now.
    """

    step: int
    total_steps: int
    count: int
    performances: tuple[float, ...] = ()


class Pacing(Protocol):
    """A frozen dataclass of its parameters; `window` is a pure function of the progress. The texts explain it."""

    title: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    pitfall: ClassVar[str]

    def window(self, at: Progress) -> tuple[float, float]:
        """Which part of the ordered list is available: shares (from, to), 0 <= from < to <= 1."""
        ...


class Growing:
    """A pacing function whose pool starts at the front of the list and never shrinks."""

    def fraction(self, at: Progress) -> float:
        """g: the share of the list that is available, in (0, 1]."""
        raise NotImplementedError

    def window(self, at: Progress) -> tuple[float, float]:
        return 0.0, self.fraction(at)


@dataclass(frozen=True, kw_only=True)
class FullSet(Growing):
    """No pacing: everything is available from the first step."""

    title: ClassVar = "no pacing"
    formula: ClassVar = "g = 1"
    source: ClassVar = "standard practice"
    pitfall: ClassVar = "none; it is what every curriculum must beat"

    def fraction(self, at: Progress) -> float:
        return 1.0


def pool_size(fraction: float, count: int, minimum: int) -> int:
    """n = max(minimum, ceil(fraction * count)), at most `count`.

    A product that misses a whole number by rounding (0.07 * 100 = 7.000000000000001) counts as that number.
    """
    return min(count, max(minimum, math.ceil(fraction * count - 1e-9)))
