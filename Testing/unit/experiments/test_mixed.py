"""The mixed analysis: against hand calculation, a statistics package, and simulations under the null."""

import numpy as np
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.mixed import (
    CASES_ONLY,
    FOLD_MEANS,
    mean_squares,
    mixed_effect,
    nadeau_bengio_factor,
    satterthwaite,
    variance_components,
)
from CLIPSLib.experiments.types import Paired

CASE_SD, RUN_SD, RESIDUAL_SD = 0.06, 0.014, 0.08  # facts of the field: what a paired Dice difference varies by


def paired(differences, folds) -> Paired:
    differences = np.asarray(differences, float)
    cases, seeds = differences.shape
    return Paired(
        metric="dice",
        arm="curriculum",
        control="vanilla",
        case_ids=tuple(f"{i:03d}" for i in range(cases)),
        seeds=tuple(range(seeds)),
        folds=np.asarray(folds),
        arm_scores=differences,
        control_scores=np.zeros_like(differences),
    )


def simulate(rng, repetitions, cases, folds, seeds, effect=0.0):
    """[repetition, case, seed] of the model, and the fold of each case."""
    fold = np.arange(cases) % folds
    run = rng.normal(0, RUN_SD, (repetitions, folds, seeds))
    return (
        effect
        + rng.normal(0, CASE_SD, (repetitions, cases, 1))
        + run[:, fold, :]
        + rng.normal(0, RESIDUAL_SD, (repetitions, cases, seeds)),
        fold,
    )


def test_a_small_table_gives_the_mean_squares_worked_out_by_hand():
    # Two cases, two seeds, one fold: [[1, 3], [5, 11]]. Grand mean 5; case means 2 and 8; seed means 3 and 7.
    # SS case = 2 * (9 + 9) = 36 with 1 df; SS run = 2 * (4 + 4) = 16 with 1 df; the rest is
    # 1-5+3+2 = 1, 3-5+3-2 = -1, 5-5-3+2 = -1, 11-5-3-2 = 1: SS = 4 with 1 df.
    squares = mean_squares(np.array([[1.0, 3.0], [5.0, 11.0]]), np.zeros(2))
    assert (squares.case, squares.run, squares.residual) == (36, 16, 4)
    # Variance of the mean (36 + 16 - 4) / 4 = 12; Satterthwaite 48^2 / (36^2 + 16^2 + 4^2) = 1.469
    mean, variance, df = satterthwaite(np.array([[1.0, 3.0], [5.0, 11.0]]), np.zeros(2))
    assert (mean, variance) == (5, 12)
    assert df == pytest.approx(2304 / 1568)


def test_components_agree_with_a_mixed_model_of_a_statistics_package():
    """REML of statsmodels equals the ANOVA estimates in a balanced design whose estimates are positive."""
    statsmodels = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(5)
    values, folds = simulate(rng, 1, 24, 1, 6)
    values = values[0] + 3 * rng.normal(0, 0.02, (1, 6))
    cases, seeds = np.meshgrid(np.arange(24), np.arange(6), indexing="ij")
    design = np.ones((values.size, 1))
    model = statsmodels.MixedLM(
        values.ravel() * 10,  # near one: the optimizer stops early on tiny variances
        design,
        groups=np.zeros(values.size),
        exog_vc=statsmodels.VCSpec(
            ["case", "run"],
            [[[f"c{i}" for i in range(24)]], [[f"r{i}" for i in range(6)]]],
            [[np.eye(24)[cases.ravel()]], [np.eye(6)[seeds.ravel()]]],
        ),
    )
    fit = model.fit(reml=True, method="bfgs", gtol=1e-9)
    ours = variance_components(paired(values, folds))
    effect = mixed_effect(paired(values, folds))
    assert fit.fe_params[0] / 10 == pytest.approx(effect.mean, rel=1e-6)
    assert fit.bse[0] / 10 == pytest.approx(effect.se, rel=2e-3)
    assert np.sqrt(fit.vcomp) / 10 == pytest.approx([ours.case_sd, ours.run_sd], rel=5e-3)
    assert np.sqrt(fit.scale) / 10 == pytest.approx(ours.residual_sd, rel=5e-3)


def test_standard_error_of_five_folds_agrees_with_a_mixed_model_of_a_statistics_package():
    """Folds as fixed effects (sum to zero), cases and runs as random ones: the model whose ANOVA this is."""
    statsmodels = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(11)
    cases, folds, seeds = 30, 5, 4
    values, fold = simulate(rng, 1, cases, folds, seeds)
    values = values[0] + rng.normal(0, 0.06, (folds, seeds))[fold]
    case_of, seed_of = (grid.ravel() for grid in np.meshgrid(np.arange(cases), np.arange(seeds), indexing="ij"))
    run_of = fold[case_of] * seeds + seed_of
    contrasts = np.vstack([np.eye(folds - 1), -np.ones(folds - 1)])
    model = statsmodels.MixedLM(
        values.ravel() * 10,
        np.column_stack([np.ones(values.size), contrasts[fold[case_of]]]),
        groups=np.zeros(values.size),
        exog_vc=statsmodels.VCSpec(
            ["case", "run"],
            [[[f"c{i}" for i in range(cases)]], [[f"r{i}" for i in range(folds * seeds)]]],
            [[np.eye(cases)[case_of]], [np.eye(folds * seeds)[run_of]]],
        ),
    )
    fit = model.fit(reml=True, method="bfgs", gtol=1e-9)
    effect, ours = mixed_effect(paired(values, fold)), variance_components(paired(values, fold))
    assert fit.fe_params[0] / 10 == pytest.approx(effect.mean, rel=1e-5)
    assert fit.bse[0] / 10 == pytest.approx(effect.se, rel=5e-3)
    assert np.sqrt(fit.vcomp) / 10 == pytest.approx([ours.case_sd, ours.run_sd], rel=1e-2)


def test_negative_variance_components_never_shrink_the_error_below_what_cases_explain():
    """Where runs differ less than chance lets them, the error is that of cases alone, and the test keeps its level."""
    from scipy import stats

    rng = np.random.default_rng(12)
    fold = np.arange(50) % 5
    values = rng.normal(0, CASE_SD, (4000, 50, 1)) + rng.normal(0, RESIDUAL_SD, (4000, 50, 3))  # no luck of runs at all
    mean, variance, df = satterthwaite(values, fold)
    squares = mean_squares(values, fold)
    assert (squares.run < squares.residual).mean() > 0.3
    assert (variance >= squares.weights[0] * squares.case * (1 - 1e-12)).all()
    assert df.min() >= 1
    assert (2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), df) < 0.05).mean() <= 0.07


def test_unequal_folds_skewed_differences_and_a_noisy_fold_keep_the_level():
    """What Dice really does: bounded, skewed, folds of 7 to 15 patients, one of which fluctuates twice as much."""
    from scipy import stats

    rng = np.random.default_rng(13)
    fold = np.repeat(np.arange(5), (7, 8, 10, 10, 15))
    skewed = 0.06 * (rng.exponential(1, (4000, 50, 1)) - 1)
    run = rng.normal(0, RUN_SD, (4000, 5, 3)) * np.array([1, 1, 2, 1, 1])[:, None]
    values = skewed + run[:, fold, :] + 0.08 * (rng.exponential(1, (4000, 50, 3)) - 1)
    mean, variance, df = satterthwaite(values, fold)
    assert (2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), df) < 0.05).mean() <= 0.07


@pytest.mark.parametrize(
    ("cases", "folds", "seeds"),
    [(50, 1, 5), (50, 1, 10), (100, 1, 5), (50, 5, 3), (160, 5, 3), (100, 1, 3), (33, 5, 2)],
)
def test_under_the_null_at_most_seven_percent_of_experiments_find_a_difference(cases, folds, seeds):
    from scipy import stats

    values, fold = simulate(np.random.default_rng(20261121), 4000, cases, folds, seeds)
    mean, variance, df = satterthwaite(values, fold)
    p = 2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), df)
    assert (p < 0.05).mean() <= 0.07


def test_under_the_null_the_large_design_of_the_hospital_keeps_its_level_where_wilcoxon_does_not():
    from scipy import stats

    values, fold = simulate(np.random.default_rng(555), 4000, 555, 5, 3)
    mean, variance, df = satterthwaite(values, fold)
    p = 2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), df)
    assert (p < 0.05).mean() <= 0.07
    wilcoxon = stats.wilcoxon(values.mean(axis=2)[:400], axis=1).pvalue
    assert (wilcoxon < 0.05).mean() > 0.12  # why cases alone are not enough


@pytest.mark.parametrize(("cases", "folds", "seeds"), [(50, 1, 5), (50, 5, 3), (160, 5, 3)])
def test_intervals_cover_the_true_effect_about_95_times_in_100(cases, folds, seeds):
    from scipy import stats

    values, fold = simulate(np.random.default_rng(7), 4000, cases, folds, seeds, effect=0.02)
    mean, variance, df = satterthwaite(values, fold)
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert 0.93 <= (np.abs(mean - 0.02) <= half).mean() <= 0.975


def test_unequal_folds_weigh_every_case_the_same():
    rng = np.random.default_rng(1)
    folds = np.array([0] * 3 + [1] * 7 + [2] * 5)
    values = rng.normal(0, 1, (15, 4))
    assert mixed_effect(paired(values, folds)).mean == pytest.approx(values.mean())
    # The expectation of the estimated variance is the true one, whatever the fold sizes.
    run = rng.normal(0, 0.5, (40_000, 3, 4))
    many = rng.normal(0, 1, (40_000, 15, 1)) + run[:, folds, :] + rng.normal(0, 0.7, (40_000, 15, 4))
    squares = mean_squares(many, folds)
    estimate = sum(w * ms for w, ms in zip(squares.weights, (squares.case, squares.run, squares.residual), strict=True))
    assert estimate.mean() == pytest.approx(many.mean(axis=(1, 2)).var(), rel=0.03)


def test_one_seed_and_several_folds_is_a_t_test_over_fold_means():
    from scipy import stats

    rng = np.random.default_rng(2)
    values = rng.normal(0.1, 1, (20, 1))
    folds = np.repeat(np.arange(5), 4)
    effect = mixed_effect(paired(values, folds))
    expected = stats.ttest_1samp(values.reshape(5, 4).mean(axis=1), 0)
    assert effect.method == FOLD_MEANS
    assert effect.p == pytest.approx(expected.pvalue)
    assert effect.df == 4


def test_one_single_run_has_an_interval_over_cases_and_no_p_value():
    effect = mixed_effect(paired([[0.1], [0.2], [0.0]], [0, 0, 0]))
    assert effect.method == CASES_ONLY
    assert effect.p is None
    assert effect.low < effect.mean < effect.high


def test_identical_arms_differ_by_nothing():
    effect = mixed_effect(paired(np.zeros((6, 3)), [0, 0, 0, 1, 1, 1]))
    assert (effect.mean, effect.low, effect.high, effect.p) == (0, 0, 0, 1)


def test_a_pilot_without_any_difference_is_refused_and_not_divided_by():
    """The share of failures where nothing ever failed."""
    with pytest.raises(Refusal, match="tells no variance"):
        variance_components(paired(np.zeros((6, 3)), [0, 0, 0, 1, 1, 1]))


def test_one_case_is_refused():
    with pytest.raises(Refusal, match="at least two"):
        mixed_effect(paired([[0.1, 0.2]], [0]))


@pytest.mark.parametrize(("seeds", "published"), [(1, 1.5), (2, 1.87), (3, 2.18), (5, 2.69)])
def test_overlapping_training_sets_of_five_folds_widen_the_error_as_published(seeds, published):
    assert nadeau_bengio_factor(0.2, 5 * seeds) == pytest.approx(published, abs=0.006)
