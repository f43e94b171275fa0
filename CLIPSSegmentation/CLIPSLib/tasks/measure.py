"""Measure a mask that exists already: a written result, one corrected in Slicer, one from elsewhere.

Called by `clips measure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.formats import (
    corrected_segments,
    read_labels,
    read_result,
    read_seg_nrrd,
    together,
    write_lesions_csv,
    write_measures_json,
)
from CLIPSLib.imaging import array_view, same_grid
from CLIPSLib.measures import measure_lesions
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import Lesion, Segmentation, split_lesions
from CLIPSLib.study import load_study

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.measures import Measures

TABLE, MEASURES = "lesions.csv", "measures.json"


def measure_mask(
    mask: str | Path,
    study_path: str | Path,
    *,
    out: str | Path | None = None,
    split: bool = False,
    reviewed: bool | None = None,
    overwrite: bool = False,
    answers: Mapping[str, Any] | None = None,
    pet_series: str | None = None,
    ct_series: str | None = None,
    reporter: Reporter = SILENT,
) -> Measures:
    """Measure the lesions of `mask` (a result folder, .seg.nrrd or .nii.gz) on the PET of the study.

    split: one lesion per 26-connected component instead of one per label or segment. reviewed: None keeps what the
    mask says of itself. out: a folder for lesions.csv and measures.json.

    Raises:
        Refusal: the mask is on another grid; `out` holds a result, or these files and `overwrite` is False.
        Failure: unreadable. Question: as `load_study`.
    """
    if out is not None and (Path(out) / "segmentation.json").exists():
        raise Refusal(
            "holds-a-result",
            "The folder holds a result, whose mask, report and measures belong together",
            str(out),
            "Choose another folder for these measures.",
        )
    study = load_study(study_path, answers=answers, pet_series=pet_series, ct_series=ct_series, reporter=reporter)
    segmentation = _read_mask(Path(mask), study.pet)
    if split:
        segmentation = split_lesions(segmentation, study)
    if reviewed is not None:
        segmentation = replace(segmentation, reviewed=reviewed)
    for caution in (*study.cautions, *segmentation.cautions):
        reporter.caution(caution)
    measures = measure_lesions(segmentation, study)
    if out is not None:
        with together(out, (TABLE, MEASURES), overwrite=overwrite) as folder:
            write_lesions_csv(folder / TABLE, study, segmentation, measures)
            write_measures_json(folder / MEASURES, measures, user_entered=study.identity.user_entered)
    return measures


def _read_mask(mask: Path, pet: sitk.Image) -> Segmentation:
    if mask.is_dir():
        stored = read_result(mask).segmentation
        corrected = corrected_segments(mask)
        if corrected is None:
            return stored
        what = "The segments were saved again since the result was written; they are measured as they are now"
        segmentation = read_seg_nrrd(corrected, pet)
        return replace(segmentation, cautions=(*segmentation.cautions, Caution("corrected", what, str(corrected))))
    if mask.name.endswith(".seg.nrrd"):
        return read_seg_nrrd(mask, pet)
    if mask.name.endswith((".nii.gz", ".nii")):
        return _label_map(mask, pet)
    raise Refusal(
        "mask-format",
        "The mask is no result folder, .seg.nrrd or .nii.gz",
        str(mask),
        "Save the segmentation in Slicer as .seg.nrrd, or export it as a NIfTI label map.",
    )


def _label_map(mask: Path, pet: sitk.Image) -> Segmentation:
    """One lesion per label value: a NIfTI file holds no names or ids."""
    labels = read_labels(mask)
    if same_grid(labels, pet):  # NIfTI keeps coordinates as float32: take the grid of the PET itself
        labels.CopyInformation(pet)
    values = np.unique(array_view(labels))
    lesions = tuple(
        Lesion(label=int(value), lesion_id=f"lesion-{value}", name=f"Lesion {value}") for value in values if value
    )
    return Segmentation(labels=labels, lesions=lesions, provenance={"imported_from": mask.name, "model": "imported"})
