"""Learning curves are read from a run's tables while it writes them, and read anew when it repeats steps."""

import numpy as np
import pytest
from CLIPSLib.training.tables import METRICS, VALIDATION, Table


@pytest.fixture
def curves(host, tmp_path):
    from builders_training_panel import MODULE_FILE, SEGMENTATION_FILE

    host.load_module(SEGMENTATION_FILE)
    host.load_module(MODULE_FILE)
    from CLIPSTrainingLib.LearningCurves import LearningCurves

    return LearningCurves(tmp_path)


def steps(path, first: int, last: int, before: int | None = None):
    table = Table(path / "metrics.csv", METRICS, before=first if before is None else before)
    for step in range(first, last):
        table.add({"step": step, "loss": 1.0 / (1 + step), "cases": "a b"})
    return table


def test_new_steps_are_added_and_half_a_line_waits(curves, tmp_path):
    assert not curves.read()
    table = steps(tmp_path, 0, 3)
    assert curves.read()
    table._stream.write("3,0.2")
    table._stream.flush()
    assert not curves.read()
    table._stream.write("5,,,,,,\n")
    assert curves.read()
    np.testing.assert_allclose(curves.loss[0], [0, 1, 2, 3])
    np.testing.assert_allclose(curves.loss[1], [1, 1 / 2, 1 / 3, 0.25], rtol=1e-5)


def test_a_run_that_goes_on_from_a_checkpoint_repeats_no_step(curves, tmp_path):
    steps(tmp_path, 0, 10).close()
    curves.read()
    steps(tmp_path, 4, 20).close()
    curves.read()
    np.testing.assert_array_equal(curves.loss[0], np.arange(20))


def test_a_long_run_is_averaged_to_what_a_screen_shows(curves, tmp_path):
    steps(tmp_path, 0, 3000).close()
    curves.read()
    x, y = curves.loss
    assert len(x) == 300
    assert (x[0], y[0]) == pytest.approx((4.5, np.mean(1 / (1 + np.arange(10)))), rel=1e-4)


def test_dice_is_the_mean_of_the_cases_where_it_is_defined(curves, tmp_path):
    table = Table(tmp_path / "validation.csv", VALIDATION, before=0)
    for step, case, dice in ((5, "a", 0.2), (5, "b", None), (5, "c", 0.4), (10, "a", 0.6), (15, "b", None)):
        table.add({"step": step, "case": case, "dice": dice})
    curves.read()
    np.testing.assert_allclose(curves.dice, ([5, 10], [0.3, 0.6]))
