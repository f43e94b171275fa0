"""Measure a mask that exists already: a written result, one corrected in Slicer, one from elsewhere.

Called by `clips measure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Refusal
from CLIPSLib.formats import (
    MaskReading,
    read_reference_mask,
    together,
    write_lesions_csv,
    write_measures_json,
)
from CLIPSLib.measures import measure_lesions
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study import load_study

if TYPE_CHECKING:
    from CLIPSLib.measures import Measures

EACH_LABEL = MaskReading(label_is_lesion=True)
TABLE, MEASURES = "lesions.csv", "measures.json"


def measure_mask(
    mask: str | Path,
    study_path: str | Path,
    *,
    out: str | Path | None = None,
    reading: MaskReading = EACH_LABEL,
    reviewed: bool | None = None,
    overwrite: bool = False,
    answers: Mapping[str, Any] | None = None,
    pet_series: str | None = None,
    ct_series: str | None = None,
    reporter: Reporter = SILENT,
) -> Measures:
    """Measure the lesions of `mask` (result folder, .seg.nrrd, .nii.gz or RTSTRUCT) on the PET of the study.

    reading: how the mask is understood, by default one lesion per label, segment or structure. reviewed: None keeps
    what the mask says of itself. out: a folder for lesions.csv and measures.json.

    Raises:
        Refusal: the mask is on another grid; `out` holds a result, or these files and `overwrite` is False.
        Failure: unreadable. Question: as `load_study`; several structures could be meant.
    """
    if out is not None and (Path(out) / "segmentation.json").exists():
        raise Refusal(
            "holds-a-result",
            "The folder holds a result, whose mask, report and measures belong together",
            str(out),
            "Choose another folder for these measures.",
        )
    study = load_study(study_path, answers=answers, pet_series=pet_series, ct_series=ct_series, reporter=reporter)
    segmentation = read_reference_mask(mask, study, reading)
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
