"""Agreement of the raters of a registry: whose ratings meet, what is said where nothing can be."""

from __future__ import annotations

import pytest
from CLIPSLib.cases.types import Rating
from CLIPSLib.difficulty import agreement


def ratings(*rows: tuple[str, str, int]) -> list[Rating]:
    return [
        Rating(id=i, case_id=case, rater=rater, score=score, rated_utc="2026-11-21T03:00:00Z")
        for i, (case, rater, score) in enumerate(rows)
    ]


def test_one_rater_has_nobody_to_agree_with():
    found = agreement(ratings(("a", "Ann", 1), ("b", "Ann", 5)))
    assert (found.raters, found.cases, found.krippendorff_alpha, found.icc_single) == (("Ann",), 0, None, None)
    assert found.undefined["krippendorff_alpha"] == "there is only one rater, or none"
    assert agreement([]).raters == ()


def test_pairs_are_compared_on_the_cases_that_both_rated():
    rows = [("a", "Ann", 1), ("a", "Bob", 1), ("b", "Ann", 2), ("b", "Bob", 3), ("c", "Ann", 4), ("d", "Eve", 4)]
    found = agreement(ratings(*rows))
    assert found.weighted_kappa == {"Ann, Bob": pytest.approx(1 - 0.5 / 1.5)}
    assert (found.cases, found.complete_cases, found.icc_single) == (2, 0, None)
    assert found.krippendorff_alpha is not None


def test_the_latest_rating_counts_and_repeated_ones_show_drift():
    rows = [("a", "Ann", 5), ("b", "Ann", 2), ("a", "Bob", 1), ("b", "Bob", 2), ("a", "Ann", 1), ("b", "Ann", 2)]
    found = agreement(ratings(*rows))
    assert found.weighted_kappa == {"Ann, Bob": pytest.approx(1.0)}
    # Ann gave (5, 1) and (2, 2): observed (16 + 0) / 2, expected (16 + 9 + 1 + 0) / 4.
    assert found.repeated_kappa == {"Ann": pytest.approx(1 - 8 / 6.5)}
