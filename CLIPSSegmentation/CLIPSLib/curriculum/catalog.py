"""`build_curriculum`, the one way to make a curriculum, and `list_curricula`. Called by trainer, hook and command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.curriculum.cohort import check_known, make_cohort
from CLIPSLib.curriculum.identity import identify, sha256
from CLIPSLib.curriculum.methods import METHODS, Method
from CLIPSLib.curriculum.names import choose
from CLIPSLib.curriculum.options import OversamplingOptions, PoolOptions, SelfPacedOptions, as_document, read_parts
from CLIPSLib.curriculum.ordering import CURRICULUM, USING_SCORES, order_cases
from CLIPSLib.curriculum.pacing import PACINGS, FullSet, Progress
from CLIPSLib.curriculum.pacing.gated import PerformanceGated
from CLIPSLib.curriculum.pacing.replayed import Replayed
from CLIPSLib.curriculum.planner import Plan
from CLIPSLib.curriculum.pool import PoolCurriculum
from CLIPSLib.curriculum.self_paced import REGULARIZERS, SelfPacedCurriculum
from CLIPSLib.curriculum.types import Curriculum, CurriculumCase, Description
from CLIPSLib.errors import Caution, UsageError

_NOT_SELF_PACED = ("none", "one-pass", "performance-gated", "replayed")  # do not say how an age grows


def list_curricula() -> tuple[Method, ...]:
    """All curricula, vanilla first, the presets before the plain methods."""
    return tuple(METHODS.values())


def get_method(name: str) -> Method:
    """What is told of a curriculum. Raises UsageError: there is none of this name."""
    return choose(name, METHODS, "curriculum")


def build_curriculum(
    name: str,
    cases: Sequence[CurriculumCase],
    *,
    scores: Mapping[str, float] | None = None,
    total_steps: int,
    seed: int,
    **options: Any,
) -> Curriculum:
    """The curriculum `name` for these cases; the order of the list does not matter.

    scores: difficulty by case id, higher is harder; entries of other cases are not used. total_steps: optimizer steps
    of the run, counted from 0. options: those of the method, of its pacing function (`pacing="root-p"`, `power=3`)
    and of its regularizer, beside each other; `clips curriculum explain NAME` lists them.

    Raises:
        UsageError: unknown name or option, a value out of range, scores that are needed and missing.
        Refusal: a case without a score, or no case left to rank.
    """
    method = get_method(name)
    if total_steps < 1:
        raise UsageError("no-steps", f"A run needs at least one step, not {total_steps}", name)
    choices, parts = read_settings(method, options)
    settings = parts["options"]
    cohort = make_cohort(cases, settings)
    ordering = CURRICULUM if settings.needs_scores else method.ordering
    interleave = isinstance(settings, PoolOptions) and settings.interleave
    order = order_cases(cohort.ranked, scores, ordering, seed, interleave=interleave)
    told = {**choices, **as_document(parts)}
    used = scores if ordering in USING_SCORES else None
    identity = identify(name, told, cases, order, used, total_steps, seed)
    last = Progress(total_steps - 1, settings.spread_over or total_steps, len(order))
    description = Description(
        name=name,
        options=told,
        order=order,
        fingerprint=sha256(identity),
        total_steps=total_steps,
        seed=seed,
        quarantined=cohort.quarantined,
        conditions=method.conditions,
        adaptive=method.needs_losses or isinstance(parts["pacing"], PerformanceGated),
        by_difficulty=ordering == CURRICULUM,
        cautions=tuple(_cautions(name, parts, order, used, last)),
    )
    return _made(Plan(cohort, parts["pacing"], settings, description, identity), parts)


def read_settings(method: Method, given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The choices (pacing function, regularizer) by name, and the parts made from the options.

    Raises:
        UsageError: an unknown name or option, or a value out of range.
    """
    rest = {**method.defaults, **given}
    self_paced = issubclass(method.options, SelfPacedOptions)
    choices: dict[str, str] = {}
    pacing = method.pacing
    if not method.pacing_fixed:
        offered = {name: kind for name, kind in PACINGS.items() if not (self_paced and name in _NOT_SELF_PACED)}
        pacing = choices["pacing"] = rest.pop("pacing", pacing)
        choose(pacing, offered, "pacing function")
    kinds = {"options": method.options, "pacing": PACINGS[pacing]}
    if self_paced:
        choices["regularizer"] = rest.pop("regularizer")
        kinds["regularizer"] = choose(choices["regularizer"], REGULARIZERS, "regularizer")
    parts = read_parts(kinds, rest, method.name, choices=choices)
    if self_paced and parts["options"].diversity and choices["regularizer"] != "hard":
        what = f"Option 'diversity' needs the regularizer 'hard', not '{choices['regularizer']}'"
        raise UsageError("diversity-not-hard", what, method.name)
    return choices, parts


def _made(plan: Plan, parts: Mapping[str, Any]) -> Curriculum:
    settings, order = plan.options, plan.description.order
    if isinstance(settings, SelfPacedOptions):
        check_known(settings.must_include, order, "must_include")
        return SelfPacedCurriculum(plan, parts["regularizer"], scored=settings.needs_scores)
    shares = np.ones(len(order))
    if isinstance(settings, OversamplingOptions):
        shares = (np.arange(1, len(order) + 1) / len(order)) ** settings.hardness_power
    return PoolCurriculum(plan, shares)


def _cautions(
    name: str, parts: Mapping[str, Any], order: Sequence[str], scores: Mapping[str, float] | None, last: Progress
) -> Iterator[Caution]:
    """scores: those that the order was made from, if any."""
    if scores is not None and len(order) > 1 and len({scores[case_id] for case_id in order}) == 1:
        yield Caution("scores-equal", f"All {len(order)} cases have the same score: the order is a random one", name)
    _, share = parts["pacing"].window(last)
    smallest = parts["options"].smallest_pool(len(order))
    if smallest == len(order) and not isinstance(parts["pacing"], FullSet | Replayed):
        what = f"The smallest pool holds all {len(order)} cases: everything is drawn from the first step on"
        yield Caution("pool-always-full", f"{what} ('minimum_pool' decides)", name)
    if share < 1.0:
        what = f"The pool ends at {share:.0%} of the cases: the last ones are never drawn"
        yield Caution("full-set-not-reached", what, name)
