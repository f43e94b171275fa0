"""Where in the patient: the share of patches centered on a lesion, falling from lesions first to the usual mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from CLIPSLib.schema import Range


@dataclass(frozen=True, kw_only=True)
class ForegroundOptions:
    """p_fg(t) = p1 + (p0 - p1)(1 - s), s = min(1, t / (a T)): options of every curriculum.

    Source: CASED, Jesson et al., MICCAI 2017; the final share 0.33 is nnU-Net's. A long time at p0 = 1 costs false
    positives: the network then never sees physiological uptake alone.
    """

    foreground_start: Annotated[float, Range(0.0, 1.0), "p0; none: the trainer decides on patches"] | None = None
    foreground_end: Annotated[float, Range(0.0, 1.0), "p1, from foreground_full_at on"] = 0.33
    foreground_full_at: Annotated[float, Range(0.001, 10.0), "a: share of the run after which p1 holds"] = 0.5


def foreground_ratio(options: ForegroundOptions, step: int, total_steps: int) -> float | None:
    """The share of patches to center on a lesion at a step, in thousandths; None where the trainer decides.

    Rounding keeps one draw valid for many steps.
    """
    if options.foreground_start is None:
        return None
    s = min(1.0, step / (options.foreground_full_at * total_steps))
    return round(options.foreground_end + (options.foreground_start - options.foreground_end) * (1.0 - s), 3)
