"""What `clips train --check` says, as a background job: a panel must not load torch, nor wait for timed steps.

`run_job` is the verb "check-training" (see `verbs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CLIPSLib.progress import Reporter
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.training import Recipe, read_cases

VERB = "check-training"


@dataclass(frozen=True, kw_only=True)
class CheckRequest:
    """cases: path of `cases.json`; folder: where the run would be."""

    recipe: Recipe
    cases: str
    folder: str


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Check a recipe with its cases. arguments: those of `CheckRequest`. Returns the fields of `CheckReport`.

    Raises:
        Refusal: arguments. Otherwise as `training.check.check_recipe`.
    """
    from CLIPSLib.training.check import check_recipe

    request = from_document(CheckRequest, arguments, where=VERB)
    cases = read_cases(request.cases)
    return to_document(check_recipe(request.recipe, cases, Path(request.folder), reporter=reporter))
