"""The whole analysis on simulated experiments with known effects."""

from dataclasses import replace

import builders_experiment as simulated
import numpy as np
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.evaluation.agreement import bland_altman
from CLIPSLib.experiments import Arm, CaseScore, Verdict, analyze
from CLIPSLib.experiments.agreement import repeated_limits

DESIGN = simulated.DESIGN
ENDS = {"vanilla": 0.7, "random-order": 0.7, "boot": 0.8}


def analysis(design=DESIGN, effects=None, *, scores=None, seed=0):
    made = simulated.scores(design, effects or {}, seed=seed) if scores is None else scores
    return analyze(
        design,
        made,
        simulated.curves(design, ENDS),
        hard_cases=frozenset(f"case-{n:02d}" for n in range(20)),
        costs=simulated.costs(design),
    )


def test_an_order_that_beats_vanilla_and_random_order_helps():
    found = analysis(effects={"boot": 0.05})
    (family,) = found.families
    assert family.judgement.verdict == Verdict.HELPS
    assert family.primary["vanilla"].effect.mean == pytest.approx(0.05, abs=0.01)
    assert family.primary["vanilla"].effect.adjusted_p < 0.001


def test_what_random_order_gains_too_is_the_growing_pool():
    found = analysis(effects={"boot": 0.05, "random-order": 0.05})
    assert found.families[0].judgement.verdict == Verdict.POOL_HELPS


def test_equal_arms_make_no_relevant_difference():
    assert analysis().families[0].judgement.verdict == Verdict.NO_RELEVANT_EFFECT


def test_only_the_primary_endpoint_is_tested():
    (family,) = analysis(effects={"boot": 0.05}).families
    assert all(contrast.effect.p is None for contrasts in family.secondary.values() for contrast in contrasts.values())
    assert family.secondary["dice_hard"]["vanilla"].effect.case_count == 20


def test_an_exploratory_design_shows_no_p_value_anywhere():
    found = analysis(replace(DESIGN, seeds=(0, 1)), {"boot": 0.05})
    assert found.exploratory
    for contrast in found.families[0].primary.values():
        assert contrast.effect.p is contrast.effect.adjusted_p is contrast.rank.p is None
    assert found.families[0].judgement.verdict == Verdict.INCONCLUSIVE


def test_a_seed_that_one_arm_did_not_finish_is_left_out_of_all_arms():
    scores = simulated.scores(replace(DESIGN, seeds=(0, 1, 2, 3)), {})
    unfinished = [s for s in scores if (s.arm, s.fold, s.seed) != ("boot", 4, 3)]
    found = analysis(replace(DESIGN, seeds=(0, 1, 2, 3)), scores=unfinished)
    assert (found.seeds, found.incomplete) == ((0, 1, 2), (3,))
    assert all(arm.runs == 15 for arm in found.arms)


def test_without_a_whole_seed_nothing_is_compared():
    scores = [score for score in simulated.scores(DESIGN, {}) if score.arm != "boot" or score.fold]
    with pytest.raises(Refusal, match="No seed is finished"):
        analysis(scores=scores)


def test_spread_over_cases_and_spread_over_seeds_are_two_numbers_worked_out_by_hand():
    design = replace(DESIGN, folds=2, seeds=(0, 1))
    values = {("a", 0): 0.2, ("a", 1): 0.4, ("b", 0): 0.8, ("b", 1): 0.8}
    scores = [
        CaseScore(case_id=case, arm=arm.name, fold="ab".index(case), seed=seed, scores={"dice": value})
        for arm in design.arms
        for (case, seed), value in values.items()
    ]
    spread = analysis(design, scores=scores).arms[0].endpoints["dice"]
    # cases: 0.3 and 0.8, SD 0.5 / sqrt 2; seeds: 0.5 and 0.6, SD 0.1 / sqrt 2
    assert spread.mean == pytest.approx(0.55)
    assert spread.sd_cases == pytest.approx(0.5 / np.sqrt(2))
    assert spread.sd_seeds == pytest.approx(0.1 / np.sqrt(2))


def test_the_bias_of_tmtv_has_its_limits_of_agreement():
    # differences alternate between 10 and 11 mL over 60 cases, alike with every seed: mean 10.5, SD 0.5 sqrt(60 / 59)
    tmtv = analysis().arms[0].tmtv
    assert tmtv.bias == pytest.approx(10.5)
    assert tmtv.upper == pytest.approx(10.5 + 1.96 * 0.5 * np.sqrt(60 / 59), abs=1e-4)


def test_limits_of_agreement_are_those_of_one_network_not_of_the_mean_of_several():
    # Bland & Altman 1999, section 5.1, by hand: two repetitions, d = (0, 4), (2, 6), (4, 8). Means 2, 4, 6: variance 4;
    # within cases 8, halved: 4. SD = sqrt 8.
    found = repeated_limits(np.array([[0.0, 4.0], [2.0, 6.0], [4.0, 8.0]]))
    assert (found.bias, found.sd) == (4.0, pytest.approx(np.sqrt(8)))
    assert found.upper == pytest.approx(4 + 1.96 * np.sqrt(8), abs=1e-3)


def test_limits_hold_95_of_100_single_differences():
    rng = np.random.default_rng(4)
    differences = rng.normal(10, 20, (4000, 1)) + rng.normal(0, 15, (4000, 3))
    found = repeated_limits(differences)
    inside = (differences > found.lower) & (differences < found.upper)
    assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_with_one_repetition_the_limits_are_those_of_bland_and_altman():
    rng = np.random.default_rng(6)
    reference = rng.uniform(10, 90, 30)
    prediction = reference + rng.normal(2, 5, 30)
    ours, theirs = repeated_limits((prediction - reference)[:, None]), bland_altman(reference, prediction)
    assert (ours.lower, ours.upper, *ours.bias_ci) == pytest.approx((theirs.lower, theirs.upper, *theirs.bias_ci))
    assert ours.upper_ci == pytest.approx(theirs.upper_ci)


def test_an_arm_that_trains_longer_learns_over_the_same_length_as_the_others():
    longer = Arm(name="longer", curriculum="vanilla", steps=2000)
    design = replace(DESIGN, arms=(*DESIGN.arms, longer))
    curves = simulated.curves(design, {**ENDS, "longer": 0.7})
    last = [
        replace(c, steps=np.append(c.steps, 2000), scores=np.append(c.scores, 0.9)) for c in curves if c.arm == "longer"
    ]
    found = analyze(
        design,
        simulated.scores(design, {}),
        [*(c for c in curves if c.arm != "longer"), *last],
        hard_cases=frozenset({"case-00", "case-01"}),
        costs=simulated.costs(design),
    )
    by_name = {arm.arm: arm for arm in found.arms}
    assert by_name["longer"].curve_area == pytest.approx(by_name["vanilla"].curve_area)
    assert by_name["longer"].steps_to_target == by_name["vanilla"].steps_to_target
    assert found.families[0].primary["longer"].effect.adjusted_p is None


def test_a_look_before_the_end_has_no_p_values():
    early = analyze(
        DESIGN,
        simulated.scores(DESIGN, {"boot": 0.05}),
        simulated.curves(DESIGN, ENDS),
        hard_cases=frozenset({"case-00", "case-01"}),
        costs=simulated.costs(DESIGN),
        finished=False,
    )
    assert early.exploratory and not early.finished
    assert early.families[0].primary["vanilla"].effect.p is None


def test_the_target_is_ninety_percent_of_what_vanilla_ends_with():
    found = analysis()
    assert found.target == pytest.approx(0.63)
    by_name = {arm.arm: arm for arm in found.arms}
    # straight lines: vanilla is at 0.63 only at its last validation (stays for none: censored), boot (0.6 at 750) too
    assert by_name["vanilla"].reached == by_name["boot"].reached == 0
    assert by_name["vanilla"].steps_to_target == 1000
    assert by_name["boot"].curve_area == pytest.approx(0.8 * 0.625)


@pytest.mark.slow
def test_under_the_null_a_verdict_of_help_or_harm_is_rare():
    """Help needs two contrasts at once: far rarer than 5 %; harm needs one, Holm keeps it below."""
    verdicts = [analysis(seed=seed).families[0].judgement.verdict for seed in range(40)]
    assert verdicts.count(Verdict.HELPS) == 0
    assert verdicts.count(Verdict.HARMS) <= 3
