"""How often each case will be drawn, relative to vanilla, computed before the start.

"Your hardest patients will be drawn 0.55 times as often": what every growing pool costs. Shown by the command, the
panel and the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from CLIPSLib.curriculum.types import Curriculum
from CLIPSLib.errors import UsageError

_MOST_STEPS = 4000  # a longer run is sampled at so many evenly spaced steps: exact to about 0.1 %


@dataclass(frozen=True)
class Exposure:
    """Expected draws of ranked cases over the whole run, divided by those under uniform drawing of the same cases.

    by_case: {case_id: ratio}. hardest_decile, easiest_decile: means over the last and the first tenth of the ranked
    cases by difficulty (by the order of admission where no difficulty is known). mean_pool: mean share of the ranked
    cases that can be drawn.
    """

    by_case: Mapping[str, float]
    hardest_decile: float
    easiest_decile: float
    mean_pool: float

    def sentence(self) -> str:
        """For the screen, before the start."""
        return (
            f"Your hardest patients will be drawn {self.hardest_decile:.2f} times as often as without a curriculum, "
            f"the easiest {self.easiest_decile:.2f} times."
        )


def expected_exposure(curriculum: Curriculum, scores: Mapping[str, float] | None = None) -> Exposure:
    """The exposure of each ranked case under a curriculum whose plan is known beforehand.

    scores: difficulty by case id, to say who is hardest; without them the cases admitted last count as hardest.

    Raises:
        UsageError: the plan depends on losses or performance that only training can tell.
    """
    description = curriculum.description
    if description.adaptive:
        what = f"The exposure under '{description.name}' depends on what training will show"
        raise UsageError("adaptive", what, "", "Read it from the trace of a run.")
    ranked = description.order
    column = {case_id: position for position, case_id in enumerate(ranked)}
    total, pools = np.zeros(len(ranked)), []
    steps = np.unique(np.linspace(0, description.total_steps - 1, _MOST_STEPS).round().astype(int))
    for draw, count in _distinct_draws(curriculum, steps):
        columns = [column.get(case_id, -1) for case_id in draw.ids]
        mine = np.array([place >= 0 for place in columns])
        share = draw.probabilities[mine]
        total[np.array(columns)[mine]] += count * share / share.sum()
        pools += [mine.sum() / len(ranked)] * count
    ratio = total * len(ranked) / len(steps)
    hardest_last = np.argsort([scores[i] for i in ranked], kind="stable") if scores else np.arange(len(ranked))
    tenth = max(1, round(len(ranked) / 10))
    return Exposure(
        {case_id: float(ratio[position]) for case_id, position in column.items()},
        float(ratio[hardest_last[-tenth:]].mean()),
        float(ratio[hardest_last[:tenth]].mean()),
        float(np.mean(pools)),
    )


def _distinct_draws(curriculum: Curriculum, steps: np.ndarray) -> list[tuple]:
    """Draws and for how many of the steps each holds (a plan gives the same object while it stays the same)."""
    runs: list[list] = []
    for step in steps:
        draw = curriculum.plan(int(step))
        if runs and runs[-1][0] is draw:
            runs[-1][1] += 1
        else:
            runs.append([draw, 1])
    return [tuple(run) for run in runs]
