"""Is the comparison fair? What cannot be repaired is refused; what deviates is listed, and the report repeats it.

Called before anything is launched (`clips experiment check`, `run`) and by the report.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from CLIPSLib.curriculum import get_method
from CLIPSLib.curriculum.cohort import CohortOptions
from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.contrasts import RANDOM
from CLIPSLib.experiments.design import VANILLA_METHOD, Design
from CLIPSLib.experiments.endpoints import endpoint
from CLIPSLib.experiments.families import controls_of, families
from CLIPSLib.training import Recipe

ENOUGH_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Something that readers must know to judge the comparison. code: for programs; what: a sentence; values: the
    names and numbers in it, for other languages."""

    code: str
    what: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ScoredOn:
    """What a difficulty table was made with: measurer, and the cases that its maker had learned from. complete: False
    where it may have learned from others too; by_networks: networks made it, whose cost no arm is charged."""

    measurer: str
    trained_with: frozenset[str] = frozenset()
    complete: bool = True
    by_networks: bool = False


def check_fairness(
    design: Design,
    recipe: Recipe,
    folds: Mapping[str, int],
    tables: Mapping[str, ScoredOn],
    *,
    predicted: Collection[str] = (),
) -> tuple[Deviation, ...]:
    """The deviations of a design that may run.

    folds: case id -> fold. tables: path in the design -> what the table was made with. predicted: cases whose mask
    nobody reviewed.

    Raises:
        Refusal: not one vanilla arm, two equal controls, or nothing but controls; arms of different length or with
            other cases; early stopping; not all cases tested, or against a predicted mask; a difficulty table made by a
            network that learned from cases that are tested, or a pacing that follows their Dice; a method that needs an
            order and has none.
        UsageError: an unknown method or endpoint.
    """
    _require_measured(design, recipe)
    _require_vanilla(design)
    _require_same_length(design)
    _require_same_cases(design)
    _require_orders(design)
    _require_whole_runs(recipe)
    _require_references(predicted)
    _require_no_leak(design, folds, tables)
    _require_blind_pacing(design)
    _require_curriculum(design)
    _require_one_of_each(design)
    return (*_of_size(design), *_of_arms(design), *_of_tables(design, tables), *_of_controls(design))


def is_exploratory(design: Design) -> bool:
    """Too few runs for a test: fewer than three seeds, or not all folds."""
    return len(design.seeds) < ENOUGH_SEEDS or len(design.run_folds) < design.folds


def _require_measured(design: Design, recipe: Recipe) -> None:
    """An endpoint that the runs will not have is told before the hours are spent."""
    every = recipe.validation.every
    if endpoint(design.primary).metric == "dice_area" and not 0 < 2 * every <= design.steps:
        raise Refusal(
            "no-curve",
            f"'{design.primary}' needs two validations in a run of {design.steps} steps, and the recipe validates "
            + (f"every {every}" if every else "only at the end"),
            "recipe, validation.every",
            f"Set validation.every to {design.steps // 2} or less.",
        )


def _require_vanilla(design: Design) -> None:
    as_long = [arm for arm in design.arms if arm.curriculum == VANILLA_METHOD and design.steps_of(arm) == design.steps]
    if not as_long:
        raise Refusal(
            "no-vanilla",
            "No arm draws all cases alike for as many steps, so that nothing could be said of the others",
            "arms",
            "Add an arm with curriculum = 'vanilla'.",
        )
    if len(as_long) > 1:
        raise Refusal(
            "two-vanillas",
            f"'{as_long[0].name}' and '{as_long[1].name}' both draw all cases alike; the others are compared with one",
            "arms",
            "Keep one; a second may only train longer (steps).",
        )


def _require_same_length(design: Design) -> None:
    for arm in design.arms:
        if arm.curriculum != VANILLA_METHOD and design.steps_of(arm) != design.steps:
            raise Refusal(
                "other-steps",
                f"The arm runs {arm.steps} steps and the others {design.steps}: who trains longer wins, in any order",
                f"arm '{arm.name}', steps",
                "Take 'steps' out of the arm; to pay for scores in steps, give a second vanilla arm more of them.",
            )


def _require_same_cases(design: Design) -> None:
    """Who may be drawn at all, and how many at a time, is no matter of order."""
    left_out = {each.name: each.default for each in fields(CohortOptions)} | {"batch_size": None}
    for name, default in left_out.items():
        settings = {arm.name: json.dumps(arm.options.get(name, default)) for arm in design.arms}
        odd = [arm for arm, value in settings.items() if value != settings[design.vanilla.name]]
        if odd:
            raise Refusal(
                "other-cases",
                f"The setting '{name}' differs between '{odd[0]}' and '{design.vanilla.name}': with other cases to "
                "draw from, no difference is one of order",
                f"arm '{odd[0]}', options",
                "Give all arms the same, or leave such cases out when they are frozen.",
            )


def _require_curriculum(design: Design) -> None:
    if not families(design):
        raise Refusal(
            "only-controls",
            "All arms are controls (vanilla, random order, yoked, anti), so that no curriculum is judged",
            "arms",
            "Add the curriculum that is in question, such as 'bootstrapping'.",
        )


def _require_one_of_each(design: Design) -> None:
    """Of two controls for the same claim, one could be chosen afterwards."""
    for family in families(design):
        for names in controls_of(design.arm(family.arm), design).values():
            if len(names) > 1:
                raise Refusal(
                    "two-controls",
                    f"'{names[0]}' and '{names[1]}' are controls of one kind for '{family.arm}', which is compared "
                    "with one",
                    "arms",
                    "Keep one of them; more runs of a control are more seeds.",
                )


def _require_orders(design: Design) -> None:
    for arm in design.arms:
        if get_method(arm.curriculum).needs_scores and arm.difficulty == "none":
            raise Refusal(
                "no-order",
                f"The method '{arm.curriculum}' orders cases by difficulty, and the arm has none",
                f"arm '{arm.name}'",
                "Set difficulty = 'cross-review', or 'table' with the file.",
            )


def _require_whole_runs(recipe: Recipe) -> None:
    if recipe.validation.patience:
        raise Refusal(
            "early-stopping",
            "Early stopping ends arms at different steps, and a growing pool looks like a plateau",
            "recipe, validation.patience",
            "Set validation.patience = 0 for comparisons.",
        )
    if recipe.validation.cases:
        raise Refusal(
            "some-cases-tested",
            f"The recipe validates {recipe.validation.cases} cases only, and all cases of a fold are to be tested",
            "recipe, validation.cases",
            "Set validation.cases = 0.",
        )


def _require_references(predicted: Collection[str]) -> None:
    if predicted:
        raise Refusal(
            "predicted-masks",
            f"{len(predicted)} cases have masks that were predicted and never reviewed (the first: {min(predicted)}), "
            "and every case is tested",
            "cases",
            "Review them, or freeze the cases without predicted masks.",
        )


def _require_no_leak(design: Design, folds: Mapping[str, int], tables: Mapping[str, ScoredOn]) -> None:
    tested = {case for case, fold in folds.items() if fold in design.run_folds}
    for arm in design.arms:
        leaked = sorted(tested & tables[arm.table].trained_with) if arm.table else []
        if leaked:
            raise Refusal(
                "leak",
                f"The table was made by a model that learned from {len(leaked)} cases that this experiment tests "
                f"(the first: {leaked[0]})",
                f"arm '{arm.name}', {arm.table}",
                "Use difficulty = 'cross-review', which scores inside each training fold, or another teacher.",
            )


def _require_blind_pacing(design: Design) -> None:
    """In an experiment the cases that validate are those that are tested."""
    for arm in design.arms:
        if arm.options.get("pacing") == "performance-gated":
            raise Refusal(
                "pacing-sees-tests",
                "The pacing function 'performance-gated' follows the Dice of the cases that are tested",
                f"arm '{arm.name}', options",
                "Choose a pacing function of the step, such as 'root-p'.",
            )


def _of_size(design: Design) -> tuple[Deviation, ...]:
    found = []
    if len(design.seeds) < ENOUGH_SEEDS:
        what = f"{len(design.seeds)} seed(s) per arm; at least {ENOUGH_SEEDS} tell an effect from the luck of the runs."
        found.append(Deviation(code="few-seeds", what=what, values={"seeds": len(design.seeds)}))
    if len(design.run_folds) < design.folds:
        what = f"Only {len(design.run_folds)} of {design.folds} folds are run: not every case is tested."
        values = {"run": len(design.run_folds), "folds": design.folds}
        found.append(Deviation(code="some-folds", what=what, values=values))
    if design.checkpoint == "best":
        what = (
            "The tested checkpoint is the best one on the tested cases themselves: scores are too good, and arms that "
            "fluctuate more gain most."
        )
        found.append(Deviation(code="best-checkpoint", what=what))
    return tuple(found)


def _of_arms(design: Design) -> tuple[Deviation, ...]:
    found = []
    for arm in design.arms:
        if arm.learning_rate is not None:
            what = f"Arm '{arm.name}' has a learning rate of its own ({arm.learning_rate:g}): tuned for one arm only."
            values = {"arm": arm.name, "rate": arm.learning_rate}
            found.append(Deviation(code="other-rate", what=what, values=values))
    return tuple(found)


def _of_tables(design: Design, tables: Mapping[str, ScoredOn]) -> tuple[Deviation, ...]:
    found = []
    for name in sorted({arm.table for arm in design.arms if arm.table}):
        table = tables.get(name)
        if table is not None and not table.complete:
            what = (
                f"Nobody knows all cases that the networks behind {name} ({table.measurer}) learned from: "
                "tested ones may be among them."
            )
            found.append(
                Deviation(code="teacher-may-know", what=what, values={"table": name, "measurer": table.measurer})
            )
        if table is not None and table.by_networks:
            what = f"The cost does not contain what {name} ({table.measurer}) took, which was made before."
            found.append(Deviation(code="table-cost", what=what, values={"table": name, "measurer": table.measurer}))
    return tuple(found)


def _of_controls(design: Design) -> tuple[Deviation, ...]:
    """A claim without its control."""
    return tuple(
        Deviation(
            code="no-random-control",
            what=f"Arm '{family.arm}' has no control with the same pacing in random order: "
            "should it do better, the order cannot be told from the growing pool.",
            values={"arm": family.arm},
        )
        for family in families(design)
        if RANDOM not in family.controls
    )
