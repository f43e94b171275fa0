"""Which widget can show which type of parameter, and how. Used by `wrapper`.

As in Slicer the exact class of the widget counts, QRadioButton, QPlainTextEdit and tables cannot be bound, a slider
needs bounds, a combo box choices, a button must be checkable.
"""

from __future__ import annotations

import enum
import math
import pathlib
import typing
from typing import NamedTuple

from slicer_host.slicer_python.parameterNodeWrapper import annotations
from slicer_host.slicer_python.parameterNodeWrapper.storage import node_classes


class _Kind(NamedTuple):
    widgets: tuple[str, ...]
    types: tuple[type, ...]
    property_name: str
    signal: str


_KINDS = (
    _Kind(("QCheckBox", "ctkCheckBox"), (bool,), "checked", "stateChanged"),
    _Kind(("QPushButton", "ctkCheckablePushButton"), (bool,), "checked", "toggled"),
    _Kind(("QSlider", "QSpinBox"), (int,), "value", "valueChanged"),
    _Kind(
        ("QDoubleSpinBox", "ctkDoubleSpinBox", "ctkSliderWidget", "qMRMLSliderWidget", "qMRMLSpinBox"),
        (float, int),
        "value",
        "valueChanged",
    ),
    _Kind(("QLineEdit", "QLabel"), (str,), "text", "textChanged"),
    _Kind(("QTextEdit",), (str,), "plainText", "textChanged"),
    _Kind(("ctkPathLineEdit",), (pathlib.PurePath,), "currentPath", "currentPathChanged"),
    _Kind(("ctkDirectoryButton",), (pathlib.PurePath,), "directory", "directoryChanged"),
)
_COMBO_BOXES = ("QComboBox", "ctkComboBox")


def connector_for(widget, hint):
    """The connector of a widget and a type; RuntimeError when Slicer could not connect them."""
    name, (kind, notes) = type(widget).__name__, _split(hint)
    if name == "qMRMLNodeComboBox" and node_classes(hint):
        return NodeConnector(widget, node_classes(hint))
    if name in _COMBO_BOXES and isinstance(kind, type):
        return ChoiceConnector(widget, kind, notes)
    for each in _KINDS:
        if name in each.widgets and isinstance(kind, type) and issubclass(kind, each.types):
            return PropertyConnector(widget, kind, notes, each)
    raise RuntimeError(f"a parameter of type {hint} cannot be connected to a {name}")


class _Connector:
    def __init__(self, widget, signal: str) -> None:
        self.widget, self.signal, self.callback = widget, signal, None

    def on_changed(self, callback) -> None:
        """Call `callback` after each change by the user; None ends that."""
        if type(self.widget).__name__ == "QLabel":
            return  # it cannot be changed by a user
        if self.callback is not None:
            getattr(self.widget, self.signal).disconnect(self.callback)
        self.callback = callback
        if callback is not None:
            getattr(self.widget, self.signal).connect(callback)


class PropertyConnector(_Connector):
    def __init__(self, widget, kind, notes, description: _Kind) -> None:
        super().__init__(widget, description.signal)
        self.kind, self.name = kind, description.property_name
        if kind is bool and not widget.checkable:
            raise RuntimeError("a button that shows a parameter must be checkable")
        if self.name == "value":
            _set_bounds(widget, kind, notes)

    def read(self):
        value = getattr(self.widget, self.name)
        return value if isinstance(value, self.kind) else self.kind(value)

    def write(self, value) -> None:
        setattr(self.widget, self.name, str(value) if isinstance(value, pathlib.PurePath) else value)


class ChoiceConnector(_Connector):
    """A combo box with the members of an enum (by their `label()`, else name) or the choices of an annotation."""

    def __init__(self, widget, kind, notes) -> None:
        super().__init__(widget, "currentIndexChanged")
        choice = _find(notes, annotations.Choice)
        if issubclass(kind, enum.Enum):
            self.values = list(kind)
            texts = [each.label() if hasattr(each, "label") else each.name for each in kind]
        elif choice:
            self.values, texts = list(choice.choices), [str(each) for each in choice.choices]
        else:
            raise RuntimeError("a combo box needs an enum or the annotation Choice")
        widget.clear()
        for text in texts:
            widget.addItem(text)

    def read(self):
        return self.values[self.widget.currentIndex]

    def write(self, value) -> None:
        self.widget.currentIndex = self.values.index(value)


class NodeConnector(_Connector):
    def __init__(self, widget, classes: list[str]) -> None:
        super().__init__(widget, "currentNodeChanged")
        widget.nodeTypes = classes

    def read(self):
        return self.widget.currentNode()

    def write(self, value) -> None:
        self.widget.setCurrentNode(value)


def _split(hint):
    if typing.get_origin(hint) is typing.Annotated:
        kind, *notes = typing.get_args(hint)
        return kind, notes
    return hint, []


def _find(notes, *classes):
    return next((note for note in notes if isinstance(note, classes)), None)


def _set_bounds(widget, kind, notes) -> None:
    """The parameter's bounds become the widget's; without any, a spin box must not clip at its default of 99."""
    low = _find(notes, annotations.WithinRange, annotations.Minimum)
    high = _find(notes, annotations.WithinRange, annotations.Maximum)
    name = type(widget).__name__
    if name in ("QSlider", "ctkSliderWidget", "qMRMLSliderWidget") and not (low and high):
        raise RuntimeError("a slider needs a parameter with a minimum and a maximum")
    decimals = _find(notes, annotations.Decimals)
    if name not in ("QSlider", "QSpinBox") and (kind is int or decimals):
        widget.decimals = 0 if kind is int else decimals.value
    unlimited = (-(2**31), 2**31 - 1) if name in ("QSlider", "QSpinBox") else (-math.inf, math.inf)
    widget.minimum = low.minimum if low else unlimited[0]
    widget.maximum = high.maximum if high else unlimited[1]
    step = _find(notes, annotations.SingleStep)
    if step:
        widget.singleStep = step.value
