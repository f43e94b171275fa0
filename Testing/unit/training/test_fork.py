"""Forks go on from another run's weights under other rules; longer runs keep or stretch what was planned."""

from __future__ import annotations

import shutil
from dataclasses import replace

import builders_run
import pytest
from builders_run import Follower
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.training.fork import fork_run
from CLIPSLib.training.overrides import make_override
from CLIPSLib.training.tables import read_table

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.run import train  # noqa: E402
from CLIPSLib.training.traces import read_trace  # noqa: E402


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return builders_run.cases(tmp_path_factory.mktemp("images"))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def parent(tmp_path_factory, images):
    run = builders_run.run(tmp_path_factory.mktemp("parent") / "run", case_list=images, validation__every=3)
    train(run.path)
    return run


def test_a_running_mean_that_begins_with_a_fork_begins_with_the_weights_that_were_trained(tmp_path, parent):
    """Not with the random ones that a network is made with: those would be validated and handed out."""
    fork_run(parent.path, tmp_path / "fork", {"training.ema": 0.999})
    train(tmp_path / "fork")
    best = torch.load(tmp_path / "fork" / "checkpoints" / "best-00000006.pt", weights_only=True)["tensors"]["network"]
    trained = builders_run.weights(parent, 6)
    assert all(torch.equal(best[name], trained[name]) for name in trained)


def test_a_fork_may_take_another_optimizer_whose_moments_begin_anew(tmp_path, parent):
    values = {"optimizer.name": "sgd", "optimizer.momentum": 0.5, "training.steps": 8}
    fork_run(parent.path, tmp_path / "fork", values, rate="rescale")
    assert train(tmp_path / "fork")["step"] == 8
    checkpoint = torch.load(tmp_path / "fork" / "checkpoints" / "step-00000008.pt", weights_only=True)
    groups = checkpoint["tensors"]["optimizer"]["param_groups"]
    assert {(group["momentum"], group["nesterov"]) for group in groups} == {(0.5, True)}


@pytest.mark.parametrize("name", ["random-order", "self-paced", "size-only"])
def test_a_fork_may_follow_another_curriculum_from_there_on(tmp_path, parent, name):
    """Size-only ranks by mL also where the network works on the voxels of each PET, as here."""
    values = {"curriculum.name": name, "training.steps": 40, "curriculum.options": {}}
    fork_run(parent.path, tmp_path / "fork", values, rate="rescale")
    assert train(tmp_path / "fork", Follower(stop_at=12))["step"] == 12
    assert train(tmp_path / "fork", Follower(stop_at=24))["step"] == 24


def test_a_fork_that_would_end_before_it_begins_is_refused(tmp_path, parent):
    with pytest.raises(Refusal, match="goes on from step 6 and would end at step 5"):
        fork_run(parent.path, tmp_path / "fork", {"training.steps": 5}, rate="rescale")
    assert not (tmp_path / "fork").exists()


def test_a_fork_of_another_length_needs_a_word_on_the_learning_rate(tmp_path, parent):
    with pytest.raises(UsageError, match=r"keep .* rescale .* restart"):
        fork_run(parent.path, tmp_path / "fork", {"training.steps": 12})
    assert not (tmp_path / "fork").exists()
    fork_run(parent.path, tmp_path / "fork", {"training.steps": 12, "optimizer.schedule": "constant"})


def test_a_fork_of_a_finished_run_is_judged_anew(tmp_path, images, parent):
    """By other cases, which is what it was made for; what validations told before counts no more."""
    new = builders_run.cases(tmp_path / "more", train=3, validate=2).cases[4]
    other = replace(images, cases=(*images.of_role("train"), new))
    fork_run(parent.path, tmp_path / "fork", {}, cases=other)
    train(tmp_path / "fork")
    assert [row["case"] for row in read_table(tmp_path / "fork" / "validation.csv")] == ["case-4"]


def test_a_fork_with_a_list_without_hashes_begins_and_knows_copies_of_what_was_learned(tmp_path, images, parent):
    bare = replace(images, cases=tuple(replace(case, sha256={}) for case in images.cases))
    fork_run(parent.path, tmp_path / "fork", {"training.steps": 7}, rate="rescale", cases=bare)
    assert train(tmp_path / "fork")["step"] == 7
    copy = shutil.copy(images.cases[0].pet, tmp_path / "copy.nii.gz")
    renamed = replace(bare.cases[3], pet=str(copy))
    with pytest.raises(Refusal, match="The case 'case-3' is to be validated with"):
        fork_run(parent.path, tmp_path / "other", {}, cases=replace(bare, cases=(*bare.cases[1:3], renamed)))


def test_a_fork_with_other_cases_goes_on_in_the_midst_of_a_window_of_its_trace(tmp_path, images):
    """A run of 400 steps sums up its draws every 4 steps; at step 6 a window holds cases that the fork has not."""
    run = builders_run.run(tmp_path / "run", case_list=images, training__steps=400)
    train(run.path, Follower(stop_at=6))
    others = replace(images, cases=(images.cases[0], images.cases[3]))
    fork_run(run.path, tmp_path / "fork", {}, cases=others)
    assert train(tmp_path / "fork", Follower(stop_at=9))["step"] == 9
    window = read_trace(tmp_path / "fork" / "trace.json").rows[1]
    assert (window.first_step, window.last_step) == (4, 7) and window.strata[""] == window.draws


def test_a_fork_takes_other_cases_by_their_file_only(tmp_path, parent):
    """The field of the recipe would be written down, and the parent's cases trained with."""
    with pytest.raises(Refusal, match="as a file of its own") as refused:
        fork_run(parent.path, tmp_path / "fork", {"data.cases": "other.json"})
    assert "--cases FILE" in refused.value.remedy


def test_a_fork_from_before_the_first_checkpoint_says_so(tmp_path, parent):
    with pytest.raises(Refusal, match="no checkpoint up to step 1 to fork from"):
        fork_run(parent.path, tmp_path / "fork", {}, step=1)


def test_a_fork_is_not_judged_by_cases_that_its_weights_have_learned(tmp_path, images, parent):
    learned = replace(images.of_role("train")[2], role="validate")
    renamed = replace(learned, case_id="new", patient_id="new")
    for case in (learned, renamed):
        other = replace(images, cases=(*images.of_role("train")[:2], case))
        with pytest.raises(Refusal, match=f"The case '{case.case_id}' is to be validated with"):
            fork_run(parent.path, tmp_path / "fork", {}, cases=other)


PACED = {"name": "random-order", "options": {"minimum_pool": 1, "full_at": 1.0, "start": 0.2, "lesion_free": "ranked"}}


@pytest.mark.parametrize(("rate", "sizes"), [("restart", [1, 2, 3, 3]), ("rescale", [1, 2, 2, 3])])
def test_a_longer_run_withholds_no_case_again_unless_all_is_stretched(tmp_path, images, rate, sizes):
    """Linear from 1 to 3 of 3 cases over 12 steps (2 from step 3, 3 from step 7 on), extended at step 8 to 40."""
    paced = {**PACED, "options": {**PACED["options"], "pacing": "linear"}}
    run = builders_run.run(tmp_path / "run", case_list=images, training__steps=12, curriculum=paced)
    train(run.path, Follower(stop_at=8))
    override = make_override(run.recipe(), {"training.steps": 40}, rate=rate)
    spread = override.changes["curriculum.options.spread_over"][1]
    assert spread == {"restart": 12, "rescale": 40}[rate]
    run.add_override(override)
    train(run.path, Follower(stop_at=30))
    pools = dict(read_trace(run.trace).pool_sizes)
    at = {step: pools[max(s for s in pools if s <= step)] for step in (0, 4, 9, 29)}
    assert list(at.values()) == sizes


def test_a_self_paced_run_may_be_made_longer_at_any_step(tmp_path, images):
    paced = {"name": "self-paced", "options": {"lag": 2}}
    run = builders_run.run(tmp_path / "run", case_list=images, training__steps=400, curriculum=paced)
    train(run.path, Follower(stop_at=7))
    run.add_override(make_override(run.recipe(), {"training.steps": 3000}, rate="rescale"))
    assert train(run.path, Follower(stop_at=20))["step"] == 20


def test_a_kept_rate_still_follows_a_later_change_of_the_rate(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, checkpoint__steps=0)
    train(run.path, Follower(stop_at=4))
    run.add_override(make_override(run.recipe(), {"training.steps": 20}, rate="keep"))
    train(run.path, Follower(stop_at=6))
    run.add_override(make_override(run.recipe(), {"optimizer.learning_rate": 3e-5}))
    train(run.path, Follower(stop_at=8))
    rates = [float(row["learning_rate"]) for row in read_table(run.metrics)]
    assert rates[3] == pytest.approx(rates[4]) == pytest.approx(rates[5])
    assert rates[6] == pytest.approx(rates[5] / 10, rel=1e-3)
