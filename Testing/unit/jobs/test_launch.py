"""Which interpreter a job gets, and in what environment."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import CLIPSLib
import pytest
from CLIPSLib.jobs import create_job, launch, launch_job

CORE = str(Path(CLIPSLib.__file__).parent.parent)


@pytest.fixture
def python_slicer_on_path(tmp_path, monkeypatch):
    program = tmp_path / ("PythonSlicer.exe" if os.name == "nt" else "PythonSlicer")
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


@pytest.fixture
def spawned(tmp_path, monkeypatch):
    """What `launch_job` would start; nothing is."""
    calls = []

    class Started:
        pid = os.getpid()

        def __init__(self, command, **options):
            calls.append((command, options))

        def poll(self):
            return 0

    monkeypatch.setattr(launch.subprocess, "Popen", Started)

    def start(**options):
        launch_job(create_job(tmp_path / f"job-{len(calls)}", "segment", {}), **options)
        return calls[-1]

    return start


def test_inside_slicer_it_is_slicers_interpreter(python_slicer_on_path, spawned, monkeypatch):
    monkeypatch.setitem(sys.modules, "slicer", types.ModuleType("slicer"))
    command, _ = spawned()
    assert Path(command[0]) == python_slicer_on_path


def test_elsewhere_it_is_this_one_even_if_slicer_is_on_the_path(python_slicer_on_path, spawned, monkeypatch):
    monkeypatch.delitem(sys.modules, "slicer", raising=False)
    command, _ = spawned()
    assert command[:3] == [sys.executable, "-m", "CLIPSLib"]


def test_this_software_comes_first_among_the_paths_and_the_others_stay(spawned, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert spawned()[1]["env"]["PYTHONPATH"] == os.pathsep.join([CORE, "/elsewhere"])
    monkeypatch.delenv("PYTHONPATH")
    assert spawned()[1]["env"]["PYTHONPATH"] == CORE


def test_variables_can_be_added(spawned, monkeypatch):
    monkeypatch.setenv("KEPT", "yes")
    environment = spawned(environment={"CUDA_VISIBLE_DEVICES": "-1"})[1]["env"]
    assert (environment["KEPT"], environment["CUDA_VISIBLE_DEVICES"]) == ("yes", "-1")


def test_the_process_has_no_terminal_and_no_input(spawned):
    options = spawned()[1]
    assert options["stdin"] == launch.subprocess.DEVNULL
    assert options.get("start_new_session") or options.get("creationflags")
