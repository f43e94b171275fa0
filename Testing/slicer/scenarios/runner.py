"""Finds and runs the scenarios beside this file. Called by `run.py`."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path


def run(folder: Path) -> int:
    """0 when all scenarios passed, 1 when one failed, 2 when none ran."""
    suite = unittest.defaultTestLoader.discover(str(folder), pattern="scenario_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    return 0 if result.testsRun > len(result.skipped) else 2
