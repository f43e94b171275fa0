"""Learning curves as a picture: what a run wrote, also while it still writes."""

from __future__ import annotations

from xml.etree import ElementTree

import builders_run
import numpy as np
import pytest
from CLIPSLib.cli.main import main
from CLIPSLib.errors import Refusal
from CLIPSLib.report.run_curves import read_run_curves, run_curves_svg
from CLIPSLib.training import CaseList
from CLIPSLib.training.tables import METRICS, VALIDATION, write_table

pytest.importorskip("matplotlib")


def run_with(folder, losses, dice):
    """A run folder with these losses, and these Dice by step and case (None: undefined)."""
    made = builders_run.run(folder, case_list=CaseList(cases=()))
    step_row = {"learning_rate": 0.1, "gradient_norm": 1.0, "seconds": 1.0, "waited_s": 0.0}
    write_table(
        made.metrics,
        METRICS,
        [[{**step_row, "step": n, "loss": loss}.get(name, "") for name in METRICS] for n, loss in enumerate(losses)],
    )
    write_table(
        made.validation,
        VALIDATION,
        [
            [{"step": step, "case": case, "dice": "" if value is None else value}.get(name, "") for name in VALIDATION]
            for step, cases in dice.items()
            for case, value in cases.items()
        ],
    )
    return made.path


def test_a_validation_that_is_being_written_is_left_out(tmp_path):
    dice = {2: {"a": 0.2, "b": 0.4}, 4: {"a": 0.5, "b": 0.7}, 6: {"a": 0.9}}
    found = read_run_curves(run_with(tmp_path / "first", [1.5, 1.0, 0.5], dice))
    assert (found.name, found.steps.tolist(), found.losses.tolist()) == ("first", [0, 1, 2], [1.5, 1.0, 0.5])
    assert found.validated_at.tolist() == [2, 4]
    np.testing.assert_allclose(found.dice, [[0.2, 0.4], [0.5, 0.7]])


def test_a_case_without_tumor_has_no_part_in_the_mean(tmp_path):
    found = read_run_curves(run_with(tmp_path / "first", [1.0], {1: {"a": 0.5, "empty": None}}))
    assert np.isnan(found.dice[0, 1])
    ElementTree.fromstring(run_curves_svg([found]))


def test_runs_without_validation_are_drawn_by_their_loss(tmp_path):
    runs = [read_run_curves(run_with(tmp_path / name, [1.0, 0.9], {})) for name in ("fold0", "fold1")]
    svg = run_curves_svg(runs)
    assert "fold0" in svg and "fold1" in svg
    assert svg == run_curves_svg(runs)


def test_a_run_without_a_step_is_refused(tmp_path):
    with pytest.raises(Refusal, match="no step yet"):
        read_run_curves(run_with(tmp_path / "first", [], {}))


def test_the_command_writes_the_picture_and_replaces_none_unasked(tmp_path, capsys):
    run, picture = run_with(tmp_path / "first", [1.0], {1: {"a": 0.5}}), tmp_path / "curves.svg"
    assert main(["runs", "curves", str(run), "--out", str(picture)]) == 0
    assert "mean loss" in picture.read_text(encoding="utf-8")
    assert main(["runs", "curves", str(run), "--out", str(picture)]) == 3
    assert main(["runs", "curves", str(run), "--out", str(picture), "--overwrite", "--json"]) == 0
