"""Stand-ins for the Common Toolkit's widgets: buttons, boxes and texts. Registered by import; see `stand_ins`."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.stand_ins import prop, stand_in

_TITLE_HEIGHT = 24
_UNLIMITED_HEIGHT = 16777215  # QWIDGETSIZE_MAX


@stand_in
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A title bar over a layout of widgets, which collapsing hides."""

    contentsCollapsed = Signal(bool)
    SIGNALS = ("contentsCollapsed(bool)",)

    def __init__(self, *arguments) -> None:
        super().__init__(next((each for each in arguments if isinstance(each, QtWidgets.QWidget)), None))
        self.setContentsMargins(6, _TITLE_HEIGHT + 2, 4, 4)
        self.minimumHeight = _TITLE_HEIGHT
        self.checkable = True
        self.checked = True
        self.text = next((each for each in arguments if isinstance(each, str)), "")
        self.toggled.connect(lambda _checked: self._show_contents())

    collapsed = Property(bool, lambda self: not self.checked, lambda self, value: setattr(self, "checked", not value))
    collapsedHeight = prop(int, 10)
    flat = prop(bool, False)
    contentsLineWidth = prop(int, 1)

    def _show_contents(self) -> None:
        collapsed = self.collapsed
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.visible = not collapsed
        self.maximumHeight = _TITLE_HEIGHT if collapsed else _UNLIMITED_HEIGHT
        self.contentsCollapsed.emit(collapsed)
        self.update()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self.collapsed:
            self._show_contents()

    def hitButton(self, position) -> bool:
        return position.y() < _TITLE_HEIGHT

    def paintEvent(self, event) -> None:
        painter = QtGui.QPainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.rect = QtCore.QRect(0, 0, self.rect.width(), _TITLE_HEIGHT)
        option.state = QtWidgets.QStyle.State_Enabled | QtWidgets.QStyle.State_Raised
        option.text = ("▶  " if self.collapsed else "▼  ") + self.text
        QtWidgets.QApplication.style().drawControl(QtWidgets.QStyle.CE_PushButton, option, painter, self)
        painter.end()


@stand_in
class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose check mark, drawn as an arrow in Slicer, hides the content."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.checkable = True
        self.toggled.connect(self._show_contents)

    collapsed = Property(bool, lambda self: not self.checked, lambda self, value: setattr(self, "checked", not value))
    collapsedHeight = prop(int, 14)

    def _show_contents(self, expanded: bool) -> None:
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.visible = expanded
        self.maximumHeight = _UNLIMITED_HEIGHT if expanded else _TITLE_HEIGHT


@stand_in
class ctkPushButton(QtWidgets.QPushButton):
    pass


@stand_in
class ctkMenuButton(QtWidgets.QPushButton):
    pass


@stand_in
class ctkCheckablePushButton(ctkPushButton):
    checkBoxToggled = Signal(bool)
    SIGNALS = ("checkBoxToggled(bool)",)
    checkBoxControlsButton = prop(bool, True)
    checkBoxControlsButtonToggleState = prop(bool, True)
    checkBoxUserCheckable = prop(bool, True)
    checkState = prop(QtCore.Qt.CheckState, QtCore.Qt.Unchecked)


@stand_in
class ctkCheckBox(QtWidgets.QCheckBox):
    pass


@stand_in
class ctkComboBox(QtWidgets.QComboBox):
    defaultText = prop(str, "")
    elideMode = prop(QtCore.Qt.TextElideMode, QtCore.Qt.ElideNone)
    currentUserDataAsString = Property(
        str,
        lambda self: str(self.currentData or ""),
        lambda self, value: setattr(self, "currentIndex", self.findData(value)),
    )


@stand_in
class ctkSearchBox(QtWidgets.QLineEdit):
    showSearchIcon = prop(bool, False)


@stand_in
class ctkFittedTextBrowser(QtWidgets.QTextBrowser):
    """A text that takes the height it needs; the collapsible text shows its first line when collapsed."""

    collapsed = prop(bool, True)
    disableMouseScroll = prop(bool, True)
    showDetailsText = prop(str, "Show details...")
    hideDetailsText = prop(str, "Hide details.")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarAlwaysOff)
        self.setSizeAdjustPolicy(QtWidgets.QAbstractScrollArea.AdjustToContents)

    def setCollapsibleText(self, text: str) -> None:
        self._collapsible = text
        self.setText(text)

    def setCollapsibleHtml(self, text: str) -> None:
        self._collapsible = text
        self.setHtml(text)

    def collapsibleText(self) -> str:
        return self.__dict__.get("_collapsible", "")


@stand_in
class ctkColorPickerButton(QtWidgets.QPushButton):
    colorChanged = Signal(QtGui.QColor)
    SIGNALS = ("colorChanged(QColor)",)
    color = prop(QtGui.QColor, QtGui.QColor(), "_show_color", "colorChanged")
    displayColorName = prop(bool, True, "_show_color")

    def setColor(self, color) -> None:
        self.color = color

    def _show_color(self) -> None:
        pixmap = QtGui.QPixmap(16, 16)
        pixmap.fill(self.color)
        self.icon = QtGui.QIcon(pixmap)
        self.text = self.color.name() if self.displayColorName else ""


@stand_in
class ctkExpandableWidget(QtWidgets.QFrame):
    sizeGripInside = prop(bool, True)


@stand_in
class ctkMessageBox(QtWidgets.QMessageBox):
    """With a "don't show again" box whose answer is kept under a settings key."""

    dontShowAgain = prop(bool, False)
    dontShowAgainVisible = prop(bool, False)
    dontShowAgainSettingsKey = prop(str, "")

    def setDontShowAgain(self, value: bool) -> None:
        self.dontShowAgain = value
