"""Processes by number and time of start, and the end of a whole tree of them. Called by `job`, `launch`, `reporter`.

A number alone would not do: systems give the numbers of dead processes to new ones. Nothing but the standard library
and the system's own tools, since Slicer bundles no more.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from CLIPSLib.errors import Failure

if sys.platform == "win32":
    from CLIPSLib.jobs import processes_windows as system
else:
    from CLIPSLib.jobs import processes_posix as system


@dataclass(frozen=True)
class ProcessId:
    """One process for all time. started: as the system tells it, to compare only; host: the machine it runs on."""

    pid: int
    started: str
    host: str


def identify(pid: int) -> ProcessId | None:
    """The process that has this number now; None when there is none, or only the remains of one."""
    started = system.start_of(pid)
    return None if started is None else ProcessId(pid, started, platform.node())


def this_process() -> ProcessId:
    """The process that runs this."""
    process = identify(os.getpid())
    if process is None:
        raise Failure("no-process-times", "The system does not tell when its processes started", platform.platform())
    return process


def launched(pid: int) -> ProcessId:
    """The process just started with this number; if it has ended at once, one that counts as ended."""
    return identify(pid) or ProcessId(pid, "", platform.node())


def is_running(process: ProcessId) -> bool:
    """False when the process is known to have ended. Of another machine's processes nothing can be known here."""
    return process.host != platform.node() or identify(process.pid) == process


def end_tree(process: ProcessId) -> None:
    """End a process and all it started, at once; of one that has ended already, what it left behind (not on Windows).

    Processes of other machines, and later processes that bear the same number, are left alone.
    """
    if process.host != platform.node():
        return
    found = identify(process.pid)
    if found in (None, process):
        system.end_tree(process.pid)


def lead_own_group() -> None:
    """Make this process the head of a group, by which `end_tree` finds what it left behind (POSIX)."""
    if sys.platform != "win32" and os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
