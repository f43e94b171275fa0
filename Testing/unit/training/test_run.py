"""A run from its folder: cancelled anywhere and resumed, what stops it, what it leaves, longer, forked, followed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import builders_run
import pytest
from builders_run import Follower
from CLIPSLib.errors import Cancelled, Failure, Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.training.overrides import make_override
from CLIPSLib.training.tables import read_table
from CLIPSLib.training.types import RunReporter

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training import stepper as stepper_module  # noqa: E402
from CLIPSLib.training.data import open_patches  # noqa: E402
from CLIPSLib.training.fork import fork_run  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402
from CLIPSLib.training.start import find_start, make_network  # noqa: E402


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return builders_run.cases(tmp_path_factory.mktemp("images"))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, images):
    """A run that was never interrupted."""
    run = builders_run.run(tmp_path_factory.mktemp("whole") / "run", case_list=images, validation__every=3)
    train(run.path)
    return run


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_test_reporter_is_one_of_runs():
    assert isinstance(Follower(), RunReporter)


@pytest.mark.parametrize("checks", [3, 4, 5, 7, 9])
def test_cancelled_anywhere_and_started_again_ends_with_the_same_weights(tmp_path, images, whole, checks):
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=3)
    with pytest.raises(Cancelled):
        train(run.path, RecordingReporter(cancel_after=checks))
    result = train(run.path)
    assert result["state"] == "finished"
    assert same(builders_run.weights(run, 6), builders_run.weights(whole, 6))
    steps = [row["step"] for row in read_table(run.metrics)]
    assert steps == ["0", "1", "2", "3", "4", "5"]
    assert [row["dice"] for row in read_table(run.validation)] == [row["dice"] for row in read_table(whole.validation)]


def test_stopping_saves_first_and_going_on_changes_nothing(tmp_path, images, whole):
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=3, checkpoint__steps=0)
    assert train(run.path, Follower(stop_at=2))["state"] == "stopped"
    assert builders_run.weights(run, 2)
    assert train(run.path)["state"] == "finished"
    assert same(builders_run.weights(run, 6), builders_run.weights(whole, 6))


def test_a_checkpoint_on_request_is_written_at_once(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, checkpoint__steps=0)
    follower = Follower(checkpoint_at=3)
    train(run.path, follower)
    assert [fields["step"] for name, fields in follower.events if name == "checkpoint"] == [
        3,
        6,  # before the last validation
        6,
    ]


def test_the_best_step_is_that_of_the_running_mean_of_dice(tmp_path, images, monkeypatch):
    """Dice 0.5, 0.9, 0.6, 0.6 with half the mean staying: 0.5, 0.7, 0.65, 0.625: the second is best."""
    dice = iter([0.5, 0.9, 0.6, 0.6])
    monkeypatch.setattr("CLIPSLib.training.engine.mean_dice", lambda scores: next(dice))
    run = builders_run.run(tmp_path / "run", case_list=images, training__steps=4, validation__every=1)
    result = train(run.path)
    assert (result["best_step"], result["best_score"]) == (2, pytest.approx(0.7))
    assert (run.checkpoints / "best-00000002.pt").exists()


def test_early_stopping_waits_for_the_patience_and_is_off_by_default(tmp_path, images, monkeypatch):
    monkeypatch.setattr("CLIPSLib.training.engine.mean_dice", lambda scores: 0.5)
    patient = builders_run.run(tmp_path / "a", case_list=images, validation__every=1)
    assert train(patient.path)["step"] == 6
    hasty = builders_run.run(tmp_path / "b", case_list=images, validation__every=1, validation__patience=2)
    assert train(hasty.path) | {"model": ""} == {
        "state": "finished",
        "step": 3,
        "best_step": 1,
        "best_score": 0.5,
        "model": "",
    }


def test_early_stopping_waits_while_a_curriculum_withholds_cases(tmp_path, images, monkeypatch):
    """Linear from 1 to 3 of 3 cases over 6 steps: all are drawn from step 4 on, and only then a standstill counts."""
    monkeypatch.setattr("CLIPSLib.training.engine.mean_dice", lambda scores: 0.5)
    options = {"pacing": "linear", "minimum_pool": 1, "full_at": 1.0, "start": 0.2, "lesion_free": "ranked"}
    values = {"validation__every": 1, "validation__patience": 1}
    for name, step in (("vanilla", 2), ("random-order", 4)):
        paced = {"name": name, "options": options if name != "vanilla" else {}}
        run = builders_run.run(tmp_path / name, case_list=images, curriculum=paced, **values)
        assert train(run.path)["step"] == step


def test_a_run_that_early_stopping_ended_says_so_when_it_is_made_longer(tmp_path, images, monkeypatch):
    monkeypatch.setattr("CLIPSLib.training.engine.mean_dice", lambda scores: 0.5)
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=1, validation__patience=2)
    train(run.path)
    for changes, step, told in (({"training.steps": 8}, 3, ["stopped-early"]), ({"validation.patience": 4}, 5, [])):
        run.add_override(make_override(run.recipe(), changes, rate="keep"))
        reporter = RecordingReporter()
        assert train(run.path, reporter)["step"] == step
        assert [caution.code for caution in reporter.cautions] == told


def test_the_running_mean_of_the_weights_is_what_is_validated_and_kept(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, training__ema=0.9)
    train(run.path)
    saved = torch.load(run.checkpoints / "step-00000006.pt", weights_only=True)["tensors"]
    best = torch.load(run.checkpoints / "best-00000006.pt", weights_only=True)["tensors"]["network"]
    assert same(best, saved["mean"]) and not same(best, saved["network"])


def test_a_case_of_nan_stops_the_run_and_is_named(tmp_path, images):
    def poisoned(cases: Sequence, recipe, cache: Path, reporter):
        source = open_patches(cases, recipe.data, recipe.augmentation, cache)

        class Poisoned:
            facts = staticmethod(source.facts)

            def batch(self, ids, step, seed, *, lesion_share=None):
                batch = source.batch(ids, step, seed, lesion_share=lesion_share)
                for place, case in enumerate(ids):
                    if case == "case-1" and step >= 2:
                        batch.images[place] = torch.nan
                return batch

        return Poisoned()

    run = builders_run.run(tmp_path / "run", case_list=images, checkpoint__steps=1)
    with pytest.raises(Failure, match=r"no finite number; it came from the case\(s\) case-1 "):
        train(run.path, open_source=poisoned)
    last = max(run.checkpoints.glob("step-*.pt"))
    state = torch.load(last, weights_only=True)["tensors"]["network"]
    assert all(torch.isfinite(value).all() for value in state.values())


def test_a_loss_that_runs_away_stops_the_run_with_its_last_cases(tmp_path, images, monkeypatch):
    means = iter([1.0, 0.5, 0.9, 1.1])
    monkeypatch.setattr("CLIPSLib.training.engine.mean_loss", lambda before, loss: next(means))
    run = builders_run.run(tmp_path / "run", case_list=images, training__divergence=2.0)
    with pytest.raises(Failure, match=r"The mean loss rose to 1.1 at step 3, from 0.5; the last cases were case-"):
        train(run.path)


def test_out_of_memory_names_the_next_thing_to_try(tmp_path, images, monkeypatch):
    def used_up(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(stepper_module, "case_losses", used_up)
    run = builders_run.run(tmp_path / "a", case_list=images)
    with pytest.raises(Failure, match=r"--set training\.accumulate=2"):
        train(run.path)
    parts = builders_run.run(tmp_path / "b", case_list=images, training__accumulate=2, data__patch=[64, 64, 64])
    with pytest.raises(Failure, match=r"data\.patch = \[32, 32, 32\]"):
        train(parts.path)


def test_a_deleted_image_is_named_with_its_case(tmp_path):
    run = builders_run.run(tmp_path / "run", case_list=builders_run.cases(tmp_path / "images"))
    (tmp_path / "images" / "case-1_pet.nii.gz").unlink()
    with pytest.raises(Failure, match="'case-1'"):
        train(run.path)


def test_a_full_disk_ends_in_a_sentence_and_the_last_checkpoint_stays(tmp_path, images, monkeypatch):
    run = builders_run.run(tmp_path / "run", case_list=images)
    saved = torch.save

    def full(content, stream, *rest):
        if "step-00000004" in stream.name:
            raise OSError(28, "No space left on device")
        saved(content, stream, *rest)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(Failure, match="The disk is full"):
        train(run.path)
    monkeypatch.undo()
    assert train(run.path)["state"] == "finished"


def test_parts_of_a_batch_have_the_effect_of_the_whole(tmp_path, images):
    """Instance and group norms see one case at a time, so only rounding differs."""
    plain, parted = (
        builders_run.run(tmp_path / name, case_list=images, training__steps=2, training__accumulate=parts)
        for name, parts in (("a", 1), ("b", 2))
    )
    train(plain.path), train(parted.path)
    one, two = builders_run.weights(plain, 2), builders_run.weights(parted, 2)
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)


def test_a_still_encoder_stays_as_it_began(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, network__freeze_encoder_steps=4)
    first, _ = make_network(run.recipe(), find_start(run.recipe(), None))
    train(run.path)
    still, free = (builders_run.weights(run, step)["convInit.conv.weight"] for step in (4, 6))
    assert torch.equal(still, first.state_dict()["convInit.conv.weight"])
    assert not torch.equal(free, still)


def test_other_cases_in_the_folder_than_trained_with_are_refused(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    train(run.path, Follower(stop_at=2))
    text = run.cases_file.read_text().replace('"weight": 1.0', '"weight": 2.0', 1)
    run.cases_file.write_text(text)
    with pytest.raises(Refusal, match=r"cases\.json is not what this run was trained with"):
        train(run.path)


def test_a_longer_run_goes_on_and_says_what_changed(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    train(run.path)
    run.add_override(make_override(run.recipe(), {"training.steps": 8}, rate="restart"))
    assert train(run.path)["step"] == 8
    rates = [float(row["learning_rate"]) for row in read_table(run.metrics)]
    assert rates[6] == pytest.approx(rates[0])
    assert run.overrides()[0].changes == {"training.steps": (6, 8)}


def test_a_fork_goes_on_under_its_own_name_and_leaves_its_parent(tmp_path, images, whole):
    before = sorted(path.name for path in whole.path.rglob("*"))
    identity = fork_run(whole.path, tmp_path / "fork", {"loss.name": "tversky", "training.steps": 8}, rate="rescale")
    assert (identity.parent["run_id"], identity.parent["step"]) == (whole.identity().run_id, 6)
    assert identity.changes["loss.name"] == ("dice-ce", "tversky")
    assert train(tmp_path / "fork")["step"] == 8
    assert sorted(path.name for path in whole.path.rglob("*")) == before


def test_without_cases_to_validate_with_the_last_weights_are_the_result(tmp_path, images):
    only = replace(images, cases=images.of_role("train"))
    run = builders_run.run(tmp_path / "run", case_list=only)
    reporter = RecordingReporter()
    result = train(run.path, reporter)
    assert result["best_step"] is None and (run.model / "model.json").exists()
    assert [caution.code for caution in reporter.cautions] == ["no-validation"]


def test_a_run_without_limit_goes_on_until_it_is_stopped(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, training__steps=-1, optimizer__schedule="constant")
    assert train(run.path, Follower(stop_at=9)) == {
        "state": "stopped",
        "step": 9,
        "best_step": None,
        "best_score": None,
    }


def test_weights_of_cases_multiply_their_loss(tmp_path, images):
    """A case of weight 0 leaves the weights of the network as they are (but for weight decay, off here)."""
    light = replace(images, cases=tuple(replace(case, weight=0.0) for case in images.cases))
    run = builders_run.run(tmp_path / "run", case_list=light, training__steps=2, optimizer__weight_decay=0.0)
    first, _ = make_network(run.recipe(), find_start(run.recipe(), None))
    train(run.path)
    assert same(builders_run.weights(run, 2), first.state_dict())


def test_the_status_tells_step_loss_speed_and_time_left(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=3)
    follower = Follower()
    train(run.path, follower)
    facts = follower.facts[2]
    assert (facts["step"], facts["steps"]) == (3, 6)
    assert facts["loss"] > 0 and facts["steps_per_s"] > 0 and 0 <= facts["data_wait_share"] <= 1
    assert facts["seconds_left"] == pytest.approx(3 / facts["steps_per_s"])
    assert {stage for stage, _ in follower.stages} == {"Preparing images", "Training", "Validating"}
    assert [name for name, _ in follower.events].count("validation") == 2
    with open(run.draws, newline="") as stream:
        assert sum(int(row["patches"]) for row in csv.DictReader(stream)) == 12
