"""The model card: what a model was trained on, how, with which result, under which licenses. Called by `export`.

No case ids and no paths leave with a model; the hash of the list of cases tells whether it was this list, and hashes of
the cases whether one of them was learned from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from CLIPSLib.models import ModelDescription
from CLIPSLib.provenance import RESEARCH_USE, library_versions, software
from CLIPSLib.schema import to_document
from CLIPSLib.training.learned import CARD_FORMAT, CARD_VERSION, FIELD, LearnedFrom, learned_in_run, together
from CLIPSLib.training.progress import RunState
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table
from CLIPSLib.training.types import TRAIN, VALIDATE, CaseList

FORMAT, VERSION = CARD_FORMAT, CARD_VERSION
_MEASURES = ("dice", "lesion_recall", "lesion_precision", "lesion_f1", "nsd", "fpv_ml", "fnv_ml")


@dataclass(frozen=True)
class Trained:
    """One run as far as its result needs it. step: that the weights are from; which: "best" or "last"."""

    run: RunFolder
    state: RunState
    step: int
    which: str


def card_document(
    description: ModelDescription, trained: Sequence[Trained], *, before: LearnedFrom | None = None
) -> dict[str, Any]:
    """The card as JSON values, one entry of "runs" for each network of the model.

    before: what the weights had learned from that training began with; None: it began with random ones.
    """
    learned = [learned_in_run(one.run.cases(), one.run.identity().parent) for one in trained]
    return {
        "model": description.model_id,
        "title": description.title,
        "use": RESEARCH_USE,
        "licence_of_weights": to_document(description.licence_of_weights),
        "licence_of_data": to_document(description.licence_of_data),
        "files": {file.name: file.sha256 for file in description.files},
        "software": {**software(), "libraries": library_versions()},
        "runs": [_run(one) for one in trained],
        FIELD: together([*learned, *([before] if before else [])]).document(),
    }


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    lines = [f"# {card['title']} ({card['model']})", "", f"**{card['use']}**", ""]
    for run in card["runs"]:
        data, recipe = run["data"], run["recipe"]
        network, optimizer = recipe["network"], recipe["optimizer"]
        lines += [
            f"## Run {run['run_id']}, weights of step {run['step']} ({run['which']})",
            "",
            f"- Network: {network['name']} {network['options'] or ''}, from {network['start']}",
            f"- Data: {data['train']} cases to train, {data['validate']} to validate; "
            f"{data['pseudo']} with predicted, unreviewed masks. {data['source']}".rstrip(),
            f"- Hash of the list of cases: `{data['cases_sha256']}`",
            f"- Images: {recipe['data']['use']}, voxels {recipe['data']['spacing_mm'] or 'as they are'} mm, "
            f"patches {recipe['data']['patch']}",
            f"- Loss {recipe['loss']['name']}, {optimizer['name']} at {optimizer['learning_rate']:g}, "
            f"{run['steps_done']} steps of {recipe['training']['batch']} patches, seed {recipe['training']['seed']}",
            f"- Curriculum: {recipe['curriculum']['name']} {recipe['curriculum']['options'] or ''}".rstrip(),
            "",
            *_metrics_table(run["validation"], run["which"]),
        ]
        if run["overrides"]:
            lines += ["Changed while it ran:", "", *(f"- {one}" for one in _changes(run["overrides"])), ""]
    lines += [
        "## Licenses",
        "",
        f"- Weights: {_licence(card['licence_of_weights'])}",
        f"- Data: {_licence(card['licence_of_data'])}",
        "",
        "Everything else (recipe, hashes, versions) is in card.json.",
        "",
    ]
    return "\n".join(lines)


def _run(trained: Trained) -> dict[str, Any]:
    run, recipe = trained.run, trained.run.recipe()
    identity = run.identity()
    return {
        "run_id": identity.run_id,
        "created_utc": identity.created_utc,
        "parent": dict(identity.parent),
        "software": dict(identity.software),
        "step": trained.step,
        "which": trained.which,
        "steps_done": trained.state.step,
        "seconds": round(trained.state.seconds, 1),
        "recipe": to_document(recipe),
        "recipe_sha256": trained.state.recipe_sha256,
        "overrides": to_document(run.overrides()),
        "curriculum": dict(trained.state.curriculum.get("identity", {})),
        "data": _data(run.cases(), trained.state),
        "validation": validation_summary(run, trained.step),
    }


def _data(cases: CaseList, state: RunState) -> dict[str, Any]:
    strata = Counter(case.stratum or "none" for case in cases.of_role(TRAIN))
    return {
        "source": cases.source,
        "train": len(cases.of_role(TRAIN)),
        "validate": len(cases.of_role(VALIDATE)),
        "strata": dict(sorted(strata.items())),
        "pseudo": sum(case.origin == "pseudo" for case in cases.cases),
        "difficulty": dict(cases.difficulty),
        "patches_drawn": sum(state.draws.values()),
        "cases_sha256": state.cases_sha256,
    }


def validation_summary(run: RunFolder, step: int) -> dict[str, Any]:
    """Mean, standard deviation and number of cases of each measure at that step."""
    rows = [row for row in read_table(run.validation) if row["step"] == str(step)]
    summary: dict[str, Any] = {"cases": len(rows)}
    for name in _MEASURES:
        values = np.array([float(row[name]) for row in rows if row[name]])
        if len(values):
            spread = float(values.std(ddof=1)) if len(values) > 1 else None
            summary[name] = {"mean": float(values.mean()), "sd": spread, "n": len(values)}
    return summary


def _metrics_table(validation: Mapping[str, Any], which: str) -> list[str]:
    measured = [(name, value) for name, value in validation.items() if isinstance(value, Mapping)]
    if not measured:
        return ["Not validated: nothing is known of how good it is.", ""]
    rows = [f"| {name} | {value['mean']:.3f} | {_decimals(value['sd'])} | {value['n']} |" for name, value in measured]
    chose = " (they chose the step, so expect less elsewhere)" if which == "best" else ""
    head = f"Whole images of {validation['cases']} cases held back{chose}:"
    return [head, "", "| measure | mean | sd | cases |", "|---|---|---|---|", *rows, ""]


def _decimals(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _changes(overrides: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{one['created_utc']}: {name} from {old} to {new}" + (f" ({one['reason']})" if one["reason"] else "")
        for one in overrides
        for name, (old, new) in one["changes"].items()
    ]


def _licence(licence: Mapping[str, Any]) -> str:
    terms = f". {licence['terms']}" if licence["terms"] else ""
    return f"{licence['name']}{terms} {licence['url']}".rstrip()
