"""Power and smallest detectable effect, against the simulated table of the field's facts and a textbook t test."""

import pytest
from CLIPSLib.experiments.power import minimum_detectable_effect, power
from CLIPSLib.experiments.types import Size, VarianceComponents

COMPONENTS = VarianceComponents(case_sd=0.06, run_sd=0.014, residual_sd=0.08)


@pytest.mark.parametrize(
    ("cases", "folds", "seeds", "effect", "simulated"),
    [
        (50, 1, 5, 0.02, 0.36),
        (50, 1, 5, 0.03, 0.66),
        (50, 1, 10, 0.03, 0.82),
        (100, 1, 5, 0.03, 0.81),
        (50, 5, 3, 0.03, 0.72),
        (50, 5, 5, 0.05, 1.0),
        (100, 5, 3, 0.02, 0.63),
        (160, 5, 3, 0.02, 0.78),
        (160, 5, 5, 0.02, 0.91),
        (555, 5, 3, 0.01, 0.50),
    ],
)
def test_power_is_within_a_few_points_of_simulation(cases, folds, seeds, effect, simulated):
    assert power(effect, COMPONENTS, Size(cases=cases, folds=folds, seeds=seeds)) == pytest.approx(simulated, abs=0.06)


def test_without_run_to_run_variance_it_is_the_paired_t_test_of_the_textbooks():
    # Paired SD .10, 50 cases, 80 %: .040 (1.96 + 0.84) * .10 / sqrt(50), a little more with t
    no_runs = VarianceComponents(case_sd=0.10, run_sd=0.0, residual_sd=0.0)
    smallest = minimum_detectable_effect(no_runs, Size(cases=50, folds=1, seeds=2))
    assert smallest == pytest.approx(0.040, abs=0.001)


def test_more_cases_beat_more_seeds():
    few_seeds = minimum_detectable_effect(COMPONENTS, Size(cases=100, folds=5, seeds=3))
    few_cases = minimum_detectable_effect(COMPONENTS, Size(cases=50, folds=5, seeds=6))
    assert few_seeds < few_cases


def test_the_smallest_detectable_effect_is_found_with_the_power_asked_for():
    size = Size(cases=36, folds=3, seeds=2)
    smallest = minimum_detectable_effect(COMPONENTS, size, wanted_power=0.9)
    assert power(smallest, COMPONENTS, size) == pytest.approx(0.9, abs=1e-6)


def test_folds_of_one_case_have_a_smallest_detectable_effect_too():
    size = Size(cases=5, folds=5, seeds=3)
    smallest = minimum_detectable_effect(COMPONENTS, size)
    assert power(smallest, COMPONENTS, size) == pytest.approx(0.8, abs=1e-6)
