"""Losses per case: against hand calculation and MONAI, on empty patches, in float32, several levels, mixup."""

from __future__ import annotations

import math

import pytest
from CLIPSLib.training.recipe import LossRecipe

torch = pytest.importorskip("torch")

from CLIPSLib.training.losses import case_losses  # noqa: E402
from CLIPSLib.training.types import Batch  # noqa: E402

NAMES = ("dice-ce", "dice-focal", "tversky", "tmtvnet")


def batch_of(labels, **fields) -> Batch:
    labels = torch.as_tensor(labels, dtype=torch.uint8)
    return Batch(images=torch.zeros(labels.shape), labels=labels, case_ids=("c",) * len(labels), **fields)


def random_case(count: int = 2, classes: int = 3, side: int = 6):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((count, classes, side, side, side), generator=generator)
    labels = torch.randint(classes, (count, 1, side, side, side), generator=generator)
    return logits, batch_of(labels)


def voxels_of_equal_chance(lesion_voxels: int, voxels: int = 8):
    """Every voxel has probability 1/2 of lesion; the first `lesion_voxels` of them are lesion."""
    labels = torch.zeros(voxels)
    labels[:lesion_voxels] = 1
    return torch.zeros(1, 2, 2, 2, 2), batch_of(labels.reshape(1, 1, 2, 2, 2))


def test_dice_and_cross_entropy_by_hand():
    """8 voxels at p = 1/2, 3 of them lesion: Dice (2 * 1.5 + 1) / (4 + 3 + 1), cross-entropy ln 2."""
    logits, batch = voxels_of_equal_chance(3)
    assert case_losses(logits, batch, LossRecipe()).item() == pytest.approx(1 - 4 / 8 + math.log(2), abs=1e-6)


def test_focal_by_hand():
    """(1 - 1/2)^2 ln 2 in place of the cross-entropy."""
    logits, batch = voxels_of_equal_chance(3)
    loss = case_losses(logits, batch, LossRecipe(name="dice-focal", focal_gamma=2.0)).item()
    assert loss == pytest.approx(1 - 4 / 8 + 0.25 * math.log(2), abs=1e-6)


def test_tversky_by_hand():
    """TP 1.5, FN 1.5, FP 2.5: (1.5 + 1) / (1.5 + 0.7 * 1.5 + 0.3 * 2.5 + 1)."""
    logits, batch = voxels_of_equal_chance(3)
    loss = case_losses(logits, batch, LossRecipe(name="tversky", tversky_misses=0.7)).item()
    assert loss == pytest.approx(1 - 2.5 / 4.3, abs=1e-6)


def test_tmtvnets_own_loss_by_hand():
    """1 - (2 * 1.5 + 1e-3) / (4 + 3 + 1e-5 + 1e-3) + 0.5 * (1/2) ln 2 + 2 * 1.5 / (3 + 1e-4)."""
    logits, batch = voxels_of_equal_chance(3)
    loss = case_losses(logits, batch, LossRecipe(name="tmtvnet", sensitivity=2.0)).item()
    by_hand = 1 - 3.001 / 7.00101 + 0.25 * math.log(2) + 3.0 / 3.0001
    assert loss == pytest.approx(by_hand, abs=1e-6)


def test_soft_dice_is_that_of_monai():
    losses = pytest.importorskip("monai.losses")
    logits, batch = random_case()
    theirs = losses.DiceLoss(
        include_background=False, to_onehot_y=True, softmax=True, smooth_nr=1.0, smooth_dr=1.0, reduction="none"
    )
    dice = theirs(logits, batch.labels.long()).flatten(1).mean(1)
    entropy = torch.nn.functional.cross_entropy(logits, batch.labels[:, 0].long(), reduction="none").mean((1, 2, 3))
    assert torch.allclose(case_losses(logits, batch, LossRecipe()), dice + entropy, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_patch_has_a_finite_loss_and_gradient_that_shrink_with_what_is_found(name):
    batch = batch_of(torch.zeros(1, 1, 4, 4, 4))
    found = []
    for strength in (5.0, 0.0, -5.0):
        logits = torch.zeros(1, 2, 4, 4, 4)
        logits[:, 1] = strength
        logits.requires_grad_()
        loss = case_losses(logits, batch, LossRecipe(name=name))
        loss.sum().backward()
        assert torch.isfinite(loss).all() and torch.isfinite(logits.grad).all()
        found.append(loss.item())
    assert found[0] > found[1] > found[2] >= 0


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_answer_costs_next_to_nothing(name):
    _, batch = random_case(classes=2)
    logits = torch.nn.functional.one_hot(batch.labels[:, 0].long(), 2).movedim(-1, 1).float() * 40 - 20
    assert case_losses(logits, batch, LossRecipe(name=name)).max() < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_each_case_has_its_own_loss(name):
    logits, batch = random_case(count=3)
    together = case_losses(logits, batch, LossRecipe(name=name))
    alone = [case_losses(logits[i : i + 1], batch.part(slice(i, i + 1)), LossRecipe(name=name)) for i in range(3)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-6)


def test_the_loss_is_float32_whatever_the_network_ran_in():
    logits, batch = random_case()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = case_losses(logits.bfloat16(), batch, LossRecipe())
    assert loss.dtype == torch.float32
    assert torch.allclose(loss, case_losses(logits.bfloat16().float(), batch, LossRecipe()))


def test_coarser_levels_count_half_and_are_compared_with_the_nearest_labels():
    logits, batch = random_case(side=4)
    coarse = torch.randn(2, 3, 2, 2, 2, generator=torch.Generator().manual_seed(1))
    at_level = batch_of(batch.labels[:, :, ::2, ::2, ::2])
    fine_loss, coarse_loss = (case_losses(*pair, LossRecipe()) for pair in ((logits, batch), (coarse, at_level)))
    both = case_losses((coarse, logits), batch, LossRecipe())
    assert torch.allclose(both, (2 * fine_loss + coarse_loss) / 3, atol=1e-6)
    tmtvnet = LossRecipe(name="tmtvnet")
    parts = case_losses(logits, batch, tmtvnet) + 0.5 * case_losses(coarse, at_level, tmtvnet)
    assert torch.allclose(case_losses((coarse, logits), batch, tmtvnet), parts, atol=1e-6)


def test_monais_stack_of_levels_is_understood():
    logits, batch = random_case()
    stack = torch.stack([logits, logits], dim=1)
    assert torch.allclose(case_losses(stack, batch, LossRecipe()), case_losses(logits, batch, LossRecipe()))


def test_blended_patches_are_judged_by_their_shares():
    logits, batch = random_case()
    other = batch_of(torch.zeros_like(batch.labels))
    mixed = batch_of(batch.labels, mixed_labels=other.labels, mixed_share=torch.tensor([0.25, 1.0]))
    loss = case_losses(logits, mixed, LossRecipe())
    one, two = case_losses(logits, batch, LossRecipe()), case_losses(logits, other, LossRecipe())
    assert torch.allclose(loss, torch.stack([0.75 * one[0] + 0.25 * two[0], two[1]]), atol=1e-6)
