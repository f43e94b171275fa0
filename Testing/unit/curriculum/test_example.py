"""docs/examples/curriculum_in_your_loop.py does what it says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "curriculum_in_your_loop.py"


@pytest.fixture(scope="module")
def fit():
    return runpy.run_path(str(EXAMPLE))["fit"]


def test_vanilla_draws_every_patient_once_per_epoch(fit):
    assert fit("vanilla")[1] == [19.5] * 12


def test_the_teacher_begins_with_the_easy_patients_and_ends_with_all(fit):
    scores = {f"patient{number}.hdf5": float(number) for number in range(40)}
    weights, drawn = fit("transfer-teacher", scores=scores, pacing="linear", full_at=0.6)
    assert drawn[0] == 4.5 and drawn == sorted(drawn) and drawn[-5:] == [19.5] * 5
    assert weights[0] > 0.5


def test_self_paced_learning_finds_the_planted_difficulty_by_itself(fit):
    _, drawn = fit("self-paced", regularizer="hard", full_at=0.6)
    _, control = fit("random-order", full_at=0.6)
    assert drawn[:2] == [19.5, 19.5]  # the warm-up
    assert drawn[2] < 13.0 < 16.0 < control[2]
    assert drawn[-1] == 19.5


def test_the_example_prints_a_line_per_curriculum(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["vanilla", "random-order", "transfer-teacher", "self-paced"]
