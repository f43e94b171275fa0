"""`clips experiment` from the console, as far as no run is needed."""

from __future__ import annotations

import json

import builders_experiment
from CLIPSLib.cli.main import main


def test_a_new_experiment_is_checked_before_anything_runs(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    assert main(["experiment", "new", str(tmp_path / "mine"), "--cases", str(folder / "cases.json")]) == 0
    capsys.readouterr()
    assert main(["experiment", "check", str(tmp_path / "mine"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["arm_runs"] == 5 * 3 * 4
    assert found["from_pilot"] is False
    assert 0 < found["detectable"] < found["detectable_corrected"] < 0.2
    assert found["deviations"] == []


def test_the_check_says_what_it_rests_on(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    assert main(["experiment", "check", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "variances typical of lesion segmentation; a pilot would tell yours" in told
    assert "Deviation    Arm 'slow' has no control with the same pacing in random order" in told
    assert "Exploratory" in told


def test_for_endpoints_without_known_variances_a_pilot_is_asked_for(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny", primary="hd95")
    assert main(["experiment", "check", str(folder)]) == 0
    assert "unknown for hd95" in capsys.readouterr().out


def test_installing_before_the_runs_names_the_run_that_is_missing(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    assert main(["experiment", "install", str(folder), "--arm", "slow"]) == 3
    assert "slow_fold0_seed0 is not started" in capsys.readouterr().err


def test_the_state_of_every_run_is_shown(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    assert main(["experiment", "status", str(folder), "--json"]) == 0
    assert {run["state"] for run in json.loads(capsys.readouterr().out)} == {"not started"}


def test_without_a_run_there_is_nothing_to_report(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    assert main(["experiment", "report", str(folder)]) == 3
    assert "Nothing of this experiment was run yet" in capsys.readouterr().err


def test_a_folder_without_an_experiment_is_said_to_have_none(tmp_path, capsys):
    assert main(["experiment", "run", str(tmp_path)]) == 1
    assert "clips experiment new" in capsys.readouterr().err


def test_early_stopping_is_refused_with_what_to_change(tmp_path, capsys):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    recipe = folder / "recipe.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("patience = 0", "patience = 3"), encoding="utf-8")
    assert main(["experiment", "check", str(folder)]) == 3
    assert "Set validation.patience = 0" in capsys.readouterr().err
