"""Which arm wins, and the networks of its folds as one installed model."""

from __future__ import annotations

import builders_experiment
import pytest
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.experiments import PlannedRun, analyze
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks import experiment_winner
from CLIPSLib.tasks.experiment import open_experiment
from CLIPSLib.tasks.experiment_runs import run_experiment
from CLIPSLib.tasks.experiment_winner import install_winner, winner
from CLIPSLib.training import export


def winner_with(effects):
    design = builders_experiment.DESIGN
    curves = builders_experiment.curves(design, {arm.name: 0.7 for arm in design.arms})
    scores = builders_experiment.scores(design, effects)
    costs = builders_experiment.costs(design)
    return winner(analyze(design, scores, curves, hard_cases=frozenset({"case-01", "case-07"}), costs=costs), design)


def test_a_curriculum_that_helps_wins():
    assert winner_with({"boot": 0.05}) == "boot"


def test_a_lead_that_may_be_luck_does_not_win():
    assert winner_with({"boot": 0.002}) == "vanilla"


def test_a_random_order_control_is_never_the_winner_by_itself():
    assert winner_with({"random-order": 0.05}) == "vanilla"


def test_an_arm_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    with pytest.raises(UsageError, match="no arm 'vanila'") as refused:
        install_winner(folder, "vanila")
    assert "vanilla, slow" in refused.value.remedy


def test_before_the_end_there_is_no_winner_unless_an_arm_is_chosen(tmp_path):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    with pytest.raises(Refusal, match="4 of 4 runs are not finished: which arm is the winner is not known") as refused:
        install_winner(folder)
    assert "--arm" in refused.value.remedy


def test_best_weights_that_are_lost_are_not_replaced_by_others_that_were_not_tested(tmp_path, monkeypatch):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")

    def lost(*_args, **_options):
        raise Failure(export.NO_BEST, "The weights of the best step (4) are missing", "run", "--which last")

    monkeypatch.setattr(export, "export_model", lost)
    monkeypatch.setattr(experiment_winner, "_finished_folds", lambda *_: [PlannedRun(arm="vanilla", fold=0, seed=0)])
    with pytest.raises(Failure, match="best step") as failed:
        install_winner(folder, "vanilla")
    assert "--which" not in failed.value.remedy and "--arm" in failed.value.remedy


@pytest.mark.slow
def test_the_networks_of_all_folds_are_installed_as_one_model_under_the_arms_name(tmp_path, monkeypatch):
    pytest.importorskip("monai")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny", steps=2)
    store = ModelStore(tmp_path / "models")
    with pytest.raises(Refusal, match="vanilla_fold0_seed0 is not started"):
        install_winner(folder, "vanilla", store=store)
    run_experiment(open_experiment(folder))
    model = install_winner(folder, store=store)
    assert model.description.name == "tiny-vanilla"  # exploratory: nothing was shown to help
    assert [file.name for file in model.description.weight_files("fold")] == ["fold_0.pt", "fold_1.pt"]
    assert install_winner(folder, store=store).model_id == model.model_id  # a second click is no error
    assert install_winner(folder, "slow", name="mine", store=store).description.name == "mine"
