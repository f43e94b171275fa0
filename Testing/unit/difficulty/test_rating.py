"""Ratings of several raters on one scale, and the form that they answer."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.cases.types import RATING_TAGS, SCORES
from CLIPSLib.difficulty import RATING_FORMS
from CLIPSLib.difficulty.families.rating import adjusted_ratings

_ = np.nan


def test_a_strict_and_a_lenient_rater_agree_once_both_are_centered():
    strict, lenient = np.array([3, 4, 5, 4, 4.0]), np.array([1, 2, 3, 2, 2.0])
    adjusted = adjusted_ratings(np.stack([strict, lenient], axis=1))
    assert adjusted[:, 0] == pytest.approx(adjusted[:, 1])
    assert adjusted.mean() == pytest.approx(3.0)


def test_a_rater_who_uses_the_whole_scale_weighs_no_more_than_one_who_does_not():
    wide, narrow = np.array([1, 5, 1, 5, 3.0]), np.array([2, 4, 2, 4, 3.0])
    adjusted = adjusted_ratings(np.stack([wide, narrow], axis=1))
    assert adjusted[:, 0] == pytest.approx(adjusted[:, 1])


def test_few_ratings_are_left_alone():
    table = np.array([[1, 5], [2, 5], [3, _], [4, _], [5, _]])
    assert adjusted_ratings(table)[:2, 1] == pytest.approx([5.0, 5.0])


def test_one_rater_and_no_rater_are_left_alone():
    alone = np.array([[1.0], [5.0]])
    assert adjusted_ratings(alone) is alone
    assert adjusted_ratings(np.empty((3, 0))).shape == (3, 0)


def test_a_rater_who_always_says_the_same_says_nothing():
    table = np.array([[3, 1], [3, 2], [3, 3], [3, 4], [3, 5.0]])
    assert adjusted_ratings(table)[:, 0] == pytest.approx([3.0] * 5)


@pytest.mark.parametrize("form", RATING_FORMS.values())
def test_each_language_asks_about_delineation_and_has_all_anchors_and_tags(form):
    assert form.question.endswith("?")
    assert tuple(form.anchors) == SCORES
    assert tuple(form.tags) == RATING_TAGS
    assert all(form.anchors.values()) and all(form.tags.values())
