"""What TMTV-Net's refiner is trained with beside the images: the lesion probability of a first stage, case by case.

Called by `clips cases priors`. A refiner learns to correct one first stage; after that was retrained, its
probabilities are made again here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Refusal
from CLIPSLib.files import safe_name
from CLIPSLib.formats import read_image, write_image
from CLIPSLib.models import CASCADE, InstalledModel, ModelStore, check_files, load_network, read_state, require_packages
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.reporters import Prefixed
from CLIPSLib.training import CaseList, TrainingCase, hash_files, read_cases, write_cases

if TYPE_CHECKING:
    import SimpleITK as sitk
    from torch import nn

PRIORS = "priors"


def add_priors(
    cases_file: str | Path,
    out: str | Path,
    *,
    model: str,
    device: str = "auto",
    store: ModelStore | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> CaseList:
    """Write the list of cases again, as `out`, with each case's first-stage probability beside it.

    model: an installed cascade, whose first stage is run on every case, those to validate with too. Probabilities lie
    in `priors/<model>/` beside `out` as float32 on the PET grid; those that are there already, for the same images,
    are kept, so that an interrupted run goes on.

    Raises:
        UsageError: no such model. Refusal: it is no cascade; a case has no CT; `out` exists. Failure: an image or the
            model is damaged, memory runs out on the CPU, disk full. Cancelled: what is made stays.
    """
    installed = (store or ModelStore()).get(model)
    ensemble = _first_stage(installed)
    listed = read_cases(cases_file)
    folder = Path(out).absolute().parent
    cases = []
    for number, case in enumerate(listed.cases):
        reporter.check()
        step = Prefixed(reporter, f"[case {number + 1} of {len(listed.cases)}] ")
        prior = folder / PRIORS / safe_name(installed.model_id.replace("@", "-")) / _name(case)
        if not prior.exists():
            write_image(_probability(case, ensemble, device, step), prior)
        cases.append(hash_files(replace(case, prior=str(prior))))
    source = f"{listed.source}; first stage of {installed.model_id}".lstrip("; ")
    frozen = replace(listed, cases=tuple(_beside(case, folder) for case in cases), source=source)
    write_cases(out, frozen, overwrite=overwrite)
    return frozen


def _first_stage(model: InstalledModel) -> nn.Module:
    """The ensemble of an installed cascade, after its files were compared with their hashes."""
    described = model.description
    if described.kind != CASCADE:
        what = f"The model '{described.model_id}' has no first stage; only cascades such as TMTV-Net have one"
        raise Refusal("no-cascade", what, str(model.folder), "Name an installed cascade.")
    require_packages(described)
    check_files(model)
    (file,) = described.weight_files("ensemble")
    return load_network("tmtvnet-ensemble", read_state(model.folder / file.name), where=file.name)


def _probability(case: TrainingCase, ensemble: nn.Module, device: str, reporter: Reporter) -> sitk.Image:
    """The probability of a case on the grid of its PET, made as the cascade makes it in use."""
    from CLIPSLib.segmentation.sliding_window.device import EngineSettings
    from CLIPSLib.segmentation.tmtvnet.cascade import run_first_stage
    from CLIPSLib.segmentation.tmtvnet.volumes import corrected_volumes, on_study_grid

    if case.ct is None:
        what = f"Case '{case.case_id}' has no CT, and the first stage of a cascade needs one"
        raise Refusal("ct-needed", what, "cases.json", "Leave the case out.")
    pet = read_image(case.pet)
    volumes = corrected_volumes(pet, read_image(case.ct))
    native = run_first_stage(volumes, ensemble, EngineSettings(device=device), reporter)
    return on_study_grid(native, volumes, pet)


def _name(case: TrainingCase) -> str:
    """A file name that other images under the same case id would not have."""
    images: Mapping[str, str] = {name: case.sha256.get(name, "") for name in ("pet", "ct")}
    return f"{safe_name(case.case_id)}-{hashlib.sha256(repr(images).encode()).hexdigest()[:12]}.nii.gz"


def _beside(case: TrainingCase, folder: Path) -> TrainingCase:
    """The case with relative paths to what lies in the folder, so that it can be moved as a whole."""
    files = {name: Path(path) for name, path in case.files().items()}
    inside = {name: path.relative_to(folder) for name, path in files.items() if path.is_relative_to(folder)}
    return replace(case, **{name: path.as_posix() for name, path in inside.items()})
