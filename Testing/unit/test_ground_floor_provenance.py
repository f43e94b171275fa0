"""CLIPSLib/provenance.py: who made a result."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
from pathlib import Path

import CLIPSLib
import pytest
from CLIPSLib import provenance


def test_the_time_is_utc_to_the_second():
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", provenance.utc_now())


def test_the_software_names_itself_and_its_python():
    assert provenance.software() == {
        "name": "CLIPS",
        "version": provenance.VERSION,
        "python": platform.python_version(),
        "platform": sys.platform,
    }


def test_there_is_one_version():
    assert CLIPSLib.__version__ == provenance.VERSION
    try:
        assert importlib.metadata.version("slicer-clips") == provenance.VERSION
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("slicer-clips is not installed in this Python, only on its path")


def test_asking_for_library_versions_loads_no_library():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from CLIPSLib import provenance;"
        "assert provenance.library_versions() == {}; assert 'numpy' not in sys.modules;"
        "import numpy; assert provenance.library_versions() == {'numpy': numpy.__version__}"
    )
    core = Path(provenance.__file__).parent.parent
    subprocess.run([sys.executable, "-c", code, str(core)], check=True)
