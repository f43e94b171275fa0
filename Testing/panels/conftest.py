"""The host for panel tests; every test starts with an empty scene and fails on errors in slots and observers."""

from __future__ import annotations

import shutil

import builders_panel
import builders_training_panel
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


@pytest.fixture(scope="session")
def registry_template(phantom_study, tmp_path_factory):
    """A registry of three cases with a prediction each; to be copied."""
    return builders_training_panel.make_registry(tmp_path_factory.mktemp("registry") / "cases", phantom_study)


@pytest.fixture
def registry_folder(registry_template, tmp_path):
    """The registry of one test."""
    return shutil.copytree(registry_template, tmp_path / "registry")


@pytest.fixture
def training(host, own_data_folder, registry_folder):
    """The panel of CLIPS Training with a registry of three cases, read by "A. Reader"; none is open."""
    opened = builders_training_panel.TrainingPanel(host)
    opened.open_registry(registry_folder)
    return opened
