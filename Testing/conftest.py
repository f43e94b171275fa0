"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import uuid

import builders_phantom
import pytest
from hypothesis import settings

# Where tests run in several processes, these are the parallelism: threads of networks would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A loaded machine is slow, not wrong: no deadline. Equal runs try equal examples.
settings.register_profile("clips", deadline=None, derandomize=True)
settings.load_profile("clips")


@pytest.fixture(scope="session")
def small_phantom(tmp_path_factory):
    """A small PET/CT phantom as DICOM (read only: tests that edit make their own)."""
    return builders_phantom.make(tmp_path_factory.mktemp("phantom") / "study")


@pytest.fixture(scope="module")
def one_thread():
    """Networks compute with one thread: their results repeat bit by bit, and small ones are faster."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def no_models_of_this_machine(monkeypatch, tmp_path_factory):
    """Each test has a model store of its own, empty at first; none sees the user's."""
    monkeypatch.setenv("CLIPS_HOME", str(tmp_path_factory.getbasetemp() / f"clips-home-{uuid.uuid4().hex}"))
