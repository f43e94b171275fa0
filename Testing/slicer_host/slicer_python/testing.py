"""`slicer.testing`: what `ctest` calls in a real Slicer."""

from __future__ import annotations

import sys
import unittest


def exitSuccess() -> None:
    pass


def exitFailure(message: str = "") -> None:
    raise RuntimeError(message)


def runUnitTest(path, testname: str) -> None:
    sys.path.extend([path] if isinstance(path, str) else path)
    suite = unittest.defaultTestLoader.loadTestsFromName(testname)
    if not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
        exitFailure(f"{testname} failed")
