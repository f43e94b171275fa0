"""What a curriculum is given, what it answers, and the interface that every curriculum has.

Read by the trainer, by the adapter for other people's loops and by every file of this room. No numpy at file scope:
panels import these types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from CLIPSLib.errors import Caution


@dataclass(frozen=True, kw_only=True)
class CurriculumCase:
    """One training case (a patient's study), as a curriculum sees it.

    stratum: center, tracer or scanner: what the order is interleaved by, so that difficulty does not become "center
    B last". empty: no lesion in the reference mask; such cases have no difficulty on the axis of the others.
    volume_ml: total tumor volume of the reference mask; only the ordering by size needs it.
    """

    case_id: str
    stratum: str = ""
    empty: bool = False
    volume_ml: float | None = None


@dataclass(frozen=True, eq=False)
class Draw:
    """The distribution from which the batch of one step is drawn: the answer to "what now?".

    ids: the cases that may be drawn. probabilities: float64 [len(ids)], sum 1. loss_weights: float64 [len(ids)],
    multiply the loss of a sample of that case. foreground_ratio: share of patches to center on a lesion, None leaves
    it to the trainer.
    """

    ids: tuple[str, ...]
    probabilities: np.ndarray
    loss_weights: np.ndarray
    foreground_ratio: float | None = None

    def loss_weights_of(self, ids: Sequence[str]) -> np.ndarray:
        """The loss weights of drawn cases, float64 [len(ids)], in their order. Raises ValueError for a foreign case."""
        return self.loss_weights[[self.ids.index(case_id) for case_id in ids]]  # a batch is small: no index is made


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a curriculum is about to do, for the log and the screen, before the first step.

    options: all of them, defaults too. order: the ranked cases, first admitted first (empty where nothing is ranked).
    fingerprint: SHA-256 over name, options, cases, order and seed; the same number means the same plan.
    quarantined: cases that are never drawn. conditions: which of the three conditions of Bengio's definition hold
    (entropy grows, weights never fall, ends at the full set), in words. by_difficulty: easiest first, by scores.
    """

    name: str
    options: Mapping[str, Any]
    order: tuple[str, ...]
    fingerprint: str
    total_steps: int
    seed: int
    quarantined: tuple[str, ...] = ()
    conditions: str = ""
    adaptive: bool = False
    by_difficulty: bool = False
    cautions: tuple[Caution, ...] = field(default=())


@runtime_checkable
class Curriculum(Protocol):
    """What to draw at a step: a pure function of (state, step, seed).

    Steps are global optimizer steps, counted from 0. `plan` never changes the state: it may be asked ahead (by
    workers that prefetch fewer than `lag` steps) and asked again. What `observe` and `observe_performance` are told at
    step s acts on plans from step s + `lag` on, however many workers there are.
    """

    lag: int

    @property
    def description(self) -> Description: ...

    def plan(self, step: int) -> Draw:
        """The distribution of step `step`.

        Raises:
            UsageError: a step outside [0, total_steps), or losses that it depends on have not been observed.
        """
        ...

    def observe(self, step: int, ids: Sequence[str], losses: Sequence[float]) -> None:
        """The losses (per case, as trained) of step `step`, in the order of steps. Ignored where losses do not act."""
        ...

    def observe_performance(self, step: int, performance: float) -> None:
        """A validation metric in [0, 1], higher is better, of the network after `step`; ignored if it does not act."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on exactly as if nothing had happened, ready for JSON."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], *, override: bool = False) -> None:
        """Go on from a state.

        override: accept a state of another order, option or table of scores.

        Raises:
            Refusal: the state belongs to another plan (its differences are named), or is damaged.
        """
        ...
