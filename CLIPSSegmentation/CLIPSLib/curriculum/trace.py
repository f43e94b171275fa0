"""What was really drawn: the proof that the curriculum was applied, and that the random control was not one.

Filled by the trainer at every step, written with the run, read by reports and by the yoked control.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from CLIPSLib.curriculum.ordering import difficulty_ranks
from CLIPSLib.curriculum.types import CurriculumCase, Description, Draw
from CLIPSLib.errors import Refusal, UsageError


@dataclass(frozen=True, kw_only=True)
class TraceRow:
    """The draws of one window of steps [first_step, last_step].

    pool_size: ranked cases that could be drawn at the last step. entropy: of Q_t in nats, mean over the steps; Q_t is
    the probability of a case times the weight of its loss, and exp(entropy) the effective number of cases.
    mean_difficulty: mean rank in (0, 1] of the ranked cases drawn, 1 the hardest; None without scores, or when only
    lesion-free cases were drawn. lesion_free: draws of cases that are not ranked. strata: draws by stratum.
    """

    first_step: int
    last_step: int
    draws: int
    pool_size: int
    entropy: float
    mean_difficulty: float | None
    lesion_free: int
    strata: Mapping[str, int]


class DrawTrace:
    """Counts draws by case and by window; its size does not grow with the number of steps, but for the windows."""

    def __init__(
        self,
        description: Description,
        cases: Sequence[CurriculumCase],
        *,
        scores: Mapping[str, float] | None = None,
        steps_per_row: int,
    ) -> None:
        """description: of the curriculum that is traced. scores: difficulty by case id, of all arms the same table."""
        ranked = description.order
        self.description = description
        self._steps_per_row = steps_per_row
        self._stratum = {case.case_id: case.stratum for case in cases}
        self._ranked = frozenset(ranked)
        scored = [case_id for case_id in ranked if scores is not None and scores.get(case_id) is not None]
        self._rank = difficulty_ranks(scored, scores, description.seed) if scored else {}
        self._draws: Counter[str] = Counter()
        self._pool_sizes: list[tuple[int, int]] = []
        self._rows: list[TraceRow] = []
        self._open: list[tuple[int, float, tuple[str, ...]]] = []  # step, entropy, ids of the window in progress
        self._known: tuple[Draw, float, int] | None = None  # the last draw with its entropy and pool size

    def record(self, step: int, draw: Draw, ids: Sequence[str]) -> None:
        """Note that `ids` were drawn from `draw` at `step`. Raises UsageError: not the step after the last one."""
        if self._last_step is not None and step != self._last_step + 1:
            raise UsageError("step-skipped", f"Step {step} was recorded after step {self._last_step}")
        entropy, pool = self._facts(draw)
        if not self._pool_sizes or self._pool_sizes[-1][1] != pool:
            self._pool_sizes.append((step, pool))
        self._draws.update(ids)
        self._open.append((step, entropy, tuple(ids)))
        if (step + 1) % self._steps_per_row == 0:
            self._close()

    @property
    def rows(self) -> tuple[TraceRow, ...]:
        """Closed windows and, last, the one in progress."""
        return (*self._rows, *([self._summary()] if self._open else []))

    @property
    def pool_sizes(self) -> tuple[tuple[int, int], ...]:
        """(from step, ranked cases in the pool): what `yoked-random` takes as its option `pool_sizes`."""
        return tuple(self._pool_sizes)

    @property
    def draws_by_case(self) -> Mapping[str, int]:
        """How often each case was drawn in all; 0 for those that never were."""
        return {case_id: self._draws[case_id] for case_id in self._stratum}

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint, ready for JSON."""
        return {
            "fingerprint": self.description.fingerprint,
            "draws": dict(self._draws),
            "pool_sizes": [list(entry) for entry in self._pool_sizes],
            "rows": [asdict(row) for row in self._rows],
            "open": [[step, entropy, list(ids)] for step, entropy, ids in self._open],
        }

    def load_state_dict(self, state: Mapping[str, Any], *, override: bool = False) -> None:
        """Go on from a state. With `override` it may be another plan's: of the window in progress, draws of cases that
        this one does not have are left out.

        Raises:
            Refusal: it belongs to another plan, or is damaged.
        """
        if state.get("fingerprint") != self.description.fingerprint and not override:
            raise Refusal("another-trace", "The trace was written under another curriculum", "", "Start a new trace.")
        try:
            draws, rows = Counter(state["draws"]), [TraceRow(**row) for row in state["rows"]]
            sizes = [(int(step), int(size)) for step, size in state["pool_sizes"]]
            window = [
                (int(step), float(entropy), tuple(case_id for case_id in ids if case_id in self._stratum))
                for step, entropy, ids in state["open"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise Refusal("damaged-state", f"The trace cannot be read: {error!r}") from error
        self._draws, self._rows, self._pool_sizes, self._open = draws, rows, sizes, window

    @property
    def _last_step(self) -> int | None:
        if self._open:
            return self._open[-1][0]
        return self._rows[-1].last_step if self._rows else None

    def _facts(self, draw: Draw) -> tuple[float, int]:
        """Entropy and pool size, computed once for as long as the plan gives the same object."""
        if self._known is None or self._known[0] is not draw:
            weighted = draw.probabilities * draw.loss_weights
            weighted = weighted[weighted > 0.0] / weighted.sum()
            entropy = float(-(weighted * np.log(weighted)).sum())
            self._known = (draw, entropy, sum(case_id in self._ranked for case_id in draw.ids))
        return self._known[1:]

    def _close(self) -> None:
        self._rows.append(self._summary())
        self._open = []

    def _summary(self) -> TraceRow:
        drawn = [case_id for _, _, ids in self._open for case_id in ids]
        ranks = [self._rank[case_id] for case_id in drawn if case_id in self._rank]
        return TraceRow(
            first_step=self._open[0][0],
            last_step=self._open[-1][0],
            draws=len(drawn),
            pool_size=self._pool_sizes[-1][1],
            entropy=float(np.mean([entropy for _, entropy, _ in self._open])),
            mean_difficulty=float(np.mean(ranks)) if ranks else None,
            lesion_free=sum(case_id not in self._ranked for case_id in drawn),
            strata=dict(sorted(Counter(self._stratum[case_id] for case_id in drawn).items())),
        )
