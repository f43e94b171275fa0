"""The inputs of a refiner: the lesion probability of a cascade's first stage for every case, made once and kept.

Called by the engine when a recipe trains a refiner. A first stage that was trained anew has another hash, so that what
it finds is made anew too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Refusal
from CLIPSLib.files import sha256_file
from CLIPSLib.formats import read_image, write_image
from CLIPSLib.models import CASCADE, InstalledModel, load_network, read_state
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.sliding_window.device import EngineSettings
from CLIPSLib.segmentation.tmtvnet.cascade import first_stage
from CLIPSLib.segmentation.tmtvnet.volumes import corrected_volumes, on_study_grid
from CLIPSLib.training.case_list import hash_files
from CLIPSLib.training.types import TrainingCase

if TYPE_CHECKING:
    from torch import nn


def with_priors(
    cases: Sequence[TrainingCase],
    model: InstalledModel | None,
    cache: Path,
    settings: EngineSettings,
    reporter: Reporter,
) -> tuple[TrainingCase, ...]:
    """The cases, each with its `prior`; those that lack one get it from the first stage of `model`.

    Raises:
        Refusal: priors are missing and the model is no cascade, or a case has no CT. Failure: an image or the weights
            cannot be read. Cancelled.
    """
    if all(case.prior is not None for case in cases):
        return tuple(cases)
    if model is None or model.description.kind != CASCADE:
        raise Refusal(
            "first-stage-unknown",
            "The refiner needs the probabilities of a first stage, and the recipe names none",
            "network.start",
            "Name an installed cascade, such as network.start = 'tmtvnet', or give each case its 'prior'.",
        )
    (file,) = model.description.weight_files("ensemble")
    ensemble = load_network("tmtvnet-ensemble", read_state(model.folder / file.name), where=file.name)
    found = []
    for number, case in enumerate(cases):
        reporter.check()
        reporter.progress("Running the first stage", number / len(cases))
        path = None if case.prior else cache / "priors" / f"{_key(case, file.sha256)}.nii.gz"
        if path is not None and not path.exists():
            _write(case, ensemble, path, settings, reporter)
        found.append(case if path is None else _with_prior(case, path))
    reporter.progress("Running the first stage", 1.0)
    return tuple(found)


def _write(case: TrainingCase, ensemble: nn.Module, path: Path, settings: EngineSettings, reporter: Reporter) -> None:
    if case.ct is None:
        what = f"Case '{case.case_id}' has no CT, which the first stage needs"
        raise Refusal("ct-needed", what, "cases.json", "Leave the case out.")
    pet = read_image(case.pet)
    volumes = corrected_volumes(pet, read_image(case.ct))
    probability, cautions = first_stage(volumes, ensemble, settings, reporter)
    for caution in cautions:
        reporter.caution(caution)
    write_image(on_study_grid(probability, volumes, pet), path, overwrite=True)


def _key(case: TrainingCase, ensemble_sha256: str) -> str:
    files = case.sha256 or hash_files(case).sha256
    text = "/".join((files["pet"], files.get("ct", ""), ensemble_sha256))
    return hashlib.sha256(text.encode()).hexdigest()


def _with_prior(case: TrainingCase, path: Path) -> TrainingCase:
    return replace(case, prior=str(path), sha256={**case.sha256, "prior": sha256_file(path)} if case.sha256 else {})
