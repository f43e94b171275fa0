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
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.training.checkpoints import Checkpoints
from CLIPSLib.training.overrides import changes_of, check_fork, lasting_sha256, pacing_values, with_values
from CLIPSLib.training.progress import RunState
from CLIPSLib.training.rate import Policy
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.run_folder import RunFolder, RunIdentity
from CLIPSLib.training.types import CaseList


def fork_run(
    source: str | Path,
    target: str | Path,
    values: Mapping[str, Any],
    *,
    cases: CaseList | None = None,
    step: int | None = None,
    rate: Policy = "rescale",
    reporter: Reporter = SILENT,
) -> RunIdentity:
    """Make a run in `target` that goes on from the newest checkpoint of `source` (or the newest up to `step`).

    values: changed fields of the recipe by dotted name. cases: others than those of the source. rate: what becomes of
    the learning rate and of the pacing where the number of steps changes. Forgotten are the best step and what
    validations told so far (other cases or rules may judge from now on), the moments of another optimizer, and the
    memory of another curriculum.

    Raises:
        Refusal: no checkpoint, a change that does not fit the weights, no step left, or `target` holds a run.
        UsageError: no such field.
    """
    old = RunFolder(source)
    saved = Checkpoints(old.checkpoints).newest(reporter, up_to=step)
    if saved is None:
        raise Refusal("no-checkpoint", "The run has no checkpoint to fork from", str(old.path), "Let it train first.")
    before = old.recipe()
    recipe = with_values(before, values | pacing_values(before, values, rate))
    changes = changes_of(before, recipe)
    check_fork(changes)
    if "training.steps" in changes and not recipe.unlimited and recipe.training.steps <= saved.step:
        what = f"The fork goes on from step {saved.step} and would end at step {recipe.training.steps}"
        remedy = "Steps count from the beginning of the first run: give more, or fork from an earlier one (--step)."
        raise Refusal("nothing-to-train", what, "training.steps", remedy)
    new = RunFolder(target)
    known = cases is None and old.identity().parent.get("same_cases", True)  # what it learned from is in its own list
    parent = {"run_id": old.identity().run_id, "step": saved.step, "same_cases": known}
    start = {} if "network.start" in changes else old.identity().start
    identity = new.create(recipe, cases or old.cases(), parent=parent, changes=changes, start=start)
    state = from_document(RunState, saved.state)
    plan = state.rate
    if recipe.training.steps != before.training.steps:
        plan = plan.extended(saved.step, recipe.training.steps, rate, recipe.optimizer)
    state = replace(
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
        cases_sha256=new.cases_sha256(),
    )
    tensors = dict(saved.tensors)
    if recipe.optimizer.name != before.optimizer.name:
        tensors["optimizer"] = None
    Checkpoints(new.checkpoints).save(saved.step, tensors, to_document(state))
    return identity


def _remembered(state: RunState, before: Recipe, recipe: Recipe) -> Mapping[str, Any]:
    """What the curriculum knows from before: nothing where it is another one."""
    if recipe.curriculum.name != before.curriculum.name:
        return {}
    return {**state.curriculum, "performances": []}
