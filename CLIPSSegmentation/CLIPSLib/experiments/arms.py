"""What each arm reached by itself: scores over cases and over seeds, learning curves, agreement of TMTV, cost.

Called by `analysis.py`. Spread over cases and spread over seeds are two things and never mixed: the first says how
unequal patients are, the second how much is luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from CLIPSLib.evaluation.types import BlandAltman
from CLIPSLib.experiments.agreement import repeated_limits, repeated_ratio_limits
from CLIPSLib.experiments.curves import (
    Curve,
    area_under_curve,
    require_same_grid,
    restricted_mean_steps,
    steps_to_target,
)
from CLIPSLib.experiments.endpoints import ENDPOINTS, on_endpoint
from CLIPSLib.experiments.results import ArmCost, found_nothing
from CLIPSLib.experiments.types import CaseScore

VOLUMES = ("reference_ml", "tmtv_difference_ml")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """An endpoint of one arm, in its own unit (volumes in mL, not their logarithms). sd_cases: over cases, of
    seed-averaged scores; sd_seeds: over seeds, of means over the same cases (None with one seed); median, q1, q3: over
    cases. cases: for which it is defined in all runs."""

    mean: float
    sd_cases: float | None
    sd_seeds: float | None
    median: float
    q1: float
    q3: float
    cases: int


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """One arm. endpoints: by name, where any case has a value. curve_area: mean over its runs of the area under the
    learning curve; steps_to_target: restricted mean, reached: runs that got there; None without learning curves.
    tmtv, tmtv_ratio: predicted minus and divided by reference, for one network. nothing_found: tests of a patient with
    tumor in which nothing was segmented, of tests such tests."""

    arm: str
    runs: int
    endpoints: Mapping[str, Spread]
    curve_area: float | None
    steps_to_target: float | None
    reached: int | None
    tmtv: BlandAltman | None
    tmtv_ratio: BlandAltman | None
    nothing_found: int
    tests: int
    cost: ArmCost


def summarize_arm(
    arm: str,
    scores: Sequence[CaseScore],
    curves: Sequence[Curve],
    *,
    hard_cases: frozenset[str],
    target: float | None,
    cost: ArmCost,
) -> ArmSummary:
    """The summary of one arm. scores, curves: of its runs only. target: Dice, for the steps until it.

    Raises:
        Refusal: its runs were not validated at the same steps.
    """
    spreads = {
        name: _spread(on_endpoint(scores, replace(each, scale=_plain(each.scale)), hard_cases), name)
        for name, each in ENDPOINTS.items()
    }
    reference, difference = _volumes(scores)
    with_tumor = [s for s in scores if s.scores.get("reference_ml")]
    require_same_grid(curves)
    long_enough = len(curves) > 0 and len(curves[0].steps) > 1
    times = [steps_to_target(curve, target) for curve in curves] if long_enough and target is not None else None
    return ArmSummary(
        arm=arm,
        runs=len({(score.fold, score.seed) for score in scores}),
        endpoints={name: spread for name, spread in spreads.items() if spread is not None},
        curve_area=float(np.mean([area_under_curve(curve) for curve in curves])) if long_enough else None,
        steps_to_target=None if times is None else restricted_mean_steps(times, int(curves[0].steps[-1])),
        reached=None if times is None else sum(time.reached for time in times),
        tmtv=repeated_limits(difference),
        tmtv_ratio=repeated_ratio_limits(reference, reference + difference),
        nothing_found=sum(found_nothing(score) for score in with_tumor),
        tests=len(with_tumor),
        cost=cost,
    )


def final_dice(curves: Sequence[Curve]) -> float | None:
    """Mean over runs of the last validation; None without curves."""
    ends = [curve.scores[-1] for curve in curves if len(curve.scores)]
    return float(np.mean(ends)) if ends else None


def by_case(scores: Sequence[CaseScore], name: str) -> dict[str, float]:
    """Case -> mean over seeds of a score; cases that lack it in some run are left out."""
    values: dict[str, list[float | None]] = {}
    for score in scores:
        values.setdefault(score.case_id, []).append(score.scores.get(name))
    return {case: float(np.mean(found)) for case, found in sorted(values.items()) if None not in found}


def _plain(scale: str) -> str:
    """Logarithms are for comparing; what an arm reached is told in mL."""
    return "identity" if scale == "log1p" else scale


def _spread(scores: Sequence[CaseScore], name: str) -> Spread | None:
    by_name = by_case(scores, name)
    means = np.array(list(by_name.values()))
    if not len(means):
        return None
    seeds = sorted({score.seed for score in scores})
    complete = [score for score in scores if score.case_id in by_name]
    of_seed = [np.mean([score.scores[name] for score in complete if score.seed == seed]) for seed in seeds]
    q1, median, q3 = np.percentile(means, [25, 50, 75])
    return Spread(
        mean=float(means.mean()),
        sd_cases=float(means.std(ddof=1)) if len(means) > 1 else None,
        sd_seeds=float(np.std(of_seed, ddof=1)) if len(seeds) > 1 else None,
        median=float(median),
        q1=float(q1),
        q3=float(q3),
        cases=len(means),
    )


def _volumes(scores: Sequence[CaseScore]) -> tuple[np.ndarray, np.ndarray]:
    """Reference and predicted minus reference, [case, seed], of the cases that have both in all runs."""
    cases = sorted(set(by_case(scores, VOLUMES[0])) & set(by_case(scores, VOLUMES[1])))
    seeds = sorted({score.seed for score in scores})
    table = {(score.case_id, score.seed): score.scores for score in scores}
    reference, difference = (
        np.array([[table[case, seed][name] for seed in seeds] for case in cases], float).reshape(-1, len(seeds))
        for name in VOLUMES
    )
    return reference, difference
