"""Second opinions: bootstrap and Hodges-Lehmann, against theory and a brute-force calculation."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from CLIPSLib.experiments.robust import changed_cases, hodges_lehmann, two_level_bootstrap
from CLIPSLib.experiments.types import Paired

VALUES = np.array([0.02, -0.01, 0.05, 0.12, 0.03, -0.2, 0.07])


def paired(differences, folds=None) -> Paired:
    differences = np.asarray(differences, float)
    if differences.ndim == 1:
        differences = differences[:, None]
    cases, seeds = differences.shape
    return Paired(
        metric="dice",
        arm="a",
        control="b",
        case_ids=tuple(f"{i:03d}" for i in range(cases)),
        seeds=tuple(range(seeds)),
        folds=np.zeros(cases, int) if folds is None else np.asarray(folds),
        arm_scores=differences,
        control_scores=np.zeros_like(differences),
    )


def test_hodges_lehmann_is_the_median_of_all_pairwise_means():
    pairs = [(a + b) / 2 for a, b in combinations_with_replacement(VALUES, 2)]
    effect = hodges_lehmann(paired(VALUES))
    assert effect.mean == pytest.approx(np.median(pairs))
    # Table of the signed-rank test, n = 7, 95 %: the 3rd smallest and 3rd largest of 28 Walsh averages
    assert (effect.low, effect.high) == pytest.approx((sorted(pairs)[2], sorted(pairs)[-3]))


def test_the_bootstrap_of_one_fold_and_many_cases_has_the_error_of_theory():
    rng = np.random.default_rng(3)
    cases, seeds = 200, 40
    values = rng.normal(0, 0.06, (cases, 1)) + rng.normal(0, 0.05, (1, seeds)) + rng.normal(0, 0.02, (cases, seeds))
    effect = two_level_bootstrap(paired(values), seed=1)
    of_cases, of_runs = values.mean(axis=1).var() / cases, values.mean(axis=0).var() / seeds
    assert effect.se == pytest.approx(np.sqrt(of_cases + of_runs), rel=0.05)
    assert effect.mean == pytest.approx(values.mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "folds", "seeds", "run_sd"), [(50, 5, 3, 0.014), (50, 1, 5, 0.03), (36, 3, 2, 0.03), (300, 5, 3, 0.03)]
)
def test_intervals_of_the_bootstrap_hold_the_true_effect_about_95_times_in_100(cases, folds, seeds, run_sd):
    rng = np.random.default_rng(21)
    fold = np.arange(cases) % folds
    held = 0
    for number in range(300):
        values = rng.normal(0, 0.06, (cases, 1)) + rng.normal(0, run_sd, (folds, seeds))[fold]
        effect = two_level_bootstrap(
            paired(values + rng.normal(0, 0.08, (cases, seeds)), fold), seed=number, repetitions=800
        )
        held += effect.low <= 0 <= effect.high
    assert held / 300 >= 0.92


def test_with_one_seed_the_bootstrap_resamples_folds_so_that_the_luck_of_their_networks_is_in_it():
    rng = np.random.default_rng(8)
    folds = np.repeat(np.arange(5), 40)
    values = rng.normal(0, 0.01, 200) + np.array([-0.2, -0.1, 0.0, 0.1, 0.2])[folds]
    effect = two_level_bootstrap(paired(values, folds), seed=1)
    assert effect.se == pytest.approx(np.sqrt(0.025 / 5), rel=0.05)  # variance of five fold means, over five


def test_the_bootstrap_depends_on_its_seed_only():
    first, again = (two_level_bootstrap(paired(VALUES), seed=9) for _ in range(2))
    assert first == again
    assert two_level_bootstrap(paired(VALUES), seed=10).se != first.se


def test_cases_that_changed_most_are_listed_the_loss_first():
    assert changed_cases(paired(VALUES)) == (("005", pytest.approx(-0.2)), ("003", pytest.approx(0.12)))
