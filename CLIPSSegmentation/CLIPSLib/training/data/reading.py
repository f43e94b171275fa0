"""Reads the files of a training case and brings them onto the network's grid, exactly as segmentation will.

Called by `prepare.py`. The grid and its interpolation are those of `segmentation.installed`, so that a network sees in
use what it saw in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view, image_like, require_finite, same_grid
from CLIPSLib.models import Inputs
from CLIPSLib.study import PetCtStudy
from CLIPSLib.training.recipe import ClassRecipe
from CLIPSLib.training.types import TrainingCase

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.segmentation.installed.grid import WorkingGrid


@dataclass(frozen=True, kw_only=True)
class CaseVolumes:
    """A case on the network's grid, arrays [z, y, x].

    images: float32 "suv" (g/mL), "hu", "prior" (0 to 1), those that are needed; labels: uint8, class numbers.
    scaling: channel -> (mean, sd) for channels scaled by their own image. spacing_mm: z, y, x. lost: numbers of
    the classes that the mask has and that fill half of no voxel of the grid. merged: the mask holds several values that
    one class takes together.
    """

    images: Mapping[str, np.ndarray]
    labels: np.ndarray
    scaling: Mapping[str, tuple[float, float]]
    spacing_mm: tuple[float, float, float]
    lost: tuple[int, ...]
    merged: bool


def read_case(case: TrainingCase, inputs: Inputs, classes: tuple[ClassRecipe, ...]) -> CaseVolumes:
    """Read, check and resample one case.

    Raises:
        Refusal: CT needed and not there; mask or prior on another grid than the PET; values that are no numbers; a
            value in the mask that no class claims. Failure: a file cannot be read.
    """
    from CLIPSLib.segmentation.installed.channels import shift_and_scale
    from CLIPSLib.segmentation.installed.grid import WorkingGrid

    pet = read_file(case, "pet")
    needed = {channel.image for channel in inputs.channels}
    study = PetCtStudy(pet=pet, ct=read_file(case, "ct") if "hu" in needed else None)
    grid = WorkingGrid(study, inputs)
    images = {name: grid.read(name) for name in sorted(needed)}
    if case.prior is not None:
        images["prior"] = grid.resample(read_on_pet_grid(case, "prior", pet))
    scaling = {c.name: shift_and_scale(c, images[c.image]) for c in inputs.channels if c.scaling == "image"}
    mask = read_on_pet_grid(case, "mask", pet)
    claimed = claim_values(case, mask, classes)
    labels = _labels(claimed, pet, grid)
    lost = tuple(n for n, member in enumerate(claimed, start=1) if member.any() and not (labels == n).any())
    found = array_view(mask)[claimed[0]]
    merged = not classes[0].values and found.size > 0 and found.min() != found.max()
    return CaseVolumes(
        images=images, labels=labels, scaling=scaling, spacing_mm=grid.spacing_mm, lost=lost, merged=bool(merged)
    )


def claim_values(case: TrainingCase, mask: sitk.Image, classes: tuple[ClassRecipe, ...]) -> list[np.ndarray]:
    """The voxels of each class, bool `[z, y, x]` on the mask's grid. Raises Refusal: a value that no class claims."""
    values = array_view(mask)
    claimed = [np.isin(values, each.values) if each.values else values != 0 for each in classes]
    unclaimed = (values != 0) & ~np.logical_or.reduce(claimed)
    if unclaimed.any():
        raise Refusal(
            "label-unknown",
            f"The mask of case '{case.case_id}' holds the value {values[unclaimed].flat[0]:g}, "
            "which no class of the recipe names",
            case.mask,
            "Name it in data.classes, or leave 'values' empty so that every value but 0 counts.",
        )
    return claimed


def read_file(case: TrainingCase, name: str) -> sitk.Image:
    """The "pet", "ct", "mask" or "prior" of a case, checked for values that are no numbers.

    Raises:
        Refusal: the case has none, or its values do not do. Failure: it cannot be read; both with the case named.
    """
    path = case.files().get(name)
    if path is None:
        raise Refusal(
            f"{name}-needed",
            f"Case '{case.case_id}' has no {name.upper()}, and the recipe's channels need one",
            "cases.json",
            "Leave the case out, or train on PET only (data.use = 'pet').",
        )
    try:
        image = read_labels(path) if name == "mask" else read_image(path)
    except Failure as error:
        what = f"The {name} of case '{case.case_id}' cannot be read: {error.what}"
        raise Failure("case-unreadable", what, path, "Restore the file and resume the run.") from error
    require_finite(array_view(image), f"The {name.upper()} of case '{case.case_id}'", path)
    return image


def read_on_pet_grid(case: TrainingCase, name: str, pet: sitk.Image) -> sitk.Image:
    """The "mask" or "prior" of a case. Raises as `read_file`, and Refusal: it is on another grid than the PET."""
    image = read_file(case, name)
    if not same_grid(image, pet):
        raise Refusal(
            "grids-differ",
            f"The {name} of case '{case.case_id}' is not on the grid of its PET "
            f"({image.GetSize()} voxels against {pet.GetSize()}, or another place)",
            case.files()[name],
            "Import the case with 'clips cases add', which checks this, and freeze the cases again.",
        )
    return image


def _labels(claimed: Sequence[np.ndarray], pet: sitk.Image, grid: WorkingGrid) -> np.ndarray:
    """Class numbers on the grid: a class is interpolated linearly and kept from one half on; the largest share wins."""
    labels, best = None, None
    for number, member in enumerate(claimed, start=1):
        share = grid.resample(image_like(member.astype(np.float32), pet))
        if labels is None:
            labels, best = np.zeros(share.shape, np.uint8), np.full(share.shape, np.nextafter(np.float32(0.5), 0))
        wins = share > best
        labels[wins] = number
        best = np.maximum(best, share)
    return labels
