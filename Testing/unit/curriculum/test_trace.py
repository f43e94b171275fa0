"""The trace of a run: what it counts, by hand."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import Draw, DrawTrace, draw_ids
from CLIPSLib.errors import UsageError

CASES = cohort(10, strata="AB", lesion_free_every=5)  # c000 and c005 are lesion-free
CURRICULUM = curriculum_of(cases=CASES, start=0.5, full_at=0.5, pacing="wu-step", total_steps=8)


def _trace(**options) -> DrawTrace:
    return DrawTrace(CURRICULUM.description, CASES, steps_per_row=4, **options)


def test_a_row_by_hand():
    trace = _trace(scores=scores_of(CASES))
    for step, ids in enumerate([("c001", "c002"), ("c000", "c001"), ("c003", "c004"), ("c001", "c005")]):
        trace.record(step, CURRICULUM.plan(step), ids)
    (row,) = trace.rows
    # four of eight ranked cases and two lesion-free ones: probabilities 4 x 0.8 / 4, 2 x 0.2 / 2
    entropy = -(4 * 0.2 * math.log(0.2) + 2 * 0.1 * math.log(0.1))
    ranks = [1, 2, 1, 3, 4, 1]  # of c001 c002 c001 c003 c004 c001 among the eight ranked
    assert asdict(row) == {
        "first_step": 0,
        "last_step": 3,
        "draws": 8,
        "pool_size": 4,
        "entropy": pytest.approx(entropy),
        "mean_difficulty": pytest.approx(sum(ranks) / 6 / 8),
        "lesion_free": 2,
        "strata": {"A": 3, "B": 5},
    }
    assert trace.draws_by_case["c001"] == 3 and trace.draws_by_case["c009"] == 0


def test_pool_sizes_tell_from_which_step_on():
    trace = _trace()
    for step in range(8):
        draw = CURRICULUM.plan(step)
        trace.record(step, draw, draw_ids(draw, step, 0, 2))
    assert trace.pool_sizes == ((0, 4), (4, 8))
    assert [row.pool_size for row in trace.rows] == [4, 8]
    assert trace.rows[1].entropy > trace.rows[0].entropy
    assert trace.rows[0].mean_difficulty is None


def test_the_row_in_progress_is_shown():
    trace = _trace()
    for step in range(5):
        trace.record(step, CURRICULUM.plan(step), ("c001",))
    assert [(row.first_step, row.last_step) for row in trace.rows] == [(0, 3), (4, 4)]


def test_a_skipped_step_is_an_error():
    trace = _trace()
    trace.record(0, CURRICULUM.plan(0), ("c001",))
    with pytest.raises(UsageError, match="Step 2 was recorded after step 0"):
        trace.record(2, CURRICULUM.plan(2), ("c001",))


def test_the_trace_tells_a_curriculum_from_its_random_control():
    cases = cohort(40)
    means = {}
    for name in ("curriculum", "random-order", "anti"):
        curriculum = curriculum_of(name, cases=cases)
        trace = DrawTrace(curriculum.description, cases, scores=scores_of(cases), steps_per_row=20)
        for step in range(20):
            draw = curriculum.plan(step)
            trace.record(step, draw, draw_ids(draw, step, 0, 8))
        means[name] = trace.rows[0].mean_difficulty
    assert means["curriculum"] < 0.4 < means["random-order"] < 0.65 < means["anti"]


def test_cases_without_a_score_count_but_not_in_the_mean():
    trace = _trace(scores={"c001": 1.0, "c002": 5.0})
    trace.record(0, CURRICULUM.plan(0), ("c002", "c003", "c003"))
    assert trace.rows[0].mean_difficulty == 1.0


def test_the_entropy_counts_what_a_loss_weight_leaves_of_a_case():
    trace = _trace()
    weighted = Draw(("c001", "c002", "c003"), np.full(3, 1 / 3), np.array([2.0, 1.0, 0.0]))
    trace.record(0, weighted, ("c001",))
    # Q = 2/3, 1/3, 0
    assert trace.rows[0].entropy == pytest.approx(math.log(3) - 2 / 3 * math.log(2))
