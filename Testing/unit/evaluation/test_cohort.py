"""Many cases: summaries, agreement of volumes against published and independent numbers, failures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.evaluation import CaseEvaluation, EvaluationOptions, FailureRule, evaluate, evaluate_cohort
from CLIPSLib.evaluation.agreement import bland_altman, concordance, log_bland_altman, pearson
from CLIPSLib.evaluation.cohort import summarize

# Peak expiratory flow (L/min) of 17 people, large and mini meter, first readings: Bland and Altman, Lancet
# 1986;327:307-310, table 1. Published there: bias -2.1, sd 38.8, limits -79.7 and 75.5 (with 2 sd); r = 0.94.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def a_case(**changes) -> CaseEvaluation:
    mask = np.zeros((3, 3, 4), np.uint8)
    mask[1, 1, 1:3] = 1
    return replace(evaluate(image_of(mask), image_of(mask)), **changes)


def test_bland_altman_of_the_paper_that_introduced_it():
    found = bland_altman(MINI, LARGE)
    assert found.n == 17
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.lower == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.1)
    assert found.upper == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)
    # Published: 95 % interval of the bias -22.0 to 17.8; of the limits -114.3 to -45.1 and 40.9 to 110.1, made there
    # with 2 sd and a standard error of sqrt(3 / n) sd.
    assert found.bias_ci == pytest.approx((-22.0, 17.8), abs=0.1)
    assert found.lower_ci == pytest.approx((-114.3, -45.1), abs=2.5)
    assert found.upper_ci == pytest.approx((40.9, 110.1), abs=2.5)
    assert pearson(MINI, LARGE) == pytest.approx(0.94, abs=0.005)


def test_ratios_are_factors_and_leave_out_volumes_without_a_logarithm():
    reference = np.array([10.0, 100.0, 1000.0, 0.0, 5.0])
    prediction = np.array([20.0, 200.0, 2000.0, 3.0, 0.0])
    found = log_bland_altman(reference, prediction)
    assert (found.n, found.excluded, found.unit) == (3, 2, "ratio")
    assert (found.bias, found.lower, found.upper) == pytest.approx((2.0, 2.0, 2.0))
    assert log_bland_altman(reference[3:], prediction[3:]) is None


def test_concordance_by_its_definition_and_where_correlation_is_blind():
    rng = np.random.default_rng(1)
    x = rng.lognormal(4, 1, 30)
    y = 0.7 * x + rng.normal(0, 5, 30)
    # Lin: rho * C_b, C_b = 2 / (v + 1/v + u^2), v = ratio of sd, u = shift / sqrt(product of sd)
    v, u = x.std() / y.std(), (x.mean() - y.mean()) / np.sqrt(x.std() * y.std())
    assert concordance(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1] * 2 / (v + 1 / v + u**2))
    assert pearson(x, 0.5 * x) == pytest.approx(1.0)
    assert concordance(x, 0.5 * x) < 0.8
    assert concordance(x, x) == pytest.approx(1.0)


def test_too_few_cases_or_no_spread_give_no_agreement():
    assert bland_altman([1.0], [2.0]) is None
    assert concordance([1.0], [2.0]) is None
    assert concordance([1.0, 1.0], [1.0, 1.0]) is None
    assert pearson([1.0, 1.0], [1.0, 2.0]) is None


def test_a_summary_leaves_out_what_does_not_exist_and_counts_it():
    found = summarize([0.2, None, 0.4, 0.9, None, 0.5])
    assert (found.n, found.missing) == (4, 2)
    assert found.mean == pytest.approx(0.5)
    assert found.sd == pytest.approx(np.sqrt((0.09 + 0.01 + 0.16 + 0.0) / 3))
    assert (found.median, found.q1, found.q3) == pytest.approx((0.45, 0.35, 0.6))
    assert (found.minimum, found.maximum) == (0.2, 0.9)
    assert summarize([None]).mean is None
    assert summarize([0.3]).sd is None


def test_volumes_of_a_cohort_by_hand():
    cohort = evaluate_cohort(
        {
            "a": a_case(reference_ml=100.0, prediction_ml=90.0),
            "b": a_case(reference_ml=50.0, prediction_ml=70.0),
            "c": a_case(reference_ml=0.0, prediction_ml=6.0),
        }
    )
    tmtv = cohort.tmtv
    assert tmtv.absolute_error_ml.mean == pytest.approx(12.0)
    assert tmtv.relative_error.mean == pytest.approx((0.1 + 0.4) / 2)
    assert tmtv.relative_error.missing == 1
    assert tmtv.difference.bias == pytest.approx(16 / 3)
    assert (tmtv.log_ratio.n, tmtv.log_ratio.excluded) == (2, 1)
    assert tmtv.undefined == dict.fromkeys(("same_class", "kappa"), "no cutoff was given")


def test_classes_at_a_cutoff_agree_beyond_chance_by_hand():
    volumes = [(300, 250), (220, 219), (100, 90), (50, 230), (500, 400)]  # high-high, high-low, low-low, low-high, h-h
    cases = {str(i): a_case(reference_ml=float(a), prediction_ml=float(b)) for i, (a, b) in enumerate(volumes)}
    tmtv = evaluate_cohort(cases, cutoff_ml=220.0).tmtv
    assert tmtv.same_class == 0.6
    assert tmtv.kappa == pytest.approx((0.6 - 0.52) / (1 - 0.52))  # 3 of 5 are high in both: 0.36 + 0.16 by chance
    one_side = evaluate_cohort(cases, cutoff_ml=1000.0).tmtv
    assert (one_side.same_class, one_side.kappa) == (1.0, None)
    assert "one side" in one_side.undefined["kappa"]


def test_a_single_case_says_why_there_is_no_agreement():
    tmtv = evaluate_cohort({"a": a_case()}).tmtv
    assert set(tmtv.undefined) == {"pearson", "ccc", "difference", "log_ratio", "same_class", "kappa"}
    assert "at least two" in tmtv.undefined["ccc"]


def test_failures_are_listed_with_their_reasons():
    cases = {
        "good": a_case(),
        "poor": a_case(dice=0.4, lesion_recall=0.25, reference_lesions=4),
        "nothing": a_case(prediction_lesions=0, reference_ml=31.26, dice=0.0),
        "in vain": a_case(reference_lesions=0, dice=None, lesion_recall=None, prediction_ml=12.0),
        "rightly nothing": a_case(reference_lesions=0, prediction_lesions=0, prediction_ml=0.0, dice=None),
    }
    found = evaluate_cohort(cases)
    assert {failed.case_id: failed.reasons for failed in found.failures} == {
        "poor": ("Dice 0.40", "1 of 4 lesions found"),
        "nothing": ("nothing predicted of 31.3 mL",),
        "in vain": ("12.0 mL predicted on an empty reference",),
    }
    assert "Dice < 0.5" in found.rule
    lenient = evaluate_cohort(cases, rule=FailureRule(dice_below=0.3, lesion_recall_below=0.0, false_positive_ml=20.0))
    assert [failed.case_id for failed in lenient.failures] == ["nothing"]


def test_cases_compared_in_different_ways_are_not_summarized():
    with pytest.raises(ValueError, match="different options"):
        evaluate_cohort({"a": a_case(), "b": a_case(options=EvaluationOptions(connectivity=6))})


def test_no_case_at_all_is_no_error():
    found = evaluate_cohort({})
    assert (found.cases, found.failures, found.summaries["dice"].n) == (0, (), 0)
