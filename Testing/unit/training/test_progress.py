"""Where a run is, as checkpoints carry it."""

from __future__ import annotations

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.schema import to_document
from CLIPSLib.training.progress import RunState, state_of
from CLIPSLib.training.rate import first_plan


def test_a_state_comes_back_as_it_was_written():
    state = RunState(step=7, best_step=5, best_score=0.5, rate=first_plan(10))
    assert state_of(to_document(state)) == state


def test_a_state_of_another_version_is_refused_as_such_and_not_called_damaged():
    document = to_document(RunState(step=7, rate=first_plan(10))) | {"momentum_of_a_later_clips": 1}
    with pytest.raises(Refusal, match="written by another version of CLIPS") as caught:
        state_of(document)
    assert caught.value.where == "step 7" and "momentum_of_a_later_clips" in caught.value.what
