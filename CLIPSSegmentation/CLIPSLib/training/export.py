"""The result of runs as a model that the store installs: weights, description, card. Called by `train` and the command.

Several runs of one recipe (folds) become one model whose networks vote. A trained part of TMTV-Net becomes a whole
cascade with that part replaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import atomic_folder, sha256_file, write_json, write_text
from CLIPSLib.models import (
    CASCADE,
    SLIDING_WINDOW,
    InstalledModel,
    ModelDescription,
    ModelFile,
    ModelStore,
    read_state,
)
from CLIPSLib.models.description import DESCRIPTION_FILE, FORMAT, VERSION, Licence, ReportedResult
from CLIPSLib.models.weights import describe_mismatch
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.provenance import VERSION as SOFTWARE_VERSION
from CLIPSLib.schema import to_document
from CLIPSLib.training import card
from CLIPSLib.training.card import Trained, card_document, card_markdown
from CLIPSLib.training.checkpoints import BEST, Checkpoints
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.learned import CARD_FILE, LearnedFrom, learned_by
from CLIPSLib.training.progress import state_of
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.start import Start, describe_network, find_start_of
from CLIPSLib.training.tensor_files import write_tensors

State = Mapping[str, torch.Tensor]
LAST_STEP = "last"  # whose weights are handed out, beside the `BEST`
NO_BEST = "no-best"
_NOT_STATED = "Not stated"
_CARD_FILES = ("card.md", CARD_FILE)


@dataclass(frozen=True)
class _Part:
    """One run's weights and what they came from."""

    trained: Trained
    weights: State


def export_model(
    runs: Sequence[str | Path],
    target: str | Path,
    *,
    which: str = BEST,
    version: str | None = None,
    name: str | None = None,
    title: str | None = None,
    store: ModelStore | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> ModelDescription:
    """Write the model of one or several runs as a folder.

    which: "best" (by the running mean of validation Dice; where nothing was validated, the last) or "last". version:
    None: when the run was made, its id and the step. name, title: None: those of the recipe.

    Raises:
        Refusal: nothing is trained yet, or runs that do not belong together; the folder exists. Failure: a checkpoint
            or the model it started from cannot be read, disk full.
    """
    store = store or ModelStore()
    parts = [_read(RunFolder(path), which, reporter) for path in runs]
    first = parts[0].trained.run
    recipe = first.recipe()
    start = find_start_of(first, store)
    for part in parts[1:]:
        _require_same(first, part.trained.run)
    cascade = start.model is not None and start.model.description.kind == CASCADE
    base = start.model.description if cascade else None
    if recipe.data.prior and not cascade:
        raise Refusal(
            "first-stage-unknown",
            "A refiner alone is no model: it needs the first stage whose probabilities it was trained with",
            str(first.path),
            "Name the cascade in network.start, such as 'tmtvnet'.",
        )
    write = _write_cascade if cascade else _write_folds
    with atomic_folder(target, overwrite=overwrite) as folder:
        files = write(folder, parts, start.model)
        described = _describe(parts, files, base, start, version)
        described = replace(described, name=name or described.name, title=title or described.title)
        document = card_document(described, [part.trained for part in parts], before=_before(start))
        write_json(folder / _CARD_FILES[1], document, format_name=card.FORMAT, version=card.VERSION)
        write_text(folder / _CARD_FILES[0], card_markdown(document))
        described = replace(
            described, files=(*described.files, *(_file(folder / name, "text") for name in _CARD_FILES))
        )
        write_json(folder / DESCRIPTION_FILE, to_document(described), format_name=FORMAT, version=VERSION)
    return described


def _read(run: RunFolder, which: str, reporter: Reporter) -> _Part:
    if not run.identity_file.is_file():
        raise Failure("no-run", "There is no training run in the folder", str(run.path), "See 'clips runs list'.")
    checkpoints = Checkpoints(run.checkpoints)
    saved = checkpoints.newest(reporter)
    if saved is None:
        what = "The run has no checkpoint yet, so there are no weights to hand out"
        raise Refusal("not-trained", what, str(run.path), "Let it train for some steps.")
    state = state_of(saved.state)
    if which == BEST and state.best_step is not None:
        best = checkpoints.newest(reporter, kind=BEST, up_to=state.best_step)
        if best is None or best.step != state.best_step:
            what = f"The weights of the best step ({state.best_step}) are missing or damaged"
            raise Failure(NO_BEST, what, str(run.checkpoints), "Export the last ones: --which last.")
        return _Part(Trained(run, state, best.step, BEST), best.tensors["network"])
    weights = saved.tensors["mean"] or saved.tensors["network"]
    return _Part(Trained(run, state, state.step, LAST_STEP), weights)


def _require_same(first: RunFolder, other: RunFolder) -> None:
    """Folds differ in their cases, seed and fold of the start; what they take, give and are must be the same."""
    mine, theirs = first.recipe(), other.recipe()
    alike = all(
        getattr(mine.network, name) == getattr(theirs.network, name) for name in ("name", "options", "start")
    ) and all(
        getattr(mine.data, name) == getattr(theirs.data, name)
        for name in ("use", "channels", "prior", "spacing_mm", "classes", "patch")
    )
    if not alike:
        raise Refusal(
            "runs-differ",
            "The runs cannot become one model: their networks or inputs differ",
            f"{first.path} and {other.path}",
            "Export them one by one.",
        )


def _write_folds(folder: Path, parts: Sequence[_Part], model: InstalledModel | None) -> tuple[ModelFile, ...]:
    files = []
    for number, part in enumerate(parts):
        path = folder / f"fold_{number}.pt"
        write_tensors({name: tensor.contiguous() for name, tensor in part.weights.items()}, path)
        files.append(_file(path, "fold"))
    return tuple(files)


def _write_cascade(folder: Path, parts: Sequence[_Part], model: InstalledModel | None) -> tuple[ModelFile, ...]:
    """The files of the cascade, with what was trained in its place."""
    networks = [part.trained.run.recipe().network for part in parts]
    if len({(network.name, network.fold) for network in networks}) < len(parts):
        raise Refusal(
            "same-place",
            "Several runs trained the same network of the cascade, and it has room for one of them",
            " and ".join(str(part.trained.run.path) for part in parts[:2]),
            "Export one of them, or train each with a network.fold of its own.",
        )
    files = []
    for known in (file for file in model.description.files if file.role in ("ensemble", "refiner")):
        state = read_state(model.folder / known.name)
        for part in parts:
            network = part.trained.run.recipe().network
            if network.name == "tmtvnet-refiner" and known.role == "refiner":
                state = _replaced(state, part.weights, "")
            if network.name == "tmtvnet-unet" and known.role == "ensemble":
                state = _replaced(state, part.weights, f"base_models.{network.fold}.model.")
        path = folder / known.name
        write_tensors(state, path)
        files.append(_file(path, known.role))
    return tuple(files)


def _replaced(state: State, weights: State, prefix: str) -> State:
    new = {f"{prefix}{name}": tensor.contiguous() for name, tensor in weights.items()}
    old = {name: tensor for name, tensor in state.items() if name.startswith(prefix)}
    if differences := describe_mismatch(old, new):
        raise Refusal(
            "weights-do-not-fit",
            f"The trained network does not fit into the cascade: {'; '.join(differences[:3])}",
            "network.options",
            "Train it with the channels, classes and options of the cascade.",
        )
    return {**state, **new}


def _describe(
    parts: Sequence[_Part],
    files: tuple[ModelFile, ...],
    base: ModelDescription | None,
    start: Start,
    version: str | None,
) -> ModelDescription:
    run = parts[0].trained.run
    recipe, cases, identity = run.recipe(), run.cases(), run.identity()
    what = ", ".join(each.name for each in recipe.data.classes)
    common = {
        "name": recipe.name,
        "version": version or _version([part.trained for part in parts]),
        "title": recipe.title or f"{recipe.name}: {recipe.network.name} trained with CLIPS",
        "source": f"Trained with CLIPS {SOFTWARE_VERSION}, run {identity.run_id}; see card.md",
        "files": files,
        "licence_of_weights": _licence_of_weights(recipe.license, start.model),
        "licence_of_data": Licence(name=cases.licence_of_data or _NOT_STATED),
        "training_data": cases.training_data or cases.source or f"{len(cases.cases)} cases; see card.md",
        "reported_results": tuple(_result(part) for part in parts if _dice(part) is not None),
        "measured": (),
    }
    if base is not None:
        return replace(base, **common)
    return ModelDescription(
        kind=SLIDING_WINDOW,
        rule=f"Marks {what} on {recipe.data.use.upper()}, learned from reference masks.",
        inputs=network_inputs(recipe.data),
        labels=network_labels(recipe.data),
        network=describe_network(recipe, start),
        **common,
    )


def _version(trained: Sequence[Trained]) -> str:
    """Such as 2026.11.21.071345-61d076.400: when the run was made, its id, the step; of folds, what stands for all.

    Of two runs the later one is the newer version, and no two sets of weights have the same.
    """
    identities = [one.run.identity() for one in trained]
    day, time = identities[0].created_utc.rstrip("Z").split("T")
    parts = [f"{identity.run_id}.{one.step}" for identity, one in zip(identities, trained, strict=True)]
    own = f"{identities[0].run_id[:6]}.{trained[0].step}"
    if len(parts) > 1:
        own = f"folds{len(parts)}.{hashlib.sha256(','.join(parts).encode()).hexdigest()[:6]}"
    return f"{day.replace('-', '.')}.{time.replace(':', '')}-{own}"


def _licence_of_weights(wanted: str, start: InstalledModel | None) -> Licence:
    """That of the model it was made from, if any: its terms go on."""
    if start is None:
        return Licence(name=wanted or _NOT_STATED)
    theirs = start.description.licence_of_weights
    derived = f"Derived from {start.model_id}, whose terms hold. {theirs.terms}".strip()
    return replace(theirs, terms=f"{derived} Stated for this one: {wanted}." if wanted else derived)


def _before(start: Start) -> LearnedFrom | None:
    """What the first weights had learned from; of a plain weight file nobody knows."""
    if start.model is not None:
        return learned_by(start.model)
    return None if start.file is None else LearnedFrom(complete=False)


def _dice(part: _Part) -> Any:
    return card.validation_summary(part.trained.run, part.trained.step).get("dice")


def _result(part: _Part) -> ReportedResult:
    dice = _dice(part)
    run_id = part.trained.run.identity().run_id
    value = f"{dice['mean']:.3f}" + ("" if dice["sd"] is None else f" +- {dice['sd']:.3f}")
    chose = ", which chose the step" if part.trained.which == BEST else ""
    cohort = f"{dice['n']} validation cases{chose}"
    return ReportedResult(measure="Dice", value=value, cohort=cohort, source=f"run {run_id}")


def _file(path: Path, role: str) -> ModelFile:
    return ModelFile(name=path.name, role=role, sha256=sha256_file(path), size_bytes=path.stat().st_size)
