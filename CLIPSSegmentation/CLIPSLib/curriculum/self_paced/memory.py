"""The loss of each case as it is remembered: an exponential mean, acting after a fixed lag. Part of the checkpoint.

A plan of step s knows exactly the losses of the steps up to s - lag, whether it is asked in time or ahead, by one
worker or by twenty: that is what makes self-paced training repeatable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.errors import Failure, Refusal, UsageError


class LossMemory:
    """m_i <- beta m_i + (1 - beta) l_i for the cases of a step; the first loss of a case is taken as it is."""

    def __init__(self, ids: Sequence[str], *, ignored: Sequence[str] = (), momentum: float, lag: int) -> None:
        """ids: cases to remember, in the order of the arrays. ignored: cases that may be told of, and do not count."""
        self._column = {case_id: column for column, case_id in enumerate(ids)}
        self._ignored = frozenset(ignored)
        self._momentum = momentum
        self._lag = lag
        self._settled = np.full(len(ids), np.nan)
        self._pending: list[tuple[int, list[str], list[float]]] = []  # cases and losses by step, oldest first
        self._last_step = -1
        self._settled_through = -1  # the means know all losses up to this step

    def observe(self, step: int, ids: Sequence[str], losses: Sequence[float], *, needed_from: int) -> None:
        """Remember the losses of a step. needed_from: no plan before this step will be asked any more.

        Raises:
            UsageError: an unknown case, a step before the last one. Failure: a loss that is not a number >= 0.
        """
        if step < self._last_step:
            raise UsageError("loss-late", f"The losses of step {step} came after those of step {self._last_step}")
        if len(ids) != len(losses):
            raise UsageError("loss-count", f"{len(ids)} cases and {len(losses)} losses were observed", f"step {step}")
        entries = [(i, _checked(i, loss, step)) for i, loss in zip(ids, losses, strict=True) if self._remembers(i)]
        if entries:
            self._pending.append((step, [i for i, _ in entries], [loss for _, loss in entries]))
        self._last_step = step
        self._settle(needed_from - self._lag)

    def losses_at(self, step: int) -> np.ndarray:
        """The mean losses, float64 [cases], NaN for a case never seen, that a plan of `step` knows.

        Raises:
            UsageError: losses up to step - lag have not been observed, or the step is past: later losses are already
                in the means.
        """
        if max(-1, step - self._lag) < self._settled_through:
            what = f"The plan of step {step} is asked for after the losses of step {self._last_step} were observed"
            raise UsageError("plan-past", what, "", "Plan a step before its losses are observed, and keep the draw.")
        if step - self._lag > self._last_step:
            raise UsageError(
                "losses-missing",
                f"The plan of step {step} needs the losses up to step {step - self._lag}; "
                f"the last observed are those of step {self._last_step}",
                "",
                "Call observe after each step, or raise 'lag'.",
            )
        means = self._settled.copy()
        for seen, ids, losses in self._pending:
            if seen <= step - self._lag:
                self._apply(means, ids, losses)
        return means

    def state_dict(self) -> dict[str, Any]:
        return {
            "losses": {i: float(self._settled[c]) for i, c in self._column.items() if not np.isnan(self._settled[c])},
            "pending": [[step, list(ids), list(losses)] for step, ids, losses in self._pending],
            "last_step": self._last_step,
            "settled_through": self._settled_through,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; cases that are no more in the list are left out. Raises Refusal: it is damaged."""
        try:
            settled = np.full(len(self._column), np.nan)
            for case_id, loss in state["losses"].items():
                if case_id in self._column:
                    settled[self._column[case_id]] = float(loss)
            pending = [self._known(int(step), ids, losses) for step, ids, losses in state["pending"]]
            last_step, settled_through = int(state["last_step"]), int(state["settled_through"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refusal("damaged-state", f"The remembered losses cannot be read: {error!r}") from error
        self._settled, self._pending = settled, pending
        self._last_step, self._settled_through = last_step, settled_through

    def _settle(self, through: int) -> None:
        """Work what every future plan knows into the means."""
        self._settled_through = max(self._settled_through, through)
        while self._pending and self._pending[0][0] <= through:
            _, ids, losses = self._pending.pop(0)
            self._apply(self._settled, ids, losses)

    def _apply(self, means: np.ndarray, ids: Sequence[str], losses: Sequence[float]) -> None:
        for case_id, loss in zip(ids, losses, strict=True):
            column = self._column[case_id]
            before = means[column]
            means[column] = loss if np.isnan(before) else self._momentum * before + (1.0 - self._momentum) * loss

    def _remembers(self, case_id: str) -> bool:
        if case_id not in self._column and case_id not in self._ignored:
            raise UsageError("unknown-case", f"A loss was observed for '{case_id}', which this curriculum never draws")
        return case_id in self._column

    def _known(self, step: int, ids: Sequence[str], losses: Sequence[float]) -> tuple[int, list[str], list[float]]:
        """A pending entry of a state, without the cases that are no more in the list."""
        kept = [(i, float(loss)) for i, loss in zip(ids, losses, strict=True) if i in self._column]
        return step, [i for i, _ in kept], [loss for _, loss in kept]


def _checked(case_id: str, loss: float, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value) or value < 0.0:
        what = f"The loss of case '{case_id}' at step {step} is {value:g}"
        remedy = "Self-paced learning needs losses that are numbers and not negative (1 - Dice instead of -Dice)."
        raise Failure("loss-not-usable", what, "", remedy)
    return value
