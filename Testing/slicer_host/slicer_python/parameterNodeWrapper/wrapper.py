"""The decorator `parameterNodeWrapper`: turns a class with typed names into typed access to a parameter node.

As Slicer's, a wrapper remembers the values and reads them again when the parameter node is modified: while a scene is
imported it reads references to nodes that are not there yet, and is not told when they come. Make a new wrapper then.
"""

from __future__ import annotations

import typing
import weakref

import qt
import slicer
import vtk

from slicer_host.slicer_python.parameterNodeWrapper.annotations import Default
from slicer_host.slicer_python.parameterNodeWrapper.connectors import connector_for
from slicer_host.slicer_python.parameterNodeWrapper.storage import storage_for

_PROPERTY = "SlicerParameterName"


class Parameter:
    """Name, type, storage and default of one member; as a descriptor it reads and writes the parameter node."""

    def __init__(self, name: str, hint, given) -> None:
        self.name, self.hint = name, hint
        self.storage = storage_for(hint)
        notes = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
        self.checks = [note.check for note in notes if hasattr(note, "check")]
        default = next((note.value for note in notes if isinstance(note, Default)), None)
        default = given if given is not None else default
        self.default = default if default is not None else self.storage.default()
        self.check(self.default)

    def check(self, value) -> None:
        if not self.storage.accepts(value):
            raise TypeError(f"the parameter {self.name} is a {self.hint} and cannot be {value!r}")
        for check in self.checks:
            check(value)

    def __get__(self, wrapper, owner=None):
        if wrapper is None:
            return self
        return wrapper._values[self.name]

    def read(self, node):
        if not self.storage.is_in(node, self.name):
            self.storage.write(node, self.name, self.default)
        return self.storage.read(node, self.name)

    def __set__(self, wrapper, value) -> None:
        self.check(value)
        with slicer.util.NodeModify(wrapper.parameterNode):
            self.storage.write(wrapper.parameterNode, self.name, value)
            wrapper._values[self.name] = self.read(wrapper.parameterNode)  # before anybody is told


class Wrapper:
    """What every wrapped class can do besides its parameters."""

    allParameters: typing.ClassVar[dict[str, Parameter]] = {}

    def __init__(self, parameterNode) -> None:
        vars(self).update(parameterNode=parameterNode, _guis={}, _tag=0, _showing=False, _values={})
        self._remember()
        remember = weakref.WeakMethod(self._remember)
        tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: remember()())
        weakref.finalize(self, parameterNode.RemoveObserver, tag)

    def _remember(self) -> None:
        for name, parameter in self.allParameters.items():
            self._values[name] = parameter.read(self.parameterNode)

    def __setattr__(self, name: str, value) -> None:
        if name not in self.allParameters and name not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")
        super().__setattr__(name, value)

    def getValue(self, name: str):
        return getattr(self, self._known(name))

    def setValue(self, name: str, value) -> None:
        setattr(self, self._known(name), value)

    def default(self, name: str) -> Default:
        return Default(self.allParameters[self._known(name)].default)

    @classmethod
    def dataType(cls, name: str):
        return cls.allParameters[cls._known(name)].hint

    @classmethod
    def _known(cls, name: str) -> str:
        if name not in cls.allParameters:
            raise ValueError(f"there is no parameter {name}, only {', '.join(cls.allParameters)}")
        return name

    def connectGui(self, gui) -> int:
        """Connect every widget that has the dynamic property SlicerParameterName."""
        widgets = gui.findChildren(qt.QWidget) if isinstance(gui, qt.QWidget) else vars(gui).values()
        named = {widget.property(_PROPERTY): widget for widget in widgets if widget.property(_PROPERTY)}
        return self.connectParametersToGui(named)

    def connectParametersToGui(self, mapping: dict) -> int:
        connectors = {name: connector_for(widget, self.dataType(name)) for name, widget in mapping.items()}
        self._tag += 1
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.on_changed(self._reader(name, connector))
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show(connectors))
        self._guis[self._tag] = connectors, observer
        return self._tag

    def disconnectGui(self, tag: int) -> None:
        """End a connection; a tag that is not connected is fine."""
        if tag in self._guis:
            connectors, observer = self._guis.pop(tag)
            self.RemoveObserver(observer)
            for connector in connectors.values():
                connector.on_changed(None)

    def _reader(self, name: str, connector):
        def take_from_widget() -> None:
            if not self._showing:
                self.setValue(name, connector.read())

        return take_from_widget

    def _show(self, connectors: dict) -> None:
        if self._showing:
            return
        self._showing = True
        try:
            for name, connector in connectors.items():
                connector.write(self.getValue(name))
        finally:
            self._showing = False

    def AddObserver(self, event, callback, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def parameterNodeWrapper(cls=None):
    """Class decorator, with or without parentheses."""
    if cls is None:
        return parameterNodeWrapper
    hints = typing.get_type_hints(cls, include_extras=True)
    reserved = [name for name in hints if hasattr(Wrapper, name)]
    if reserved:
        raise ValueError(f"the names {reserved} are reserved in a parameter node wrapper")
    parameters = {name: Parameter(name, hint, getattr(cls, name, None)) for name, hint in hints.items()}
    own = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    return type(cls.__name__, (Wrapper,), {**own, **parameters, "allParameters": parameters})


def isParameterNodeWrapper(class_or_object) -> bool:
    cls = class_or_object if isinstance(class_or_object, type) else type(class_or_object)
    return issubclass(cls, Wrapper)
