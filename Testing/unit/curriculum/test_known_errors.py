"""Errors of published curriculum code (facts collected from two public libraries), one test each: not repeated here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders_curriculum import cohort, curriculum_of
from CLIPSLib.curriculum import PACINGS, REGULARIZERS, Progress, draw_epoch, draw_ids
from CLIPSLib.errors import UsageError


def test_1_root_p_takes_its_own_root_and_not_always_the_square_root():
    for power in (2.0, 3.0, 5.0):
        pacing = PACINGS["root-p"](start=0.25, power=power)
        assert pacing.window(Progress(0, 100, 10))[1] == pytest.approx(0.25)  # not 0.125 or 0.031


def test_2_polynomial_weights_take_a_root_and_do_not_divide():
    assert REGULARIZERS["polynomial"](degree=4.0).weights(np.array([0.1]), 1.0) == pytest.approx([0.9 ** (1 / 3)])


def test_3_logarithmic_weights_are_numbers_for_losses_of_any_size():
    curriculum = curriculum_of(
        "self-paced", regularizer="logarithmic", warm_up=0.0, lag=1, update_every=1, full_at=1.0, start=0.9
    )
    curriculum.observe(0, [f"c{i:03d}" for i in range(20)], [5.0 + 3.0 * i for i in range(20)])
    weights = curriculum.plan(1).loss_weights
    assert np.isfinite(weights).all() and len(weights) == 19


@pytest.mark.parametrize("size", [1, 2, 7])
def test_4_the_case_at_the_threshold_is_in_the_pool(size):
    curriculum = curriculum_of(
        "self-paced", regularizer="hard", warm_up=0.0, lag=1, update_every=1, start=size / 20, full_at=10.0
    )
    curriculum.observe(0, [f"c{i:03d}" for i in range(20)], [0.1 * i for i in range(20)])
    assert len(curriculum.plan(1).ids) == math.ceil(20 * (size / 20 + (1 - size / 20) / 1000))


def test_5_losses_are_told_by_case_and_not_by_their_place_in_a_loader():
    first, second = (curriculum_of("self-paced", warm_up=0.0, lag=1, update_every=1) for _ in range(2))
    losses = {f"c{i:03d}": 0.1 + i for i in range(20)}
    first.observe(0, list(losses), list(losses.values()))
    backwards = list(losses)[::-1]
    second.observe(0, backwards, [losses[case_id] for case_id in backwards])
    assert first.plan(1).ids == second.plan(1).ids


def test_6_the_first_step_uses_the_starting_fraction_and_the_order_is_not_shuffled():
    curriculum = curriculum_of(start=0.25)
    assert curriculum.plan(0).ids == tuple(f"c{i:03d}" for i in range(5))


def test_7_a_method_that_is_not_there_is_not_half_there():
    for name in ("smoothing", "data-parameters"):
        with pytest.raises(UsageError, match=f"There is no curriculum '{name}'"):
            curriculum_of(name)


def test_8_a_small_pool_gets_as_many_updates_as_a_large_one():
    curriculum = curriculum_of()
    early, late = curriculum.plan(0), curriculum.plan(99)
    assert len(early.ids) < len(late.ids)
    assert len(draw_epoch(early, 0, 0, 20)) == len(draw_epoch(late, 0, 0, 20)) == 20
    assert len(draw_ids(early, 0, 0, 4)) == len(draw_ids(late, 0, 0, 4)) == 4


def test_9_the_state_of_the_curriculum_is_in_the_checkpoint():
    options = {"cases": cohort(12), "warm_up": 0.0, "lag": 2, "update_every": 3}
    curriculum = curriculum_of("self-paced", **options)
    for step in range(20):
        ids = draw_ids(curriculum.plan(step), step, 0, 3)
        curriculum.observe(step, ids, [0.1 + int(case_id[1:]) for case_id in ids])
    resumed = curriculum_of("self-paced", **options)
    resumed.load_state_dict(curriculum.state_dict())
    assert resumed.plan(20).ids == curriculum.plan(20).ids
    assert resumed.plan(20).loss_weights.tolist() == curriculum.plan(20).loss_weights.tolist()
