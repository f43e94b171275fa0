"""Processes told apart by their start, and the end of exactly those that are meant."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
from CLIPSLib.jobs.processes import end_tree, identify, is_running, launched, this_process


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_this_process_runs():
    assert this_process().pid == os.getpid()
    assert is_running(this_process())


def test_a_later_process_with_the_same_number_is_another_and_is_left_alone(sleeper):
    now = identify(sleeper.pid)
    earlier = dataclasses.replace(now, started="earlier")
    assert not is_running(earlier)
    end_tree(earlier)
    assert is_running(now)


def test_processes_of_other_machines_are_not_judged_and_left_alone(sleeper):
    elsewhere = dataclasses.replace(identify(sleeper.pid), host="elsewhere")
    assert is_running(elsewhere)
    end_tree(elsewhere)
    assert identify(sleeper.pid) is not None


def test_an_ended_process_does_not_run_even_while_nobody_took_notice(sleeper):
    process = identify(sleeper.pid)
    end_tree(process)
    assert not is_running(process)  # a zombie now: `wait` was not called
    assert launched(sleeper.pid).started == ""
    sleeper.wait()
    assert not is_running(process)


@pytest.mark.skipif(sys.platform == "win32", reason="ps is a Unix tool")
def test_ps_tells_the_same_tree_as_proc(sleeper, monkeypatch):
    """macOS has no /proc; its ps takes the same options."""
    from CLIPSLib.jobs import processes_posix

    if not processes_posix._HAS_PROC:
        pytest.skip("there is no /proc to compare with")
    from_proc = processes_posix._table()[sleeper.pid]
    monkeypatch.setattr(processes_posix, "_HAS_PROC", False)
    assert processes_posix._table()[sleeper.pid] == from_proc == (os.getpid(), sleeper.pid)
    process = identify(sleeper.pid)
    assert is_running(process)
    end_tree(process)
    assert not is_running(process)
