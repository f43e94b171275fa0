"""Predictions of hard patients by the tested networks, as pictures. For the page of a result.

Called by `experiment_result.py`; `tested_model` also by whoever installs the winner.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.masks import mask_of
from CLIPSLib.evaluation import dice
from CLIPSLib.experiments import Analysis, PlannedRun
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.models import InstalledModel, read_description
from CLIPSLib.models.description import DESCRIPTION_FILE
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.report.experiment_patients import PatientPictures, views_of
from CLIPSLib.study import PetCtStudy
from CLIPSLib.tasks.experiment import Experiment, hard_order

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.training import TrainingCase

_PATIENTS = 6


def hard_patients(experiment: Experiment, analysis: Analysis, *, reporter: Reporter = SILENT) -> list[PatientPictures]:
    """Pictures of the hardest tested patients: vanilla and every curriculum, by one network each (of one seed).

    Raises:
        Failure: an image or a checkpoint cannot be read. Cancelled.
    """
    control = analysis.families[0].primary["vanilla"].paired.control
    arms = (control, *(family.arm for family in analysis.families))
    order = hard_order(experiment)
    tested = [
        case for case in order if experiment.folds[case] in experiment.design.run_folds and order[case] is not None
    ]
    hardest = sorted(tested, key=lambda case: (-order[case], case))[:_PATIENTS]
    cases = {case.case_id: case for case in experiment.cases.cases}
    pictures = []
    for number, name in enumerate(hardest):
        reporter.check()
        reporter.progress("Predicting hard patients", number / len(hardest))
        runs = {arm: PlannedRun(arm=arm, fold=experiment.folds[name], seed=analysis.seeds[0]) for arm in arms}
        pictures.append(_patient(cases[name], runs, experiment))
    return pictures


def tested_model(experiment: Experiment, run: PlannedRun) -> InstalledModel:
    """The model of a finished run with the weights that the experiment tested (`checkpoint` of the design).

    It is written beside the run the first time. Raises as `training.export.export_model`.
    """
    from CLIPSLib.training.export import export_model

    folder = experiment.runs / run.name
    target = folder / "tested-model"
    if not (target / DESCRIPTION_FILE).exists():
        export_model([folder], target, which=experiment.design.checkpoint)
    return InstalledModel(description=read_description(target / DESCRIPTION_FILE), folder=target)


def _patient(case: TrainingCase, runs: Mapping[str, PlannedRun], experiment: Experiment) -> PatientPictures:
    study = PetCtStudy(pet=read_image(case.pet), ct=None if case.ct is None else read_image(case.ct))
    masks = {"reference": read_labels(case.mask)}
    masks |= {arm: _prediction(experiment, run, case, study) for arm, run in runs.items()}
    reference = array_view(masks["reference"]) > 0
    return PatientPictures(
        case_id=case.case_id,
        seed=next(iter(runs.values())).seed,
        views=views_of(study.pet, masks),
        dice={name: dice(reference, array_view(mask) > 0) for name, mask in masks.items()},
    )


def _prediction(experiment: Experiment, run: PlannedRun, case: TrainingCase, study: PetCtStudy) -> sitk.Image:
    """The tumor that a run's network finds, on the PET grid; kept beside the run."""
    from CLIPSLib.formats import write_labels
    from CLIPSLib.segmentation.installed.segmenter import segmenter_of

    kept: Path = experiment.runs / run.name / "tested-predictions" / f"{case.case_id}.nii.gz"
    if not kept.exists():
        found = segmenter_of(tested_model(experiment, run)).segment(study, {}, SILENT)
        labels = image_like(mask_of(found).astype(np.uint16), study.pet)
        kept.parent.mkdir(exist_ok=True)
        write_labels(labels, kept)
    return read_labels(kept)
