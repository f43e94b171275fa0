"""Stand-ins for the Common Toolkit's number and path inputs. Registered by import; see `stand_ins`."""

from __future__ import annotations

import enum
import os

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.stand_ins import forwarded, prop, require, shown, stand_in

_STEPS = 1000  # of a slider over a range of real numbers


class _Row(QtWidgets.QWidget):
    """Widgets side by side, without margins."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        QtWidgets.QHBoxLayout(self).setContentsMargins(0, 0, 0, 0)

    def _add(self, widget):
        self.layout().addWidget(widget)
        return widget


@stand_in
class ctkDoubleSpinBox(_Row):
    valueChanged = Signal(float)
    editingFinished = Signal()
    SIGNALS = ("valueChanged(double)", "editingFinished()")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._spin = self._add(QtWidgets.QDoubleSpinBox())
        self._spin.valueChanged.connect(self.valueChanged)
        self._spin.editingFinished.connect(self.editingFinished)

    value = forwarded(float, "_spin", "value")
    minimum = forwarded(float, "_spin", "minimum")
    maximum = forwarded(float, "_spin", "maximum")
    singleStep = forwarded(float, "_spin", "singleStep")
    decimals = forwarded(int, "_spin", "decimals")
    prefix = forwarded(str, "_spin", "prefix")
    suffix = forwarded(str, "_spin", "suffix")
    readOnly = forwarded(bool, "_spin", "readOnly")

    def setValue(self, value: float) -> None:
        self.value = value

    def setDecimals(self, decimals: int) -> None:
        self.decimals = decimals


@stand_in
class ctkSliderWidget(_Row):
    """A slider with a spin box. Bounds are properties only: setMinimum and setRange fail in Slicer too."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    SIGNALS = ("valueChanged(double)", "valueIsChanging(double)")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._slider = self._add(QtWidgets.QSlider(QtCore.Qt.Horizontal))
        self._slider.maximum = _STEPS
        self._spin = self._add(QtWidgets.QDoubleSpinBox())
        self._spin.maximum = 99.0
        self._spin.valueChanged.connect(self._move_slider)
        self._slider.sliderMoved.connect(self._take_from_slider)

    value = forwarded(float, "_spin", "value")
    minimum = forwarded(float, "_spin", "minimum")
    maximum = forwarded(float, "_spin", "maximum")
    singleStep = forwarded(float, "_spin", "singleStep")
    decimals = forwarded(int, "_spin", "decimals")
    prefix = forwarded(str, "_spin", "prefix")
    suffix = forwarded(str, "_spin", "suffix")
    pageStep = prop(float, 1.0)
    tickInterval = prop(float, 0.0)
    tracking = prop(bool, True)
    spinBoxVisible = shown("_spin")

    def setValue(self, value: float) -> None:
        self.value = value

    def setDecimals(self, decimals: int) -> None:
        self.decimals = decimals

    def setSpinBoxVisible(self, visible: bool) -> None:
        self.spinBoxVisible = visible

    def _move_slider(self, value: float) -> None:
        span = self.maximum - self.minimum
        self._slider.value = int(_STEPS * (value - self.minimum) / span) if span > 0 else 0
        self.valueChanged.emit(value)

    def _take_from_slider(self, step: int) -> None:
        self.value = self.minimum + (self.maximum - self.minimum) * step / _STEPS


@stand_in
class ctkRangeWidget(_Row):
    """A lower and an upper value within bounds."""

    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    SIGNALS = ("valuesChanged(double,double)", "minimumValueChanged(double)", "maximumValueChanged(double)")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._low = self._add(QtWidgets.QDoubleSpinBox())
        self._high = self._add(QtWidgets.QDoubleSpinBox())
        self._high.value = 99.0
        self._low.valueChanged.connect(self.minimumValueChanged)
        self._high.valueChanged.connect(self.maximumValueChanged)
        for spin in (self._low, self._high):
            spin.valueChanged.connect(lambda _value: self.valuesChanged.emit(self._low.value, self._high.value))

    def _both(kind, name):
        def write(self, value):
            require(self, value, (int, float) if kind is float else (kind,))
            for spin in (self._low, self._high):
                setattr(spin, name, value)

        return Property(kind, lambda self: getattr(self._low, name), write)

    minimumValue = forwarded(float, "_low", "value")
    maximumValue = forwarded(float, "_high", "value")
    minimum = _both(float, "minimum")
    maximum = _both(float, "maximum")
    singleStep = _both(float, "singleStep")
    decimals = _both(int, "decimals")
    suffix = _both(str, "suffix")

    def setRange(self, low: float, high: float) -> None:
        self.minimum, self.maximum = low, high

    def setValues(self, low: float, high: float) -> None:
        self.minimumValue, self.maximumValue = low, high

    def setMinimumValue(self, value: float) -> None:
        self.minimumValue = value

    def setMaximumValue(self, value: float) -> None:
        self.maximumValue = value


class _Filter(enum.IntFlag):
    Dirs = 0x001
    Files = 0x002
    Drives = 0x004
    NoSymLinks = 0x008
    Readable = 0x010
    Writable = 0x020
    Executable = 0x040
    Modified = 0x080
    Hidden = 0x100
    System = 0x200
    AllDirs = 0x400
    CaseSensitive = 0x800
    NoDot = 0x2000
    NoDotDot = 0x4000


@stand_in
class ctkPathLineEdit(_Row):
    """A path with a history that is kept under `settingKey`, and a browse button.

    As in CTK an empty path is no valid input: `currentPathChanged` does not tell that the path was deleted,
    `validInputChanged` does.
    """

    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    SIGNALS = ("currentPathChanged(QString)", "validInputChanged(bool)")
    Dirs, Files, Readable, Writable, Executable = (
        _Filter.Dirs,
        _Filter.Files,
        _Filter.Readable,
        _Filter.Writable,
        _Filter.Executable,
    )

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._combo = self._add(QtWidgets.QComboBox())
        self._combo.editable = True
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._button = self._add(QtWidgets.QToolButton())
        self._button.text = "…"
        self._button.clicked.connect(self.browse)
        self._is_valid = False
        self._combo.editTextChanged.connect(self._tell)

    def _tell(self, path: str) -> None:
        was_valid, self._is_valid = self._is_valid, bool(path)
        if self._is_valid:
            self.currentPathChanged.emit(path)
        if self._is_valid != was_valid:
            self.validInputChanged.emit(self._is_valid)

    def _write_filters(self, value) -> None:
        self._filter_flags = _Filter(value)

    def _write_path(self, path: str) -> None:
        require(self, path, (str,))
        self._combo.setEditText(path)

    currentPath = Property(str, lambda self: self._combo.currentText, _write_path)
    filters = Property(int, lambda self: int(self.__dict__.get("_filter_flags", 0)), _write_filters)
    nameFilters = prop("QStringList", ())
    label = prop(str, "")
    settingKey = prop(str, "", "retrieveHistory")
    minimumContentsLength = prop(int, 0)
    showBrowseButton = shown("_button")
    showHistoryButton = prop(bool, True)

    def setCurrentPath(self, path: str) -> None:
        self.currentPath = path

    def comboBox(self):
        return self._combo

    def browse(self) -> None:
        if int(self.filters) & _Filter.Files:
            path = QtWidgets.QFileDialog.getOpenFileName(self, self.label, self.currentPath)
        else:
            path = QtWidgets.QFileDialog.getExistingDirectory(self, self.label, self.currentPath)
        if path:
            self.currentPath = path

    def addCurrentPathToHistory(self) -> None:
        if self.settingKey and self.currentPath:
            history = [self.currentPath, *(path for path in self._history() if path != self.currentPath)]
            QtCore.QSettings().setValue(self.settingKey, history)

    def retrieveHistory(self) -> None:
        history = self._history()
        self._combo.clear()
        self._combo.addItems(history)

    def _history(self) -> list[str]:
        stored = QtCore.QSettings().value(self.settingKey, [])
        return [stored] if isinstance(stored, str) else list(stored or [])


@stand_in
class ctkDirectoryButton(_Row):
    """A button that shows a directory and opens a dialog to choose another one."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)
    SIGNALS = ("directoryChanged(QString)", "directorySelected(QString)")

    def __init__(self, *arguments) -> None:
        super().__init__(next((each for each in arguments if isinstance(each, QtWidgets.QWidget)), None))
        self._button = self._add(QtWidgets.QPushButton())
        self._button.clicked.connect(self.browse)
        self._path = "."
        self.directory = next((each for each in arguments if isinstance(each, str)), ".")

    def _write(self, path: str) -> None:
        require(self, path, (str,))
        absolute = os.path.abspath(path)
        self._button.text = absolute
        if absolute != os.path.abspath(self._path):
            self._path = absolute
            self.directoryChanged.emit(absolute)

    directory = Property(str, lambda self: self._path, _write)
    caption = prop(str, "")
    text = forwarded(str, "_button", "text")

    def browse(self) -> str:
        path = QtWidgets.QFileDialog.getExistingDirectory(self, self.caption, self.directory)
        if path:
            self.directory = path
            self.directorySelected.emit(path)
        return path
