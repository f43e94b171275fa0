"""Lesion-free cases, quarantine, and what a list of cases must be."""

from __future__ import annotations

import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import CurriculumCase, build_curriculum, list_curricula, without_held_back
from CLIPSLib.errors import Refusal, UsageError

CASES = cohort(40, lesion_free_every=4)
EMPTY = {case.case_id for case in CASES if case.empty}
ALL = [method.name for method in list_curricula()]


def _share_of(draw, ids) -> float:
    return sum(p for case_id, p in zip(draw.ids, draw.probabilities, strict=True) if case_id in ids)


@pytest.mark.parametrize("name", ALL)
def test_lesion_free_cases_are_drawn_at_a_constant_share(name):
    curriculum = curriculum_of(name, cases=CASES)
    steps = range(16) if curriculum.description.adaptive else range(0, 100, 9)
    shares = {round(_share_of(curriculum.plan(step), EMPTY), 12) for step in steps}
    assert shares == {0.25}


@pytest.mark.parametrize("name", ["vanilla", "curriculum"])
def test_their_share_can_be_chosen(name):
    draw = curriculum_of(name, cases=CASES, lesion_free_share=0.1).plan(50)
    assert _share_of(draw, EMPTY) == pytest.approx(0.1)
    draw = curriculum_of(name, cases=CASES, lesion_free_share=0.0).plan(50)
    assert _share_of(draw, EMPTY) == 0.0


def test_they_need_no_score_unless_they_are_ranked():
    scores = {case_id: score for case_id, score in scores_of(CASES).items() if case_id not in EMPTY}
    assert curriculum_of(cases=CASES, scores=scores).description.order
    with pytest.raises(Refusal, match="10 of 40 cases have no difficulty score"):
        curriculum_of(cases=CASES, scores=scores, lesion_free="ranked")


def test_vanilla_draws_all_cases_alike_lesion_free_ones_too():
    draw = curriculum_of("vanilla", cases=CASES).plan(0)
    assert draw.probabilities == pytest.approx([1 / 40] * 40)


@pytest.mark.parametrize("name", ALL)
def test_quarantined_cases_are_never_drawn_and_are_listed(name):
    away = ("c001", "c004", "c039")
    curriculum = curriculum_of(name, cases=CASES, quarantine=away)
    assert curriculum.description.quarantined == away
    assert not set(away) & set(curriculum.plan(0).ids)
    if not curriculum.description.adaptive:
        assert not set(away) & set(curriculum.plan(99).ids)


def test_a_name_in_quarantine_that_is_no_case_is_an_error():
    with pytest.raises(UsageError, match=r"'quarantine' names cases that are not in the list: 11011\. "):
        curriculum_of(cases=CASES, quarantine=("11011",))


def test_a_case_twice_is_an_error():
    with pytest.raises(UsageError, match="'c001' is in the list more than once"):
        build_curriculum("vanilla", [*CASES, CASES[1]], total_steps=5, seed=0)


def test_nothing_to_rank_is_refused():
    with pytest.raises(Refusal, match="No case is left to rank: of 1, 1 are lesion-free"):
        build_curriculum("vanilla", [CurriculumCase(case_id="a", empty=True)], total_steps=5, seed=0)


def test_one_list_of_broken_cases_serves_all_folds_and_a_wrong_name_is_still_refused():
    options = {"quarantine": ("c001", "tested", "nobody"), "must_include": ("tested",), "full_at": 0.3}
    ours = without_held_back(options, ["tested", "c039"])
    assert ours == {"quarantine": ["c001", "nobody"], "must_include": [], "full_at": 0.3}
    with pytest.raises(UsageError, match="'quarantine' names cases that are not in the list: nobody"):
        curriculum_of("vanilla", cases=CASES, quarantine=tuple(ours["quarantine"]))
