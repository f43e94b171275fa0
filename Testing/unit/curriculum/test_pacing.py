"""Pacing functions against values worked out from the publications' formulas, and the rules all of them obey."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from builders_curriculum import curriculum_of
from CLIPSLib.curriculum import PACINGS, Progress, jenks_boundaries
from CLIPSLib.curriculum.pacing import pool_size
from CLIPSLib.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

# b = 0.2, a = 0.5: g at t/T = 0, 1/8, 1/4, 3/8, 1/2
GOLDEN = [
    ("linear", {}, (0.2, 0.4, 0.6, 0.8, 1.0)),
    ("root-p", {"power": 2.0}, (0.2, 0.5292, 0.7211, 0.8718, 1.0)),
    ("root-p", {"power": 3.0}, (0.2, 0.6350, 0.7958, 0.9094, 1.0)),
    ("geometric", {}, (0.2, 0.2991, 0.4472, 0.6687, 1.0)),
    ("wu-polynomial", {"power": 2.0}, (0.2, 0.25, 0.4, 0.65, 1.0)),
    ("wu-polynomial", {"power": 0.5}, (0.2, 0.6, 0.7657, 0.8928, 1.0)),
    ("wu-exponential", {}, (0.2, 0.2004, 0.2054, 0.2656, 1.0)),
    ("wu-logarithmic", {}, (0.2, 0.8891, 0.9446, 0.9770, 1.0)),
    ("wu-step", {}, (0.2, 0.2, 0.2, 0.2, 1.0)),
]
GROWING = sorted(set(PACINGS) - {"one-pass", "replayed", "performance-gated"})
REQUIRED = {
    "hacohen-varied-exponential": {"step_lengths": (50, 25)},
    "hacohen-single-step": {"step_length": 30},
    "replayed": {"pool_sizes": ((0, 3), (10, 7))},
}


def _window(pacing, step, total=800, count=100, performances=()):
    return pacing.window(Progress(step, total, count, performances))


def _share(pacing, step, **progress):
    low, high = _window(pacing, step, **progress)
    assert low == 0.0
    return high


@pytest.mark.parametrize(("name", "parameters", "expected"), GOLDEN)
def test_ramps_at_eighths_of_the_run(name, parameters, expected):
    pacing = PACINGS[name](start=0.2, full_at=0.5, **parameters)
    assert [_share(pacing, step) for step in (0, 100, 200, 300, 400)] == pytest.approx(expected, abs=5e-5)
    assert _share(pacing, 799) == 1.0


def test_competence_of_the_paper():
    pacing = PACINGS["competence"]()
    assert [_share(pacing, step) for step in (0, 100, 200, 400)] == pytest.approx((0.01, 0.5001, 0.7071, 1), abs=5e-5)


def test_fixed_exponential_of_hacohen():
    pacing = PACINGS["hacohen-fixed-exponential"]()
    assert [_share(pacing, step) for step in (0, 99, 100, 500)] == pytest.approx((0.04, 0.04, 0.076, 0.990), abs=5e-4)
    assert _share(pacing, 600) == 1.0


def test_varied_exponential_has_a_length_for_each_level_and_repeats_the_last():
    pacing = PACINGS["hacohen-varied-exponential"](step_lengths=(10, 30), start=0.1, increase=2.0)
    shares = [_share(pacing, step) for step in (9, 10, 39, 40, 69, 70, 100)]
    assert shares == pytest.approx([0.1, 0.2, 0.2, 0.4, 0.4, 0.8, 1.0])


def test_single_step_of_hacohen():
    pacing = PACINGS["hacohen-single-step"](step_length=7)
    assert [_share(pacing, step) for step in (0, 6, 7)] == [0.04, 0.04, 1.0]


def test_two_roots_and_two_exponentials_differ():
    root, wu_root = PACINGS["root-p"](power=2.0), PACINGS["wu-polynomial"](power=0.5)
    assert abs(_share(root, 40) - _share(wu_root, 40)) > 0.05
    wu, hacohen = PACINGS["wu-exponential"](start=0.04), PACINGS["hacohen-fixed-exponential"]()
    assert abs(_share(wu, 150) - _share(hacohen, 150)) > 0.02


def test_baby_step_adds_buckets_and_one_pass_replaces_them():
    baby = PACINGS["baby-step"](stages=5, full_at=0.5)
    assert [_share(baby, step) for step in (0, 99, 100, 200, 300, 400)] == [0.2, 0.2, 0.4, 0.6, 0.8, 1.0]
    one = PACINGS["one-pass"](stages=4)
    assert [_window(one, step) for step in (0, 200, 400, 799)] == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]


def test_one_pass_draws_from_each_case_in_exactly_one_stage():
    curriculum = curriculum_of("one-pass", count=13, stages=4)
    pools = {curriculum.plan(step).ids for step in range(100)}
    assert sorted(case_id for pool in pools for case_id in pool) == [f"c{number:03d}" for number in range(13)]


def test_performance_opens_the_pool_and_the_deadline_opens_all_of_it():
    gated = PACINGS["performance-gated"](start=0.2, rate=0.1, full_at=0.5)
    assert _share(gated, 10, performances=(0.5, 0.7)) == pytest.approx(0.2 + 0.1 * 1.2)
    assert _share(gated, 399) == pytest.approx(0.2)
    assert _share(gated, 400) == 1.0


def test_a_plateau_opens_the_pool_by_one_rate():
    gated = PACINGS["performance-gated"](start=0.2, rate=0.3, rule="plateau", patience=2, least_gain=0.0)
    rising, flat = (0.1, 0.2, 0.3, 0.4), (0.3, 0.3, 0.3)
    assert _share(gated, 10, performances=rising) == pytest.approx(0.2)
    assert _share(gated, 10, performances=flat) == pytest.approx(0.5)


def test_performance_acts_on_the_plan_after_the_lag():
    curriculum = curriculum_of(pacing="performance-gated", start=0.25, rate=0.5, lag=4)
    curriculum.observe_performance(10, 0.5)
    assert [len(curriculum.plan(step).ids) for step in (10, 13, 14)] == [5, 5, 10]


@pytest.mark.parametrize("name", GROWING)
@given(start=st.floats(0.01, 1.0), full_at=st.floats(0.01, 1.0), total=st.integers(1, 3000))
def test_shares_rise_within_bounds_to_the_full_list(name, start, full_at, total):
    kind = PACINGS[name]
    fields = kind.__dataclass_fields__
    given_values = {"start": start, "full_at": full_at, **REQUIRED.get(name, {})}
    pacing = kind(**{field: value for field, value in given_values.items() if field in fields})
    steps = np.unique(np.linspace(0, total, 60).astype(int))
    shares = [_share(pacing, int(step), total=total) for step in steps]
    assert all(0.0 < share <= 1.0 for share in shares)
    assert all(before <= after for before, after in pairwise(shares))
    if "full_at" in fields:
        assert _share(pacing, math.ceil(full_at * total), total=total) == 1.0
    if "start" in fields:
        assert shares[0] == pytest.approx(start)


@given(st.floats(0.001, 1.0), st.integers(1, 900), st.integers(1, 50))
def test_the_pool_is_never_below_its_minimum_nor_above_the_list(share, count, minimum):
    size = pool_size(share, count, minimum)
    assert min(minimum, count) <= size <= count
    assert size >= min(count, share * count - 1e-6)


def test_a_product_that_misses_a_whole_number_by_rounding_counts_as_that_number():
    assert 0.07 * 100 > 7.0
    assert pool_size(0.07, 100, 1) == 7


def test_the_default_minimum_pool_is_8_or_4_batches_or_5_percent():
    assert len(curriculum_of(count=40, minimum_pool=None, start=0.01).plan(0).ids) == 8
    assert len(curriculum_of(count=40, minimum_pool=None, batch_size=3, start=0.01).plan(0).ids) == 12
    assert len(curriculum_of(count=400, minimum_pool=None, start=0.01).plan(0).ids) == 20


def test_natural_breaks_fall_into_the_gaps():
    scores = [1.0, 1.1, 1.2, 5.0, 5.1, 9.0, 9.1, 9.2, 9.3, 9.4]
    assert jenks_boundaries(reversed(scores), 3) == (0.3, 0.5, 1.0)
    with pytest.raises(UsageError, match="2 different scores do not fill 3 buckets"):
        jenks_boundaries([1.0, 1.0, 2.0], 3)


def test_natural_breaks_are_the_best_of_all_cuts():
    scores = sorted(np.random.default_rng(3).normal(size=12))

    def spread(*cuts):
        return sum(np.var(part) * len(part) for part in np.split(scores, cuts))

    best = min((spread(i, j), (i, j)) for i in range(1, 11) for j in range(i + 1, 12))
    assert [round(12 * end) for end in jenks_boundaries(scores, 3)] == [*best[1], 12]


def test_buckets_can_follow_natural_breaks():
    curriculum = curriculum_of("baby-step", count=10, boundaries=(0.3, 0.5, 1.0), full_at=0.5)
    assert [len(curriculum.plan(step).ids) for step in (0, 25, 50)] == [3, 5, 10]
    with pytest.raises(UsageError, match="must rise and end with 1"):
        curriculum_of("baby-step", boundaries=(0.5, 0.3, 1.0))
