"""`measure_lesions`: from a segmentation and its study to every number that is reported."""

from __future__ import annotations

from CLIPSLib.measures.inputs import MeasurableSegmentation, MeasurableStudy
from CLIPSLib.measures.meter import LesionMeter
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
    return LesionMeter(study).measure(segmentation)
