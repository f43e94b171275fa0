"""Checkpoints: whole or not there, the one before when one is damaged, nothing in them runs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import CLIPSLib
import pytest
from CLIPSLib.errors import Failure
from CLIPSLib.progress import SILENT, RecordingReporter

torch = pytest.importorskip("torch")

from CLIPSLib.training import checkpoints as module  # noqa: E402
from CLIPSLib.training import tensor_files  # noqa: E402
from CLIPSLib.training.checkpoints import BEST, Checkpoints  # noqa: E402


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def core_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(CLIPSLib.__file__).parent.parent)}


def save(checkpoints, step, **options):
    return checkpoints.save(step, {"network": {"w": torch.full((3,), float(step))}}, {"step": step}, **options)


def test_what_was_saved_comes_back(checkpoints):
    save(checkpoints, 5)
    saved = checkpoints.newest(SILENT)
    assert (saved.step, saved.state) == (5, {"step": 5})
    assert torch.equal(saved.tensors["network"]["w"], torch.full((3,), 5.0))


def test_there_is_none_before_the_first(checkpoints):
    assert checkpoints.newest(SILENT) is None


def test_the_last_two_stay_and_those_to_keep(checkpoints):
    for step in (1, 2, 3, 4):
        save(checkpoints, step, keep=step == 1)
    assert sorted(path.name for path in checkpoints.folder.glob("*.pt")) == [
        "step-00000001.pt",
        "step-00000003.pt",
        "step-00000004.pt",
    ]


def test_only_the_run_itself_moves_a_damaged_one_away(checkpoints):
    """To an export beside a running run, one that is just being replaced looks damaged."""
    save(checkpoints, 1)
    save(checkpoints, 2).write_bytes(b"being replaced")
    assert checkpoints.newest(SILENT).step == 1
    assert (checkpoints.folder / "step-00000002.pt").exists()
    assert checkpoints.newest(SILENT, put_aside=True).step == 1
    assert (checkpoints.folder / "damaged-step-00000002.pt").exists()


def test_killed_while_the_same_step_is_saved_again_falls_back_without_alarm(checkpoints, monkeypatch):
    save(checkpoints, 1)
    save(checkpoints, 2)
    monkeypatch.setattr(module, "write_json", lambda *a, **b: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(2, {"network": {"w": torch.ones(1)}}, {})
    reporter = RecordingReporter()
    assert checkpoints.newest(reporter).step == 1
    assert not reporter.cautions


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "gone", "note cut"])
def test_a_damaged_one_is_named_and_the_one_before_used(checkpoints, damage):
    save(checkpoints, 1)
    path = save(checkpoints, 2)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "note cut":
        path.with_suffix(".json").write_text("{")
    else:
        new = {"cut": content[:-10], "changed": content[:200] + b"x" + content[201:], "emptied": b""}
        path.write_bytes(new[damage])
    reporter = RecordingReporter()
    assert checkpoints.newest(reporter).step == 1
    assert [caution.code for caution in reporter.cautions] == ["checkpoint-damaged"]
    assert "step-00000002" in str(reporter.cautions[0])


def test_when_all_are_damaged_it_is_said_instead_of_starting_anew(checkpoints):
    save(checkpoints, 1).write_bytes(b"")
    with pytest.raises(Failure, match="All 1 checkpoints of the run are damaged"):
        checkpoints.newest(SILENT)


def test_one_that_was_not_finished_does_not_count(checkpoints, monkeypatch):
    """Killed between the tensors and the small file with their hash."""
    save(checkpoints, 1)
    monkeypatch.setattr(module, "write_json", lambda *a, **b: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        save(checkpoints, 2)
    assert checkpoints.newest(SILENT).step == 1


class _Disk(io.FileIO):
    """A disk with 64 kB left."""

    def write(self, data) -> int:
        if self.tell() + len(data) > 65536:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_a_full_disk_is_a_sentence_and_harms_nothing(checkpoints, monkeypatch):
    save(checkpoints, 1)
    monkeypatch.setattr(tensor_files, "open", lambda path, mode: _Disk(path, mode), raising=False)
    with pytest.raises(Failure, match="The disk is full"):
        checkpoints.save(2, {"network": {"w": torch.zeros(100_000)}}, {})
    assert checkpoints.newest(SILENT).step == 1
    assert not list(checkpoints.folder.glob(".writing*"))


@pytest.mark.skipif(os.name != "posix", reason="a limit on the size of files stands for the disk")
def test_a_disk_that_is_really_full_is_a_sentence_too(tmp_path):
    """PyTorch's archive answers a refused write with a RuntimeError of its own."""
    program = f"""
import resource, signal, torch
from CLIPSLib.training.checkpoints import Checkpoints
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
Checkpoints(__import__("pathlib").Path({str(tmp_path)!r})).save(1, {{"network": {{"w": torch.zeros(100_000)}}}}, {{}})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=core_environment())
    assert "CLIPSLib.errors.Failure: Cannot write: File too large" in done.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_in_a_checkpoint_is_run(checkpoints, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = checkpoints.save(1, {"network": {}}, {})
    torch.save({"tensors": Evil(), "state": "{}"}, path)
    note = path.with_suffix(".json")
    note.write_text(note.read_text().replace(sha_in(note), module.sha256_file(path)))
    with pytest.raises(Failure):
        checkpoints.newest(SILENT)
    assert not (tmp_path / "ran").exists()


def sha_in(note):
    import json

    return json.loads(note.read_text())["sha256"]


def test_later_ones_are_removed_when_a_run_goes_back(checkpoints):
    for step in (1, 2):
        save(checkpoints, step)
        save(checkpoints, step, kind=BEST)
    checkpoints.remove_after(1)
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == [
        "best-00000001.json",
        "best-00000001.pt",
        "step-00000001.json",
        "step-00000001.pt",
    ]
