"""Contrasts and verdict: what must be beaten before a curriculum may be said to help."""

from dataclasses import replace

import numpy as np
import pytest
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.experiments.contrasts import Family, compare, compare_family
from CLIPSLib.experiments.endpoints import ENDPOINTS, endpoint
from CLIPSLib.experiments.multiple import holm
from CLIPSLib.experiments.types import CaseScore
from CLIPSLib.experiments.verdict import Reason, Verdict, judge

FAMILY = Family(arm="bootstrapping", controls={"vanilla": "vanilla", "random": "random-order"})


def scores(gains: dict[str, float], *, cases=60, folds=3, seeds=3, noise=0.01, seed=0, metric="dice"):
    """Dice of each case in each arm: a case's own level, the arm's gain, noise."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.5, 0.8, cases)
    return [
        CaseScore(
            case_id=f"{case:03d}",
            arm=arm,
            fold=case % folds,
            seed=run,
            scores={metric: float(level[case] + gain + rng.normal(0, noise))},
        )
        for arm, gain in gains.items()
        for run in range(seeds)
        for case in range(cases)
    ]


def verdict_of(gains, **options):
    made = scores(gains, **options)
    return judge(compare_family(made, FAMILY, ENDPOINTS["dice"]), margin=0.01).verdict


def test_beating_vanilla_and_random_order_is_help():
    assert verdict_of({"bootstrapping": 0.05, "vanilla": 0.0, "random-order": 0.0}) == Verdict.HELPS


def test_beating_vanilla_as_random_order_does_is_the_growing_pool():
    assert verdict_of({"bootstrapping": 0.05, "vanilla": 0.0, "random-order": 0.05}) == Verdict.POOL_HELPS


def test_beating_vanilla_without_a_random_control_does_not_credit_the_order():
    made = scores({"bootstrapping": 0.05, "vanilla": 0.0})
    family = Family(arm="bootstrapping", controls={"vanilla": "vanilla"})
    assert judge(compare_family(made, family, ENDPOINTS["dice"]), margin=0.01).verdict == Verdict.POOL_HELPS


def test_losing_to_vanilla_is_harm():
    assert verdict_of({"bootstrapping": -0.05, "vanilla": 0.0, "random-order": 0.0}) == Verdict.HARMS


def test_an_interval_inside_the_margin_is_no_relevant_effect_even_when_it_is_not_zero():
    assert verdict_of({"bootstrapping": 0.004, "vanilla": 0.0, "random-order": 0.0}) == Verdict.NO_RELEVANT_EFFECT


def test_noise_without_an_effect_is_inconclusive():
    gains = {"bootstrapping": 0.0, "vanilla": 0.0, "random-order": 0.0}
    assert verdict_of(gains, noise=0.2, cases=12) == Verdict.INCONCLUSIVE


def test_an_exploratory_design_is_never_conclusive():
    made = scores({"bootstrapping": 0.2, "vanilla": 0.0, "random-order": 0.0})
    contrasts = compare_family(made, FAMILY, ENDPOINTS["dice"])
    assert judge(contrasts, margin=0.01, exploratory=True).verdict == Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("gains", "noise", "reason"),
    [
        ({"bootstrapping": 0.05, "vanilla": 0.0, "random-order": 0.0}, 0.01, Reason.BEATS_BOTH),
        ({"bootstrapping": 0.05, "vanilla": 0.0, "random-order": 0.05}, 0.01, Reason.RANDOM_NOT_BEATEN),
        ({"bootstrapping": 0.004, "vanilla": 0.0, "random-order": 0.0}, 0.01, Reason.WITHIN_MARGIN),
        ({"bootstrapping": 0.0, "vanilla": 0.0, "random-order": 0.0}, 0.5, Reason.TOO_WIDE),
    ],
)
def test_a_verdict_has_its_own_reason(gains, noise, reason):
    made = scores(gains, noise=noise)
    assert judge(compare_family(made, FAMILY, ENDPOINTS["dice"]), margin=0.01).reason == reason


def test_a_look_before_the_end_is_inconclusive_however_large_the_difference():
    made = scores({"bootstrapping": 0.2, "vanilla": 0.0, "random-order": 0.0})
    judged = judge(compare_family(made, FAMILY, ENDPOINTS["dice"]), margin=0.01, finished=False)
    assert (judged.verdict, judged.reason) == (Verdict.INCONCLUSIVE, Reason.NOT_FINISHED)


def test_a_difference_that_fails_the_correction_says_so():
    made = scores({"bootstrapping": 0.05, "vanilla": 0.0, "random-order": 0.0})
    contrasts = compare_family(made, FAMILY, ENDPOINTS["dice"])
    weak = replace(contrasts["vanilla"], effect=replace(contrasts["vanilla"].effect, p=0.04, adjusted_p=0.08))
    judged = judge({**contrasts, "vanilla": weak}, margin=0.01)
    assert (judged.verdict, judged.reason) == (Verdict.INCONCLUSIVE, Reason.LOST_IN_CORRECTION)


def test_a_longer_training_without_curriculum_is_described_and_does_not_cost_the_others_their_p_value():
    made = scores({"bootstrapping": 0.01, "vanilla": 0.0, "random-order": 0.0, "longer": 0.0})
    family = replace(FAMILY, controls={**FAMILY.controls, "longer": "longer"})
    with_it, without = (compare_family(made, each, ENDPOINTS["dice"]) for each in (family, FAMILY))
    assert with_it["longer"].effect.p is None
    assert with_it["vanilla"].effect.adjusted_p == without["vanilla"].effect.adjusted_p


def test_patients_that_changed_are_told_the_loss_first_also_where_less_is_better():
    made = scores({"bootstrapping": 0.0, "vanilla": 0.0}, noise=0.0, metric="fpv_ml")
    assert compare(made, "bootstrapping", "vanilla", ENDPOINTS["fpv"], role="vanilla").changed == ()


def test_for_errors_less_is_better():
    made = scores({"bootstrapping": 0.3, "vanilla": 0.6}, metric="fpv_ml")
    contrast = compare(made, "bootstrapping", "vanilla", ENDPOINTS["fpv"], role="vanilla")
    mean, low, _ = contrast.benefit
    assert contrast.effect.mean < 0 < low < mean


def test_hard_endpoints_use_the_hard_cases_only():
    made = scores({"bootstrapping": 0.1, "vanilla": 0.0})
    hard = frozenset(f"{case:03d}" for case in range(12))
    contrast = compare(made, "bootstrapping", "vanilla", ENDPOINTS["dice_hard"], role="vanilla", hard_cases=hard)
    assert set(contrast.paired.case_ids) == hard


def test_a_case_without_a_value_in_one_run_leaves_both_arms():
    made = scores({"bootstrapping": 0.1, "vanilla": 0.0})
    made[5] = replace(made[5], scores={"dice": None})
    contrast = compare(made, "bootstrapping", "vanilla", ENDPOINTS["dice"], role="vanilla")
    assert made[5].case_id not in contrast.paired.case_ids
    assert len(contrast.paired.case_ids) == 59


def test_a_run_without_partner_is_refused_by_name():
    made = scores({"bootstrapping": 0.1, "vanilla": 0.0})
    with pytest.raises(Refusal, match=r"case 000, seed 0 is in 'vanilla'"):
        compare(made[1:], "bootstrapping", "vanilla", ENDPOINTS["dice"], role="vanilla")


def test_a_case_tested_in_two_folds_is_refused():
    made = scores({"bootstrapping": 0.1, "vanilla": 0.0})
    made[0] = replace(made[0], fold=2)
    with pytest.raises(Refusal, match="case 000 is tested in fold 2 and in fold 0"):
        compare(made, "bootstrapping", "vanilla", ENDPOINTS["dice"], role="vanilla")


def test_an_unknown_endpoint_names_the_nearest():
    with pytest.raises(UsageError, match="dice_hard"):
        endpoint("dice_hrd")


def test_holm_multiplies_the_smallest_most_and_never_falls():
    # Worked by hand: .01 * 3 = .03; .02 * 2 = .04; .04 * 1 = .04
    assert holm({"a": 0.01, "b": 0.04, "c": 0.02}) == pytest.approx({"a": 0.03, "c": 0.04, "b": 0.04})
    assert holm({"a": 0.5, "b": 0.9}) == {"a": 1.0, "b": 1.0}
