"""Drawing: a function of (draw, step, seed), and in the proportions that the draw states."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from builders_curriculum import cohort, curriculum_of
from CLIPSLib.curriculum import Draw, draw_epoch, draw_ids
from CLIPSLib.curriculum.sampling import uniform_numbers
from scipy import stats

UNEVEN = Draw(tuple("abcde"), np.array([0.4, 0.3, 0.2, 0.1, 0.0]), np.ones(5))
FROZEN = [("c2", "c8", "c6", "c3"), ("c1", "c6", "c2", "c7"), ("c7", "c9", "c6", "c9")]


def _drawn(draw: Draw, steps: range, *, seed: int = 0, batch_size: int = 4) -> Counter:
    return Counter(case_id for step in steps for case_id in draw_ids(draw, step, seed, batch_size))


def test_the_same_step_and_seed_draw_the_same_cases():
    assert draw_ids(UNEVEN, 7, 3, 6) == draw_ids(UNEVEN, 7, 3, 6)
    batches = {draw_ids(UNEVEN, step, seed, 12) for step in range(5) for seed in range(5)}
    assert len(batches) == 25


def test_these_batches_are_drawn_on_every_machine():
    # fixed for all time: a changed number here changes every run that is resumed
    draw = Draw(tuple(f"c{i}" for i in range(10)), np.full(10, 0.1), np.ones(10))
    assert [draw_ids(draw, step, 42, 4) for step in (0, 1, 100_000)] == FROZEN


def test_a_larger_batch_begins_with_the_smaller_one():
    assert draw_ids(UNEVEN, 5, 0, 8)[:3] == draw_ids(UNEVEN, 5, 0, 3)


def test_cases_come_in_the_proportions_of_the_draw():
    drawn = _drawn(UNEVEN, range(5000))
    assert drawn["e"] == 0
    observed = [drawn[case_id] for case_id in "abcd"]
    assert stats.chisquare(observed, 20_000 * UNEVEN.probabilities[:4]).pvalue > 0.01


@pytest.mark.parametrize("name", ["vanilla", "curriculum", "random-order", "anti", "hard-oversampled"])
def test_a_curriculum_is_drawn_as_planned(name):
    curriculum = curriculum_of(name, cases=cohort(30, lesion_free_every=5), total_steps=400)
    observed, expected = Counter(), Counter()
    for step in range(400):
        draw = curriculum.plan(step)
        observed.update(draw_ids(draw, step, 11, 25))
        expected.update(dict(zip(draw.ids, 25 * draw.probabilities, strict=True)))
    ids = sorted(expected)
    result = stats.chisquare([observed[i] for i in ids], [expected[i] for i in ids])
    assert result.pvalue > 0.001
    assert sum(observed.values()) == 10_000


def test_batches_of_successive_steps_and_of_other_seeds_are_independent():
    first = np.concatenate([uniform_numbers("draw", step, 0, 1) for step in range(4000)])
    assert stats.kstest(first, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.05
    other = np.concatenate([uniform_numbers("draw", step, 1, 1) for step in range(4000)])
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.05


def test_an_epoch_of_vanilla_has_each_case_once():
    draw = curriculum_of("vanilla", count=37).plan(0)
    for epoch in range(5):
        assert sorted(draw_epoch(draw, epoch, 0, 37)) == sorted(draw.ids)
    assert draw_epoch(draw, 0, 0, 37) != draw_epoch(draw, 1, 0, 37)


def test_an_epoch_has_each_case_as_often_as_expected_up_to_one():
    for epoch in range(20):
        drawn = Counter(draw_epoch(UNEVEN, epoch, 0, 33))
        for case_id, probability in zip(UNEVEN.ids, UNEVEN.probabilities, strict=True):
            assert abs(drawn[case_id] - 33 * probability) < 1.0


def test_loss_weights_belong_to_cases():
    draw = Draw(("a", "b", "c"), np.full(3, 1 / 3), np.array([0.5, 1.0, 1.5]))
    assert draw.loss_weights_of(("c", "a", "c")).tolist() == [1.5, 0.5, 1.5]
