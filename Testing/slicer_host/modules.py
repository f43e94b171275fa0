"""`slicer.modules`: the modules that Slicer brings, and scripted modules loaded from their file. Used by `__init__`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import slicer
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Property, QObject, Signal

from slicer_host.mrml_widgets import qMRMLWidget
from slicer_host.stand_ins import prop, stand_in

# Modules of Slicer that a module may depend on and that need no logic here.
_WITHOUT_LOGIC = ("DICOM", "Data", "SampleData", "SegmentEditor", "SegmentStatistics", "SubjectHierarchy", "Welcome")


class Module(QObject):
    """qSlicerLoadableModule."""

    def __init__(self, name: str, logic=None) -> None:
        super().__init__()
        self._name, self._logic = name, logic

    name = Property(str, lambda self: self._name)
    title = Property(str, lambda self: self._name)
    path = Property(str, lambda self: "")

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        return None


class ScriptedModule(Module):
    """qSlicerScriptedLoadableModule: the `parent` of a module class, whose constructor fills these properties."""

    title = prop(str, "")
    categories = prop("QStringList", ())
    contributors = prop("QStringList", ())
    dependencies = prop("QStringList", ())
    associatedNodeTypes = prop("QStringList", ())
    helpText = prop(str, "")
    acknowledgementText = prop(str, "")
    hidden = prop(bool, False)
    index = prop(int, -1)
    icon = prop(QtGui.QIcon, QtGui.QIcon())

    def __init__(self, path: Path) -> None:
        super().__init__(path.stem)
        self._file, self._widget = path, None

    path = Property(str, lambda self: str(self._file))

    def widgetRepresentation(self):
        """The panel, made when it is first asked for; None for a module without a widget class."""
        if self._widget is None and hasattr(sys.modules[self._name], self._name + "Widget"):
            self._widget = qSlicerScriptedLoadableModuleWidget()
            self._widget._make(self._name)
        return self._widget


@stand_in
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The C++ widget around a scripted module's Python widget."""

    _entered = False

    def _make(self, module_name: str) -> None:
        self._module_name = module_name
        self.objectName = f"{module_name}ModuleWidget"
        QtWidgets.QVBoxLayout(self)
        self.setMRMLScene(slicer.mrmlScene)
        self.reload()

    def reload(self) -> None:
        """Make the Python widget, again after `slicer.util.reloadScriptedModule`; nobody enters that one."""
        self._python = getattr(sys.modules[self._module_name], self._module_name + "Widget")(self)
        setattr(slicer.modules, self._module_name + "Widget", self._python)
        self._python.setup()

    isEntered = Property(bool, lambda self: self._entered)

    def self(self):
        return self._python

    def enter(self) -> None:
        if not self._entered:
            self._entered = True
            getattr(self._python, "enter", lambda: None)()

    def exit(self) -> None:
        if self._entered:
            self._entered = False
            getattr(self._python, "exit", lambda: None)()


class ModuleManager(QObject):
    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)
    SIGNALS = ("moduleLoaded(QString)", "moduleAboutToBeUnloaded(QString)")

    def module(self, name: str):
        return getattr(slicer.modules, name.lower(), None)

    def modulesNames(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in vars(slicer.moduleNames) if not name.startswith("_")))


def install(logics: dict) -> None:
    """Make `slicer.modules` and `slicer.moduleNames` with the modules that Slicer brings."""
    for name in ("modules", "moduleNames"):
        module = types.ModuleType(f"slicer.{name}")
        setattr(slicer, name, module)
        sys.modules[module.__name__] = module
    slicer.qSlicerScriptedLoadableModule = ScriptedModule
    for name in (*logics, *_WITHOUT_LOGIC):
        _add(Module(name, logics.get(name)))


def load(path) -> ScriptedModule:
    """Load a scripted module from its file, as `--additional-module-paths` does."""
    path = Path(path).resolve()
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    python = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = python
    spec.loader.exec_module(python)
    module = ScriptedModule(path)
    instance = getattr(python, path.stem)(module)
    missing = [name for name in module.dependencies if not hasattr(slicer.modules, name.lower())]
    if missing:
        raise RuntimeError(f"{path.stem} depends on {', '.join(missing)}: load these first")
    _add(module)
    setattr(slicer.modules, path.stem + "Instance", instance)
    if hasattr(instance, "setup"):
        instance.setup()
    slicer.app.moduleManager().moduleLoaded.emit(path.stem)
    return module


def unload_all() -> None:
    """Take every scripted module away: its `exit` and `cleanup` run, then its widget goes."""
    for module in [each for each in vars(slicer.modules).values() if isinstance(each, ScriptedModule)]:
        if module._widget is not None:
            module._widget.exit()
            slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(module.name)
            module._widget.deleteLater()
        for name in (module.name.lower(), module.name + "Instance", module.name + "Widget"):
            vars(slicer.modules).pop(name, None)
        vars(slicer.moduleNames).pop(module.name, None)
        sys.modules.pop(module.name, None)


def _add(module: Module) -> None:
    setattr(slicer.modules, module.name.lower(), module)
    setattr(slicer.moduleNames, module.name, module.name)
