"""How a stand-in for a C++ widget of CTK or Slicer is written; used by `ctk_widgets`, `mrml_widgets` and their like.

PythonQt shows of such a class only its Q_PROPERTYs, slots and Q_INVOKABLEs. A stand-in has exactly those that a panel
may need, by the names in the C++ header: whatever else is called is an error, and so it would be in Slicer.
"""

from __future__ import annotations

import itertools
import sys
import types
import weakref

from PySide6 import QtCore

widget_classes: dict[str, type] = {}  # what QUiLoader can make, by class name

_ACCEPTED = {bool: (bool,), int: (int,), float: (int, float), str: (str,), "QStringList": (list, tuple)}
_number = itertools.count()


def stand_in(cls):
    """Class decorator: offers the class in `ctk` or `slicer`, and to `.ui` files."""
    widget_classes[cls.__name__] = cls
    home = ctk() if cls.__name__.startswith("ctk") else sys.modules["slicer"]
    setattr(home, cls.__name__, cls)
    return cls


def ctk() -> types.ModuleType:
    """The module that `import ctk` finds."""
    return sys.modules.setdefault("ctk", types.ModuleType("ctk", "Stand-ins for the Common Toolkit's classes"))


def prop(kind, default, changed: str = "", notify: str = ""):
    """A property of type `kind` (a type, or "QStringList").

    After a change the method named `changed` is called and the signal named `notify` is emitted with the value.
    """
    key = f"_property{next(_number)}"
    accepted = _ACCEPTED.get(kind, (kind,))

    def read(self):
        value = self.__dict__.get(key, default)
        return tuple(value) if kind == "QStringList" else value

    def write(self, value):
        require(self, value, accepted)
        if read(self) != value:
            self.__dict__[key] = value
            if changed:
                getattr(self, changed)()
            if notify:
                getattr(self, notify).emit(value)

    return QtCore.Property(kind, read, write)


def forwarded(kind, target: str, name: str):
    """A property that is the property `name` of the widget in the attribute `target`."""
    accepted = _ACCEPTED.get(kind, (kind,))

    def write(self, value):
        require(self, value, accepted)
        setattr(getattr(self, target), name, value)

    return QtCore.Property(kind, lambda self: getattr(getattr(self, target), name), write)


def shown(target: str):
    """A property that tells whether a part of the widget is shown, also while the widget itself is not."""

    def write(self, value):
        require(self, value, (bool,))
        getattr(self, target).visible = value

    return QtCore.Property(bool, lambda self: not getattr(self, target).isHidden(), write)


def require(widget, value, accepted: tuple) -> None:
    """Raise TypeError unless a property's new value has one of the accepted types."""
    if not isinstance(value, accepted):
        raise TypeError(f"a property of {type(widget).__name__} needs {accepted[-1].__name__}, not {value!r}")


class Following:
    """VTK observations that end with the widget they belong to, so that a closed panel is not called any more."""

    def __init__(self, widget, method_name: str) -> None:
        self._observed: list[tuple] = []
        self._widget = weakref.ref(widget)
        self._method_name = method_name
        widget.destroyed.connect(self.stop)

    def start(self, subject, *events) -> None:
        """Observe `subject` (or nothing, when None) instead of what was observed before."""
        self.stop()
        if subject is not None:
            self._observed = [(subject, subject.AddObserver(event, self._call)) for event in events]

    def stop(self, *_ignored) -> None:
        for subject, tag in self._observed:
            subject.RemoveObserver(tag)
        self._observed = []

    def _call(self, _subject, _event) -> None:
        widget = self._widget()
        if widget is not None:
            getattr(widget, self._method_name)()
