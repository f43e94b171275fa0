"""A run that is killed at any moment and resumed ends with the weights of one that was never stopped, bit by bit."""

from __future__ import annotations

import os
import signal
import time

import builders_run
import pytest
from CLIPSLib.jobs import Job, launch_job, start_job

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

STEPS = 30
PATIENCE_S = 120.0
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return builders_run.cases(tmp_path_factory.mktemp("images"))


def make(folder, images, **values):
    """The augmentation of the recipe is on: its random numbers must not depend on what happened before."""
    return builders_run.run(
        folder,
        case_list=images,
        training__steps=STEPS,
        checkpoint__steps=4,
        validation__every=6,
        training__ema=0.9,
        network__options={"filters": 8, "dropout": 0.2},
        **values,
    )


def launch(run) -> Job:
    return start_job(run.path, "train", {}, environment=builders_run.one_thread())


def finish(job: Job) -> Job:
    status = job.wait(PATIENCE_S)
    assert status.state == "done", (status.error, job.log_tail())
    return job


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory, images):
    run = make(tmp_path_factory.mktemp("whole") / "run", images)
    finish(launch(run))
    return run


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("step", [1, 14])
def test_killed_and_resumed_is_as_never_stopped(tmp_path, images, never_stopped, step):
    run = make(tmp_path / "run", images)
    job = launch(run)
    give_up = time.monotonic() + PATIENCE_S
    while (job.status().facts.get("step") or 0) < step and not job.status().ended:
        assert time.monotonic() < give_up, job.log_tail()
        time.sleep(0.005)
    os.kill(job.status().pid, signal.SIGKILL)
    assert job.wait(10).state == "lost"
    launch_job(job, environment=builders_run.one_thread())
    finish(job)
    assert same(builders_run.weights(run, STEPS), builders_run.weights(never_stopped, STEPS))
    rows = (run.metrics.read_text().splitlines(), never_stopped.metrics.read_text().splitlines())
    assert [row.split(",")[:3] for row in rows[0]] == [row.split(",")[:3] for row in rows[1]]
    assert run.draws.read_text() == never_stopped.draws.read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_helper_processes_change_nothing(tmp_path, images, never_stopped, workers):
    run = make(tmp_path / "run", images, data__workers=workers)
    finish(launch(run))
    assert same(builders_run.weights(run, STEPS), builders_run.weights(never_stopped, STEPS))


def test_stopped_with_two_helpers_and_resumed_with_none_is_the_same(tmp_path, images, never_stopped):
    from CLIPSLib.training.overrides import make_override

    run = make(tmp_path / "run", images, data__workers=2)
    job = launch(run)
    give_up = time.monotonic() + PATIENCE_S
    while (job.status().facts.get("step") or 0) < 2 and not job.status().ended:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    job.ask_stop()
    stopped = finish(job).status().result
    run.add_override(make_override(run.recipe(), {"data.workers": 0}))
    launch_job(job, environment=builders_run.one_thread())
    assert finish(job).status().result["state"] == "finished"
    assert stopped["state"] in ("stopped", "finished")
    assert same(builders_run.weights(run, STEPS), builders_run.weights(never_stopped, STEPS))


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM")
@pytest.mark.parametrize(("workers", "send"), [(0, "kill"), (2, "killpg")], ids=["the process", "helpers, too"])
def test_a_termination_signal_saves_and_stops_and_no_step_is_made_twice(tmp_path, images, never_stopped, workers, send):
    """What a cluster sends, often to all processes, when time is up; nothing else would have saved here."""
    run = builders_run.run(
        tmp_path / "run",
        recipe=never_stopped.recipe(),
        case_list=images,
        checkpoint__steps=0,
        validation__every=0,
        data__workers=workers,
    )
    job = launch(run)
    give_up = time.monotonic() + PATIENCE_S
    while (job.status().facts.get("step") or 0) < 3 and not job.status().ended:
        assert time.monotonic() < give_up, job.log_tail()
        time.sleep(0.005)
    getattr(os, send)(job.status().pid, signal.SIGTERM)
    stopped = finish(job).status().result
    assert stopped["state"] == "stopped"
    assert (run.checkpoints / f"step-{stopped['step']:08d}.pt").exists()
    launch_job(job, environment=builders_run.one_thread())
    assert finish(job).status().result["state"] == "finished"
    assert same(builders_run.weights(run, STEPS), builders_run.weights(never_stopped, STEPS))
