"""What went wrong where no caller could see it: in slots, VTK observers, and what Qt itself complained about.

Slicer prints these and, with `--testing`, ends with a failure; `host.check()` raises them at the end of a test.
"""

from __future__ import annotations

import sys
import traceback

import vtk
from PySide6 import QtCore

# Complaints of Qt about wrong calls. Others, of the offscreen platform and of fonts, say nothing about a panel.
_WRONG_CALLS = (
    "QObject::",
    "QLayout",
    "QFormLayout",
    "QWidget::",
    "QTimer",
    "QPainter",
    "QProcess: Destroyed",
    "QThread",
)

unhandled: list[str] = []


def start_recording() -> None:
    """From now on keep unhandled exceptions and complaints of Qt and VTK in `unhandled`; they are printed as well."""
    sys.excepthook = _keep_exception
    QtCore.qInstallMessageHandler(_keep_complaint)
    vtk.vtkOutputWindow.GetInstance().AddObserver("ErrorEvent", _keep_vtk_error)


def raise_unhandled() -> None:
    """Raise what was recorded since the last call, if anything."""
    found, unhandled[:] = list(unhandled), []
    if found:
        raise AssertionError("unhandled errors in slots or observers:\n" + "\n".join(found))


def _keep_exception(kind, value, trace) -> None:
    unhandled.append("".join(traceback.format_exception(kind, value, trace)))
    sys.__excepthook__(kind, value, trace)


@vtk.calldata_type(vtk.VTK_STRING)
def _keep_vtk_error(_window, _event, text: str) -> None:
    unhandled.append(f"VTK: {text}")


def _keep_complaint(kind, _context, message: str) -> None:
    if message.startswith(_WRONG_CALLS):
        unhandled.append(f"Qt: {message}")
    if kind is not QtCore.QtMsgType.QtDebugMsg:
        print(message, file=sys.stderr)
