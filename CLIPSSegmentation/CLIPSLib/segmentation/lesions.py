"""From regions to lesions with stable ids, and to a finished `Segmentation` with its provenance.

Every source of a mask ends here: threshold methods, networks, imports.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib import provenance
from CLIPSLib.errors import Caution
from CLIPSLib.imaging import Box, array_view, image_like, same_grid, shift_box, voxel_volume_ml
from CLIPSLib.segmentation.candidates import Regions, find_candidates
from CLIPSLib.segmentation.types import Lesion, Segmentation

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study import PetCtStudy


def lesions_from_mask(
    mask: sitk.Image | np.ndarray,
    study: PetCtStudy,
    *,
    connectivity: int = 26,
    min_volume_ml: float = 0.0,
    model: str = "imported",
    parameters: Mapping[str, Any] | None = None,
) -> tuple[sitk.Image, tuple[Lesion, ...]]:
    """Each connected component of a mask becomes one lesion, largest first.

    mask: on the PET grid, an image or an array `[z, y, x]`; every voxel that is not 0 belongs to it.
    min_volume_ml: 0 for what a person drew (small nodes count); automatic masks may leave out small components.
    model, parameters: what made the mask; they go into the lesion ids.

    Raises:
        ValueError: the mask is not on the PET grid. Refusal: more than 65535 components.
    """
    if not isinstance(mask, np.ndarray):
        if not same_grid(mask, study.pet):
            raise ValueError("the mask is not on the PET grid")
        mask = array_view(mask)
    regions = find_candidates(
        mask != 0, voxel_volume_ml(study.pet), connectivity=connectivity, min_volume_ml=min_volume_ml
    )
    return image_like(regions.labels, study.pet), name_lesions(regions, study, model, parameters or {})


def split_lesions(segmentation: Segmentation, study: PetCtStudy, *, connectivity: int = 26) -> Segmentation:
    """Each lesion that falls into several components becomes several; touching lesions stay apart.

    The largest part keeps id and name, the others are called "<name>, part 2" and so on, and keep the kind.
    """
    from scipy import ndimage

    labels = np.array(array_view(segmentation.labels))
    suv = array_view(study.pet)
    lesions: list[Lesion] = []
    next_label = max((lesion.label for lesion in segmentation.lesions), default=0) + 1
    around = ndimage.find_objects(labels)
    for lesion in segmentation.lesions:
        lesions.append(lesion)
        box = around[lesion.label - 1] if lesion.label <= len(around) else None
        if box is None:
            continue
        parts = find_candidates(labels[box] == lesion.label, 1.0, connectivity=connectivity, min_volume_ml=0.0)
        for number in range(2, len(parts.boxes) + 1):
            labels[box][parts.labels == number] = next_label
            seed = (study.identity.pet_series_uid, "split", lesion.lesion_id)
            lesions.append(
                replace(
                    lesion,
                    label=next_label,
                    lesion_id=_lesion_id(seed, hottest_voxel(suv, labels, box, next_label)),
                    name=f"{lesion.name}, part {number}",
                )
            )
            next_label += 1
    return replace(segmentation, labels=image_like(labels, study.pet), lesions=tuple(lesions))


def name_lesions(regions: Regions, study: PetCtStudy, model: str, parameters: Mapping[str, Any]) -> tuple[Lesion, ...]:
    """One lesion per region: "Lesion 1" is the largest."""
    suv = array_view(study.pet)
    seed = (study.identity.pet_series_uid, model, json.dumps(dict(parameters), sort_keys=True, default=str))
    return tuple(
        Lesion(
            label=label,
            lesion_id=_lesion_id(seed, hottest_voxel(suv, regions.labels, box, label)),
            name=f"Lesion {label}",
        )
        for label, box in enumerate(regions.boxes, start=1)
    )


def hottest_voxel(suv: np.ndarray, labels: np.ndarray, box: Box, label: int) -> tuple[int, int, int]:
    """Index (z, y, x) of the highest SUV with this label; of several the first."""
    inside = np.where(labels[box] == label, suv[box], -np.inf)
    z, y, x = np.unravel_index(int(inside.argmax()), inside.shape)
    at = shift_box((slice(z, z + 1), slice(y, y + 1), slice(x, x + 1)), box)
    return at[0].start, at[1].start, at[2].start


def finish(
    study: PetCtStudy,
    regions: Regions,
    *,
    model: str,
    title: str,
    options: Mapping[str, Any],
    thresholds: Sequence[Mapping[str, Any]],
    candidates: Regions | None = None,
    cautions: Sequence[Caution] = (),
    details: Mapping[str, Any] | None = None,
) -> Segmentation:
    """The segmentation of a threshold method.

    thresholds: how region 1, 2, ... was delineated ({"threshold_suv": 4.0}), JSON-ready; candidates: where the
    minimum volume was applied, when that was not at `regions`; details: more facts for the provenance, JSON-ready.
    """
    lesions = name_lesions(regions, study, model, options)
    facts = {
        **describe_source(study, model=model, title=title, parameters=options),
        "connectivity": options["connectivity"],
        "min_volume_ml": options["min_volume_ml"],
        "thresholds": [
            {"lesion_id": lesion.lesion_id, "name": lesion.name, **threshold}
            for lesion, threshold in zip(lesions, thresholds, strict=True)
        ],
        "discarded": (candidates or regions).discarded,
        **(details or {}),
    }
    return Segmentation(
        labels=image_like(regions.labels, study.pet), lesions=lesions, provenance=facts, cautions=tuple(cautions)
    )


def count_voxels(segmentation: Segmentation) -> dict[str, int]:
    """Voxels of each lesion by id. Kept in the provenance, they tell later whether somebody edited the mask."""
    from scipy import ndimage

    labels = array_view(segmentation.labels)
    around = ndimage.find_objects(labels)
    return {
        lesion.lesion_id: int(np.count_nonzero(labels[around[lesion.label - 1]] == lesion.label))
        for lesion in segmentation.lesions
        if lesion.label <= len(around) and around[lesion.label - 1] is not None
    }


def describe_source(study: PetCtStudy, *, model: str, title: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance that every mask carries: what made it, from which series, with which SUV factor, when."""
    suv = study.suv
    return {
        "model": model,
        "title": title,
        "parameters": dict(parameters),
        "pet_series_uid": study.identity.pet_series_uid,
        "ct_series_uid": study.identity.ct_series_uid,
        "suv_factor": None if suv is None else suv.factor,
        "suv_formula": "" if suv is None else suv.formula,
        "software": provenance.software(),
        "created_utc": provenance.utc_now(),
    }


def _lesion_id(seed: tuple[str, str, str], voxel: tuple[int, int, int]) -> str:
    text = "\n".join((*seed, ",".join(str(i) for i in voxel)))
    return "lesion-" + hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
