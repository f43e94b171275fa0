"""Dice and IoU as primitives, by hand and as properties."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from CLIPSLib.evaluation import dice, iou
from hypothesis import given
from hypothesis import strategies as st

masks = arrays.arrays(bool, (4, 5, 6))


def test_two_of_three_and_four_voxels_shared():
    a, b = np.zeros((2, 2, 3), bool), np.zeros((2, 2, 3), bool)
    a.flat[[0, 1, 2]] = True
    b.flat[[1, 2, 3, 4]] = True
    assert dice(a, b) == pytest.approx(2 * 2 / (3 + 4))
    assert iou(a, b) == pytest.approx(2 / 5)


def test_nothing_against_nothing_is_undefined_and_against_something_is_zero():
    empty, one = np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool)
    assert dice(empty, empty) is None
    assert iou(empty, empty) is None
    assert dice(empty, one) == dice(one, empty) == iou(one, empty) == 0.0


def test_masks_of_different_shapes_are_not_stretched():
    with pytest.raises(ValueError, match="different shapes"):
        dice(np.ones((1, 2, 2), bool), np.ones((2, 2, 2), bool))


@given(a=masks, b=masks)
def test_symmetric_between_0_and_1_and_tied_to_each_other(a, b):
    assert dice(a, b) == dice(b, a)
    if (value := dice(a, b)) is not None:
        assert 0.0 <= value <= 1.0
        assert iou(a, b) == pytest.approx(value / (2.0 - value))


@given(a=masks, shift=st.integers(-6, 6))
def test_shifting_both_masks_changes_nothing(a, shift):
    b = np.roll(a, 1, axis=0)
    assert dice(a, b) == dice(np.roll(a, shift, axis=2), np.roll(b, shift, axis=2))
    assert dice(a, a) in (None, 1.0)
