"""A cross-review on paper: who scores whom, what is refused, the table of what reviewers left. Nothing is trained."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.experiments.design import CrossReview
from CLIPSLib.models import InstalledModel
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks import cross_review, cross_review_runs
from CLIPSLib.tasks.cross_review import ReviewFolder, ReviewOptions, inputs_of, plan_review
from CLIPSLib.tasks.cross_review_runs import review_table, run_review
from CLIPSLib.tasks.experiment_inputs import cross_review_scores
from CLIPSLib.tasks.frozen import with_scores
from CLIPSLib.training import CaseList, Recipe, TrainingCase, start
from CLIPSLib.training.learned import LearnedFrom
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.start import Start
from CLIPSLib.training.tables import VALIDATION, read_table, write_table

OPTIONS = ReviewOptions(folds=2, budget=0.25, seeds=(0, 1))
RECIPE = with_values(Recipe(), {"training.steps": 400, "validation.cases": 1, "validation.every": 10})


def _case(name: str, role: str = "train", **fields) -> TrainingCase:
    patient = fields.pop("patient", name)
    return TrainingCase(case_id=name, patient_id=patient, pet=f"{name}.nii", mask="m", role=role, **fields)


@pytest.fixture
def cases() -> CaseList:
    """Four cases to train with, of which two are of one patient, and one that is held back."""
    train = (_case("a"), _case("b"), _case("c1", patient="c"), _case("c2", patient="c"))
    return CaseList(cases=(*train, _case("test", "validate")), source="fold 0")


def test_every_case_is_scored_by_networks_that_saw_all_other_parts(cases, tmp_path):
    review = plan_review(tmp_path, RECIPE, cases, options=OPTIONS)
    assert set(review.parts) == {"a", "b", "c1", "c2"}
    assert review.parts["c1"] == review.parts["c2"]  # a patient's studies stay together
    assert review.names == ("seed0_part0", "seed0_part1", "seed1_part0", "seed1_part1")
    for name in review.names:
        recipe, listed = inputs_of(review, RECIPE, cases, name)
        judged = {case.case_id for case in listed.of_role("validate")}
        assert judged == {case for case, part in review.parts.items() if part == int(name[-1])}
        assert "test" not in {case.case_id for case in listed.cases}
        assert (recipe.training.steps, recipe.training.seed) == (100, int(name[4]))
        assert (recipe.curriculum.name, recipe.validation.every, recipe.validation.cases) == ("vanilla", 0, 0)


def test_a_test_case_is_refused_by_name(cases, tmp_path):
    with pytest.raises(Refusal, match="held back to judge this fold: test"):
        plan_review(tmp_path, RECIPE, cases, options=OPTIONS, among=["a", "b", "test"])
    assert not (tmp_path / "review.json").exists()


def test_without_cases_held_back_a_caution_says_what_the_table_cannot_order(cases, tmp_path):
    reporter = RecordingReporter()
    plan_review(tmp_path, RECIPE, replace(cases, cases=cases.cases[:4]), options=OPTIONS, reporter=reporter)
    assert [caution.code for caution in reporter.cautions] == ["no-outer-fold"]


def test_cases_in_quarantine_take_no_part(cases, tmp_path):
    recipe = with_values(RECIPE, {"curriculum.name": "bootstrapping", "curriculum.options": {"quarantine": ["a"]}})
    review = plan_review(tmp_path, recipe, cases, options=OPTIONS)
    assert (set(review.parts), review.quarantined) == ({"b", "c1", "c2"}, ("a",))


def test_a_first_network_that_knows_the_cases_is_refused(cases, tmp_path, monkeypatch):
    known = InstalledModel(description=None, folder=tmp_path)
    monkeypatch.setattr(start, "find_start", lambda recipe, store: Start(known, tmp_path / "weights.pt"))
    monkeypatch.setattr(cross_review, "learned_by", lambda model: LearnedFrom(marks=_marks("b")))
    with pytest.raises(Refusal, match="with 1 of the cases that are to be scored unseen: b"):
        plan_review(tmp_path / "review", RECIPE, cases, options=OPTIONS)
    monkeypatch.setattr(cross_review, "learned_by", lambda model: LearnedFrom(complete=False))
    assert plan_review(tmp_path / "review", RECIPE, cases, options=OPTIONS).complete is False


def _marks(case: str) -> frozenset[str]:
    from CLIPSLib.training.learned import case_marks

    return frozenset(case_marks(case))


def test_a_folder_holds_one_review_and_the_same_one_goes_on(cases, tmp_path):
    first = plan_review(tmp_path, RECIPE, cases, options=OPTIONS)
    assert plan_review(tmp_path, RECIPE, cases, options=OPTIONS) == first
    with pytest.raises(Refusal, match="these differ: options"):
        plan_review(tmp_path, RECIPE, cases, options=replace(OPTIONS, measure="dice"))
    with pytest.raises(Refusal, match=r"these differ: .*evidence"):
        changed = (replace(cases.cases[0], sha256={"pet": "other"}), *cases.cases[1:])
        plan_review(tmp_path, RECIPE, replace(cases, cases=changed), options=OPTIONS)


def test_a_review_is_not_called_done_while_a_network_of_it_validates_after_its_last_step(cases, tmp_path):
    review, reporter = plan_review(tmp_path, RECIPE, cases, options=OPTIONS), RecordingReporter()
    validating = SimpleNamespace(status=lambda: SimpleNamespace(facts={"step": 100, "steps": 100}))
    cross_review_runs._tell(review, 0, [validating], reporter)
    cross_review_runs._tell(review, 0, [], reporter)
    assert [fraction < 1.0 for _, fraction in reporter.stages] == [True, False]


def test_a_run_without_limit_has_no_share(cases, tmp_path):
    endless = with_values(RECIPE, {"optimizer.schedule": "constant", "training.steps": 0})
    with pytest.raises(Refusal, match="no number of steps"):
        plan_review(tmp_path, endless, cases, options=OPTIONS)


def _left(place: ReviewFolder, review, found: dict[str, tuple[float, float, float | None]]) -> None:
    """What the reviewers' runs left: case -> (loss of seed 0, loss of seed 1, Dice); None: no lesion."""
    for name in review.names:
        seed, part = int(name[4]), int(name[-1])
        rows = []
        for case, own in review.parts.items():
            if own == part:
                *losses, dice = found[case]
                row = {"step": review.steps, "case": case, "dice": "" if dice is None else dice}
                row |= {"reference_ml": 0.0 if dice is None else 5.0, "loss": losses[seed]}
                rows.append([row.get(column, "") for column in VALIDATION])
        run = RunFolder(place.runs / name)
        Path(run.path).mkdir(parents=True, exist_ok=True)
        write_table(run.validation, VALIDATION, rows)


def test_the_score_is_the_mean_over_repetitions_and_lesion_free_cases_stay_outside(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(cross_review_runs, "_weights", lambda folder: folder.name)
    place = ReviewFolder(tmp_path)
    review = plan_review(tmp_path, RECIPE, cases, options=replace(OPTIONS, leveled=False))
    _left(place, review, {"a": (1.0, 2.0, 0.9), "b": (0.25, 0.75, 0.6), "c1": (3.0, 5.0, 0.1), "c2": (1.0, 1.0, None)})
    table = review_table(place, review)
    assert table.scores == {"a": 1.5, "b": 0.5, "c1": 4.0}
    assert table.outside == {"c2": "the reference mask is empty"}
    assert table.options["trained_with"] == ["a", "b", "c1", "c2"]
    assert table.options["weights"]["seed1_part0"] == "seed1_part0"
    assert table.options["parts"] == dict(review.parts)
    assert [case.score for case in with_scores(cases, table).cases] == [1.5, 0.5, 4.0, None, None]
    other_fold = replace(cases, cases=(_case("test"), _case("a", "validate")))
    with pytest.raises(Refusal, match="held back: a"):
        with_scores(other_fold, table)


def test_a_part_does_not_look_easier_because_its_network_is_better(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(cross_review_runs, "_weights", lambda folder: folder.name)
    place = ReviewFolder(tmp_path)
    review = plan_review(tmp_path, RECIPE, cases, options=replace(OPTIONS, seeds=(0,)))
    others = sorted(case for case, part in review.parts.items() if part != review.parts["c1"])
    first, second = others if len(others) == 2 else (*others, "c2")
    found = {"c1": (1.0, 0.0, 0.5), "c2": (3.0, 0.0, 0.5), first: (11.0, 0.0, 0.5), second: (13.0, 0.0, 0.5)}
    _left(place, review, found)
    table = review_table(place, review)
    # by hand in test_levels: 4.9 of the distance of each part from the middle is its network's
    assert table.scores == pytest.approx({"c1": 5.9, "c2": 7.9, first: 6.1, second: 8.1})
    shifts = {review.parts["c1"]: -4.9, review.parts[first]: 4.9}
    assert table.options["levels"] == pytest.approx({f"seed0_part{part}": shift for part, shift in shifts.items()})


def test_a_table_says_how_good_its_reviewers_were_and_how_alike_they_order(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(cross_review_runs, "_weights", lambda folder: folder.name)
    monkeypatch.setattr(cross_review_runs, "_is_finished", lambda folder: True)
    place = ReviewFolder(tmp_path)
    review = plan_review(tmp_path, RECIPE, cases, options=replace(OPTIONS, leveled=False))
    _left(place, review, {"a": (1, 1, 0.6), "b": (2, 3, 0.4), "c1": (3, 2, 0.5), "c2": (4, 4, 0.1)})
    reporter = RecordingReporter()
    table = run_review(tmp_path, RECIPE, cases, reporter)
    assert table.options["mean_dice"] == pytest.approx(0.4)
    assert table.options["repeatability"] == pytest.approx(0.8)  # 1 - 6 (1 + 1) / (4 (16 - 1))
    assert [caution.code for caution in reporter.cautions] == ["young-reviewers"]


def test_a_review_that_another_program_carries_out_is_left_alone(cases, tmp_path):
    plan_review(tmp_path, RECIPE, cases, options=OPTIONS)
    holder = "import sys; from pathlib import Path; from CLIPSLib.locks import only_one\n"
    holder += "with only_one(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", holder, str(tmp_path / cross_review_runs.LOCK)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Refusal, match="Another process is at work in this folder"):
            run_review(tmp_path, RECIPE, cases)
        assert not (tmp_path / "runs").exists()
    finally:
        other.communicate()


def test_the_measure_may_be_dice_and_a_missing_score_is_a_failure(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(cross_review_runs, "_weights", lambda folder: folder.name)
    options = ReviewOptions(folds=2, measure="dice", leveled=False)
    place = ReviewFolder(tmp_path)
    review = plan_review(tmp_path, RECIPE, cases, options=options)
    _left(place, review, {"a": (1, 1, 0.75), "b": (1, 1, 0.5), "c1": (1, 1, 0.25), "c2": (1, 1, 1.0)})
    assert review_table(place, review).scores == {"a": 0.25, "b": 0.5, "c1": 0.75, "c2": 0.0}
    write_table(RunFolder(place.runs / "seed0_part0").validation, VALIDATION, [])
    with pytest.raises(Failure, match="left no score of"):
        review_table(place, review)


@pytest.mark.parametrize(("measure", "expected"), [("loss", {"a": 0.5, "b": 2.0}), ("dice", {"a": 0.1, "b": 0.6})])
def test_experiments_score_by_the_loss_or_by_dice_and_lesion_free_cases_not_at_all(measure, expected, tmp_path):
    review = CrossReview(folds=2, measure=measure)
    experiment = SimpleNamespace(runs=tmp_path, design=SimpleNamespace(cross_review=review, seeds=(0,), quarantine=()))
    left = [("a", 0.9, 0.5, 5.0), ("b", 0.4, 2.0, 5.0), ("free", 0.0, 9.0, 0.0)]
    for number, (case, dice, loss, reference) in enumerate(left):
        run = RunFolder(tmp_path / f"cross-review_fold0_part{min(number, 1)}")
        row = {"step": 7, "case": case, "dice": dice, "loss": loss, "reference_ml": reference}
        kept = [list(row.values()) for row in read_table(run.validation)] if number == 2 else []
        Path(run.path).mkdir(parents=True, exist_ok=True)
        write_table(run.validation, VALIDATION, [*kept, [row.get(column, "") for column in VALIDATION]])
    assert cross_review_scores(0, experiment) == pytest.approx(expected)
