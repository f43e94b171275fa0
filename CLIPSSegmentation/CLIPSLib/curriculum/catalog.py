"""The curricula by name, and `build_curriculum`, the one way to make any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from CLIPSLib.curriculum.cohort import CohortOptions, make_cohort
from CLIPSLib.curriculum.identity import hash_of_id, identify, sha256
from CLIPSLib.curriculum.names import choose, read_options
from CLIPSLib.curriculum.pacing.base import FullSet
from CLIPSLib.curriculum.pool import PoolCurriculum
from CLIPSLib.curriculum.types import Curriculum, CurriculumCase, Description
from CLIPSLib.errors import UsageError
from CLIPSLib.schema import to_document


@dataclass(frozen=True, kw_only=True)
class Method:
    """A curriculum as `list_curricula` tells it."""

    name: str
    title: str


_METHODS = {"vanilla": Method(name="vanilla", title="no curriculum")}


def list_curricula() -> tuple[Method, ...]:
    """All curricula, vanilla first."""
    return tuple(_METHODS.values())


def build_curriculum(
    name: str,
    cases: Sequence[CurriculumCase],
    *,
    scores: Mapping[str, float] | None = None,
    total_steps: int,
    seed: int,
    **options: Any,
) -> Curriculum:
    """The curriculum `name` for these cases.

    scores: difficulty by case id, higher is harder. total_steps: optimizer steps of the run, counted from 0.

    Raises:
        UsageError: unknown name or option, a value out of range. Refusal: the cases or scores cannot carry it.
    """
    choose(name, _METHODS, "curriculum")
    if total_steps < 1:
        raise UsageError("no-steps", f"A run needs at least one step, not {total_steps}")
    chosen = read_options(CohortOptions, options, name)
    cohort = make_cohort(cases, chosen)
    order = tuple(sorted((c.case_id for c in cohort.ranked), key=lambda case_id: hash_of_id("order", seed, case_id)))
    identity = identify(name, chosen, cases, order, scores, total_steps, seed)
    description = Description(
        name=name,
        options=to_document(chosen),
        order=order,
        fingerprint=sha256(identity),
        total_steps=total_steps,
        seed=seed,
        quarantined=cohort.quarantined,
    )
    return PoolCurriculum(cohort, FullSet(), description, identity, minimum_pool=1, lag=1)
