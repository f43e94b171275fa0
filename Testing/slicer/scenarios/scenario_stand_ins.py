"""The stand-ins of the host offer only what the real widgets have: otherwise panel tests would allow too much.

The host's files are read as text, because Slicer has no PySide6 to import them with.
"""

import ast
import unittest
from pathlib import Path
from typing import NamedTuple

import ctk
import slicer

HOST = Path(__file__).resolve().parents[2] / "slicer_host"
# Virtual functions of Qt that a stand-in overrides to draw itself.
_OVERRIDDEN = {"hitButton", "paintEvent"}


class Offered(NamedTuple):
    """What a stand-in offers: names of properties and methods, signatures of signals."""

    names: set[str]
    signals: tuple[str, ...]


def offered_by_stand_ins() -> dict[str, Offered]:
    """Class name -> what it offers, for every class with the decorator `stand_in`."""
    found = {}
    for path in sorted(HOST.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(each, ast.Name) and each.id == "stand_in" for each in node.decorator_list
            ):
                found[node.name] = _offered(node)
    return found


def _offered(cls: ast.ClassDef) -> Offered:
    names, signals = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)}, ()
    for node in cls.body:
        if isinstance(node, ast.Assign):
            targets = [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            names.update(targets)
            if targets == ["SIGNALS"]:
                signals = ast.literal_eval(node.value)
    public = {name for name in names if not name.startswith("_")}
    return Offered(public - _OVERRIDDEN - {"SIGNALS"}, signals)


class StandInsScenario(unittest.TestCase):
    def test_every_name_and_signal_exists_in_slicer(self) -> None:
        for class_name, offered in offered_by_stand_ins().items():
            with self.subTest(class_name):
                real = getattr(ctk if class_name.startswith("ctk") else slicer, class_name)()
                self.assertEqual([name for name in sorted(offered.names) if not hasattr(real, name)], [])
                unknown = [each for each in offered.signals if not real.connect(each, lambda *values: None)]
                self.assertEqual(unknown, [])
