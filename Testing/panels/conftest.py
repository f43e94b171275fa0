"""The host for panel tests; every test starts with an empty scene and fails on errors in slots and observers."""

from __future__ import annotations

import builders_panel
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


@pytest.fixture(scope="session")
def phantom_study(small_phantom):
    """The small phantom as a study, read once."""
    from CLIPSLib import load_study

    return load_study(small_phantom)


@pytest.fixture
def own_data_folder(monkeypatch, tmp_path):
    """Jobs and models of one test."""
    monkeypatch.setenv("CLIPS_HOME", str(tmp_path / "clips-home"))
    return tmp_path / "clips-home"


@pytest.fixture
def opened(host, own_data_folder):
    """The panel of CLIPS Segmentation, open and empty."""
    return builders_panel.OpenPanel(host)
