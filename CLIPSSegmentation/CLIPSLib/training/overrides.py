"""Changes to a recipe by name ("training.steps"): what may change when a run is resumed, and what needs a fork.

Called by the run folder and the command.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from CLIPSLib.curriculum import get_method
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.provenance import utc_now
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.training.rate import Policy
from CLIPSLib.training.recipe import Recipe

# How it is computed, how long, how often saved: a run stays the same run. All else would make two runs out of one.
MAY_CHANGE = (
    "title",
    "license",
    "data.cache",
    "data.workers",
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "optimizer.clip_norm",
    "training.steps",
    "training.accumulate",
    "training.device",
    "training.precision",
    "training.deterministic",
    "training.divergence",
    "validation.every",
    "validation.patience",
    "validation.min_gain",
    "checkpoint.minutes",
    "checkpoint.steps",
    "checkpoint.keep_every",
)
# Follows from a change of the number of steps, and is recorded with it.
_FOLLOWS = ("curriculum.options.spread_over", "curriculum.options.update_every")
# A fork may change everything but what its first weights are the weights of.
MAY_NOT_FORK = ("network.name", "network.options", "data.use", "data.channels", "data.prior", "data.classes")


@dataclass(frozen=True, kw_only=True)
class Override:
    """One change of a resumed run. changes: name -> [old, new]; rate: what becomes of the learning rate when `steps`
    changes; reason: in the user's words."""

    created_utc: str
    changes: Mapping[str, tuple[Any, Any]]
    rate: Policy | None = None
    reason: str = ""


def make_override(
    recipe: Recipe, values: Mapping[str, Any], *, rate: Policy | None = None, reason: str = ""
) -> Override:
    """A change of a recipe for the run that goes on.

    Raises:
        UsageError: no such field; more steps without saying what becomes of the learning rate. Refusal: a field that
            would make it another run, or a value that is not valid.
    """
    for name in values:
        if name not in MAY_CHANGE:
            _value(to_document(recipe), name)
            raise Refusal(
                "needs-fork",
                f"'{name}' cannot change within a run, since results before and after would not belong together",
                "",
                "Fork the run instead: 'clips runs fork'.",
            )
    with_values(recipe, values)
    require_rate(recipe, values, rate)
    values = {**values, **pacing_values(recipe, values, rate or "rescale")}
    changes = changes_of(recipe, with_values(recipe, values))
    return Override(created_utc=utc_now(), changes=changes, rate=rate, reason=reason)


def require_rate(recipe: Recipe, values: Mapping[str, Any], rate: Policy | None) -> None:
    """Raise UsageError where the number of steps changes and nobody said what becomes of a rate that falls."""
    if "training.steps" in values and rate is None and recipe.optimizer.schedule != "constant":
        raise UsageError(
            "rate-policy",
            "A run of another length needs a word on its learning rate",
            "training.steps",
            "Say --rate keep (as it is now), rescale (its fall spread over all steps) or restart (its fall anew).",
        )


def pacing_values(recipe: Recipe, values: Mapping[str, Any], rate: Policy) -> dict[str, Any]:
    """What a change of the number of steps means for the curriculum: with "rescale" its pacing is stretched like the
    learning rate; otherwise it stays at the steps it was made for, so that no case that was drawn is withheld again.
    """
    curriculum, steps = recipe.curriculum, values.get("training.steps", recipe.training.steps)
    paced = curriculum.name != "vanilla" or curriculum.options
    if steps == recipe.training.steps or not paced or recipe.unlimited or values.get("curriculum.name"):
        return {}
    before = curriculum.options.get("spread_over", recipe.training.steps)
    found = {"curriculum.options.spread_over": steps if rate == "rescale" else before}
    if get_method(curriculum.name).needs_losses:  # choices are made where they were
        found["curriculum.options.update_every"] = curriculum.options.get("update_every", max(1, before // 200))
    return {name: value for name, value in found.items() if name not in values}


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with fields replaced, by dotted names. Raises UsageError: no such field; Refusal: not valid."""
    document = copy.deepcopy(to_document(recipe))
    for name, value in values.items():
        table = document
        *path, last = name.split(".")
        for part in path:
            table = table.get(part) if isinstance(table, dict) else None
        free = path[-1:] == ["options"]  # a free table: the network or the curriculum checks its names
        if not isinstance(table, dict) or (last not in table and not free):
            raise UsageError(
                "unknown-field", f"The recipe has no field '{name}'", "", "See 'clips train --preset standard'."
            )
        table[last] = value
    return from_document(Recipe, document)


def changes_of(old: Recipe, new: Recipe) -> dict[str, tuple[Any, Any]]:
    """Which fields differ, name -> (old, new), JSON-ready."""
    before, after = _flat(to_document(old)), _flat(to_document(new))
    names = {**before, **after}
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def apply_overrides(recipe: Recipe, overrides: Sequence[Override]) -> Recipe:
    """The recipe after all changes, in their order."""
    for override in overrides:
        recipe = with_values(recipe, {name: pair[1] for name, pair in override.changes.items()})
    return recipe


def check_fork(changes: Mapping[str, Any]) -> None:
    """Raise Refusal when a fork would change what its first weights belong to, or name cases that nobody would read."""
    for name in changes:
        if name == "data.cases":
            what = "A fork takes another list of cases as a file of its own, not by this field"
            raise Refusal("cases-apart", what, name, "Name the file: clips runs fork RUN NEW --cases FILE.")
        if any(name == fixed or name.startswith(f"{fixed}.") for fixed in MAY_NOT_FORK):
            raise Refusal(
                "other-network",
                f"A fork goes on from weights that '{name}' would not fit",
                name,
                "Start a new run, with the exported model as network.start if its network stays the same.",
            )


def lasting_sha256(recipe: Recipe) -> str:
    """As `recipe_sha256`, of the fields that may not change within a run: equal for all that belongs to one run."""
    return _hash_of(recipe, left_out=MAY_CHANGE + _FOLLOWS)


def recipe_sha256(recipe: Recipe) -> str:
    """SHA-256 of what a recipe says. A field at its default is as one left out, so that recipes keep their hash when
    a later version has more fields."""
    return _hash_of(recipe, left_out=())


def _hash_of(recipe: Recipe, *, left_out: Sequence[str]) -> str:
    said = {name: now for name, (_, now) in changes_of(Recipe(), recipe).items() if name not in left_out}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _value(document: Mapping[str, Any], name: str) -> Any:
    flat = _flat(document)
    if name not in flat:
        raise UsageError(
            "unknown-field", f"The recipe has no field '{name}'", "", "See 'clips train --preset standard'."
        )
    return flat[name]
