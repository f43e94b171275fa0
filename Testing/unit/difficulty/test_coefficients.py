"""Agreement between raters against published worked examples and another library."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.difficulty.coefficients import intraclass_correlation, krippendorff_alpha, weighted_kappa

_ = np.nan
# Krippendorff, Computing Krippendorff's alpha-reliability (2011), section D: 4 observers, 12 units, missing ratings.
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T
# Shrout and Fleiss, Psychol Bull 1979;86:420-428, table 2: 6 targets, 4 judges.
SIX_TARGETS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_krippendorffs_own_example_gives_the_published_ordinal_alpha():
    assert krippendorff_alpha(FOUR_OBSERVERS) == pytest.approx(0.815, abs=5e-4)


def test_alpha_is_1_for_full_agreement_and_does_not_exist_without_pairs_or_without_variation():
    assert krippendorff_alpha(np.array([[1, 1], [3, 3], [5, 5]])) == pytest.approx(1.0)
    assert krippendorff_alpha(np.array([[1, np.nan], [np.nan, 3]])) is None
    assert krippendorff_alpha(np.array([[2, 2], [2, 2]])) is None


def test_alpha_of_two_raters_and_two_cases_by_hand():
    # Values 1, 2 | 2, 2: n1 = 1, n2 = 3; coincidences 1-2: 1, 2-1: 1, 2-2: 2. One distance d between 1 and 2.
    # D_o = 2 d / 4; D_e = 2 * 1 * 3 d / (4 * 3); alpha = 1 - (1/2) / (1/2) = 0.
    assert krippendorff_alpha(np.array([[1, 2], [2, 2]])) == pytest.approx(0.0)


def test_shrout_and_fleiss_table_gives_the_published_correlations():
    single, mean = intraclass_correlation(SIX_TARGETS)
    assert single == pytest.approx(0.29, abs=5e-3)
    assert mean == pytest.approx(0.62, abs=5e-3)


def test_correlations_do_not_exist_for_one_case_or_one_rater():
    assert intraclass_correlation(SIX_TARGETS[:1]) == (None, None)
    assert intraclass_correlation(SIX_TARGETS[:, :1]) == (None, None)
    assert intraclass_correlation(np.full((3, 2), 4.0)) == (None, None)


def test_quadratic_kappa_agrees_with_statsmodels():
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    generator = np.random.default_rng(7)
    for _ in range(20):
        first = generator.integers(1, 6, 40)
        second = np.clip(first + generator.integers(-1, 2, 40), 1, 5)
        table = np.zeros((5, 5))
        np.add.at(table, (first - 1, second - 1), 1)
        expected = inter_rater.cohens_kappa(table, wt="quadratic").kappa
        assert weighted_kappa(first, second) == pytest.approx(expected, abs=1e-12)


def test_kappa_by_hand():
    # Ratings (1, 1), (2, 3): observed 1/2 * (0 + 1) = 0.5; expected the mean over all pairs: (0 + 4 + 1 + 1) / 4 = 1.5.
    assert weighted_kappa([1, 2], [1, 3]) == pytest.approx(1 - 0.5 / 1.5)
    assert weighted_kappa([3, 3], [3, 3]) is None
    assert weighted_kappa([], []) is None
