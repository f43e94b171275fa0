"""Closed forms of self-paced weights: against direct minimization of v l + f(v), and values worked out by hand.

The regularizers f are written here as in the publications; the minimum is searched on a fine grid of v.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from CLIPSLib.curriculum import REGULARIZERS
from CLIPSLib.curriculum.self_paced.age import in_units_of_the_largest, quantile_age, within
from CLIPSLib.curriculum.self_paced.diversity import diverse_thresholds
from CLIPSLib.curriculum.self_paced.priors import never_rising, prefer
from CLIPSLib.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

_GRID = np.linspace(1e-9, 1.0 - 1e-9, 200_001)


def _logistic(v, age):
    rest = 1.0 + np.exp(-age) - v
    return rest * np.log(rest) + v * np.log(v) - age * v


def _mixture(v, age, ratio=0.5):
    zeta = age * ratio * age / (age - ratio * age)
    return -zeta * np.log(v + zeta / age)


F = {
    "hard": lambda v, age: -age * v,
    "linear": lambda v, age: age * (v**2 / 2 - v),
    "logarithmic": lambda v, age: (1 - age) * v - (1 - age) ** v / np.log(1 - age),
    "mixture": _mixture,
    "mixture2": lambda v, age: age / (v + 1.0),  # gamma = lambda = sqrt(age): gamma^2 / (v + gamma / lambda)
    "logistic": _logistic,
    "polynomial": lambda v, age: age * (v**3 / 3 - v),
}
ANY_LOSSES = st.lists(st.floats(0.0, 50.0), min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize("name", sorted(REGULARIZERS))
@pytest.mark.parametrize("age", [0.3, 0.8])
def test_weights_minimize_the_objective(name, age):
    losses = np.array([0.01, 0.1, 0.25, 0.45, 0.7, 0.95, 1.5])
    found = REGULARIZERS[name]().weights(losses, age)
    searched = [_GRID[np.argmin(_GRID * loss + F[name](_GRID, age))] for loss in losses]
    assert found == pytest.approx(searched, abs=2e-4)


def test_all_regularizers_are_compared():
    assert set(F) == set(REGULARIZERS)


def test_polynomial_takes_a_root_of_the_distance_to_the_age():
    # l / lambda = 0.1, t = 4: 0.9^(1/3) = 0.965 (not 0.9 / 3 = 0.3)
    weights = REGULARIZERS["polynomial"](degree=4.0).weights(np.array([0.1]), 1.0)
    assert weights[0] == pytest.approx(0.9655, abs=1e-4)


def test_logarithmic_is_undefined_from_one_on():
    with pytest.raises(UsageError, match="between 0 and 1"):
        REGULARIZERS["logarithmic"]().weights(np.array([0.5]), 1.0)


def test_the_case_at_the_threshold_is_in():
    assert REGULARIZERS["hard"]().weights(np.array([0.2, 0.5, 0.6]), 0.5).tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("name", sorted(REGULARIZERS))
@given(losses=ANY_LOSSES, age=st.floats(0.001, 0.94))
def test_weights_are_between_0_and_1_and_never_rise_with_the_loss(name, losses, age):
    weights = REGULARIZERS[name]().weights(np.sort(losses), age)
    assert np.isfinite(weights).all()
    assert (weights >= 0.0).all() and (weights <= 1.0).all()
    assert (np.diff(weights) <= 1e-12).all()


@pytest.mark.parametrize("name", sorted(REGULARIZERS))
@given(losses=ANY_LOSSES, size=st.integers(1, 30))
def test_a_quantile_age_lets_in_as_many_as_it_was_asked_for_and_their_ties(name, losses, size):
    regularizer = REGULARIZERS[name]()
    age = quantile_age(losses, size)
    expected = (losses <= np.sort(losses)[min(size, len(losses)) - 1]).sum()
    if age is None:
        assert expected == len(losses)
    elif name != "logistic":  # never 0
        weights = regularizer.weights(*within(losses, age, regularizer.highest))
        assert (weights > 0.0).sum() == pytest.approx(expected, abs=0 if age > 1e-300 else len(losses))


def test_units_of_the_loss_do_not_matter():
    losses = np.random.default_rng(0).gamma(2.0, size=50)
    for factor in (1e-3, 1.0, 1e4):
        scaled = in_units_of_the_largest(losses * factor)
        age = quantile_age(scaled, 20)
        weights = REGULARIZERS["logistic"]().weights(scaled, age)
        assert weights == pytest.approx(
            REGULARIZERS["logistic"]().weights(
                in_units_of_the_largest(losses), quantile_age(in_units_of_the_largest(losses), 20)
            )
        )


def test_losses_that_are_all_zero_stay_zero():
    assert in_units_of_the_largest(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert quantile_age(np.zeros(3), 1) is None


def test_diversity_thresholds_by_rank_within_the_group():
    # lambda = 0.5, gamma = 0.2: 0.5 + 0.2 / (sqrt(i) + sqrt(i - 1))
    thresholds = diverse_thresholds(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), ["x"] * 5, 0.5, 0.2)
    assert thresholds == pytest.approx([0.7, 0.5828, 0.5636, 0.5536, 0.5472], abs=5e-5)


def test_diversity_lets_in_the_easiest_of_a_hard_group():
    losses, groups = np.array([0.1, 0.2, 0.3, 0.9, 1.0]), ["easy"] * 3 + ["hard"] * 2
    plain = losses <= diverse_thresholds(losses, groups, 0.35, 0.0)
    diverse = losses <= diverse_thresholds(losses, groups, 0.35, 0.6)
    assert plain.tolist() == [True, True, True, False, False]
    assert diverse.tolist() == [True, True, True, True, False]


def test_no_diversity_is_plain_self_paced_learning():
    assert set(diverse_thresholds(np.arange(4.0), list("abab"), 0.5, 0.0)) == {0.5}


def test_a_linear_prior_moves_a_preferred_case_ahead():
    losses = prefer(np.array([0.5, 0.6]), np.array([-1.0, 1.0]), 0.2)
    assert losses[1] < losses[0]
    assert losses == pytest.approx([0.9, 0.6])
    assert prefer(np.zeros(2), np.array([-1.0, 1.0]), 3.0).min() >= 0.0


def test_pairwise_prior_by_hand():
    assert never_rising(np.array([0.2, 0.8, 0.5, 0.1])) == pytest.approx([0.5, 0.5, 0.5, 0.1])


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=25).map(np.array))
def test_pairwise_prior_is_a_projection(weights):
    projected = never_rising(weights)
    assert (np.diff(projected) <= 1e-12).all()
    assert projected.sum() == pytest.approx(weights.sum())
    assert never_rising(projected) == pytest.approx(projected)
    # no other falling sequence is nearer: constants are falling sequences
    assert ((projected - weights) ** 2).sum() <= ((weights.mean() - weights) ** 2).sum() + 1e-12
    assert math.isfinite(projected.sum())
