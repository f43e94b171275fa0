"""The host as tests hold it: start, open a panel, wait, look, and put everything back. Made by `slicer_host.start`."""

from __future__ import annotations

import atexit
import importlib
import sys
import time
from pathlib import Path

from slicer_host import python_qt

qt = python_qt.install()

from PySide6 import QtCore, QtWidgets  # noqa: E402  (after the classes were changed)

from slicer_host import application, dialogs, errors, imports, main_window, modules, ui_loader  # noqa: E402
from slicer_host.slicer_python import packaging  # noqa: E402

_WIDGETS = ("ctk_widgets", "ctk_inputs", "mrml_widgets", "node_selectors", "segment_widgets", "markups_widgets")
_WIDGETS += ("plot_widgets",)
_PYTHON_LAYER = ("i18n", "ScriptedLoadableModule", "parameterNodeWrapper")


class Host:
    """Slicer, as far as a scripted module's panel needs it."""

    answering = staticmethod(dialogs.answering)
    main_window = staticmethod(main_window.shown)
    packaging = packaging

    def __init__(self) -> None:
        import slicer

        qt.QUiLoader = ui_loader.QUiLoader
        dialogs.install()
        self.app = application.start()
        for name in _WIDGETS:
            importlib.import_module(f"slicer_host.{name}")
        for name in _PYTHON_LAYER:
            layer = importlib.import_module(f"slicer_host.slicer_python.{name}")
            sys.modules[f"slicer.{name}"] = layer
            setattr(slicer, name, layer)
        imports.install()
        for name in ("SampleData", "DICOMLib"):
            sys.modules[name] = importlib.import_module(f"slicer_host.slicer_python.{name}")
        sys.modules["DICOMLib.DICOMUtils"] = sys.modules["DICOMLib"].DICOMUtils
        sys.modules["DICOMLib"].install()
        errors.start_recording()
        self.reset()
        atexit.register(self.reset)  # VTK must not meet widgets and observers that Python already took away

    @property
    def dialogs(self) -> list[dialogs.Shown]:
        """The dialogs shown since the last `reset`."""
        return dialogs.shown

    def load_module(self, path):
        """Load a module file without opening its panel; `startupCompleted` is emitted as after Slicer's start."""
        module = modules.load(path)
        self.app.startupCompleted.emit()
        return module

    def open_panel(self, path):
        """Load a module, open its panel and enter it; gives the module's Python widget."""
        widget = self.load_module(path).widgetRepresentation()
        widget.enter()
        return widget.self()

    def wait_until(self, condition, timeout_s: float = 30.0) -> None:
        """Keep the interface alive until `condition()` is true; AssertionError after the timeout."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not reached within {timeout_s:g} s: {condition}")
            self.app.processEvents(QtCore.QEventLoop.AllEvents, 20)
            time.sleep(0.005)

    def process_events(self) -> None:
        """Let everything happen that waits in the event queue, deletions too."""
        self.app.processEvents()
        self.app.sendPostedEvents(None, QtCore.QEvent.DeferredDelete.value)

    def screenshot(self, widget, path, width: int = 500) -> Path:
        """A picture of a panel (or any widget) at its natural height."""
        top = getattr(widget, "parent", widget) if not isinstance(widget, QtWidgets.QWidget) else widget
        top.show()
        top.resize(width, 10)
        self.process_events()
        hint = top.layout().totalHeightForWidth(width) if top.layout() and top.layout().hasHeightForWidth() else 0
        top.resize(width, max(hint, top.sizeHint().height()))
        self.process_events()
        if not top.grab().save(str(path)):
            raise OSError(f"cannot write {path}")
        return Path(path)

    def check(self) -> None:
        """Raise what went wrong in slots and observers since the last time."""
        self.process_events()
        errors.raise_unhandled()

    def reset(self) -> None:
        """Take modules, nodes, settings and records away, as before the first test."""
        import slicer

        modules.unload_all()
        self.process_events()
        slicer.mrmlScene.Clear(0)
        for class_name in ("vtkMRMLScriptedModuleNode", "vtkMRMLSegmentEditorNode"):
            for node in slicer.util.getNodesByClass(class_name):
                slicer.mrmlScene.RemoveNode(node)
        QtCore.QSettings().clear()
        sys.modules["DICOMLib"].reset()
        sys.modules["SampleData"].reset()
        packaging.reset()
        imports.forget()
        slicer.selfTests = {}
        dialogs.shown.clear()
        errors.unhandled.clear()
        self.app._exit_code = None
