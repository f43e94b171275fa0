"""Learning curves: area, steps to a target, runs that never reach it."""

import numpy as np
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.curves import (
    Curve,
    StepsToTarget,
    area_under_curve,
    require_same_grid,
    restricted_mean_steps,
    steps_to_target,
)


def curve(scores, steps=None, arm="vanilla") -> Curve:
    steps = np.arange(len(scores)) * 100 if steps is None else np.asarray(steps)
    return Curve(arm=arm, fold=0, seed=0, steps=steps, scores=np.asarray(scores, float))


def test_the_area_is_the_mean_score_over_the_training():
    # 0 to .4 over 100 steps (mean .2), then .4 over 300 steps: (20 + 120) / 400
    assert area_under_curve(curve([0, 0.4, 0.4], steps=[0, 100, 400])) == pytest.approx(0.35)


def test_a_single_evaluation_has_no_area():
    with pytest.raises(Refusal, match="at least two"):
        area_under_curve(curve([0.5]))


def test_a_target_counts_only_when_the_score_stays():
    assert steps_to_target(curve([0.1, 0.6, 0.3, 0.6, 0.7]), 0.5) == StepsToTarget(steps=300, reached=True)


def test_a_run_that_never_stays_above_is_censored_at_its_last_evaluation():
    assert steps_to_target(curve([0.1, 0.2, 0.6]), 0.5) == StepsToTarget(steps=200, reached=False)


def test_censored_runs_count_in_the_mean():
    # Kaplan-Meier by hand: at 100 one of four reaches (S = .75), one is censored at 150, at 200 one of two (S = .375);
    # area to 400 = 100 * 1 + 100 * .75 + 200 * .375 = 250
    times = [StepsToTarget(steps=s, reached=r) for s, r in [(100, True), (150, False), (200, True), (400, False)]]
    assert restricted_mean_steps(times, 400) == pytest.approx(250)


def test_curves_on_other_steps_are_refused():
    with pytest.raises(Refusal, match="arm anti"):
        require_same_grid([curve([0, 1]), curve([0, 1], steps=[0, 50], arm="anti")])
