"""From what a network found to a `Segmentation`: SUV threshold, lesions, physiological uptake, provenance.

Called by the segmenter of installed models, whichever network ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib import provenance
from CLIPSLib.errors import Caution
from CLIPSLib.imaging import array_view, at_least, bounding_box, image_like, require_finite, voxel_volume_ml
from CLIPSLib.models import InstalledModel, Label
from CLIPSLib.segmentation.candidates import Regions, find_candidates
from CLIPSLib.segmentation.lesions import describe_source, name_lesions
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR, Lesion, Segmentation

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

RUN_OPTIONS = frozenset({"device", "speed"})  # how it is computed, not what: lesion ids do not depend on them


@dataclass(frozen=True, kw_only=True)
class NetworkOutcome:
    """What a network found, on the PET grid, `[z, y, x]`.

    classes: uint8, 0 where nothing was found, else 1 + the index of the label in `labels`. probability: of tumor,
    float32. facts: for the provenance, JSON-ready (device, tiles run and left out).
    """

    classes: np.ndarray
    labels: Sequence[Label]
    probability: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()


def finish_outcome(
    study: PetCtStudy, model: InstalledModel, title: str, options: Mapping[str, Any], outcome: NetworkOutcome
) -> Segmentation:
    """The segmentation: each component of tumor is a lesion; each physiological label is one region, not counted.

    Raises:
        Refusal: more regions than a mask can hold; the PET has voxels that are no numbers.
    """
    threshold = options["suv_threshold"]
    classes = outcome.classes
    if threshold is not None:
        suv = array_view(study.pet)
        require_finite(suv, "The PET", study.identity.pet_series_uid)
        classes = np.where(at_least(suv, threshold), classes, 0)
    regions = find_candidates(
        np.isin(classes, _values(outcome.labels, TUMOR)),
        voxel_volume_ml(study.pet),
        connectivity=options["connectivity"],
        min_volume_ml=options["min_volume_ml"],
    )
    what = {name: value for name, value in options.items() if name not in RUN_OPTIONS}
    lesions = name_lesions(regions, study, model.model_id, what)
    labels, uptake = _with_physiological(regions, classes, outcome.labels)
    return Segmentation(
        labels=image_like(labels, study.pet),
        lesions=(*lesions, *uptake),
        probability=image_like(outcome.probability, study.pet),
        provenance=_facts(study, model, title, options, outcome) | {"discarded": regions.discarded},
        valid_for=None if threshold is None else f"suv >= {threshold:g}",
        cautions=(*outcome.cautions, *_nothing_found(model, regions)),
    )


def _values(labels: Sequence[Label], kind: str) -> list[int]:
    return [value for value, label in enumerate(labels, start=1) if label.kind == kind]


def _with_physiological(
    regions: Regions, classes: np.ndarray, labels: Sequence[Label]
) -> tuple[np.ndarray, tuple[Lesion, ...]]:
    numbers, uptake = regions.labels, []
    for value in _values(labels, PHYSIOLOGICAL):
        name, mask = labels[value - 1].name, classes == value
        if bounding_box(mask) is None:
            continue
        number = len(regions.boxes) + len(uptake) + 1
        numbers[mask] = number
        uptake.append(Lesion(label=number, lesion_id=f"uptake-{value}", name=name, kind=PHYSIOLOGICAL))
    return numbers, tuple(uptake)


def _facts(
    study: PetCtStudy, model: InstalledModel, title: str, options: Mapping[str, Any], outcome: NetworkOutcome
) -> dict[str, Any]:
    description = model.description
    return {
        **describe_source(study, model=model.model_id, title=title, parameters=options),
        "connectivity": options["connectivity"],
        "min_volume_ml": options["min_volume_ml"],
        "network": {
            "name": description.name,
            "version": description.version,
            "sha256": {file.name: file.sha256 for file in description.files if file.role != "text"},
            "licence_of_weights": description.licence_of_weights.name,
            **outcome.facts,
        },
        "libraries": provenance.library_versions(),
    }


def _nothing_found(model: InstalledModel, regions: Regions) -> tuple[Caution, ...]:
    if regions.boxes:
        return ()
    smaller = f"; {regions.discarded_count} smaller than the minimum volume were left out"
    return (
        Caution(
            "no-candidate",
            f"The model '{model.model_id}' found no tumor{smaller if regions.discarded_count else ''}",
        ),
    )
