"""`clips curriculum`: list, explain, plot and preview, as people and programs meet them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.cli import main
from CLIPSLib.curriculum import PACINGS, REGULARIZERS, list_curricula
from CLIPSLib.difficulty import DifficultyTable, write_difficulty
from CLIPSLib.training import CaseList, TrainingCase, write_cases

NAMES = [method.name for method in list_curricula()]


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "scores.csv"
    path.write_text("case,score\n" + "".join(f"{i:03d},{i / 10}\n" for i in range(40)), encoding="utf-8")
    return str(path)


def _json(capsys, *words: str):
    assert main(["curriculum", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        main(["curriculum", "--help"])
    assert "clips curriculum preview" in capsys.readouterr().out


def test_the_list_names_everything_there_is(capsys):
    assert main(["curriculum"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in [*NAMES, *PACINGS, *REGULARIZERS])
    document = _json(capsys, "list")
    assert [method["name"] for method in document["curricula"]] == NAMES
    assert set(document["pacing_functions"]) == set(PACINGS)


@pytest.mark.parametrize("name", sorted({*NAMES, *PACINGS, *REGULARIZERS}))
def test_everything_is_explained_with_formula_source_and_the_meaning_of_each_option(name, capsys):
    assert main(["curriculum", "explain", name]) == 0
    text = capsys.readouterr().out
    assert "formula:" in text and "source:" in text
    for entry in _json(capsys, "explain", name):
        assert all(option["meaning"] for option in entry["options"])


def test_options_are_explained_with_the_defaults_of_the_method(capsys):
    (entry,) = _json(capsys, "explain", "self-paced-diverse")
    options = {option["name"]: option["default"] for option in entry["options"]}
    assert options["regularizer"] == "hard" and options["diversity"] == 0.1 and options["pacing"] == "linear"
    (entry,) = _json(capsys, "explain", "hacohen-single-step")
    assert [option["name"] for option in entry["options"] if option["required"]] == ["step_length"]


def test_a_name_of_two_things_explains_both(capsys):
    assert [entry["kind"] for entry in _json(capsys, "explain", "linear")] == ["pacing function", "regularizer"]


def test_an_unknown_name_is_a_usage_error_with_neighbors(capsys):
    assert main(["curriculum", "explain", "root"]) == 2
    assert "Did you mean root-p" in capsys.readouterr().err


def test_a_preview_says_who_is_drawn_when_and_what_it_costs_the_hardest(table, capsys):
    words = ["preview", table, "--curriculum", "transfer-teacher", "--steps", "1000"]
    options = ["--option", "start=0.2", "--option", "full_at=0.5"]
    assert main(["curriculum", *words, *options]) == 0
    text = capsys.readouterr().out
    assert "hardest patients will be drawn 0.56 times as often" in text
    document = _json(capsys, *words, *options)
    assert document["order"][:3] == ["000", "001", "002"]  # leading zeros stay
    available = document["exposure"]["available_from"]
    # root-2: the 20th of 40 is in as soon as 40 g > 19: g = 0.475, s = (g^2 - 0.04) / 0.96, t = 500 s = 96.7
    assert available["000"] == 0 and available["019"] == 97
    assert document["options"]["pacing"] == "root-p"


def test_a_preview_lists_every_case_on_request(table, capsys):
    words = ["curriculum", "preview", table, "--curriculum", "anti", "--steps", "100"]
    assert main(words) == 0
    assert "017" not in capsys.readouterr().out.split("Draws relative")[1]
    assert main([*words, "--all"]) == 0
    assert "017" in capsys.readouterr().out.split("Draws relative")[1]


def test_a_preview_reads_difficulty_tables_with_their_quarantine(tmp_path, capsys):
    path = write_difficulty(
        tmp_path / "d.json",
        DifficultyTable(
            measurer="m",
            title="m",
            hard_when="high",
            unit="",
            caveat="",
            scores={"a": 2.0, "b": 1.0, "c": 3.0},
            values={"a": 2.0, "b": 1.0, "c": 3.0},
            scored_on="masks",
            evidence_sha256="0" * 64,
            outside={"e": "lesion-free"},
            quarantined={"q": "broken SUV"},
        ),
    )
    document = _json(capsys, "preview", str(path), "--curriculum", "curriculum", "--steps", "10")
    assert document["order"] == ["b", "a", "c"] and document["quarantined"] == ["q"]


def _written(folder: Path, scores: dict[str, float | None], radius: dict[str, int]) -> str:
    """`cases.json` with masks of cubes; a radius of 0 is a lesion-free case."""
    cases = []
    for case, score in scores.items():
        labels = np.zeros((12, 12, 12), np.uint16)
        labels[: radius[case], : radius[case], : radius[case]] = 1
        image = sitk.GetImageFromArray(labels)
        sitk.WriteImage(image, str(folder / f"{case}.nii.gz"))
        cases.append(TrainingCase(case_id=case, patient_id=case, pet="pet", mask=f"{case}.nii.gz", score=score))
    return str(write_cases(folder / "cases.json", CaseList(cases=tuple(cases))))


def test_a_preview_of_a_run_keeps_lesion_free_cases_outside_as_training_does(tmp_path, capsys):
    path = _written(tmp_path, {"a": 3.0, "b": 1.0, "free": None}, {"a": 4, "b": 2, "free": 0})
    document = _json(capsys, "preview", path, "--curriculum", "bootstrapping", "--steps", "10")
    assert document["order"] == ["b", "a"]


def test_a_case_of_a_run_with_a_lesion_and_without_a_score_is_refused_by_name(tmp_path, capsys):
    path = _written(tmp_path, {"a": 3.0, "b": None}, {"a": 4, "b": 2})
    assert main(["curriculum", "preview", path, "--curriculum", "bootstrapping", "--steps", "10"]) == 3
    assert "1 of 2 cases have no difficulty score: b" in capsys.readouterr().err


def test_the_order_by_size_of_a_run_reads_its_masks(tmp_path, capsys):
    path = _written(tmp_path, {"a": None, "b": None, "free": None}, {"a": 2, "b": 4, "free": 0})
    document = _json(capsys, "preview", path, "--curriculum", "size-only", "--steps", "10")
    assert document["order"] == ["b", "a"]


def test_a_list_of_ids_is_enough_for_curricula_without_scores(tmp_path, capsys):
    path = tmp_path / "ids.txt"
    path.write_text("11011001\n51011002\n", encoding="utf-8")
    words = ["preview", str(path), "--steps", "10", "--curriculum"]
    assert sorted(_json(capsys, *words, "random-order")["order"]) == ["11011001", "51011002"]
    assert main(["curriculum", *words, "anti"]) == 2
    assert "needs a difficulty score for each case" in capsys.readouterr().err


def test_what_depends_on_training_cannot_be_previewed(table, capsys):
    assert main(["curriculum", "preview", table, "--curriculum", "self-paced", "--steps", "10"]) == 2
    assert "depends on what training will show" in capsys.readouterr().err
    assert main(["curriculum", "preview", "cases.nii", "--curriculum", "anti", "--steps", "10"]) == 2
    assert "hold no list of cases" in capsys.readouterr().err


def test_plots_are_svg_with_a_line_for_each_name(tmp_path, capsys):
    out = tmp_path / "pacing.svg"
    assert main(["curriculum", "plot", "linear", "baby-step", "foreground", "--out", str(out)]) == 0
    svg = out.read_text(encoding="utf-8")
    assert svg.startswith("<?xml") and all(name in svg for name in ("linear", "baby-step", "patches on a lesion"))
    assert main(["curriculum", "plot", "linear", "--out", str(out)]) == 3
    capsys.readouterr()
    assert _json(capsys, "plot", "--regularizers", "--out", str(tmp_path / "w.svg"))["plotted"] == list(REGULARIZERS)
    assert main(["curriculum", "plot", "linaer", "--out", str(tmp_path / "x.svg")]) == 2


def test_self_paced_learning_is_plotted_with_imagined_losses_and_what_validation_decides_is_not(tmp_path, capsys):
    out = tmp_path / "x.svg"
    assert main(["curriculum", "plot", "self-paced", "--out", str(out)]) == 0
    assert "imagined losses" in out.read_text(encoding="utf-8")
    assert main(["curriculum", "plot", "performance-gated", "--out", str(tmp_path / "y.svg")]) == 2
    assert "What 'performance-gated' draws depends on what training will show" in capsys.readouterr().err


def test_all_pacing_functions_are_plotted_without_options(tmp_path, capsys):
    document = _json(capsys, "plot", "--out", str(tmp_path / "all.svg"))
    assert set(document["plotted"]) == set(PACINGS) - {"performance-gated", "replayed"}
