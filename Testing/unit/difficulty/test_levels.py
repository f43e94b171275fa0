"""Networks of different parts differ in level: what is theirs is taken off, and what chance explains is not."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.difficulty.levels import at_one_level, level_shifts
from CLIPSLib.difficulty.validity import spearman

PARTS = {"a": 0, "b": 0, "c": 1, "d": 1}


def test_levels_by_hand():
    # means 2 and 12, mu 7; MSW = (2 + 2) / 2 = 2; MSB = 2 (25 + 25) / 1 = 100; n0 = 2; s_u^2 = 49
    # shrinking 49 / (49 + 2 / 2) = 0.98; shifts 0.98 * (-5) and 0.98 * 5
    scores = {"a": 1.0, "b": 3.0, "c": 11.0, "d": 13.0}
    assert level_shifts(scores, PARTS) == pytest.approx({0: -4.9, 1: 4.9})
    assert at_one_level(scores, PARTS) == pytest.approx({"a": 5.9, "b": 7.9, "c": 6.1, "d": 8.1})


def test_parts_that_differ_no_more_than_chance_stay_as_they_are():
    scores = {"a": 1.0, "b": 9.0, "c": 2.0, "d": 11.0}  # means 5 and 6.5; MSB 2.25 < MSW 36.25
    assert at_one_level(scores, PARTS) == scores


def test_one_part_or_one_case_in_each_tells_nothing():
    assert level_shifts({"a": 1.0, "b": 5.0}, {"a": 0, "b": 0}) == {0: 0.0}
    assert level_shifts({"a": 1.0, "c": 5.0}, PARTS) == {0: 0.0, 1: 0.0}


def test_parts_without_any_spread_are_brought_to_one_level_altogether():
    scores = {"a": 1.0, "b": 1.0, "c": 5.0, "d": 5.0}
    assert set(at_one_level(scores, PARTS).values()) == {3.0}


def _rho(offset: float, *, leveled: bool) -> float:
    """Mean of 200 cross-reviews of 48 cases in 4 parts: difficulty with spread 1, networks with spread `offset`."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        true, networks = rng.normal(size=48), rng.normal(0.0, offset, 4)
        parts = {f"c{n}": n % 4 for n in range(48)}
        scores = {f"c{n}": true[n] + networks[n % 4] for n in range(48)}
        seen = at_one_level(scores, parts) if leveled else scores
        found.append(spearman(np.array(list(seen.values())), true))
    return float(np.mean(found))


def test_an_order_that_networks_of_different_level_mixed_up_is_recovered():
    assert _rho(2.0, leveled=False) < 0.75
    assert _rho(2.0, leveled=True) > 0.94
    assert _rho(0.0, leveled=True) > 0.98  # and where networks are alike hardly anything is lost
