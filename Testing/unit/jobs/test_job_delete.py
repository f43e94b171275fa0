"""The end of a job's folder."""

from __future__ import annotations

import shutil

import pytest
from CLIPSLib.jobs import create_job, job


@pytest.fixture
def waiting(tmp_path):
    return create_job(tmp_path / "job", "segment", {})


@pytest.fixture
def held(monkeypatch):
    """A folder that Windows does not give up for so many tries: the launcher of Slicer's Python still works in it."""
    tries = []

    def hold(times: int):
        def rmtree(folder, *, known=shutil.rmtree):
            tries.append(folder)
            if len(tries) <= times:
                raise PermissionError(32, "The process cannot access the file", str(folder))
            known(folder)

        monkeypatch.setattr(job.shutil, "rmtree", rmtree)
        return tries

    return hold


def test_a_job_goes_with_its_folder(waiting):
    waiting.delete()
    assert not waiting.folder.exists()


def test_a_folder_that_a_process_is_just_leaving_is_deleted_all_the_same(waiting, held):
    held(3)
    waiting.delete()
    assert not waiting.folder.exists()


def test_a_folder_that_stays_held_is_told(waiting, held, monkeypatch):
    monkeypatch.setattr(job, "_LETTING_GO_S", 0.1)
    tries = held(1000)
    with pytest.raises(PermissionError):
        waiting.delete()
    assert len(tries) > 1
