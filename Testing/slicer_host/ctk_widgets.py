"""Stand-ins for the Common Toolkit's widgets: buttons, boxes and texts. Registered by import; see `stand_ins`."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.stand_ins import prop, stand_in

_TITLE_HEIGHT = 24
_UNLIMITED_HEIGHT = 16777215  # QWIDGETSIZE_MAX
_WANTED = "visibilityToParent"  # CTK's name: False on a child that somebody has hidden
_TAKEN = "takenByParent"


class _HidesChildren:
    """Hides its children while it is collapsed, also those that are added then.

    A child that somebody hides by its own `visible` stays hidden when the widget is opened, as in CTK: there is no need
    to hide what is put into a collapsed one, and who does hides it for good.
    """

    _forcing = False

    collapsed = Property(bool, lambda self: not self.checked, lambda self, value: setattr(self, "checked", not value))

    def childEvent(self, event) -> None:
        super().childEvent(event)
        if event.type() == QtCore.QEvent.ChildAdded:  # the child is not whole yet
            QtCore.QTimer.singleShot(0, self._show_or_hide_children)

    def setVisible(self, visible: bool) -> None:
        self._take_children()
        self._forcing = True
        super().setVisible(visible)
        self._forcing = False
        self._show_or_hide_children()

    def eventFilter(self, child, event) -> bool:
        if not self._forcing and event.type() in (QtCore.QEvent.ShowToParent, QtCore.QEvent.HideToParent):
            child.setProperty(_WANTED, event.type() == QtCore.QEvent.ShowToParent)
            self._show_or_hide(child)
        return False

    def _show_or_hide_children(self) -> None:
        self._take_children()
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                self._show_or_hide(child)

    def _take_children(self) -> None:
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget) and not child.property(_TAKEN):
                child.setProperty(_TAKEN, True)
                if child.isHidden() and child.testAttribute(QtCore.Qt.WA_WState_ExplicitShowHide):
                    child.setProperty(_WANTED, False)
                child.installEventFilter(self)

    def _show_or_hide(self, child) -> None:
        if not self.testAttribute(QtCore.Qt.WA_WState_Created):
            return  # what is hidden now would be taken as hidden by somebody
        wanted = child.property(_WANTED) is not False
        self._forcing = True
        if wanted or not child.isHidden():
            child.setVisible(wanted and not self.collapsed)
        if wanted:
            child.setAttribute(QtCore.Qt.WA_WState_ExplicitShowHide, False)
        self._forcing = False


@stand_in
class ctkCollapsibleButton(_HidesChildren, QtWidgets.QAbstractButton):
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

    collapsedHeight = prop(int, 10)
    flat = prop(bool, False)
    contentsLineWidth = prop(int, 1)

    def _show_contents(self) -> None:
        self.maximumHeight = _TITLE_HEIGHT if self.collapsed else _UNLIMITED_HEIGHT
        self._show_or_hide_children()
        self.contentsCollapsed.emit(self.collapsed)
        self.update()

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
class ctkCollapsibleGroupBox(_HidesChildren, QtWidgets.QGroupBox):
    """A group box whose check mark, drawn as an arrow in Slicer, hides the content."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.checkable = True
        self.toggled.connect(self._show_contents)

    collapsedHeight = prop(int, 14)

    def _show_contents(self, expanded: bool) -> None:
        self._show_or_hide_children()
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
