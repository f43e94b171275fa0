"""`measure_lesions`: from a segmentation and its study to every number that is reported."""

from __future__ import annotations

import numpy as np

from CLIPSLib.imaging import Box, array_view, bounding_box, shift_box
from CLIPSLib.measures.inputs import (
    MeasurableSegmentation,
    MeasurableStudy,
    check_grids,
    check_lesions,
    check_validity,
    check_voxels,
)
from CLIPSLib.measures.lesions import empty_lesion, measure_lesion
from CLIPSLib.measures.norms import suv_norms
from CLIPSLib.measures.patient import measure_patient
from CLIPSLib.measures.types import Measures


def measure_lesions(segmentation: MeasurableSegmentation, study: MeasurableStudy) -> Measures:
    """Measure every lesion and the patient (definitions, units, sources: docs/measures.md).

    segmentation: integer labels on the PET grid, one value per lesion, so that every voxel counts once.
    study: its PET in SUVbw (g/mL); weight and height of its identity are needed for SDmax only.

    Raises:
        Refusal: the mask is not on the PET grid ("grid-differs"), its labels are no integers
            ("labels-not-integer") or belong to no lesion ("label-without-lesion") or to two ("lesion-twice"), the
            PET holds NaN or infinity ("not-finite"), or the mask may not be measured like this ("not-valid-for").
    """
    check_grids(segmentation, study)
    labels, suv = array_view(segmentation.labels), array_view(study.pet)
    check_voxels(labels, suv, study.identity.pet_series_uid)
    boxes = _boxes_by_label(labels)
    check_lesions(list(boxes), segmentation.lesions)
    check_validity(segmentation.valid_for, labels, suv)
    lesions = tuple(
        measure_lesion(lesion, labels, suv, boxes[lesion.label], study.pet)
        if lesion.label in boxes
        else empty_lesion(lesion)
        for lesion in segmentation.lesions
    )
    return Measures(
        lesions=lesions,
        patient=measure_patient(lesions, segmentation, study),
        norms=suv_norms(study.identity),
    )


def _boxes_by_label(labels: np.ndarray) -> dict[int, Box]:
    """The smallest box around each label that has voxels; the volume is read once."""
    from scipy import ndimage

    extent = bounding_box(labels)
    if extent[0].stop == 0:
        return {}
    found = ndimage.find_objects(np.ascontiguousarray(labels[extent]))
    return {label: shift_box(box, extent) for label, box in enumerate(found, start=1) if box is not None}
