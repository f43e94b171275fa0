"""Percentiles and the order of cases: hard is 1, ties share, nothing depends on the order of files."""

from __future__ import annotations

import math

import pytest
from CLIPSLib.difficulty import easiest_first, percentiles
from CLIPSLib.difficulty.ranking import midranks, oriented
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

SCORES = st.dictionaries(st.text(min_size=1, max_size=5), st.none() | st.integers(-5, 5).map(float), max_size=12)


def test_the_hardest_case_alone_has_1_and_ties_share_the_mean_of_their_ranks():
    assert percentiles({"a": 10.0, "b": 7.0, "c": 7.0, "d": 30.0}) == {"a": 0.75, "b": 0.375, "c": 0.375, "d": 1.0}


def test_cases_without_a_score_keep_none_and_do_not_count():
    assert percentiles({"a": None, "b": 3.0}) == {"a": None, "b": 1.0}
    assert percentiles({}) == {}


@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30))
def test_midranks_are_those_of_scipy(values):
    assert midranks(values) == pytest.approx(stats.rankdata(values))


@given(SCORES, st.integers(0, 3))
def test_the_order_does_not_depend_on_the_order_of_the_mapping(scores, seed):
    backwards = dict(reversed(scores.items()))
    order = easiest_first(scores, seed=seed)
    assert order == easiest_first(backwards, seed=seed)
    assert sorted(order) == sorted(case for case, score in scores.items() if score is not None)
    assert [scores[case] for case in order] == sorted(scores[case] for case in order)


def test_ties_change_with_the_seed_and_not_with_the_place_in_the_file():
    tied = {f"case-{i}": 1.0 for i in range(12)}
    assert easiest_first(tied, seed=1) != easiest_first(tied, seed=2)
    assert easiest_first(tied, seed=1) != tuple(tied)


def test_ties_of_one_measurer_are_broken_by_another_first():
    ratings = {"a": 3.0, "b": 3.0, "c": 1.0, "d": 3.0}
    volumes = {"a": -10.0, "b": -90.0, "d": None}
    assert easiest_first(ratings, tie_breakers=[volumes]) == ("c", "d", "b", "a")


def test_directions():
    assert oriented(5.0, "high") > oriented(2.0, "high")
    assert oriented(5.0, "low") < oriented(2.0, "low")
    assert oriented(0.5, "near 1") == pytest.approx(oriented(2.0, "near 1"))
    assert oriented(1.1, "near 1") > oriented(2.0, "near 1")
    assert math.isfinite(oriented(0.0, "near 1"))
