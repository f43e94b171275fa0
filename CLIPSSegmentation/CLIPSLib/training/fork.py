"""A new run that goes on from a checkpoint of another one, with changes that would not be honest within one run.

Called by `tasks.runs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Refusal
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.schema import to_document
from CLIPSLib.training.case_list import hash_all
from CLIPSLib.training.checkpoints import Checkpoints
from CLIPSLib.training.overrides import (
    changes_of,
    check_fork,
    lasting_sha256,
    pacing_values,
    require_rate,
    with_values,
)
from CLIPSLib.training.progress import RunState, state_of
from CLIPSLib.training.rate import Policy
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.run_folder import RunFolder, RunIdentity
from CLIPSLib.training.types import TRAIN, VALIDATE, CaseList


def fork_run(
    source: str | Path,
    target: str | Path,
    values: Mapping[str, Any],
    *,
    cases: CaseList | None = None,
    step: int | None = None,
    rate: Policy | None = None,
    reporter: Reporter = SILENT,
) -> RunIdentity:
    """Make a run in `target` that goes on from the newest checkpoint of `source` (or the newest up to `step`).

    values: changed fields of the recipe by dotted name. cases: others than those of the source. rate: what becomes of
    the learning rate and of the pacing where the number of steps changes. Forgotten are the best step and what
    validations told so far (other cases or rules may judge from now on), the moments of another optimizer, and the
    memory of another curriculum.

    Raises:
        Refusal: no checkpoint, a change that does not fit the weights, no step left, a case to validate with that was
            trained with, or `target` holds a run. Failure: a file of `cases` cannot be read.
        UsageError: no such field; another number of steps without `rate`, where the rate falls with the steps.
    """
    old = RunFolder(source)
    saved = Checkpoints(old.checkpoints).newest(reporter, up_to=step)
    if saved is None:
        up_to = "" if step is None else f" up to step {step}"
        what = f"The run has no checkpoint{up_to} to fork from"
        raise Refusal("no-checkpoint", what, str(old.path), "Let it train first, or name a later step.")
    before, known = old.recipe(), old.cases()
    recipe = with_values(before, values)
    require_rate(recipe, values, rate)
    recipe = with_values(recipe, pacing_values(before, values, rate or "rescale"))
    changes = changes_of(before, recipe)
    check_fork(changes)
    _require_steps(recipe, changes, saved.step)
    if cases is not None:
        cases = hash_all(cases, reporter)  # by its files the fork knows its cases when it begins
        _require_unknown(cases, known)
    new = RunFolder(target)
    same = cases is None and old.identity().parent.get("same_cases", True)  # what it learned from is in its own list
    parent = {"run_id": old.identity().run_id, "step": saved.step, "same_cases": same}
    start = {} if "network.start" in changes else old.identity().start
    identity = new.create(recipe, cases or known, parent=parent, changes=changes, start=start)
    state = _state_of_fork(state_of(saved.state), before, recipe, rate)
    state = replace(state, cases_sha256=new.cases_sha256())
    other_optimizer = recipe.optimizer.name != before.optimizer.name
    tensors = {**saved.tensors, "optimizer": None} if other_optimizer else saved.tensors
    Checkpoints(new.checkpoints).save(saved.step, tensors, to_document(state))
    return identity


def _require_steps(recipe: Recipe, changes: Mapping[str, Any], step: int) -> None:
    if "training.steps" in changes and not recipe.unlimited and recipe.training.steps <= step:
        what = f"The fork goes on from step {step} and would end at step {recipe.training.steps}"
        remedy = "Steps count from the beginning of the first run: give more, or fork from an earlier one (--step)."
        raise Refusal("nothing-to-train", what, "training.steps", remedy)


def _require_unknown(cases: CaseList, known: CaseList) -> None:
    """Raise Refusal when the fork would be judged by what its weights have learned from."""
    learned = known.of_role(TRAIN)
    patients, images = {case.patient_id for case in learned}, {case.sha256.get("pet", case.pet) for case in learned}
    for case in cases.of_role(VALIDATE):
        if case.patient_id in patients or case.sha256.get("pet", case.pet) in images:
            what = (
                f"The case '{case.case_id}' is to be validated with, and the run that the fork goes on from learned it"
            )
            raise Refusal("case-learned", what, "cases", "Validate with other patients, or start a new run.")


def _state_of_fork(state: RunState, before: Recipe, recipe: Recipe, rate: Policy | None) -> RunState:
    plan, steps = state.rate, recipe.training.steps
    if steps != before.training.steps:
        plan = plan.extended(state.step, steps, rate or "rescale", recipe.optimizer)
    return replace(
        state,
        rate=plan,
        score=None,
        best_step=None,
        best_score=None,
        waited=0,
        validated=None,
        finished=False,
        curriculum=_remembered(state, before, recipe),
        recipe_sha256=lasting_sha256(recipe),
    )


def _remembered(state: RunState, before: Recipe, recipe: Recipe) -> Mapping[str, Any]:
    """What the curriculum knows from before: nothing where it is another one."""
    if recipe.curriculum.name != before.curriculum.name:
        return {}
    return {**state.curriculum, "performances": []}
