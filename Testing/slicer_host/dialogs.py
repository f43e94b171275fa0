"""Dialogs in tests: each is recorded instead of shown, and answered by what the test said before.

In testing mode, as in Slicer, `slicer.util` shows nothing and takes defaults. Under `answering(...)` the interactive
paths run: every dialog takes the next answer, and one without an answer is an error, for it would wait forever.
"""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

from PySide6 import QtWidgets

from slicer_host import main_window


class Shown(NamedTuple):
    """A dialog that a user would have seen."""

    kind: str
    title: str
    text: str
    details: str = ""


shown: list[Shown] = []
_answers: list[Any] = []


@contextlib.contextmanager
def answering(*answers):
    """Inside the block testing mode is off and dialogs get these answers in turn; all of them must be used.

    An answer is what the dialog returns (a button, a path, a text), or a function of the dialog that gives it.
    """
    import slicer

    options = slicer.app.commandOptions()
    options._testing, _answers[:] = False, answers
    try:
        with main_window.shown():  # without one, slicer.util shows nothing
            yield shown
        if _answers:
            raise AssertionError(f"these answers were not asked for: {_answers}")
    finally:
        options._testing, _answers[:] = True, ()


def install() -> None:
    """Replace what opens a modal dialog. Called once by `slicer_host.start`."""
    for cls in (QtWidgets.QDialog, QtWidgets.QMessageBox):
        cls.exec_ = cls.exec = _execute
    for name in ("information", "question", "warning", "critical", "about"):
        setattr(QtWidgets.QMessageBox, name, staticmethod(_message_box(name)))
    for name in ("getOpenFileName", "getSaveFileName", "getOpenFileNames", "getExistingDirectory"):
        setattr(QtWidgets.QFileDialog, name, staticmethod(_chooser(f"QFileDialog.{name}")))
    for name in ("getText", "getInt", "getDouble", "getItem"):
        setattr(QtWidgets.QInputDialog, name, staticmethod(_chooser(f"QInputDialog.{name}")))


def _execute(dialog, *_arguments):
    text, details = dialog.windowTitle, ""
    if isinstance(dialog, QtWidgets.QMessageBox):
        text, details = dialog.text, dialog.detailedText
    elif dialog.findChild(QtWidgets.QLabel):
        text = dialog.findChild(QtWidgets.QLabel).text
    default = 0 if not isinstance(dialog, QtWidgets.QMessageBox) else None
    answer = _answer(Shown(type(dialog).__name__, dialog.windowTitle, text, details), dialog, default)
    dialog.done(answer if isinstance(answer, int) else getattr(answer, "value", 0))
    return answer


def _message_box(name: str):
    def show(_parent, title, text, *_buttons):
        return _answer(Shown(f"QMessageBox.{name}", title, text), None, None)

    return show


def _chooser(name: str):
    """PythonQt returns the value alone, without the name filter or the "ok"."""

    def choose(_parent=None, title="", text="", *_others, **_named):
        return _answer(Shown(name, title, text), None, None)

    return choose


def _answer(dialog: Shown, widget, default):
    shown.append(dialog)
    if _answers:
        answer = _answers.pop(0)
        return answer(widget) if callable(answer) else answer
    if default is None:
        raise RuntimeError(f"{dialog.kind} '{dialog.text}' would wait for a user: answer it with host.answering(...)")
    return default
