"""QUiLoader for `.ui` files with stand-ins in them. `slicer.util.loadUI` uses it as `qt.QUiLoader`.

Qt itself cannot connect signals of stand-ins that carry MRML types: the connections are taken out of the file and made
in Python, with the same checks as in code.
"""

from __future__ import annotations

import functools
import operator
import xml.etree.ElementTree as ET

from PySide6 import QtCore, QtUiTools, QtWidgets

from slicer_host import python_qt
from slicer_host.stand_ins import widget_classes


class QUiLoader(QtUiTools.QUiLoader):
    def createWidget(self, className, parent=None, name=""):
        cls = widget_classes.get(className) or getattr(QtWidgets, className, None)
        if cls is None:
            raise RuntimeError(f"the host has no stand-in for {className} (widget {name})")
        widget = cls(parent)
        widget.objectName = name
        return widget

    def load(self, device, parent=None):
        root = ET.fromstring(device.readAll().data())
        connections = _take_connections(root)
        _write_flags_as_numbers(root)
        _check_custom_classes(root)
        buffer = QtCore.QBuffer()
        buffer.setData(ET.tostring(root))
        buffer.open(QtCore.QIODevice.ReadOnly)
        with python_qt.loading_ui():
            top = super().load(buffer, parent)
        if top is None:
            raise RuntimeError(self.errorString())
        _refuse_unknown_properties(root, top)
        for sender, signal, receiver, slot in connections:
            target = getattr(_child(top, receiver), slot.split("(")[0])
            _child(top, sender).connect(signal, target)
        return top


def _child(top, name: str):
    found = top if top.objectName == name else top.findChild(QtCore.QObject, name)
    if found is None:
        raise RuntimeError(f"a connection names {name}, which the .ui file does not have")
    return found


def _take_connections(root) -> list[tuple[str, ...]]:
    parent = root.find("connections")
    found = [] if parent is None else list(parent)
    for element in found:
        parent.remove(element)
    return [tuple(element.findtext(tag) for tag in ("sender", "signal", "receiver", "slot")) for element in found]


def _write_flags_as_numbers(root) -> None:
    """`<set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable</set>`: Qt knows only the enums of its own classes."""
    for element in root.iter("property"):
        value = element.find("set")
        names = value.text.split("|") if value is not None and value.text else []
        if names and names[0].split("::")[0] in widget_classes:
            flags = [getattr(widget_classes[owner], flag) for owner, flag in (name.split("::") for name in names)]
            value.tag, value.text = "number", str(int(functools.reduce(operator.or_, flags)))


def _check_custom_classes(root) -> None:
    """A class that Qt does not know must be declared, or Slicer's loader makes a plain widget of it."""
    declared = {element.findtext("class") for element in root.iter("customwidget")}
    for element in root.iter("widget"):
        name = element.get("class")
        if name in widget_classes and name not in declared:
            raise RuntimeError(f"{name} is used in the .ui file and missing from its <customwidgets>")


def _refuse_unknown_properties(root, top) -> None:
    """A property that a class does not have becomes a dynamic one in silence; only those marked so may."""
    for element in root.iter("widget"):
        widget = _child(top, element.get("name"))
        known = {widget.metaObject().property(i).name() for i in range(widget.metaObject().propertyCount())}
        for prop in element.findall("property"):
            if prop.get("name") not in known and prop.get("stdset") != "0":
                raise RuntimeError(f"{element.get('class')} {element.get('name')} has no property {prop.get('name')}")
