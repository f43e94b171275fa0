"""Parts of `slicer` that are not there before they are imported, as in Slicer. Used by `host`.

`import slicer` does not bring `slicer.packaging`: who writes `slicer.packaging.pip_ensure(...)` without importing it
gets an AttributeError on the machine of a user, unless another module happened to import it before.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys

import slicer

_LAZY = ("packaging", "testing")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, path, target=None):
        package, _dot, name = fullname.rpartition(".")
        return importlib.machinery.ModuleSpec(fullname, self) if package == "slicer" and name in _LAZY else None

    def create_module(self, spec):
        return importlib.import_module(f"slicer_host.slicer_python.{spec.name.rpartition('.')[2]}")

    def exec_module(self, module) -> None:
        """It was when it was made."""


def install() -> None:
    """Let `import slicer.packaging` find the host's. Called once."""
    sys.meta_path.insert(0, _Finder())


def forget() -> None:
    """As after the start of Slicer: nobody has imported any of them."""
    for name in _LAZY:
        sys.modules.pop(f"slicer.{name}", None)
        vars(slicer).pop(name, None)
