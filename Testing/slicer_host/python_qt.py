"""The module `qt`: PySide6 that behaves as PythonQt in Slicer, and raises where PythonQt differs or only prints.

PySide6's classes are changed in place, because a widget made by Qt itself (`findChild`, a `.ui` file) has no other
class. Properties become attributes, `connect("clicked(bool)", slot)` checks the signature, a misspelt attribute is an
error, and so are an int where an enum belongs and names that only Qt 6 has. `install()` is called by `host`.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import sys
import types

from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets, QtXml

from slicer_host import qt5_names, signatures

KITS = (QtCore, QtGui, QtWidgets, QtUiTools, QtNetwork, QtXml)

# What PySide6 does itself and PythonQt cannot: a panel that uses them would not load in Slicer.
_ONLY_PYSIDE = ("Signal", "Slot", "Property", "QtMsgType", "QEnum", "QFlag", "ClassInfo")

# Attribute access here would recurse: Qt calls these virtual functions itself while it reads them as properties.
_VIRTUAL = ("sizeHint", "minimumSizeHint")

# PythonQt hides these properties behind a static method of the same name (`lookForPropertyAndCache` in its
# PythonQtClassInfo.cpp): write `timer.setSingleShot(True)`.
_HIDDEN = {"QTimer": ("singleShot",)}

_ACCEPTED = {"bool": (bool,), "int": (int,), "double": (int, float), "float": (int, float), "QString": (str,)}

_read_property = QtCore.QObject.property
_write_property = QtCore.QObject.setProperty
_loading_ui: list[bool] = []
_plain_getattribute = QtCore.QObject.__getattribute__


class QtProperty:
    """A Q_PROPERTY as an attribute; on the class it stays PySide6's method."""

    def __init__(self, description, method) -> None:
        self.name = description.name()
        self.is_writable = description.isWritable()
        self.is_enum = description.isEnumType()
        self.accepted = _ACCEPTED.get(description.typeName())
        self.method = method

    def __get__(self, instance, owner=None):
        if instance is None:
            return self if self.method is None else self.method
        if self.is_enum and callable(self.method):
            return self.method(instance)  # the property would give a number
        value = _read_property(instance, self.name)
        return tuple(value) if isinstance(value, list) else value  # PythonQt gives a QStringList as a tuple

    def __set__(self, instance, value) -> None:
        where = f"{type(instance).__name__}.{self.name}"
        if not self.is_writable:
            raise AttributeError(f"{where} is read-only")
        if self.is_enum and not isinstance(value, enum.Enum):
            raise TypeError(f"{where} needs a member of its enum, not {value!r}")
        if self.accepted and not isinstance(value, self.accepted):
            raise TypeError(f"{where} needs {self.accepted[-1].__name__}, not {value!r}")
        if not _write_property(instance, self.name, list(value) if isinstance(value, tuple) else value):
            raise TypeError(f"{where} cannot be {value!r}")


@contextlib.contextmanager
def loading_ui():
    """Inside the block Qt makes the widgets of a `.ui` file."""
    _loading_ui.append(True)
    try:
        yield
    finally:
        _loading_ui.pop()


def install() -> types.ModuleType:
    """Change PySide6's classes (once per process) and give the module that `import qt` finds."""
    if "qt" in sys.modules:
        return sys.modules["qt"]
    _keep_singletons_alive()
    classes = list(_classes())
    for cls in classes:
        if issubclass(cls, QtCore.QObject):
            _properties_to_attributes(cls)
    for cls in classes:
        if cls is QtCore.QObject or "__getattribute__" in cls.__dict__:
            _add_signature_connect(cls)
        if "__setattr__" in cls.__dict__ and not issubclass(cls, enum.Enum):
            cls.__setattr__ = _set_known_attribute  # each class has its own: one on QObject would not be asked
    _add_names_of_python_qt()
    _refuse_int_for_enum(classes)
    qt5_names.refuse_names_of_qt6({kit.__name__: kit for kit in KITS})
    sys.modules["qt"] = _facade()
    return sys.modules["qt"]


def _keep_singletons_alive() -> None:
    """PySide6 6.12 takes references that it does not own: to True at each emit, to None at each QTableWidget.setItem.

    Python 3.11 aborts at the last one; from 3.12 on these objects have no references to lose.
    """
    if sys.version_info < (3, 12):
        for singleton in (True, None):
            ctypes.c_ssize_t.from_address(id(singleton)).value += 2**40


def _classes():
    seen = set()
    for kit in KITS:
        for name in dir(kit):  # not vars(): PySide6 makes its classes when they are asked for
            value = getattr(kit, name)
            if isinstance(value, type) and value not in seen:
                seen.add(value)
                yield value


def _facade() -> types.ModuleType:
    facade = types.ModuleType("qt", "PySide6 with the manners of PythonQt")
    for kit in KITS:
        for name in dir(kit):
            if not name.startswith("_") and name not in _ONLY_PYSIDE and name not in qt5_names.CLASSES:
                setattr(facade, name, getattr(kit, name))
    return facade


def _properties_to_attributes(cls) -> None:
    meta = cls.staticMetaObject
    for index in range(meta.propertyCount()):
        description = meta.property(index)
        name = description.name()
        if (
            name in _VIRTUAL
            or name in _HIDDEN.get(cls.__name__, ())
            or (index < meta.propertyOffset() and name not in cls.__dict__)
        ):
            continue
        method = getattr(cls, name, None)
        setattr(cls, name, QtProperty(description, None if isinstance(method, QtProperty) else method))


def _add_signature_connect(cls) -> None:
    """`connect` and `disconnect` by signature. PySide6 answers both in getattribute itself, so that is replaced."""
    plain = _plain_getattribute if cls is QtCore.QObject else cls.__dict__["__getattribute__"]
    special = {"connect": signatures.connect, "disconnect": signatures.disconnect}

    def getattribute(self, name):
        return types.MethodType(special[name], self) if name in special else plain(self, name)

    cls.__getattribute__ = getattribute


def _set_known_attribute(self, name: str, value) -> None:
    """Like PythonQt: a new attribute may be put on a class written in Python, not on one that Qt or Slicer made."""
    if _loading_ui and isinstance(value, QtCore.QObject) and not name.startswith("_"):
        return  # PySide6 puts the children of a .ui file on its top widget; PythonQt does not
    owner = type(self)
    known = next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)
    if isinstance(known, QtCore.Property):  # of a stand-in
        if known.fset is None:
            raise AttributeError(f"{owner.__name__}.{name} is read-only")
        known.fset(self, value)
    elif hasattr(type(known), "__set__"):
        known.__set__(self, value)
    elif (
        name.startswith("_")
        or isinstance(value, QtCore.SignalInstance)
        or not owner.__module__.startswith(("PySide6.", "slicer_host."))
    ):
        self.__dict__[name] = value
    elif known is None:
        raise AttributeError(f"{owner.__name__} has no property '{name}', and a new attribute cannot be made")
    else:
        raise AttributeError(f"{owner.__name__}.{name} is a method and cannot be replaced")


def _add_names_of_python_qt() -> None:
    QtCore.QObject.name = QtCore.QObject.__dict__["objectName"]
    QtCore.QObject.className = lambda self: self.metaObject().className()
    QtCore.QObject.delete = lambda self: self.deleteLater()
    for cls in (QtWidgets.QDialog, QtWidgets.QMessageBox, QtWidgets.QMenu):
        cls.exec_ = lambda self, *arguments: self.exec(*arguments)


def _refuse_int_for_enum(classes) -> None:
    """`Qt.Checked == 2` is True in PythonQt and silently False in PySide6: make it an error."""
    enums = [value for owner in (*classes, QtCore.Qt) for value in vars(owner).values() if isinstance(value, type)]
    for cls in enums:
        if issubclass(cls, enum.Enum) and not issubclass(cls, int):
            cls.__eq__, cls.__hash__ = _equal_members, enum.Enum.__hash__


def _equal_members(self, other):
    if type(other) is int:
        raise TypeError(f"{self} is compared with the number {other}: write the enum's member")
    return self.value == other.value if isinstance(other, type(self)) else NotImplemented
