"""How often each case will be drawn, relative to vanilla, and from when on: computed before the start.

"Your hardest patients will be drawn 0.55 times as often": what every growing pool costs. Shown by the command, the
panel and the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from CLIPSLib.curriculum.types import Curriculum, Draw
from CLIPSLib.errors import UsageError

_MOST_STEPS = 4000  # a longer run is looked at in so many evenly spaced steps: exact to about 0.1 %


@dataclass(frozen=True)
class Exposure:
    """What a plan does to each ranked case over the whole run.

    by_case: expected draws, divided by those under uniform drawing of the same cases. available_from: the first step
    at which a case can be drawn; not in the mapping: never. hardest_decile, easiest_decile: means of `by_case` over
    the last and the first tenth by difficulty (by the order of admission where no difficulty is known). pool: (step,
    share of the ranked cases that can be drawn) at each change; mean_pool: its mean over the run. by_difficulty: False
    where no difficulty is known.
    """

    by_case: Mapping[str, float]
    available_from: Mapping[str, int]
    hardest_decile: float
    easiest_decile: float
    pool: tuple[tuple[int, float], ...]
    mean_pool: float
    by_difficulty: bool = True

    def sentence(self) -> str:
        """For the screen, before the start."""
        if not self.by_difficulty:
            return (
                f"The patients admitted last will be drawn {self.hardest_decile:.2f} times as often as without a "
                f"curriculum, the first {self.easiest_decile:.2f} times. Who is hard is not known here."
            )
        return (
            f"Your hardest patients will be drawn {self.hardest_decile:.2f} times as often as without a curriculum, "
            f"the easiest {self.easiest_decile:.2f} times."
        )


def expected_exposure(
    curriculum: Curriculum,
    scores: Mapping[str, float] | None = None,
    *,
    imagined_losses: Mapping[str, float] | None = None,
) -> Exposure:
    """The exposure of each ranked case under a curriculum whose plan is known beforehand.

    scores: difficulty by case id, to say who is hardest; without them the cases admitted last count as hardest.
    imagined_losses: of the ranked cases, the same all the time: what a curriculum that learns from losses is told (it
    is used up by this). A draw then counts as much as its loss weighs.

    Raises:
        UsageError: the plan depends on losses or performance that only training can tell.
    """
    description = curriculum.description
    if description.adaptive and imagined_losses is None:
        what = f"The exposure under '{description.name}' depends on what training will show"
        raise UsageError("adaptive", what, "", "Read it from the trace of a run.")
    ranked = description.order
    column = {case_id: position for position, case_id in enumerate(ranked)}
    drawn, first = np.zeros(len(ranked)), np.full(len(ranked), -1)
    pool: list[tuple[int, float]] = []
    steps, mean_pool = 0, 0.0
    for step, count, draw in _distinct_draws(_draws(curriculum, imagined_losses)):
        columns = np.array([column.get(case_id, -1) for case_id in draw.ids])
        mine = columns >= 0
        columns, shares = columns[mine], (draw.probabilities * draw.loss_weights)[mine]
        drawn[columns] += count * shares / shares.sum()
        first[columns] = np.where(first[columns] < 0, step, first[columns])
        if not pool or pool[-1][1] != len(columns) / len(ranked):
            pool.append((step, len(columns) / len(ranked)))
        steps, mean_pool = steps + count, mean_pool + count * len(columns) / len(ranked)
    ratio = drawn * len(ranked) / steps
    by_difficulty = np.argsort([scores[i] for i in ranked], kind="stable") if scores else np.arange(len(ranked))
    tenth = max(1, round(len(ranked) / 10))
    return Exposure(
        {case_id: float(ratio[position]) for case_id, position in column.items()},
        {case_id: int(first[position]) for case_id, position in column.items() if first[position] >= 0},
        float(ratio[by_difficulty[-tenth:]].mean()),
        float(ratio[by_difficulty[:tenth]].mean()),
        tuple(pool),
        mean_pool / steps,
        bool(scores) or description.by_difficulty,
    )


def _draws(curriculum: Curriculum, imagined_losses: Mapping[str, float] | None) -> Iterator[tuple[int, Draw]]:
    """The steps that are looked at, and their draws."""
    total = curriculum.description.total_steps
    if imagined_losses is None:
        for step in np.unique(np.linspace(0, total - 1, _MOST_STEPS).round().astype(int)).tolist():
            yield step, curriculum.plan(step)
        return
    told = (list(imagined_losses), list(imagined_losses.values()))
    for step in range(total):
        yield step, curriculum.plan(step)
        curriculum.observe(step, *(told if step == 0 else ((), ())))


def _distinct_draws(draws: Iterable[tuple[int, Draw]]) -> Iterator[tuple[int, int, Draw]]:
    """Draws, from which step, and for how many of the steps looked at (a plan gives the same object while it lasts)."""
    begun, count, last = 0, 0, None
    for step, draw in draws:
        if last is not None and draw is not last:
            yield begun, count, last
            begun, count = step, 0
        last, count = draw, count + 1
    yield begun, count, last
