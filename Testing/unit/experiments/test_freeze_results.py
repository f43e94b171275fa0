"""Freezing a design before the first run, and reading what runs left."""

import json
from dataclasses import replace

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.design import Arm, Design
from CLIPSLib.experiments.fairness import Deviation
from CLIPSLib.experiments.freeze import freeze, hardest, load_frozen
from CLIPSLib.experiments.plan import PlannedRun
from CLIPSLib.experiments.results import case_scores, learning_curve
from CLIPSLib.training import Recipe

DESIGN = Design(name="test", arms=(Arm(name="a", curriculum="vanilla"), Arm(name="b", curriculum="random-order")))
RUN = PlannedRun(arm="a", fold=0, seed=2)
ROWS = [
    {"step": "100", "case": "x", "dice": "0.2", "prediction_ml": "5", "reference_ml": "10", "hd95_mm": ""},
    {"step": "100", "case": "y", "dice": "", "prediction_ml": "1", "reference_ml": "0", "hd95_mm": ""},
    {"step": "200", "case": "x", "dice": "0.6", "prediction_ml": "12", "reference_ml": "10", "hd95_mm": "4"},
    {"step": "200", "case": "y", "dice": "", "prediction_ml": "0", "reference_ml": "0", "hd95_mm": ""},
]


def frozen(path, design=DESIGN, **fields):
    given = {"folds": {"x": 0, "y": 1}, "hard_cases": ("x",), "files": {"cases.json": "0" * 64}, "deviations": ()}
    return freeze(path / "frozen.json", design, Recipe(), **{**given, **fields})


def test_what_was_decided_is_read_back_with_its_hash(tmp_path):
    written = frozen(tmp_path, deviations=(Deviation(code="few-seeds", what="One seed."),))
    assert load_frozen(tmp_path / "frozen.json") == written
    assert written.design == DESIGN
    assert len(written.sha256) == 64


def test_freezing_the_same_again_changes_nothing(tmp_path):
    first = frozen(tmp_path)
    before = (tmp_path / "frozen.json").read_bytes()
    assert frozen(tmp_path) == first
    assert (tmp_path / "frozen.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"design": replace(DESIGN, margin=0.05)}, "design.margin"),
        ({"design": replace(DESIGN, primary="nsd", seeds=(0,))}, "design.seeds, design.primary"),
        ({"hard_cases": ("y",)}, "hard_cases"),
        ({"files": {"cases.json": "1" * 64}}, "the file cases.json"),
        ({"folds": {"x": 1, "y": 0}}, "folds"),
    ],
)
def test_an_experiment_that_changed_after_freezing_is_refused_by_what_changed(tmp_path, change, named):
    frozen(tmp_path)
    with pytest.raises(Refusal, match=f" and {named} changed since"):
        frozen(tmp_path, **change)


def test_how_many_runs_at_a_time_may_change_at_any_moment(tmp_path):
    first = frozen(tmp_path)
    assert frozen(tmp_path, design=replace(DESIGN, at_once=4)) == first


def test_a_frozen_file_that_was_edited_is_refused(tmp_path):
    frozen(tmp_path)
    path = tmp_path / "frozen.json"
    path.write_text(path.read_text().replace('"margin": 0.01', '"margin": 0.05'))
    with pytest.raises(Refusal, match="not what its hash says"):
        frozen(tmp_path, design=replace(DESIGN, margin=0.05))


def test_where_nothing_was_found_the_distance_is_the_diagonal_and_not_missing():
    row = {"step": "9", "case": "x", "dice": "0", "prediction_ml": "0", "reference_ml": "10", "hd95_mm": ""}
    (score,) = case_scores(RUN, [row], 9, diagonals_mm={"x": 1200.0})
    assert score.scores["hd95_mm"] == 1200.0
    healthy = {**row, "reference_ml": "0", "dice": ""}
    assert case_scores(RUN, [healthy], 9, diagonals_mm={"x": 1200.0})[0].scores["hd95_mm"] is None


def test_each_case_has_its_area_under_the_learning_curve():
    x, y = case_scores(RUN, ROWS, 200)
    assert x.scores["dice_area"] == pytest.approx(0.4)  # 0.2 to 0.6 in a straight line
    assert y.scores["dice_area"] is None


def test_the_hardest_share_has_the_highest_scores_and_never_lesion_free_cases():
    scores = {"a": 0.1, "b": 0.9, "c": None, "d": 0.9, "e": 0.5, "f": 0.2, "g": 0.3}
    assert hardest(scores, 1 / 3) == ("b", "d")
    assert hardest(scores, 0.05) == ("b",)


def test_scores_are_those_of_the_step_asked_for():
    scores = case_scores(RUN, ROWS, 200)
    assert [score.case_id for score in scores] == ["x", "y"]
    assert scores[0].scores["dice"] == 0.6
    assert scores[0].scores["tmtv_difference_ml"] == 2
    assert scores[1].scores["dice"] is None
    assert scores[1].scores["hd95_mm"] is None


def test_a_run_without_that_step_is_named():
    with pytest.raises(Refusal, match="no scores of step 300") as caught:
        case_scores(RUN, ROWS, 300)
    assert "a_fold0_seed2" in str(caught.value)


def test_the_learning_curve_leaves_undefined_scores_out():
    curve = learning_curve(RUN, ROWS)
    assert curve.steps.tolist() == [100, 200]
    assert curve.scores.tolist() == [0.2, 0.6]


def test_the_frozen_file_is_plain_json(tmp_path):
    frozen(tmp_path)
    document = json.loads((tmp_path / "frozen.json").read_text())
    assert document["design"]["arms"][0]["name"] == "a"
