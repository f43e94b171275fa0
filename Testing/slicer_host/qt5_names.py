"""Names that Qt 5.15, Slicer's Qt today, does not have, made errors. Called by `python_qt`.

The host runs on Qt 6; code that uses these names would pass here and fail in Slicer. The list holds what a panel is
likely to meet, with the Qt version that brought it; it does not claim to be all of Qt 6.
"""

from __future__ import annotations

CLASSES = {
    "QKeyCombination": "6.0",
    "QEventPoint": "6.0",
    "QPointerEvent": "6.0",
    "QSinglePointEvent": "6.0",
    "QInputDevice": "6.0",
    "QPointingDevice": "6.0",
    "QStringConverter": "6.0",
    "QUntypedPropertyData": "6.0",
    "QPermission": "6.5",
}

# class in PySide6 -> names that came with Qt 6
MEMBERS = {
    "QtGui.QMouseEvent": {"position": "6.0", "scenePosition": "6.0", "globalPosition": "6.0", "points": "6.0"},
    "QtGui.QSinglePointEvent": {"position": "6.0", "scenePosition": "6.0", "globalPosition": "6.0"},
    "QtGui.QPointerEvent": {"points": "6.0", "point": "6.0", "pointingDevice": "6.0"},
    "QtGui.QEnterEvent": {"position": "6.0", "globalPosition": "6.0"},
    "QtGui.QDropEvent": {"position": "6.0", "modifiers": "6.0", "buttons": "6.0"},
    "QtGui.QKeyEvent": {"keyCombination": "6.0"},
    "QtGui.QColor": {"fromString": "6.4", "isValidColorName": "6.4"},
    "QtGui.QIcon": {"ThemeIcon": "6.7"},
    "QtGui.QImage": {"flip": "6.9", "flipped": "6.9"},
    "QtGui.QStyleHints": {"colorScheme": "6.5", "setColorScheme": "6.8"},
    "QtGui.QTextCharFormat": {"setFontFamilies": "6.1"},
    "QtCore.QDir": {"filesystemCanonicalPath": "6.6"},
    "QtCore.QFileInfo": {"readSymLink": "6.6", "junctionTarget": "6.2"},
    "QtCore.QLibraryInfo": {"path": "6.0", "paths": "6.8"},
    "QtCore.QTextStream": {"setEncoding": "6.0", "encoding": "6.0"},
    "QtCore.QDateTime": {"setTimeRepresentation": "6.5"},
    "QtCore.Qt": {"ColorScheme": "6.5"},
    "QtWidgets.QCheckBox": {"checkStateChanged": "6.7"},
    "QtWidgets.QComboBox": {"labelDrawingMode": "6.3", "setLabelDrawingMode": "6.3"},
    "QtWidgets.QMessageBox": {"setOption": "6.6", "setOptions": "6.6", "Option": "6.6"},
    "QtWidgets.QAbstractItemView": {"updateThreshold": "6.9", "setUpdateThreshold": "6.9"},
    "QtWidgets.QFormLayout": {"setRowVisible": "6.4", "isRowVisible": "6.4"},
    "QtWidgets.QSplashScreen": {"screen": "6.0"},
    "QtNetwork.QNetworkRequest": {"setTransferTimeout": "6.7"},
}


class _Refused:
    """Raises when the name is read, from the class or from an instance."""

    def __init__(self, name: str, version: str) -> None:
        self.message = f"{name} came with Qt {version}; Slicer still builds on Qt 5.15"

    def __get__(self, instance, owner=None):
        raise AttributeError(self.message)


def refuse_names_of_qt6(kits: dict) -> None:
    """Replace every name of MEMBERS by an error."""
    for path, names in MEMBERS.items():
        kit, cls_name = path.split(".")
        cls = getattr(kits[f"PySide6.{kit}"], cls_name)
        for name, version in names.items():
            if hasattr(cls, name):
                setattr(cls, name, _Refused(f"{cls_name}.{name}", version))
