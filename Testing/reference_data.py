"""Where tests find the reference data (real patients, published vectors), or skip, saying so.

The data live beside the repository in `../shared/data`, not in it. They are unpacked once into a cache folder.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = Path(os.environ.get("CLIPS_REFERENCE_DATA", REPOSITORY.parent / "shared" / "data"))


def path(*parts: str) -> Path:
    """The path of an unpacked item (`path("sts", "STS_001")`); skips the test where it is absent."""
    if not (SOURCE / "unpack.sh").is_file():
        pytest.skip(f"reference data absent: {SOURCE} (set CLIPS_REFERENCE_DATA to their folder)")
    folder, problem = _unpacked()
    if problem:
        pytest.skip(f"reference data cannot be unpacked (is xz-utils installed?): {problem}")
    item = folder.joinpath(*parts)
    if not item.exists():
        pytest.skip(f"reference data lack {'/'.join(parts)}")
    return item


@functools.cache
def _unpacked() -> tuple[Path, str]:
    """Unpack once for all test processes: into a private folder that is then renamed (the first one wins).

    Returns the folder, and why it could not be filled ("" when it was).
    """
    stamp = int((SOURCE / "README.md").stat().st_mtime)
    cache = Path(tempfile.gettempdir()) / f"clips-reference-{os.getuid() if hasattr(os, 'getuid') else 0}-{stamp}"
    problem = ""
    if not cache.is_dir():
        private = Path(tempfile.mkdtemp(prefix="clips-unpacking-"))
        done = subprocess.run(["bash", str(SOURCE / "unpack.sh"), str(private)], capture_output=True, text=True)
        try:
            if done.returncode == 0:
                private.rename(cache)
            else:
                problem = done.stderr.strip().splitlines()[0]
        except OSError:  # another process was faster
            problem = "" if cache.is_dir() else f"{cache} cannot be made"
        finally:
            shutil.rmtree(private, ignore_errors=True)
    return cache, problem
