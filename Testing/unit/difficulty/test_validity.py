"""Validity against out-of-fold Dice: rho as scipy gives it, intervals by formula, warnings in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders_difficulty import table
from CLIPSLib.difficulty import validity
from CLIPSLib.difficulty.validity import fisher_interval, spearman
from scipy import stats


def cases(numbers) -> dict[str, float]:
    return {f"case-{i:02}": float(number) for i, number in enumerate(numbers)}


def test_rho_is_that_of_scipy_with_ties():
    generator = np.random.default_rng(3)
    first, second = generator.integers(0, 6, 25), generator.integers(0, 6, 25)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


def test_the_interval_is_that_of_bonett_and_wright():
    # rho = -0.6, n = 28: SE = sqrt((1 + 0.18) / 25) = 0.21726; atanh(-0.6) = -0.69315.
    low, high = fisher_interval(-0.6, 28)
    assert low == pytest.approx(math.tanh(-0.693147 - 1.959964 * 0.217256), abs=1e-5)
    assert high == pytest.approx(math.tanh(-0.693147 + 1.959964 * 0.217256), abs=1e-5)


def test_a_good_measurer_has_a_negative_rho_and_no_warning():
    dice = np.linspace(0.9, 0.1, 20)
    found = validity(table("teacher", cases(range(20))), cases(dice))
    assert found.rho == pytest.approx(-1.0)
    assert (found.low, found.high, found.n, found.warning) == (None, None, 20, "")
    assert found.bootstrap_low == pytest.approx(-1.0)


def test_cases_without_one_of_the_numbers_do_not_count_and_unscored_ones_are_named():
    scores = table("tmtv", {"a": 1.0, "b": 2.0, "c": None, "d": 3.0, "e": 4.0})
    found = validity(scores, {"a": 0.9, "b": 0.7, "c": 0.5, "d": None, "e": 0.1, "f": 0.2})
    assert (found.n, found.rho, found.unscored) == (3, None, ("c", "f"))
    assert "Fewer than 4 cases" in found.warning


def test_a_weak_rho_is_as_good_as_random_order():
    generator = np.random.default_rng(0)
    found = validity(table("spread", cases(generator.permutation(200))), cases(generator.random(200)))
    assert abs(found.rho) < 0.2
    assert "close to one in random order" in found.warning
    assert found.bootstrap_low < found.rho < found.bootstrap_high


def test_an_order_upside_down_is_noticed():
    found = validity(table("suv_max", cases(range(12))), cases([*range(11), 9.5]))
    assert "upside down" in found.warning


def test_too_few_cases_to_tell():
    found = validity(table("tmtv", cases([1, 2, 3, 4, 5])), cases([5, 3, 4, 1, 4.5]))
    assert found.rho == pytest.approx(stats.spearmanr([1, 2, 3, 4, 5], [5, 3, 4, 1, 4.5]).statistic)
    assert "includes 0" in found.warning


def test_the_bootstrap_is_reproducible_and_close_to_fisher():
    generator = np.random.default_rng(5)
    score = generator.normal(size=80)
    dice = -score + generator.normal(size=80)
    found = validity(table("teacher", cases(score)), cases(dice))
    assert found == validity(table("teacher", cases(score)), cases(dice))
    assert found.bootstrap_low == pytest.approx(found.low, abs=0.05)
    assert found.bootstrap_high == pytest.approx(found.high, abs=0.05)


def test_a_score_that_never_varies_says_nothing():
    assert validity(table("tmtv", cases([1] * 6)), cases(range(6))).rho is None
