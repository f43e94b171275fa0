"""Loss and entropy of probability maps: numbers worked out by hand, and the loss that training minimizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from CLIPSLib.evaluation import probability_loss, voxel_entropy


def test_the_loss_of_four_voxels_by_hand():
    probability = np.array([[[0.9, 0.6, 0.2, 0.1]]])
    reference = np.array([[[True, True, False, False]]])
    overlap = 1 - (2 * (0.9 + 0.6) + 1) / (1.8 + 2 + 1)  # 1 - 4 / 4.8
    entropy = -(math.log(0.9) + math.log(0.6) + math.log(0.8) + math.log(0.9)) / 4
    assert probability_loss(probability, reference) == pytest.approx(overlap + entropy)


def test_the_loss_is_that_of_training_for_two_classes():
    torch = pytest.importorskip("torch")
    from CLIPSLib.training.losses import case_losses
    from CLIPSLib.training.recipe import LossRecipe
    from CLIPSLib.training.types import Batch

    generator = torch.Generator().manual_seed(1)
    logits = torch.randn((1, 2, 4, 5, 6), generator=generator)
    labels = (torch.rand((1, 1, 4, 5, 6), generator=generator) > 0.7).to(torch.uint8)
    batch = Batch(images=torch.zeros((1, 1, 4, 5, 6)), labels=labels, case_ids=("a",))
    expected = case_losses(logits, batch, LossRecipe(name="dice-ce")).item()
    probability = torch.softmax(logits, 1)[0, 1].numpy()
    assert probability_loss(probability, labels[0, 0].numpy() > 0) == pytest.approx(expected, rel=1e-5)


def test_a_certain_error_costs_much_and_not_infinitely():
    nothing, lesion = np.zeros((2, 2, 2)), np.ones((2, 2, 2), dtype=bool)
    assert 10 < probability_loss(nothing, lesion) < 20
    assert probability_loss(nothing, ~lesion) == pytest.approx(0.0, abs=1e-5)


def test_images_of_different_shapes_are_no_pair():
    with pytest.raises(ValueError, match="shape"):
        probability_loss(np.zeros((2, 2, 2)), np.zeros((2, 2, 3), dtype=bool))


def test_entropy_is_largest_in_doubt_and_nothing_in_certainty():
    found = voxel_entropy(np.array([0.0, 0.5, 1.0, 0.1]))
    assert found == pytest.approx([0.0, math.log(2), 0.0, 0.325083], abs=1e-5)
