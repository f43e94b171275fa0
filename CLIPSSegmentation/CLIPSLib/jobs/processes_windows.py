"""Processes on Windows, through its own interface and `taskkill`. Called by `processes`."""

from __future__ import annotations

import ctypes
import subprocess
from ctypes import wintypes

_QUERY_LIMITED_INFORMATION = 0x1000
_STILL_ACTIVE = 259


def start_of(pid: int) -> str | None:
    """When a process was created, in 100 ns since 1601; None when it does not run."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
    if not handle:
        return None
    handle = wintypes.HANDLE(handle)
    try:
        code = wintypes.DWORD()
        created, *rest = (wintypes.FILETIME() for _ in range(4))
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and kernel.GetProcessTimes(
            handle, ctypes.byref(created), *(ctypes.byref(time) for time in rest)
        )
    finally:
        kernel.CloseHandle(handle)
    # a process that ended keeps its number while somebody holds a handle of it
    if not known or code.value != _STILL_ACTIVE:
        return None
    return str((created.dwHighDateTime << 32) | created.dwLowDateTime)


def end_tree(pid: int) -> None:
    """Terminate a process and its descendants. What a process left behind when it ended cannot be found here."""
    subprocess.run(
        ["taskkill", "/F", "/T", "/PID", str(pid)],
        capture_output=True,
        check=False,
        creationflags=subprocess.CREATE_NO_WINDOW,
    )
