"""Orders of admission: what they rank by, how strata mix, and that files may come in any order."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import CurriculumCase, build_curriculum, difficulty_ranks
from CLIPSLib.curriculum.ordering import order_cases
from CLIPSLib.errors import Refusal, UsageError
from hypothesis import given
from hypothesis import strategies as st

IN_ORDER = tuple(f"c{number:03d}" for number in range(12))


def test_curriculum_begins_with_the_easiest_and_anti_with_the_hardest():
    cases = cohort(12)
    assert order_cases(cases, scores_of(cases), "curriculum", 0) == IN_ORDER
    assert order_cases(cases, scores_of(cases), "anti", 0) == IN_ORDER[::-1]


def test_size_begins_with_the_largest_volume():
    assert order_cases(cohort(12), None, "size", 0) == IN_ORDER


def test_random_order_depends_on_the_seed_and_on_no_score():
    cases = cohort(12)
    orders = {seed: order_cases(cases, scores_of(cases), "random", seed) for seed in range(5)}
    assert len(set(orders.values())) == 5
    assert order_cases(cases, None, "random", 3) == orders[3]
    assert all(sorted(order) == list(IN_ORDER) for order in orders.values())


@pytest.mark.parametrize("name", ["curriculum", "anti", "random-order", "size-only", "vanilla", "self-paced"])
def test_the_order_of_the_files_does_not_matter(name):
    cases = cohort(30, strata="ABC", lesion_free_every=7)
    shuffled = random.Random(1).sample(cases, len(cases))
    first, second = curriculum_of(name, cases=cases), curriculum_of(name, cases=shuffled)
    assert first.description == second.description
    for step in (0, 20, 99):
        if name != "self-paced" or step < 16:
            assert first.plan(step).ids == second.plan(step).ids


def test_ties_are_broken_by_the_seed_and_never_by_the_files():
    cases = cohort(12)
    same = dict.fromkeys(scores_of(cases), 1.0)
    orders = [order_cases(cases, same, "curriculum", seed) for seed in range(4)]
    assert len(set(orders)) == 4
    assert order_cases(cases[::-1], same, "curriculum", 0) == orders[0]
    assert IN_ORDER not in orders


@given(st.lists(st.sampled_from("ABBCCCC"), min_size=1, max_size=60))
def test_each_prefix_has_each_stratum_in_its_proportion(strata):
    cases = [CurriculumCase(case_id=f"{i}", stratum=stratum) for i, stratum in enumerate(strata)]
    order = order_cases(cases, {case.case_id: float(case.case_id) for case in cases}, "curriculum", 0)
    total = Counter(strata)
    stratum_of = {case.case_id: case.stratum for case in cases}
    for length in range(1, len(order) + 1):
        found = Counter(stratum_of[case_id] for case_id in order[:length])
        for stratum, count in total.items():
            assert abs(found[stratum] - length * count / len(order)) <= 1.0 + 1e-9


def test_within_a_stratum_the_order_is_that_of_the_scores():
    cases = cohort(12, strata="AB")
    order = order_cases(cases, scores_of(cases), "curriculum", 0)
    assert [i for i in order if int(i[1:]) % 2 == 0] == list(IN_ORDER[::2])


def test_interleaving_can_be_switched_off():
    cases = [CurriculumCase(case_id=f"{i}", stratum="A" if i < 5 else "B") for i in range(10)]
    scores = {case.case_id: float(case.case_id) for case in cases}
    plain = build_curriculum("curriculum", cases, scores=scores, total_steps=9, seed=0, interleave=False)
    assert plain.description.order == tuple("0123456789")


def test_ranks_are_shares_of_the_list():
    assert difficulty_ranks(["a", "b", "c", "d"], {"a": 9.0, "b": 1.0, "c": 5.0, "d": 2.0}, 0) == {
        "b": 0.25, "d": 0.5, "c": 0.75, "a": 1.0,
    }  # fmt: skip


def test_missing_scores_are_named():
    cases = cohort(8)
    scores = scores_of(cases) | {"c003": float("nan")}
    del scores["c005"]
    with pytest.raises(Refusal, match="2 of 8 cases have no difficulty score: c003, c005"):
        order_cases(cases, scores, "curriculum", 0)
    with pytest.raises(UsageError, match="needs a difficulty score for each case"):
        order_cases(cases, None, "anti", 0)
    with pytest.raises(Refusal, match="1 of 1 cases have no tumor volume: x"):
        order_cases([CurriculumCase(case_id="x")], None, "size", 0)


def test_scores_of_cases_that_are_not_trained_with_are_not_used():
    cases = cohort(8)
    plain = curriculum_of(cases=cases)
    with_more = curriculum_of(cases=cases, scores=scores_of(cases) | {"test-case": -5.0})
    assert plain.description == with_more.description


def test_equal_scores_are_worth_a_caution():
    cases = cohort(8)
    (caution,) = curriculum_of(cases=cases, scores=dict.fromkeys(scores_of(cases), 2.0)).description.cautions
    assert "All 8 cases have the same score" in str(caution)
