"""Turns, transactions and sentences of the database."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import builders_registry as builders
import pytest
from CLIPSLib.cases import Registry, database
from CLIPSLib.errors import Failure


def test_a_program_that_waits_in_vain_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    registry, (case,) = builders.registry(tmp_path / "cases")
    other = sqlite3.connect(tmp_path / "cases" / "registry.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Failure, match="kept the registry busy") as failed:
        registry.review(case.case_id, status="skipped", reader="GW")
    assert failed.value.code == "registry-busy"
    assert len(registry.cases()) == 1  # reading goes on meanwhile
    other.execute("ROLLBACK")
    registry.review(case.case_id, status="skipped", reader="GW")
    other.close()


def test_threads_take_turns(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    study = registry.read_study(case.case_id)

    def work(number: int) -> str:
        mask = registry.add_mask(case.case_id, builders.mask(study), origin="imported", author=f"reader {number}")
        registry.review(case.case_id, status="accepted", reader=f"reader {number}", mask_id=mask.id)
        return mask.id

    with ThreadPoolExecutor(4) as threads:
        ids = list(threads.map(work, range(12)))
    assert sorted(ids) == sorted(mask.id for mask in registry.masks(case.case_id)) and len(set(ids)) == 12


def test_a_thread_waits_for_another_ones_block(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    began, seen = threading.Event(), []

    def look() -> None:
        began.wait()
        seen.append(len(registry.reviews(case.case_id)))

    thread = threading.Thread(target=look)
    thread.start()
    with registry.together():
        registry.review(case.case_id, status="flagged", reader="GW")
        began.set()
        registry.review(case.case_id, status="accepted", reader="GW")
    thread.join()
    assert seen == [2]


def test_a_block_inside_a_block_fails_alone(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    with registry.together():
        registry.review(case.case_id, status="flagged", reader="GW")
        with pytest.raises(ZeroDivisionError), registry.together():
            registry.review(case.case_id, status="accepted", reader="GW")
            1 / 0  # noqa: B018
    assert [review.status for review in registry.reviews(case.case_id)] == ["flagged"]


def test_a_closed_registry_says_so(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    registry.close()
    with pytest.raises(Failure, match="closed"):
        registry.cases()
