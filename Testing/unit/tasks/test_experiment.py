"""An experiment as a folder: declared, checked, frozen; what a pilot tells; whom its arms will draw."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import builders_experiment
import pytest
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.experiments import Arm, CrossReview, Design
from CLIPSLib.files import write_text
from CLIPSLib.schema import load_toml
from CLIPSLib.tasks.experiment import freeze_experiment, open_experiment
from CLIPSLib.tasks.experiment_check import TYPICAL, check_experiment
from CLIPSLib.tasks.experiment_inputs import cross_review_scores, inputs_of
from CLIPSLib.tasks.experiment_new import design_toml, new_experiment
from CLIPSLib.tasks.experiment_runs import NOT_MADE, run_experiment, run_states
from CLIPSLib.training import read_cases, write_cases
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    return builders_experiment.tiny_experiment(tmp_path / "tiny")


def redeclare(folder, **changes):
    design = replace(load_toml(folder / "experiment.toml", Design), **changes)
    write_text(folder / "experiment.toml", design_toml(design), overwrite=True)
    return open_experiment(folder)


def test_a_new_experiment_explains_itself_and_can_be_read(folder, tmp_path):
    made = new_experiment(tmp_path / "Mine, 2026", folder / "cases.json", preset_name="quick")
    text = (made / "experiment.toml").read_text(encoding="utf-8")
    assert "# The smallest difference that matters" in text
    design = load_toml(made / "experiment.toml", Design)
    assert design.name == "mine--2026"
    assert [arm.name for arm in design.arms] == ["vanilla", "random-order", "bootstrapping", "anti"]
    assert load_toml(made / "recipe.toml", Recipe).validation.cases == 0


def test_a_design_survives_being_written_and_read(folder):
    design = load_toml(folder / "experiment.toml", Design)
    write_text(folder / "again.toml", design_toml(design))
    assert load_toml(folder / "again.toml", Design) == design


def test_every_case_is_tested_in_one_fold(folder):
    experiment = open_experiment(folder)
    assert sorted(experiment.folds.values()) == [0] * 4 + [1] * 4


def test_checking_counts_runs_and_steps_and_writes_nothing(folder):
    before = sorted(folder.rglob("*"))
    found = check_experiment(open_experiment(folder))
    assert (found.arm_runs, found.steps, found.reviewer_steps) == (4, 24, 0)
    assert found.exploratory and not found.from_pilot and found.components == TYPICAL
    assert {deviation.code for deviation in found.deviations} == {"few-seeds", "no-random-control"}
    assert sorted(folder.rglob("*")) == before


def test_the_exposure_of_the_hardest_is_told_before_the_start(folder):
    vanilla, slow = check_experiment(open_experiment(folder)).exposures
    assert vanilla.hardest == pytest.approx(1.0)
    assert slow.hardest < 0.9


def test_arms_that_training_decides_say_so(folder):
    arms = (
        Arm(name="vanilla", curriculum="vanilla"),
        Arm(name="spl", curriculum="self-paced"),
        Arm(name="yoked", curriculum="yoked-random", follows="spl"),
    )
    _, spl, yoked = check_experiment(redeclare(folder, arms=arms)).exposures
    assert spl.hardest is yoked.hardest is None
    assert yoked.sentence == "repeats the pool sizes of 'spl'"


def test_a_recipe_that_tests_some_cases_only_is_refused(folder):
    experiment = open_experiment(folder)
    recipe = replace(experiment.recipe, validation=replace(experiment.recipe.validation, cases=2))
    with pytest.raises(Refusal, match="2 cases only"):
        check_experiment(replace(experiment, recipe=recipe))


def test_what_was_frozen_cannot_be_changed_afterwards(folder):
    frozen = freeze_experiment(open_experiment(folder))
    assert len(frozen.hard_cases) == 3  # a third of eight
    with pytest.raises(Refusal, match=r"design\.margin changed since"):
        freeze_experiment(redeclare(folder, margin=0.02))


def test_after_freezing_a_comment_in_the_recipe_changes_nothing_and_a_value_does(folder):
    freeze_experiment(open_experiment(folder))
    recipe = folder / open_experiment(folder).design.recipe
    recipe.write_text(f"# why these windows\n{recipe.read_text()}")
    freeze_experiment(open_experiment(folder))
    recipe.write_text(recipe.read_text().replace("batch = ", "batch = 1"))
    with pytest.raises(Refusal, match=r"recipe\.training changed since"):
        freeze_experiment(open_experiment(folder))


def test_after_freezing_a_changed_file_is_named(folder):
    freeze_experiment(open_experiment(folder))
    listed = read_cases(folder / "cases.json")
    write_cases(folder / "cases.json", replace(listed, source="elsewhere"), overwrite=True)
    with pytest.raises(Refusal, match=r"the file cases\.json changed since"):
        freeze_experiment(open_experiment(folder))


def test_a_scan_under_the_names_of_two_patients_is_refused_before_it_is_trained_with_and_tested(folder):
    listed = read_cases(folder / "cases.json")
    first, second, *others = listed.cases
    twin = replace(second, pet=first.pet, sha256=first.sha256)
    write_cases(folder / "cases.json", replace(listed, cases=(first, twin, *others)), overwrite=True)
    with pytest.raises(Refusal, match="is one of patient"):
        open_experiment(folder)


@pytest.mark.parametrize("at_once", [0, -1])
def test_less_than_one_run_at_a_time_is_an_error_and_not_a_wait_without_end(folder, at_once):
    with pytest.raises(UsageError, match="would never end"):
        run_experiment(open_experiment(folder), at_once=at_once)


def test_a_default_that_changes_with_the_next_version_does_not_make_it_another_experiment(folder):
    stated = folder / "recipe.toml"
    stated.write_text(
        "\n".join(line for line in stated.read_text(encoding="utf-8").splitlines() if "noise_sd" not in line),
        encoding="utf-8",
    )
    before = freeze_experiment(open_experiment(folder))
    frozen = json.loads((folder / "frozen.json").read_text(encoding="utf-8"))
    frozen["recipe"]["augmentation"]["noise_sd"] = 0.123  # the default of an earlier version
    decided = {name: frozen[name] for name in ("design", "recipe", "folds", "hard_cases", "files")}
    frozen["sha256"] = hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()
    (folder / "frozen.json").write_text(json.dumps(frozen), encoding="utf-8")
    experiment = open_experiment(folder)
    assert experiment.recipe.augmentation.noise_sd == 0.123
    assert freeze_experiment(experiment).design == before.design


def test_cases_that_no_arm_draws_are_not_drawn_by_reviewers_either(folder):
    """Nor named to those whose training cases they are not among, which would refuse an unknown name."""
    plain = load_toml(folder / "experiment.toml", Design)
    left_out = [min(case for case, fold in open_experiment(folder).folds.items() if fold == 0)]
    ordered = Arm(name="boot", curriculum="bootstrapping", difficulty="cross-review")
    arms = tuple(replace(arm, options={**arm.options, "quarantine": left_out}) for arm in (*plain.arms, ordered))
    experiment = redeclare(folder, arms=arms, cross_review=CrossReview(folds=2))
    reviewers = [state.run for state in run_states(experiment) if state.run.part is not None]
    named = {run.fold: dict(inputs_of(run, experiment)[0].curriculum.options) for run in reviewers}
    assert named == {0: {}, 1: {"quarantine": left_out}}
    for run in reviewers:
        rows = "".join(f"2,{case.case_id},0.5,1\n" for case in inputs_of(run, experiment)[1].of_role("validate"))
        write_text(experiment.runs / run.name / "validation.csv", "step,case,loss,reference_ml\n" + rows)
    inside = {case for case, fold in experiment.folds.items() if fold != 1}
    assert cross_review_scores(1, experiment) == dict.fromkeys(inside - set(left_out), 0.5)


def test_before_the_start_all_runs_are_not_started(folder):
    assert {state.state for state in run_states(open_experiment(folder))} == {NOT_MADE}


def test_runs_share_the_prepared_images_of_the_experiment(folder):
    experiment = open_experiment(folder)
    state = run_states(experiment)[1]
    recipe, cases = inputs_of(state.run, experiment)
    assert (recipe.data.cache, RunFolder(state.folder).cache) == ("", folder / "runs" / "cache")
    assert recipe.curriculum.name == "size-only"
    assert {case.role for case in cases.cases} == {"train", "validate"}
