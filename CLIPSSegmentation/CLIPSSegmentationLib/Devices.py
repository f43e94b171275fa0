"""The devices that networks can run on, by the names people know. Asks no PyTorch, which is slow to load."""

from __future__ import annotations

import platform
import shutil
import subprocess

from slicer.i18n import tr as _

_PATIENCE_S = 5.0


def devices() -> list[tuple[str, str]]:
    """(name for the segmenters, name for people), the automatic choice first. Takes a fraction of a second."""
    found = [("auto", _("Automatic: graphics card where there is one"))]
    found += [("cuda", _("Graphics card: {name}").format(name=name)) for name in _nvidiaNames()[:1]]
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        found.append(("mps", _("Apple graphics (MPS; can be slower than the processor)")))
    found.append(("cpu", _("Processor (CPU): always possible, slow")))
    return found


def _nvidiaNames() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()] if done.returncode == 0 else []
