"""The cases that a curriculum works on: which are ranked, which are lesion-free, which are in quarantine.

Called when a curriculum is built. All arms of an experiment get the same cohort: quarantine and the share of
lesion-free cases are no part of the order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from CLIPSLib.curriculum.names import suggestion
from CLIPSLib.curriculum.types import CurriculumCase, Draw
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.schema import Range


@dataclass(frozen=True, kw_only=True)
class CohortOptions:
    """How cases that do not fit on the axis of difficulty are treated; options of every curriculum."""

    quarantine: Annotated[tuple[str, ...], "case ids that are never drawn (broken SUV, wrong registration, ...)"] = ()
    lesion_free: Annotated[
        Literal["constant", "ranked"], "draw lesion-free cases at a constant share, or rank them like the others"
    ] = "constant"
    lesion_free_share: Annotated[float, Range(0.0, 0.95), "that constant share; none: as in the data"] | None = None


@dataclass(frozen=True)
class Cohort:
    """ranked: cases on the axis of difficulty. lesion_free: drawn with probability `lesion_free_share` in all."""

    ranked: tuple[CurriculumCase, ...]
    lesion_free: tuple[str, ...]
    lesion_free_share: float
    quarantined: tuple[str, ...]

    def draw(
        self, ids: Sequence[str], shares: np.ndarray, loss_weights: np.ndarray, foreground_ratio: float | None = None
    ) -> Draw:
        """A draw from ranked cases `ids` in the proportions `shares` (any positive sum), and the lesion-free ones."""
        probabilities = shares * ((1.0 - self.lesion_free_share) / shares.sum())
        if not self.lesion_free:
            return Draw(tuple(ids), probabilities, loss_weights, foreground_ratio)
        count = len(self.lesion_free)
        return Draw(
            (*ids, *self.lesion_free),
            np.concatenate([probabilities, np.full(count, self.lesion_free_share / count)]),
            np.concatenate([loss_weights, np.ones(count)]),
            foreground_ratio,
        )


def make_cohort(cases: Sequence[CurriculumCase], options: CohortOptions) -> Cohort:
    """Sort cases into ranked, lesion-free and quarantined; independent of the order of the list.

    Raises:
        UsageError: a case twice, or a name in the quarantine that is no case. Refusal: no ranked case is left.
    """
    by_id = {case.case_id: case for case in cases}
    if len(by_id) != len(cases):
        twice = next(case.case_id for case in cases if sum(other.case_id == case.case_id for other in cases) > 1)
        raise UsageError("case-twice", f"Case '{twice}' is in the list more than once")
    check_known(options.quarantine, by_id, "quarantine")
    drawn = [by_id[case_id] for case_id in sorted(set(by_id) - set(options.quarantine))]
    aside = tuple(case.case_id for case in drawn if case.empty and options.lesion_free == "constant")
    ranked = tuple(case for case in drawn if case.case_id not in set(aside))
    if not ranked:
        what = f"No case is left to rank: of {len(cases)}, {len(aside)} are lesion-free"
        raise Refusal("no-cases", f"{what} and {len(set(options.quarantine))} in quarantine")
    share = len(aside) / len(drawn) if options.lesion_free_share is None else options.lesion_free_share
    return Cohort(ranked, aside, share if aside else 0.0, tuple(sorted(set(options.quarantine))))


def without_held_back(options: Mapping[str, Any], held_back: Collection[str]) -> dict[str, Any]:
    """Options whose lists of cases leave out those that judge: one list of a cohort serves all folds of a split.

    A name that is in neither part stays, and is refused when the curriculum is built.
    """
    lists = {name: options[name] for name in ("quarantine", "must_include") if name in options}
    return {**options, **{name: [case for case in ids if case not in held_back] for name, ids in lists.items()}}


def check_known(ids: Sequence[str], known: Sequence[str], option: str) -> None:
    """Raise UsageError when an option names a case that is not in the list."""
    strangers = sorted(set(ids) - set(known))
    if strangers:
        named = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        remedy = suggestion(strangers[0], known) if len(known) < 20 else "Ids are compared as texts, zeros count."
        raise UsageError("unknown-case", f"Option '{option}' names cases that are not in the list: {named}", "", remedy)
