"""Validation as the finished model will be used: whole images through the inference engine, compared on the PET grid.

Called by the engine with a copy of the network, always on the same cases.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from CLIPSLib.errors import Failure
from CLIPSLib.evaluation import CaseEvaluation, evaluate, probability_loss
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.models import Channel, Network, build_described
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation import TUMOR
from CLIPSLib.segmentation.installed.sliding import Sliding, predict
from CLIPSLib.segmentation.sliding_window.device import EngineSettings
from CLIPSLib.study import PetCtStudy
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.recipe import DataRecipe
from CLIPSLib.training.types import TrainingCase

if TYPE_CHECKING:
    import SimpleITK as sitk

_PRIOR = Channel(name="prior", image="prior")


@dataclass(frozen=True)
class CaseScore:
    """A validated case. loss: of the probability of tumor over the whole image (`evaluation.probability_loss`).

    seconds: what it took, reading included.
    """

    case_id: str
    evaluation: CaseEvaluation
    loss: float
    seconds: float

    def row(self, step: int) -> dict[str, Any]:
        """As a row of `validation.csv`."""
        names = ("dice", "reference_ml", "prediction_ml", "fpv_ml", "fnv_ml", "lesion_recall", "lesion_precision")
        names += ("lesion_f1", "nsd", "hd95_mm")
        values = {name: getattr(self.evaluation, name) for name in names}
        return {"step": step, "case": self.case_id, **values, "loss": self.loss, "seconds": self.seconds}


class Validation:
    """Validates weights of one network on fixed cases."""

    def __init__(
        self, cases: Sequence[TrainingCase], data: DataRecipe, network: Network, settings: EngineSettings
    ) -> None:
        self.cases = tuple(cases)
        self._data, self._network, self._settings = data, network, settings
        inputs = network_inputs(data)
        if data.prior:
            inputs = replace(inputs, channels=(*inputs.channels, _PRIOR))
        self._inputs, self._labels = inputs, network_labels(data)

    def run(self, weights: Mapping[str, torch.Tensor], reporter: Reporter) -> list[CaseScore]:
        """Validate weights; the network in training is not touched.

        Raises:
            Failure: an image cannot be read or is on another grid, with the case named. Cancelled.
        """
        network = build_described(self._network)
        network.load_state_dict(weights)
        reporter.progress("Validating", 0.0)
        scores = []
        for number, case in enumerate(self.cases):
            reporter.check()
            scores.append(self._score(case, network, _Within(reporter, number, len(self.cases))))
        reporter.progress("Validating", 1.0)
        return scores

    def _score(self, case: TrainingCase, network: nn.Module, reporter: Reporter) -> CaseScore:
        began = time.perf_counter()
        images = {name: _read(case, name, path) for name, path in case.files().items()}
        study = PetCtStudy(pet=images["pet"], ct=images.get("ct"))
        more = {"prior": images["prior"]} if self._data.prior else {}
        sliding = Sliding(inputs=self._inputs, labels=self._labels, network=self._network, more=more)
        outcome = predict(
            [network.eval()], sliding, study, settings=self._settings, stage="Validating", reporter=reporter
        )
        tumor = [value for value, label in enumerate(self._labels, start=1) if label.kind == TUMOR]
        found = image_like(np.isin(outcome.classes, tumor).astype(np.uint8), study.pet)
        reference = self._reference(images["mask"])
        evaluation = evaluate(reference, found, pet=study.pet)
        loss = probability_loss(outcome.probability, array_view(reference) != 0)
        return CaseScore(case.case_id, evaluation, loss, time.perf_counter() - began)

    def _reference(self, mask: sitk.Image) -> sitk.Image:
        """The tumor of the reference mask."""
        values = array_view(mask)
        tumor = np.zeros(values.shape, dtype=bool)
        for each in self._data.classes:
            if each.kind == TUMOR:
                tumor |= np.isin(values, each.values) if each.values else values != 0
        return image_like(tumor.astype(np.uint8), mask)


def mean_dice(scores: Sequence[CaseScore]) -> float | None:
    """Over the cases where Dice is defined (some tumor in reference or prediction)."""
    dice = [score.evaluation.dice for score in scores if score.evaluation.dice is not None]
    return float(np.mean(dice)) if dice else None


class _Within:
    """Progress of one case as a part of the whole validation."""

    def __init__(self, reporter: Reporter, number: int, count: int) -> None:
        self._reporter, self._number, self._count = reporter, number, count
        self.check, self.caution = reporter.check, reporter.caution

    def progress(self, stage: str, fraction: float) -> None:
        self._reporter.progress(stage, min((self._number + fraction) / self._count, 0.999))


def _read(case: TrainingCase, name: str, path: str) -> sitk.Image:
    try:
        return read_labels(path) if name == "mask" else read_image(path)
    except Failure as error:
        what = f"The {name} of case '{case.case_id}' cannot be read: {error.what}"
        raise Failure("case-unreadable", what, path, "Restore the file and resume the run.") from error
