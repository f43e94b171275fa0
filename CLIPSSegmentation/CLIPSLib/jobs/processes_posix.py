"""Processes on Linux (from /proc) and on macOS and other Unix systems (from ps). Called by `processes`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()
_LONGEST_HUNT_S = 5.0


def start_of(pid: int) -> str | None:
    """When a process started, in the system's own terms; None when it does not run (a zombie does not)."""
    if _HAS_PROC:
        fields = _stat(pid)
        return None if fields is None or fields[0] in "ZX" else f"{_boot()}/{fields[19]}"
    words = _ps("-o", "stat=,lstart=", "-p", str(pid)).split(maxsplit=1)
    return None if len(words) < 2 or words[0].startswith("Z") else words[1].strip()


def end_tree(pid: int) -> None:
    """Kill a process, its descendants, and the group it leads, which also holds those that lost their parent."""
    give_up = time.monotonic() + _LONGEST_HUNT_S
    while time.monotonic() < give_up:  # again and again: a process can start another while it is being ended
        hunted = _tree(pid)
        if not hunted:
            return
        for target in hunted:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(target, signal.SIGKILL)
        time.sleep(0.02)


def _tree(root: int) -> set[int]:
    table = _table()
    found = {pid for pid, (_, group) in table.items() if root in (pid, group)}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return found


def _table() -> dict[int, tuple[int, int]]:
    """Parent and group of every running process."""
    if not _HAS_PROC:
        rows = [line.split() for line in _ps("-axo", "pid=,ppid=,pgid=,stat=").splitlines()]
        return {int(pid): (int(parent), int(group)) for pid, parent, group, state in rows if state[0] != "Z"}
    stats = {int(entry.name): _stat(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit()}
    return {pid: (int(stat[1]), int(stat[2])) for pid, stat in stats.items() if stat and stat[0] not in "ZX"}


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on: state, parent, group, ...; the name before them may hold blanks.

    Source: man 5 proc_pid_stat.
    """
    try:
        content = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return content.rpartition(")")[2].split()


def _boot() -> str:
    """Which start of the machine this is: /proc counts from there."""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _ps(*arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, env=environment, check=False).stdout
