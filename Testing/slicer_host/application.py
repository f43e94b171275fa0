"""`slicer.app` and `slicer.mrmlScene`: the application object over slicer-core's logics. Made by `host`."""

from __future__ import annotations

import os
import sys
import tempfile

import slicer
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host import hierarchy, modules, terminologies
from slicer_host.file_io import IOManager
from slicer_host.layouts import LayoutManager

_LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Models": "vtkSlicerModelsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Units": "vtkSlicerUnitsLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
}
# Python modules of Slicer whose classes slicer-core keeps in one namespace.
_KITS = (
    "MRMLCorePython",
    "MRMLLogicPython",
    "vtkSegmentationCorePython",
    "vtkSlicerSegmentationsModuleMRMLPython",
    "vtkSlicerSegmentationsModuleLogicPython",
)


class CommandOptions(QtCore.QObject):
    """The command line of `Slicer --testing --no-main-window`."""

    def __init__(self) -> None:
        super().__init__()
        self._testing, self._exit_after_python = True, True

    def _set_exit(self, value: bool) -> None:
        self._exit_after_python = value

    testingEnabled = Property(bool, lambda self: self._testing)
    noMainWindow = Property(bool, lambda self: True)
    runPythonAndExit = Property(bool, lambda self: self._exit_after_python, _set_exit)


class Application(QtWidgets.QApplication):
    startupCompleted = Signal()
    SIGNALS = ("startupCompleted()",)
    majorVersion = Property(int, lambda self: 5)
    minorVersion = Property(int, lambda self: 13)
    revision = Property(str, lambda self: "host")
    slicerHome = Property(str, lambda self: os.path.dirname(slicer.__file__))

    def __init__(self) -> None:
        super().__init__(["Slicer"])
        self.applicationName = self.organizationName = "SlicerHost"
        self._temporary = tempfile.TemporaryDirectory(prefix="slicer-host-")
        _keep_settings_in(self._temporary.name)
        self._options, self._io, self._modules = CommandOptions(), IOManager(), modules.ModuleManager()
        self._exit_code = None

    temporaryPath = Property(str, lambda self: self._temporary.name)

    def _make_scene(self) -> None:
        """The scene with everything that a started Slicer attaches to it."""
        slicer.mrmlScene = scene = slicer.vtkMRMLScene()
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._logic.SetMRMLScene(scene)
        colors = self._logic.GetColorLogic()
        colors.SetMRMLScene(scene)
        colors.AddDefaultColorNodes()
        self._logic.SetModuleLogic("Colors", colors)
        self._logics = {"Colors": colors}
        for name, class_name in _LOGICS.items():
            self._logics[name] = _attached(getattr(slicer, class_name)(), self._logic, self._temporary.name)
            self._logic.SetModuleLogic(name, self._logics[name])
        self._logics["Segmentations"].SetDefaultSurfaceSmoothingEnabled(True)  # makes a default node, as Slicer's start
        self._layout_manager = LayoutManager(self._logic)
        _add_crosshair(scene)
        hierarchy.follow(scene)
        modules.install(self._logics)

    def mrmlScene(self):
        return slicer.mrmlScene

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name: str):
        return self._logics.get(name)

    def moduleManager(self):
        return self._modules

    def coreIOManager(self):
        return self._io

    ioManager = coreIOManager

    def layoutManager(self):
        return self._layout_manager

    def commandOptions(self):
        return self._options

    def testingEnabled(self) -> bool:
        return self._options.testingEnabled

    def settings(self):
        return QtCore.QSettings()

    userSettings = revisionUserSettings = settings

    def dicomDatabase(self):
        return slicer.dicomDatabase

    def startupEnvironment(self):
        return QtCore.QProcessEnvironment.systemEnvironment()

    def pythonConsole(self):
        return None

    def pauseRender(self) -> None:
        pass

    resumeRender = pauseRender

    def translate(self, _context: str, text: str) -> str:
        return text

    def exit(self, code: int = 0) -> None:
        """Remembered, not done: a test looks at `_exit_code`."""
        self._exit_code = code


def start() -> Application:
    """Make `slicer.app` and what hangs on it."""
    import slicer_core.vtkITK

    sys.modules.setdefault("vtkITK", slicer_core.vtkITK)
    for kit in _KITS:
        sys.modules.setdefault(kit, slicer)
    app = Application()
    slicer.app = app
    app._make_scene()
    return app


def _keep_settings_in(folder: str) -> None:
    QtCore.QSettings.setDefaultFormat(QtCore.QSettings.IniFormat)
    QtCore.QSettings.setPath(QtCore.QSettings.IniFormat, QtCore.QSettings.UserScope, folder)


def _attached(logic, application_logic, folder: str):
    """A module logic in the scene. Terminologies come first: they are read when the scene is set."""
    if hasattr(logic, "SetUserContextsPath"):
        logic.SetUserContextsPath(folder)
        logic.SetModuleShareDirectory(terminologies.write(folder))
    logic.SetMRMLApplicationLogic(application_logic)
    logic.SetMRMLScene(slicer.mrmlScene)
    return logic


def _add_crosshair(scene) -> None:
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
