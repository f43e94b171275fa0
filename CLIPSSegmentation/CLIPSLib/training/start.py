"""The network of a run with its first weights: random, or those of an installed model or a weight file.

Called by the engine and by `clips train --check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.models import (
    CASCADE,
    InstalledModel,
    Label,
    ModelStore,
    Network,
    architecture,
    build_described,
    check_files,
    network_arguments,
    patch_divisor,
    read_state,
)
from CLIPSLib.models.weights import describe_mismatch
from CLIPSLib.segmentation.tmtvnet.volumes import COARSE_MM
from CLIPSLib.training.computing import seed_step
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.learned import learned_by
from CLIPSLib.training.recipe import SCRATCH, Recipe, find_start_file
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.types import TrainingCase

if TYPE_CHECKING:
    import torch
    from torch import nn

_CASCADE_PARTS = {"tmtvnet-unet": "ensemble", "tmtvnet-refiner": "refiner"}
_CASCADE_VOXELS = {"tmtvnet-unet": (COARSE_MM,) * 3, "tmtvnet-refiner": None}  # on which a cascade runs its parts


@dataclass(frozen=True)
class Start:
    """Where first weights come from. model: None for random weights and plain files; file: the weight file."""

    model: InstalledModel | None = None
    file: Path | None = None


def find_start(recipe: Recipe, store: ModelStore) -> Start:
    """What `network.start` of the recipe names.

    Raises:
        UsageError: no such model. Failure: no such weight file. Refusal: the model is another kind of network, or has
            no such fold.
    """
    wanted = recipe.network
    if wanted.start == SCRATCH:
        return Start()
    if file := find_start_file(wanted.start):
        return Start(file=file)
    model = store.get(wanted.start)
    described = model.description
    if described.kind == CASCADE:
        if wanted.name not in _CASCADE_PARTS:
            parts = " or ".join(f"'{part}'" for part in _CASCADE_PARTS)
            raise _unlike(wanted.name, model, f"a cascade; train one of its parts: network.name = {parts}")
        files = described.weight_files(_CASCADE_PARTS[wanted.name])
        return Start(model, model.folder / files[0].name)
    if described.network.name != architecture(wanted.name).class_name:
        raise _unlike(wanted.name, model, f"a {described.network.name}")
    folds = described.weight_files("fold")
    if wanted.fold >= len(folds):
        raise Refusal(
            "no-such-fold",
            f"The model '{described.model_id}' has {len(folds)} network(s), and network.fold is {wanted.fold}",
            "network.fold",
            f"Choose 0 to {len(folds) - 1}.",
        )
    return Start(model, model.folder / folds[wanted.fold].name)


def find_start_of(run: RunFolder, store: ModelStore) -> Start:
    """What a run began from, as it was then: a cascade's other parts are used to the end of the run, and after it.

    Raises:
        Refusal: the model was replaced by another one of its name and version. Failure: its files are damaged.
            Otherwise as `find_start`.
    """
    start, began = find_start(run.recipe(), store), run.identity().start
    if start.model is not None:
        check_files(start.model)
    if began and start.model is not None and began != start.model.weights_sha256:
        raise Refusal(
            "start-replaced",
            f"'{start.model.model_id}' is not the model that the run began from: it was replaced since",
            str(start.model.folder),
            "Install the model again that was there when the run was made.",
        )
    return start


def start_cautions(start: Start, held_back: Sequence[TrainingCase]) -> tuple[Caution, ...]:
    """What first weights may know of the cases to validate with: Dice would then flatter the run."""
    if start.model is None or not held_back:
        return ()
    before = learned_by(start.model)
    known = [case.case_id for case in held_back if before.knows(case.case_id, case.sha256.get("pet", ""))]
    if known:
        what = (
            f"'{start.model.model_id}' was trained with, or its best step chosen on, {len(known)} of the "
            f"{len(held_back)} cases to validate with; their results will be too good: {', '.join(known[:10])}"
        )
        return (Caution("start-knows", what, "data.cases"),)
    return ()


def describe_network(recipe: Recipe, start: Start) -> Network:
    """Class, arguments and tiles of the network, as the description of the resulting model holds them.

    An installed model's own arguments are kept, but for the number of classes.

    Raises:
        UsageError: an option the network does not have. Refusal: the model has other input channels, or the patch
            does not fit the network.
    """
    wanted, data = recipe.network, recipe.data
    channels = len(network_inputs(data).channels) + data.prior
    classes = len(network_labels(data))
    arguments = network_arguments(wanted.name, channels_in=channels, classes=classes, options=wanted.options)
    if start.model is not None and start.model.description.network is not None:
        known = architecture(wanted.name)
        theirs = dict(start.model.description.network.arguments)
        if theirs[known.channels] != channels:
            raise Refusal(
                "channels-differ",
                f"'{start.model.model_id}' takes {theirs[known.channels]} channels, the recipe gives {channels}",
                "data.use",
                "Choose the channels that the model was trained with.",
            )
        arguments = {**theirs, known.classes: classes}
    divisor = patch_divisor(wanted.name, wanted.options)
    if any(side % divisor or side < 2 * divisor for side in data.patch):  # norms need more than one voxel at the bottom
        raise Refusal(
            "patch-size",
            f"The patch {list(data.patch)} does not fit the network '{wanted.name}'",
            "data.patch",
            f"Make every side a multiple of {divisor}, and at least {2 * divisor}.",
        )
    return Network(
        name=architecture(wanted.name).class_name,
        arguments=arguments,
        patch=data.patch,
        overlap=recipe.validation.overlap,
    )


def make_network(recipe: Recipe, start: Start) -> tuple[nn.Module, tuple[Caution, ...]]:
    """The network with its first weights, on the CPU, in training mode.

    Raises:
        Refusal: the weights do not fit; otherwise as `describe_network` and `read_state`.
    """
    described = describe_network(recipe, start)
    seed_step(recipe.training.seed, 0, "first weights")
    network = build_described(described)
    if start.file is None:
        return network.train(), ()
    state = _own_part(recipe, start, read_state(start.file))
    fresh = _adopt(network, state, recipe, start)
    cautions = [*_other_inputs(recipe, start)]
    if fresh:
        what = f"The last layer begins anew: '{recipe.network.start}' finds other classes than the recipe asks for"
        cautions.append(Caution("new-head", what, "data.classes"))
    return network.train(), tuple(cautions)


def freeze_encoder(network: nn.Module, name: str, *, frozen: bool) -> list[nn.Module]:
    """Keep the weights of the first half as they are, or let them learn again; gives the modules of that half."""
    pattern = re.compile(architecture(name).encoder)
    for key, weight in network.named_parameters():
        if pattern.match(key):
            weight.requires_grad_(not frozen)
    return [module for key, module in network.named_modules() if pattern.match(f"{key}.")]


def _own_part(recipe: Recipe, start: Start, state: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """Of a cascade's ensemble, the U-Net number `fold`; the part of a cascade is named as the network names it."""
    if start.model is None or start.model.description.kind != CASCADE or recipe.network.name != "tmtvnet-unet":
        return state
    prefix = f"base_models.{recipe.network.fold}.model."
    part = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    if not part:
        what = f"The ensemble of '{start.model.model_id}' has no network {recipe.network.fold}"
        raise Refusal("no-such-fold", what, "network.fold", "Its networks are counted from 0.")
    return part


def _adopt(network: nn.Module, state: Mapping[str, torch.Tensor], recipe: Recipe, start: Start) -> bool:
    """Put weights into the network. True: the head kept its random ones, since other classes are asked for."""
    expected = network.state_dict()
    head = re.compile(architecture(recipe.network.name).head)
    fresh = _other_classes(start.model, network_labels(recipe.data)) or any(
        key in state and state[key].shape != value.shape for key, value in expected.items() if head.match(key)
    )
    if fresh:
        state = {key: value for key, value in state.items() if not head.match(key)}
        state |= {key: value for key, value in expected.items() if head.match(key)}
    if differences := describe_mismatch(expected, state):
        raise Refusal(
            "weights-do-not-fit",
            f"The weights are not those of the network '{recipe.network.name}': {'; '.join(differences[:6])}",
            str(start.file),
            "Choose the network and the options that these weights were trained with.",
        )
    network.load_state_dict(state)
    return fresh


def _other_classes(model: InstalledModel | None, labels: Sequence[Label]) -> bool:
    if model is None:
        return False
    return [label.kind for label in model.description.labels] != [label.kind for label in labels]


def _other_inputs(recipe: Recipe, start: Start) -> list[Caution]:
    if start.model is None:
        return []
    mine, theirs = network_inputs(recipe.data), start.model.description.inputs
    if start.model.description.kind == CASCADE:
        theirs = replace(theirs, spacing_mm=_CASCADE_VOXELS[recipe.network.name])
    parts: dict[str, tuple[Any, Any]] = {
        "channels": (
            [(c.image, c.clip, c.scaling) for c in mine.channels],
            [(c.image, c.clip, c.scaling) for c in theirs.channels],
        ),
        "voxel size": (mine.spacing_mm, theirs.spacing_mm),
        "order of axes": (mine.axes, theirs.axes),
        "orientation": (mine.orientation, theirs.orientation),
    }
    different = [name for name, (one, other) in parts.items() if one != other]
    names = ", ".join(different)
    what = f"The network is shown other images than '{start.model.model_id}' was trained with; they differ in: {names}"
    return [Caution("inputs-differ", what, "data")] if different else []


def _unlike(name: str, model: InstalledModel, what: str) -> Refusal:
    return Refusal(
        "another-network",
        f"The recipe trains a '{name}', and the model '{model.model_id}' is {what}",
        "network.name",
        "Choose the kind of network that the model is.",
    )
