"""What a growing pool costs the hardest patients, against integrals worked out for b = 0.2, a = 0.5."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import draw_ids, expected_exposure
from CLIPSLib.errors import UsageError

# pacing, parameters, mean pool, hardest decile, easiest decile
GOLDEN = [
    ("linear", {}, 0.800, 0.53, 1.51),
    ("root-p", {"power": 2.0}, 0.844, 0.55, 1.33),
    ("root-p", {"power": 3.0}, 0.877, 0.57, 1.23),
    ("geometric", {}, 0.749, 0.52, 1.74),
    ("wu-polynomial", {"power": 2.0}, 0.733, 0.52, 1.88),
    ("wu-polynomial", {"power": 0.5}, 0.867, 0.56, 1.25),
    ("wu-exponential", {}, 0.640, 0.50, 2.60),
    ("wu-logarithmic", {}, 0.960, 0.72, 1.05),
    ("wu-step", {}, 0.600, 0.50, 3.00),
]


@pytest.mark.parametrize(("pacing", "parameters", "mean_pool", "hardest", "easiest"), GOLDEN)
def test_exposure_of_the_deciles(pacing, parameters, mean_pool, hardest, easiest):
    curriculum = curriculum_of(count=1000, total_steps=4000, pacing=pacing, start=0.2, full_at=0.5, **parameters)
    exposure = expected_exposure(curriculum)
    assert exposure.mean_pool == pytest.approx(mean_pool, abs=2e-3)
    assert exposure.hardest_decile == pytest.approx(hardest, abs=6e-3)
    assert exposure.easiest_decile == pytest.approx(easiest, abs=1e-2)


def test_the_easiest_case_under_linear_pacing_by_hand():
    # 1/T integral of 1/g: half the run 1 / (b + (1-b) s), half 1: 0.5 * ln(1/b) / (1-b) + 0.5
    exposure = expected_exposure(
        curriculum_of(count=1000, total_steps=4000, pacing="linear", start=0.2, full_at=0.5)
    ).by_case["c000"]
    assert exposure == pytest.approx(0.5 * math.log(5) / 0.8 + 0.5, abs=2e-3)


def test_vanilla_exposes_all_alike_and_the_mean_over_cases_is_always_one():
    assert list(expected_exposure(curriculum_of("vanilla")).by_case.values()) == pytest.approx([1.0] * 20)
    ratios = expected_exposure(curriculum_of("anti")).by_case.values()
    assert sum(ratios) / len(ratios) == pytest.approx(1.0)


def test_under_anti_the_hardest_are_exposed_most():
    scores = scores_of(cohort(20))
    exposure = expected_exposure(curriculum_of("anti"), scores)
    assert exposure.hardest_decile > 1.0 > exposure.easiest_decile


def test_oversampling_in_proportion_to_rank():
    # p_i = 2 i / (N (N + 1)); relative to 1/N: 2 i / (N + 1)
    exposure = expected_exposure(curriculum_of("hard-oversampled", count=20))
    assert exposure.by_case["c019"] == pytest.approx(2 * 20 / 21)
    assert exposure.by_case["c000"] == pytest.approx(2 * 1 / 21)


def test_lesion_free_cases_do_not_change_the_exposure_of_the_others():
    with_them = curriculum_of(cases=cohort(40, lesion_free_every=2))
    assert len(expected_exposure(with_them).by_case) == 20
    assert expected_exposure(with_them).mean_pool == pytest.approx(
        expected_exposure(curriculum_of(count=20)).mean_pool, abs=1e-9
    )


def test_the_sentence_says_what_to_expect():
    curriculum = curriculum_of(count=1000, total_steps=4000, start=0.2, full_at=0.5)
    assert "hardest patients will be drawn 0.55 times as often" in expected_exposure(curriculum).sentence()


def test_what_depends_on_training_is_not_guessed():
    with pytest.raises(UsageError, match="depends on what training will show"):
        expected_exposure(curriculum_of("self-paced"))
    with pytest.raises(UsageError, match="depends on what training will show"):
        expected_exposure(curriculum_of(pacing="performance-gated"))


def test_nobody_is_called_hard_where_no_difficulty_is_known():
    for curriculum in (curriculum_of("random-order", scores=None), curriculum_of("anti")):
        sentence = expected_exposure(curriculum).sentence()
        assert sentence.startswith("The patients admitted last") and "hardest" not in sentence
    told = expected_exposure(curriculum_of("anti"), scores_of(cohort(20))).sentence()
    assert told.startswith("Your hardest patients will be drawn 1.")


@pytest.mark.parametrize(("name", "options"), [("curriculum", {"pacing": "linear"}), ("anti", {}), ("one-pass", {})])
def test_the_expected_exposure_is_what_a_run_really_draws(name, options):
    curriculum = curriculum_of(name, cases=cohort(40, lesion_free_every=5), total_steps=2000, **options)
    drawn = Counter(i for step in range(2000) for i in draw_ids(curriculum.plan(step), step, 3, 16))
    ranked = curriculum.description.order
    mean = sum(drawn[i] for i in ranked) / len(ranked)
    expected = expected_exposure(curriculum).by_case
    # about 800 draws of each case: one standard error is 3.5 %, and the largest of 32 stays below 4
    assert {i: drawn[i] / mean for i in ranked} == pytest.approx({i: expected[i] for i in ranked}, rel=0.14)


def test_under_losses_that_never_change_self_paced_learning_is_the_pacing_of_these_losses():
    scores = scores_of(cohort(20))
    options = {"regularizer": "hard", "warm_up": 0.0, "lag": 1, "update_every": 1, "minimum_pool": 1}
    curriculum = curriculum_of("self-paced", scores=None, **options)
    told = expected_exposure(curriculum, scores, imagined_losses={i: 1.0 + s for i, s in scores.items()})
    same = expected_exposure(curriculum_of(pacing="linear"), scores)
    assert told.hardest_decile == pytest.approx(same.hardest_decile, abs=0.02)
    assert told.easiest_decile == pytest.approx(same.easiest_decile, abs=0.05)  # nothing is known at step 0
