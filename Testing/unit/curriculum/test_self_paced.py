"""Self-paced learning: who is chosen, when losses act, what priors and lists do."""

from __future__ import annotations

import numpy as np
import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import REGULARIZERS, CurriculumCase, DrawTrace, build_curriculum, draw_ids
from CLIPSLib.errors import Failure, UsageError

IDS = [f"c{number:03d}" for number in range(20)]
RISING = [0.1 + number / 20 for number in range(20)]


def _self_paced(*, losses=RISING, name="self-paced", **options):
    """A curriculum of 20 cases and 100 steps that was told the losses of all cases once, at step 0."""
    settings = {"warm_up": 0.0, "lag": 1, "update_every": 1, "full_at": 1.0, "start": 0.25, "scores": None} | options
    curriculum = curriculum_of(name, **settings)
    curriculum.observe(0, IDS, losses)
    return curriculum


def _plan(curriculum, step):
    """The plan of a step, when nothing more was observed."""
    curriculum.observe(step - 1, [], [])
    return curriculum.plan(step)


def _weights(curriculum, step):
    curriculum.observe(step - 1, [], [])
    return curriculum.weights(step)


def test_the_easiest_by_loss_are_drawn_as_many_as_the_pacing_says():
    curriculum = _self_paced(regularizer="hard")
    # linear from 0.25: 20 (0.25 + 0.75 t / 100): 6 at t = 1 (ceil 5.15), 8 at 20, 13 at 50 (ceil 12.5), 20 at 99
    for step, size in [(1, 6), (20, 8), (50, 13), (99, 20)]:
        assert sorted(_plan(curriculum, step).ids) == IDS[:size]


@pytest.mark.parametrize("regularizer", sorted(REGULARIZERS))
def test_every_regularizer_ends_at_the_full_set_with_equal_weights(regularizer):
    curriculum = _self_paced(regularizer=regularizer, full_at=0.5)
    early = _plan(curriculum, 10)
    assert len(early.ids) == (20 if regularizer == "logistic" else 8)
    assert early.loss_weights.mean() == pytest.approx(1.0)
    assert _plan(curriculum, 50).loss_weights.tolist() == [1.0] * 20


@pytest.mark.parametrize("regularizer", sorted(REGULARIZERS))
def test_losses_far_above_one_give_no_nan(regularizer):
    curriculum = _self_paced(regularizer=regularizer, losses=[1000.0 * loss for loss in RISING])
    small = _self_paced(regularizer=regularizer)
    for step in (1, 30, 90):
        assert _weights(curriculum, step) == pytest.approx(_weights(small, step))
        assert np.isfinite(_plan(curriculum, step).loss_weights).all()


def test_soft_weights_fall_with_the_loss():
    curriculum = _self_paced(regularizer="linear")
    by_id = dict(zip(curriculum.description.order, _weights(curriculum, 40), strict=True))
    weights = [by_id[case_id] for case_id in IDS]
    assert weights == sorted(weights, reverse=True)
    assert weights[10] > 0.0 == weights[11]  # 11 of 20 at step 40


def test_weights_can_act_on_the_probability_instead_of_the_loss():
    by_loss = _plan(_self_paced(apply="loss-weight"), 40)
    by_draw = _plan(_self_paced(apply="probability"), 40)
    assert by_draw.loss_weights.tolist() == [1.0] * len(by_draw.ids)
    assert by_draw.probabilities == pytest.approx(by_loss.loss_weights / by_loss.loss_weights.sum())


def test_without_normalization_weights_are_the_regularizers():
    curriculum = _self_paced(normalize=False)
    weights = _weights(curriculum, 40)
    assert curriculum.plan(40).loss_weights.tolist() == weights[weights > 0].tolist()


def test_losses_act_after_the_lag_and_not_before():
    curriculum = curriculum_of("self-paced", warm_up=0.0, lag=6, update_every=1, regularizer="hard", scores=None)
    sizes = []
    for step in range(20):
        sizes.append(len(curriculum.plan(step).ids))
        curriculum.observe(step, IDS if step == 10 else [], RISING if step == 10 else [])
    assert sizes[10:18] == [20, 20, 20, 20, 20, 20, 11, 12]  # ceil(20 (0.25 + 0.75 * 16 / 40)) at step 16


def test_choices_are_made_every_so_many_steps():
    curriculum = _self_paced(update_every=10, regularizer="hard")
    first = _plan(curriculum, 20)
    assert _plan(curriculum, 29) is first
    assert len(first.ids) < len(_plan(curriculum, 30).ids)


def test_during_the_warm_up_everything_is_drawn():
    curriculum = _self_paced(warm_up=0.2)
    assert [len(_plan(curriculum, step).ids) for step in (1, 19, 20)] == [20, 20, 8]


def test_a_case_without_a_loss_stays_in():
    curriculum = curriculum_of("self-paced", warm_up=0.0, lag=1, update_every=1, regularizer="hard", scores=None)
    curriculum.observe(0, IDS[:10], RISING[:10])
    ids = set(curriculum.plan(1).ids)
    assert set(IDS[10:]) < ids
    assert ids - set(IDS[10:]) == set(IDS[:3])  # ceil(10 (0.25 + 0.75 / 40))


def test_the_mean_loss_by_hand():
    curriculum = curriculum_of("self-paced", count=2, warm_up=0, lag=1, update_every=1, momentum=0.9, scores=None)
    curriculum.observe(0, ["c000", "c001"], [1.0, 1.5])
    curriculum.observe(1, ["c000"], [11.0])  # 0.9 * 1 + 0.1 * 11 = 2.0
    assert _plan(curriculum, 2).ids == ("c001",)
    assert curriculum.state_dict()["memory"]["losses"] == {"c000": pytest.approx(2.0), "c001": 1.5}


def test_diversity_takes_cases_of_a_hard_center():
    cases = [CurriculumCase(case_id=i, stratum="easy" if int(i[1:]) < 12 else "hard") for i in IDS]
    plain = _self_paced(cases=cases, regularizer="hard")
    diverse = _self_paced(name="self-paced-diverse", cases=cases, diversity=3.0)
    hard = set(IDS[12:])
    assert not hard & set(_plan(plain, 5).ids)
    assert hard & set(_plan(diverse, 5).ids)
    with pytest.raises(UsageError, match="'diversity' needs the regularizer 'hard', not 'linear'"):
        curriculum_of("self-paced", diversity=0.2)


def test_a_linear_prior_puts_cases_forward_and_fades():
    scores = {case_id: -float(case_id[1:]) for case_id in IDS}  # people say: c019 is the easiest
    options = {"regularizer": "hard", "scores": scores, "prior_strength": 5.0, "prior_until": 0.5}
    curriculum = _self_paced(**options)
    assert "c019" in _plan(curriculum, 1).ids
    assert "c019" not in _plan(curriculum, 60).ids


def test_a_pairwise_prior_lets_no_case_weigh_more_than_an_easier_one():
    rng = np.random.default_rng(0)
    curriculum = _self_paced(losses=list(rng.random(20)), pairwise_prior=True, scores=scores_of(cohort(20)))
    assert (np.diff(_weights(curriculum, 30)) <= 1e-12).all()
    assert curriculum.description.order == tuple(IDS)
    with pytest.raises(UsageError, match="needs a difficulty score"):
        curriculum_of("self-paced", pairwise_prior=True, scores=None)


def test_cases_on_the_list_always_have_weight_one():
    curriculum = _self_paced(regularizer="hard", must_include=("c019", "c018"))
    assert {"c018", "c019"} < set(_plan(curriculum, 1).ids)
    with pytest.raises(UsageError, match="'must_include' names cases that are not in the list: nobody"):
        curriculum_of("self-paced", must_include=("nobody",))


def test_losses_of_lesion_free_cases_are_heard_and_do_not_count():
    cases = cohort(20, lesion_free_every=5)
    curriculum = _self_paced(cases=cases)
    assert {"c000", "c005", "c010", "c015"} < set(_plan(curriculum, 5).ids)


def test_what_was_not_observed_is_asked_for():
    curriculum = curriculum_of("self-paced", lag=4, update_every=1)
    assert curriculum.plan(3).ids
    with pytest.raises(UsageError, match=r"plan of step 5 needs the losses up to step 1; the last observed .* -1"):
        curriculum.plan(5)
    with pytest.raises(UsageError, match="Step 100 is not in this run of 100 steps"):
        curriculum.plan(100)


def test_a_plan_of_the_past_is_not_made_up():
    curriculum = _self_paced()
    curriculum.observe(30, [], [])
    with pytest.raises(UsageError, match="plan of step 20 is asked for after the losses of step 30 were observed"):
        curriculum.plan(20)


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -0.2])
def test_losses_that_are_no_losses_are_refused(loss):
    with pytest.raises(Failure, match=r"The loss of case 'c003' at step 0 is .*1 - Dice instead of -Dice"):
        curriculum_of("self-paced").observe(0, ["c003"], [loss])


def test_losses_must_fit_cases_and_come_in_order():
    curriculum = curriculum_of("self-paced")
    with pytest.raises(UsageError, match="'stranger', which this curriculum never draws"):
        curriculum.observe(0, ["stranger"], [1.0])
    with pytest.raises(UsageError, match="2 cases and 1 losses"):
        curriculum.observe(0, ["c000", "c001"], [1.0])
    curriculum.observe(5, ["c000"], [1.0])
    with pytest.raises(UsageError, match="step 4 came after those of step 5"):
        curriculum.observe(4, ["c000"], [1.0])


def test_the_plan_of_the_last_step_can_still_be_asked_for_when_the_run_is_over():
    curriculum = curriculum_of("self-paced", lag=3, update_every=10)
    for step in range(100):
        last = curriculum.plan(step).ids
        curriculum.observe(step, ["c001"], [1.0])
    assert curriculum.plan(99).ids == last


def test_the_yoked_control_replays_the_pool_sizes_of_a_self_paced_run():
    cases = cohort(30, lesion_free_every=6)
    run = curriculum_of("self-paced", cases=cases, warm_up=0.1, lag=2, update_every=3, regularizer="hard")
    trace, sizes = DrawTrace(run.description, cases, steps_per_row=10), []
    for step in range(100):
        draw = run.plan(step)
        ids = draw_ids(draw, step, 0, 4)
        trace.record(step, draw, ids)
        sizes.append(len(draw.ids))
        run.observe(step, ids, [0.1 + int(case_id[1:]) for case_id in ids])
    yoked = build_curriculum(
        "yoked-random", cases, total_steps=100, seed=5, pool_sizes=trace.pool_sizes, minimum_pool=1
    )
    assert [len(yoked.plan(step).ids) for step in range(100)] == sizes
    assert len(set(sizes)) > 5
    assert yoked.plan(15).ids != run.description.order[: len(yoked.plan(15).ids)]
