"""Validation as the finished model will be used: whole images through the inference engine, compared on the PET grid.

Called by the engine with a copy of the network, always on the same cases.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from CLIPSLib.errors import Failure
from CLIPSLib.evaluation import CaseEvaluation, evaluate, probability_loss
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.models import Channel, Network, build_described
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation import TUMOR
from CLIPSLib.segmentation.installed.sliding import Sliding, predict
from CLIPSLib.segmentation.sliding_window.device import EngineSettings
from CLIPSLib.study import PetCtStudy
from CLIPSLib.training.case_list import require_unchanged
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.data.reading import claim_values, read_file, read_on_pet_grid
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
        self._looked_at: dict[str, tuple[tuple[int, int], ...]] = {}

    def require_files(self) -> None:
        """All files are there now, hours before they are needed. Raises Failure with the case named."""
        for case in self.cases:
            for name, path in case.files().items():
                if not Path(path).is_file():
                    what = f"The {name} of case '{case.case_id}' cannot be read: the file does not exist"
                    raise Failure("case-unreadable", what, path, "Restore the file, or leave the case out.")

    def run(self, weights: Mapping[str, torch.Tensor], reporter: Reporter) -> list[CaseScore]:
        """Validate weights; the network in training is not touched.

        Raises:
            Failure: an image cannot be read, or the network gives no numbers for it. Refusal: an image is not the one
                that was frozen, or does not fit; all with the case named. Cancelled.
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
        self._require_frozen(case)
        pet = read_file(case, "pet")
        study = PetCtStudy(pet=pet, ct=read_file(case, "ct") if self._uses("hu") else None)
        more = {"prior": read_on_pet_grid(case, "prior", pet)} if self._data.prior else {}
        reference = self._reference(case, pet)
        sliding = Sliding(inputs=self._inputs, labels=self._labels, network=self._network, more=more)
        outcome = predict(
            [network.eval()], sliding, study, settings=self._settings, stage="Validating", reporter=reporter
        )
        tumor = [value for value, label in enumerate(self._labels, start=1) if label.kind == TUMOR]
        found = image_like(np.isin(outcome.classes, tumor).astype(np.uint8), pet)
        loss = probability_loss(outcome.probability, array_view(reference) != 0)
        if not math.isfinite(loss):
            raise _no_numbers(case)
        evaluation = evaluate(reference, found, pet=pet)
        return CaseScore(case.case_id, evaluation, loss, time.perf_counter() - began)

    def _reference(self, case: TrainingCase, pet: sitk.Image) -> sitk.Image:
        """The tumor of the reference mask."""
        claimed = claim_values(case, read_on_pet_grid(case, "mask", pet), self._data.classes)
        tumor = np.zeros(claimed[0].shape, dtype=bool)
        for member, each in zip(claimed, self._data.classes, strict=True):
            if each.kind == TUMOR:
                tumor |= member
        return image_like(tumor.astype(np.uint8), pet)

    def _require_frozen(self, case: TrainingCase) -> None:
        """Hash the files the first time, and again when size or date of one are no longer the same."""
        try:
            stamps = tuple((stat.st_size, stat.st_mtime_ns) for stat in map(os.stat, case.files().values()))
        except OSError:
            stamps = ()  # reading tells which one
        if case.sha256 and self._looked_at.get(case.case_id) != stamps:
            require_unchanged(case)
            self._looked_at[case.case_id] = stamps

    def _uses(self, image: str) -> bool:
        return any(channel.image == image for channel in self._inputs.channels)


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


def _no_numbers(case: TrainingCase) -> Failure:
    return Failure(
        "not-a-number",
        f"The network gives values for case '{case.case_id}' that are no numbers",
        "validation",
        "Resume with --set training.precision=float32; if that does not help, with a smaller optimizer.learning_rate.",
    )
