"""Fixtures shared by all tests."""

from __future__ import annotations

import builders_phantom
import pytest


@pytest.fixture(scope="session")
def small_phantom(tmp_path_factory):
    """A small PET/CT phantom as DICOM (read only: tests that edit make their own)."""
    return builders_phantom.make(tmp_path_factory.mktemp("phantom") / "study")
