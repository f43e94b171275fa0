"""How far an experiment has come, as its runs tell it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from CLIPSLib.experiments import PlannedRun
from CLIPSLib.tasks.experiment_runs import FINISHED, RUNNING, RunState


def state(word: str, **facts) -> RunState:
    run = PlannedRun(arm="vanilla", fold=0, seed=0)
    return RunState(run=run, folder=Path("run"), state=word, status=SimpleNamespace(facts=facts))


def test_a_run_that_validates_after_its_last_step_is_not_done_yet():
    assert state(RUNNING, step=60, steps=60).share_done < 1.0
    assert state(RUNNING, step=30, steps=60).share_done == pytest.approx(0.5)
    assert state(FINISHED).share_done == 1.0


def test_a_run_that_prepares_its_images_has_come_nowhere():
    assert state(RUNNING).share_done == 0.0
