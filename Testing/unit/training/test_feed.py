"""Batches from helper processes: what happens when one is killed, runs out of memory or hangs."""

from __future__ import annotations

import os
import time

import pytest
from CLIPSLib.curriculum import CurriculumCase, build_curriculum
from CLIPSLib.errors import Failure
from CLIPSLib.training.types import Batch

torch = pytest.importorskip("torch")

from CLIPSLib.training import feed as feed_module  # noqa: E402
from CLIPSLib.training.feed import Feed  # noqa: E402


class Source:
    """Gives batches of its step number, and does something else at step 2."""

    def __init__(self, at_two=None) -> None:
        self._at_two = at_two

    def batch(self, ids, step, seed, *, lesion_share=None) -> Batch:
        if step == 2 and self._at_two:
            self._at_two()
        images = torch.full((len(ids), 1, 2, 2, 2), float(step))
        return Batch(images=images, labels=images.to(torch.uint8), case_ids=tuple(ids))


def out_of_memory() -> None:
    raise MemoryError


def killed() -> None:
    os._exit(9)


def hanging() -> None:
    time.sleep(30)


def steps_of(source: Source, workers: int) -> list[int]:
    cases = [CurriculumCase(case_id=name, stratum="", empty=False) for name in "abc"]
    curriculum = build_curriculum("vanilla", cases, scores=None, total_steps=6, seed=0)
    found = []
    for drawn, batch, _ in Feed(source, curriculum, 0, 2, workers, 6).batches(0, pin=False):
        assert float(batch.images.unique()) == drawn.step and batch.case_ids == drawn.ids
        found.append(drawn.step)
        curriculum.observe(drawn.step, drawn.ids, [1.0] * len(drawn.ids))
    return found


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_the_order_of_steps_however_many_helpers(workers):
    assert steps_of(Source(), workers) == list(range(6))


@pytest.mark.parametrize(
    ("happens", "words"),
    [(killed, "died"), (out_of_memory, "ran out of memory"), (hanging, "gave nothing for 15 minutes")],
)
def test_a_helper_that_fails_is_told_with_what_to_do(monkeypatch, happens, words):
    monkeypatch.setattr(feed_module, "HUNG_S", 3.0)
    with pytest.raises(Failure, match=f"A process that prepares images {words}") as caught:
        steps_of(Source(happens), 1)
    assert "data.workers=0" in caught.value.remedy


def test_without_helpers_too_memory_that_runs_out_is_a_sentence():
    with pytest.raises(Failure, match="ran out of memory"):
        steps_of(Source(out_of_memory), 0)
