"""What was done to the runs of an experiment behind its back: refused by name, or told to the readers."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys

import builders_experiment
import builders_run
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.files import write_text
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks.experiment import open_experiment
from CLIPSLib.tasks.experiment_check import check_experiment
from CLIPSLib.tasks.experiment_ledger import read_ledger
from CLIPSLib.tasks.experiment_result import analyze_experiment, collect
from CLIPSLib.tasks.experiment_runs import run_experiment
from CLIPSLib.training.overrides import Override, with_values
from CLIPSLib.training.recipe_toml import recipe_toml
from CLIPSLib.training.run_folder import RunFolder

pytest.importorskip("torch")
pytest.importorskip("monai")

pytestmark = pytest.mark.slow
RUN = "vanilla_fold0_seed0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished experiment; each test puts back what it changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        made = builders_experiment.tiny_experiment(tmp_path_factory.mktemp("audit") / "tiny", steps=2)
        run_experiment(open_experiment(made))
        yield made


@contextlib.contextmanager
def changed(path, old: str, new: str):
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    yield
    path.write_text(before, encoding="utf-8")


def test_untouched_runs_are_in_the_ledger_and_deviate_in_nothing(folder):
    experiment = open_experiment(folder)
    assert collect(experiment).deviations == ()
    assert len(read_ledger(experiment)) == 4


def test_scores_that_were_edited_after_the_run_are_refused(folder):
    scores = folder / "runs" / RUN / "validation.csv"
    with changed(scores, "\n", "\r\n"), pytest.raises(Refusal, match=f"scores of {RUN} are not those"):
        collect(open_experiment(folder))


def test_an_endpoint_chosen_after_the_runs_is_refused_also_by_the_report(folder):
    experiment = open_experiment(folder)
    collected = collect(experiment)
    with (
        changed(folder / "experiment.toml", 'primary = "dice"', 'primary = "nsd"'),
        pytest.raises(Refusal, match=r"design\.primary changed since"),
    ):
        analyze_experiment(open_experiment(folder), collected)


def test_a_run_with_another_recipe_than_the_design_is_refused(folder):
    with (
        changed(folder / "runs" / RUN / "recipe.toml", "batch = 2", "batch = 4"),
        pytest.raises(Refusal, match=r"training\.batch was 4 instead of 2"),
    ):
        collect(open_experiment(folder))


def test_a_patient_taken_out_of_the_scores_is_missed(folder):
    scores = folder / "runs" / RUN / "validation.csv"
    *_, last = scores.read_text(encoding="utf-8").splitlines(keepends=True)
    with changed(scores, last, ""), pytest.raises(Refusal, match="not those of the cases of its fold"):
        collect(open_experiment(folder))


def test_a_rate_changed_while_a_run_was_stopped_is_told_and_more_steps_are_refused(folder):
    run = RunFolder(folder / "runs" / RUN)
    run.add_override(Override(created_utc="", changes={"optimizer.learning_rate": (0.01, 0.02)}))
    (deviation,) = collect(open_experiment(folder)).deviations
    assert deviation.what == f"{RUN}: optimizer.learning_rate was changed from 0.01 to 0.02 while it ran."
    run.add_override(Override(created_utc="", changes={"training.steps": (2, 4)}))
    with pytest.raises(Refusal, match="given 4 steps"):
        collect(open_experiment(folder))
    run.overrides_file.unlink()


def test_a_finished_run_that_was_deleted_and_trained_again_is_told(folder):
    shutil.rmtree(folder / "runs" / RUN)
    run_experiment(open_experiment(folder))
    (deviation,) = collect(open_experiment(folder)).deviations
    assert deviation.code == "repeated"
    assert f"{RUN} was finished 2 times" in deviation.what


def test_two_processes_do_not_run_one_experiment_at_a_time(folder):
    pytest.importorskip("fcntl")
    program = "import sys, fcntl, time; f = open(sys.argv[1], 'a+b'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True)"
    command = [sys.executable, "-c", f"{program}; time.sleep(60)", str(folder / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            with pytest.raises(Refusal, match="Another process is at work"):
                run_experiment(open_experiment(folder))
        finally:
            other.kill()


def test_an_experiment_that_was_moved_is_still_itself_and_goes_on(folder):
    elsewhere = folder.with_name("moved")
    folder.rename(elsewhere)
    try:
        shutil.rmtree(elsewhere / "runs" / "slow_fold1_seed0")
        assert {state.state for state in run_experiment(open_experiment(elsewhere))} == {"finished"}
        assert {each.code for each in collect(open_experiment(elsewhere)).deviations} == {"repeated"}
    finally:
        elsewhere.rename(folder)


def test_what_an_interrupted_creation_left_does_not_stand_in_the_way(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = builders_experiment.tiny_experiment(tmp_path / "tiny", steps=2, use_folds=(0,))
    write_text(made / "runs" / RUN / "recipe.toml", recipe_toml(builders_run.TINY))  # killed here
    assert {state.state for state in run_experiment(open_experiment(made))} == {"finished"}


def test_networks_that_begin_as_one_that_saw_the_tested_cases_are_refused_and_of_unknown_ones_readers_are_told(
    tmp_path, monkeypatch
):
    """Also: the version that runs add to the name of their first weights does not make them other runs."""
    from CLIPSLib.training.run import train

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = builders_experiment.tiny_experiment(tmp_path / "tiny", steps=1, use_folds=(0,))
    experiment = open_experiment(made)
    first = builders_run.run(
        tmp_path / "first", case_list=experiment.cases, recipe=experiment.recipe, training__steps=1, validation__every=0
    )
    train(first.path)
    ModelStore().install(first.model)
    write_text(
        made / "recipe.toml", recipe_toml(with_values(experiment.recipe, {"network.start": "tiny"})), overwrite=True
    )
    with pytest.raises(Refusal, match="trained with 8 of the cases"):
        check_experiment(open_experiment(made))
    (ModelStore().get("tiny").folder / "card.json").unlink()  # now nobody knows
    assert "start-may-know" in {deviation.code for deviation in check_experiment(open_experiment(made)).deviations}
    run_experiment(open_experiment(made))
    assert collect(open_experiment(made)).deviations == ()
