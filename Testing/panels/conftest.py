"""The host for panel tests; every test starts with an empty scene and fails on errors in slots and observers."""

from __future__ import annotations

import pytest
import slicer_host


@pytest.fixture(scope="session")
def started_host():
    """The one host of the process; skips where PySide6, slicer-core or the libraries they need cannot be loaded."""
    try:
        return slicer_host.start()
    except slicer_host.Unavailable as reason:
        pytest.skip(f"the Slicer host cannot start: {reason}")


@pytest.fixture
def host(started_host):
    started_host.reset()
    yield started_host
    started_host.check()
    started_host.reset()
