"""What the model of a run finds in cases of its list, kept beside the run: to look at, not to learn from.

    <run>/predictions/<case>.nii.gz     1 is tumor, on the PET grid

`run_job` is the verb "predict-cases" (see `verbs`), ordered by the panel that compares runs. Masks for the registry
come from `out_of_fold`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.difficulty.masks import mask_of
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.formats import read_image, read_labels, write_labels
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.models import InstalledModel, read_description
from CLIPSLib.models.description import DESCRIPTION_FILE
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.schema import from_document
from CLIPSLib.study import PetCtStudy
from CLIPSLib.tasks.reporters import Prefixed
from CLIPSLib.training.run_folder import RunFolder

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.training import TrainingCase

VERB = "predict-cases"


@dataclass(frozen=True, kw_only=True)
class PredictionRequest:
    """runs: folders of finished runs; cases: ids that are in the lists of all of them."""

    runs: tuple[str, ...]
    cases: tuple[str, ...]


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Predict what is missing. arguments: those of `PredictionRequest`. Returns {"masks": paths}, run by run.

    Raises:
        Refusal: arguments. Otherwise as `predict_case`.
    """
    request = from_document(PredictionRequest, arguments, where=VERB)
    masks = []
    for run in request.runs:
        for case in request.cases:
            step = Prefixed(reporter, f"{Path(run).name}, {case}: ")
            masks.append(str(predict_case(run, case, reporter=step)))
    return {"masks": masks}


def prediction_path(run: str | Path, case_id: str) -> Path:
    """Where the mask of a case lies once it was predicted."""
    return RunFolder(run).path / "predictions" / f"{case_id}.nii.gz"


def is_predicted(run: str | Path, case_id: str) -> bool:
    """Whether the mask of a case is there and the run's model has not changed since."""
    target, described = prediction_path(run, case_id), RunFolder(run).model / DESCRIPTION_FILE
    both = target.exists() and described.exists()
    return both and target.stat().st_mtime >= described.stat().st_mtime


def case_of_run(run: str | Path, case_id: str) -> TrainingCase:
    """A case of a run's list. Raises UsageError: it has none of that name; as `RunFolder.cases`."""
    folder = RunFolder(run)
    found = next((case for case in folder.cases().cases if case.case_id == case_id), None)
    if found is None:
        raise UsageError("no-such-case", f"The run has no case '{case_id}'", str(folder.cases_file))
    return found


def reference_of_case(run: str | Path, case: TrainingCase) -> sitk.Image:
    """The tumor of a case's reference mask as the run's recipe reads it: 1, on the PET grid.

    Raises Failure: missing or damaged.
    """
    labels = read_labels(case.mask)
    values = array_view(labels)
    tumor = np.zeros(values.shape, dtype=bool)
    for each in RunFolder(run).recipe().data.classes:
        if each.kind == "tumor":
            tumor |= np.isin(values, each.values) if each.values else values > 0
    return image_like(tumor.astype(np.uint16), labels)


def study_of_case(case: TrainingCase) -> PetCtStudy:
    """The images of a case, without anybody's identity. Raises Failure: missing or damaged."""
    return PetCtStudy(pet=read_image(case.pet), ct=None if case.ct is None else read_image(case.ct))


def predict_case(run: str | Path, case_id: str, *, reporter: Reporter = SILENT) -> Path:
    """Segment a case of a run's list with the run's model, unless that was done since the model was made.

    Raises:
        Refusal: the run has no model yet. UsageError: no such case. Failure: an image or the model is damaged, disk
            full. Cancelled.
    """
    from CLIPSLib.segmentation.installed.segmenter import segmenter_of

    described, target = RunFolder(run).model / DESCRIPTION_FILE, prediction_path(run, case_id)
    if not described.exists():
        what = "The run has no model yet: only a finished run can predict"
        raise Refusal("not-finished", what, str(run), "Let it finish.")
    if is_predicted(run, case_id):
        return target
    study = study_of_case(case_of_run(run, case_id))
    model = InstalledModel(description=read_description(described), folder=described.parent)
    found = segmenter_of(model).segment(study, {}, reporter)
    target.parent.mkdir(exist_ok=True)
    return write_labels(image_like(mask_of(found).astype(np.uint16), study.pet), target, overwrite=True)
