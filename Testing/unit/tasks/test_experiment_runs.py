"""Experiments carried out by real background runs: to the report, through stops and failures, with yoked arms."""

from __future__ import annotations

import csv
import json

import builders_experiment
import pytest
from CLIPSLib.errors import Cancelled
from CLIPSLib.experiments import Arm, PlannedRun
from CLIPSLib.jobs import open_job
from CLIPSLib.progress import SilentReporter
from CLIPSLib.tasks.experiment import open_experiment
from CLIPSLib.tasks.experiment_job import start_experiment
from CLIPSLib.tasks.experiment_runs import FAILED, FINISHED, NOT_MADE, run_experiment, run_states
from CLIPSLib.training.run_folder import RunFolder

pytest.importorskip("torch")
pytest.importorskip("monai")
pytest.importorskip("matplotlib")

from CLIPSLib.training.traces import read_trace

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


class CancelsAfter(SilentReporter):
    """Cancels when the first run trains."""

    def __init__(self, folder) -> None:
        self._folder = folder

    def check(self) -> None:
        if any(
            state.state == "running" and state.share_done > 0 for state in run_states(open_experiment(self._folder))
        ):
            raise Cancelled


def test_the_job_runs_everything_and_leaves_tables_and_pages(tmp_path):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny")
    status = start_experiment(open_experiment(folder)).wait(300)
    status.raise_for_error()
    assert status.result["runs"] == {FINISHED: 4}
    result = folder / "result"
    assert {path.name for path in result.iterdir()} == {
        *("report.html", "rapport.html", "result.json", "scores.csv", "contrasts.csv", "arms.csv", "curves.csv"),
        *("draws.csv", "costs.csv", "cases.csv"),
    }
    with (result / "scores.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 2 * 8  # each case once per arm and seed
    document = json.loads((result / "result.json").read_text(encoding="utf-8"))
    assert [arm["cost"]["steps"] for arm in document["arms"]] == [12, 12]
    assert "p" in document["curricula"][0]["contrasts"][0]
    assert document["curricula"][0]["contrasts"][0]["p"] is None


def test_a_failed_run_stops_only_those_that_need_it_and_is_repeated_alone(tmp_path):
    arms = (
        Arm(name="vanilla", curriculum="vanilla"),
        Arm(
            name="spl",
            curriculum="self-paced",
            options={"minimum_pool": 1, "lag": 1, "warm_up": 0.0, "update_every": 1},
        ),
        Arm(name="yoked", curriculum="yoked-random", follows="spl"),
    )
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny", arms=arms, use_folds=(0,))
    experiment = open_experiment(folder)
    broken = experiment.runs / PlannedRun(arm="spl", fold=0, seed=0).name
    broken.mkdir(parents=True)
    (broken / "checkpoints").write_text("a file where the folder of checkpoints should be", encoding="utf-8")
    states = {state.run.arm: state for state in run_experiment(experiment)}
    assert {arm: state.state for arm, state in states.items()} == {
        "vanilla": FINISHED,
        "spl": FAILED,
        "yoked": NOT_MADE,
    }
    finished_before = open_job(states["vanilla"].folder).status().ended_utc
    (broken / "checkpoints").unlink()
    states = {state.run.arm: state for state in run_experiment(experiment, retry_failed=True)}
    assert {state.state for state in states.values()} == {FINISHED}
    assert open_job(states["vanilla"].folder).status().ended_utc == finished_before
    leading, yoked = (read_trace(RunFolder(states[arm].folder).trace) for arm in ("spl", "yoked"))
    assert yoked.pool_sizes == leading.pool_sizes


def test_cancelling_stops_the_runs_in_good_order_and_the_next_call_goes_on(tmp_path):
    folder = builders_experiment.tiny_experiment(tmp_path / "tiny", steps=40, use_folds=(0,), at_once=1)
    experiment = open_experiment(folder)
    with pytest.raises(Cancelled):
        run_experiment(experiment, CancelsAfter(folder))
    (running,) = (state for state in run_states(experiment) if state.state != NOT_MADE)
    status = open_job(running.folder).wait(60)
    assert status.result["state"] == "stopped"
    assert 0 < status.result["step"] < 40
    assert {state.state for state in run_experiment(experiment)} == {FINISHED}
