"""Probe crops: what the network thinks of every case now, by the same few crops each time. For self-paced learning.

Losses of training patches are of random places, augmented, and of drawn cases only. Probes are of fixed places, as they
are, and of all cases; they leave no trace in the network. Called by the engine between two steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from CLIPSLib.progress import Reporter
from CLIPSLib.training.losses import case_losses
from CLIPSLib.training.types import PatchSource

if TYPE_CHECKING:
    from CLIPSLib.training.stepper import Stepper

_STEP = -1  # no step of training has this number: probes are none of its patches
_ON_LESION, _ANYWHERE = 1.0, 0.0


@dataclass(frozen=True)
class Probe:
    """source: without augmentation. cases: all that are ranked. crops: per case, half of them (rounded up) centered on
    a lesion, the others anywhere in the body; a case's crops depend on its id and on the seed alone."""

    source: PatchSource
    cases: tuple[str, ...]
    crops: int
    seed: int

    def losses(self, stepper: Stepper, reporter: Reporter) -> list[float]:
        """The mean loss of each case's crops, in the order of `cases`: evaluation mode, no gradients, weights of now.

        The network is given back in the mode it was in; its running statistics and PyTorch's random numbers are as
        they were.

        Raises:
            Failure: a prepared image is gone. Cancelled.
        """
        network = stepper.network
        training = network.training
        network.eval()
        try:
            with torch.no_grad():
                return [float(np.mean(self._of_case(case, stepper, reporter))) for case in self.cases]
        finally:
            network.train(training)

    def _of_case(self, case: str, stepper: Stepper, reporter: Reporter) -> list[float]:
        reporter.check()
        found: list[float] = []
        for ids, lesion_share in self._batches(case):
            batch = self.source.batch(ids, _STEP, self.seed, lesion_share=lesion_share).to(stepper.device)
            with stepper.autocast():
                outputs = stepper.network(batch.images)
            found += case_losses(outputs, batch, stepper.recipe.loss).tolist()
        return found

    def _batches(self, case: str) -> Iterator[tuple[Sequence[str], float]]:
        """A crop's place in its batch makes it another one; so all crops of a kind are asked for together."""
        on_lesion = (self.crops + 1) // 2
        for count, share in ((on_lesion, _ON_LESION), (self.crops - on_lesion, _ANYWHERE)):
            if count:
                yield (case,) * count, share
