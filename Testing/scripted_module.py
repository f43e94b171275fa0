"""Loads a module file as Slicer does, with stand-ins for the few names that only the application provides.

Called by tests of the module file. slicer-core has the MRML engine and `slicer.util`, but no scripted-module layer.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
import unittest
from collections.abc import Iterator
from pathlib import Path

import pytest
from mrml_scene import slicer_scene


class ScriptedLoadableModule:
    def __init__(self, parent) -> None:
        self.parent = parent


class ScriptedLoadableModuleLogic:
    def __init__(self, parent=None) -> None:
        self.parent = parent


class ScriptedLoadableModuleTest(unittest.TestCase):
    def runTest(self) -> None:
        for name in sorted(name for name in dir(self) if name.startswith("test")):
            self.setUp()
            getattr(self, name)()
            self.tearDown()


@contextlib.contextmanager
def loaded_module(path: Path) -> Iterator[types.ModuleType]:
    """The Python module of a module file, inside a scene and with the stand-ins in place."""
    with slicer_scene(), pytest.MonkeyPatch.context() as patch:
        base = types.ModuleType("slicer.ScriptedLoadableModule")
        for each in (ScriptedLoadableModule, ScriptedLoadableModuleLogic, ScriptedLoadableModuleTest):
            setattr(base, each.__name__, each)
        i18n = types.ModuleType("slicer.i18n")
        i18n.tr, i18n.translate = lambda text: text, lambda context, text: text
        patch.setitem(sys.modules, base.__name__, base)
        patch.setitem(sys.modules, i18n.__name__, i18n)
        patch.setattr("slicer.app", types.SimpleNamespace(layoutManager=lambda: None), raising=False)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        yield module
