"""Decay arithmetic of the phantom against numbers worked out by hand."""

import math

import pytest
from CLIPSLib.phantom.decay import average_activity_time_s, beds_of_slices, decay_factor, remaining

F18_HALF_LIFE_S = 6586.2


def test_fluorine_18_left_after_60_and_90_minutes():
    # lambda = ln 2 / 6586.2 s = 1.052424e-4 / s; exp(-lambda * 3600) and exp(-lambda * 5400)
    assert remaining(3600.0, F18_HALF_LIFE_S) == pytest.approx(0.684633, abs=1e-6)
    assert remaining(5400.0, F18_HALF_LIFE_S) == pytest.approx(0.566483, abs=1e-6)


def test_average_activity_comes_just_before_the_middle_of_a_frame():
    # T/2 - lambda T^2 / 24 + ... = 60 - 1.052424e-4 * 120^2 / 24 = 59.93685
    assert average_activity_time_s(120.0, F18_HALF_LIFE_S) == pytest.approx(59.93685, abs=1e-4)


def test_decay_factor_is_the_textbook_expression():
    rate, offset, duration = math.log(2.0) / F18_HALF_LIFE_S, 620.0, 120.0
    textbook = math.exp(rate * offset) * rate * duration / (1.0 - math.exp(-rate * duration))
    assert decay_factor(offset, duration, F18_HALF_LIFE_S) == pytest.approx(textbook, rel=1e-12)


def test_beds_run_from_the_feet_to_the_head():
    beds = beds_of_slices([-10.0, -110.0, -210.0, -250.0], step_mm=100.0, duration_s=120.0, pause_s=4.0)
    assert [bed.number for bed in beds] == [2, 1, 0, 0]
    assert [bed.offset_s for bed in beds] == [248.0, 124.0, 0.0, 0.0]
