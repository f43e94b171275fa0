"""`DICOMLib.DICOMUtils`: import folders into the database, load patients and series with the registered plugins."""

from __future__ import annotations

import os
import sys
import tempfile

import slicer
import vtk

from slicer_host.slicer_python.DICOMLib.database import ctkDICOMIndexer

_SERIES_UID = "0020,000E"


class TemporaryDICOMDatabase:
    """Inside the block the application's database is an empty one."""

    def __init__(self, directory: str | None = None) -> None:
        self.directory = directory

    def __enter__(self):
        openTemporaryDatabase(self.directory)
        return slicer.dicomDatabase

    def __exit__(self, *_exception) -> None:
        slicer.dicomDatabase.closeDatabase()


def openTemporaryDatabase(directory: str | None = None) -> None:
    directory = directory or tempfile.mkdtemp(dir=slicer.app.temporaryPath)
    os.makedirs(directory, exist_ok=True)
    slicer.dicomDatabase.openDatabase(os.path.join(directory, "ctkDICOM.sql"))


def importDicom(dicomDataDir: str, dicomDatabase=None, copyFiles: bool = False) -> bool:
    """Add the files of a folder and its subfolders."""
    database = slicer.dicomDatabase if dicomDatabase is None else dicomDatabase
    if not database.isOpen:
        raise OSError("the DICOM database is not open")
    ctkDICOMIndexer().addDirectory(database, str(dicomDataDir), copyFiles)
    return True


def loadPatientByUID(patientUID, messages=None, progressCallback=None, enabledPluginClassNames=None) -> list[str]:
    """Load all series of a patient, given by its number in the database; gives the IDs of the new nodes."""
    studies = slicer.dicomDatabase.studiesForPatient(str(patientUID))
    series = [uid for study in studies for uid in slicer.dicomDatabase.seriesForStudy(study)]
    if not series:
        raise OSError(f"there is no patient {patientUID} in the DICOM database")
    return loadSeriesByUID(series, messages, progressCallback, enabledPluginClassNames)


def loadPatientByPatientID(patientID: str, messages=None, progressCallback=None, enabledPluginClassNames=None):
    """Load all series of a patient, given by the DICOM patient ID."""
    database = slicer.dicomDatabase
    for patient in database.patients():
        study = database.studiesForPatient(patient)[0]
        path = database.filesForSeries(database.seriesForStudy(study)[0])[0]
        if database.fileValue(path, "0010,0020") == patientID:
            return loadPatientByUID(patient, messages, progressCallback, enabledPluginClassNames)
    raise OSError(f"there is no patient with the ID {patientID} in the DICOM database")


def loadSeriesByUID(seriesUIDs, messages=None, progressCallback=None, enabledPluginClassNames=None) -> list[str]:
    """Load series by the plugins that are surest of them; gives the IDs of the new nodes."""
    if not isinstance(seriesUIDs, list) or not seriesUIDs:
        raise ValueError("loadSeriesByUID needs a list of series UIDs")
    if not slicer.dicomDatabase.isOpen:
        raise OSError("the DICOM database is not open")
    file_lists = [slicer.dicomDatabase.filesForSeries(uid) for uid in seriesUIDs]
    loadables, _enabled = getLoadablesFromFileLists(file_lists, enabledPluginClassNames, messages, progressCallback)
    selectHighestConfidenceLoadables(loadables)
    return loadLoadables(loadables, messages, progressCallback)


def getLoadablesFromFileLists(
    fileLists, pluginClassNames=None, messages=None, progressCallback=None, pluginInstances=None
):
    """Ask every plugin; gives ({plugin: loadables}, whether there is any). A plugin that raises drops out."""
    if pluginClassNames is None:
        pluginClassNames = list(slicer.modules.dicomPlugins)
    instances = {} if pluginInstances is None else pluginInstances
    loadables = {}
    for step, name in enumerate(pluginClassNames):
        if progressCallback and progressCallback(name, step * 100 / len(pluginClassNames)):
            break
        plugin = instances.setdefault(name, slicer.modules.dicomPlugins[name]())
        try:
            loadables[plugin] = plugin.examineForImport(fileLists)
        except Exception:
            sys.excepthook(*sys.exc_info())  # Slicer logs it and goes on; the host remembers it for `check`
            if messages is not None:
                messages.append(f"Plugin failed: {name}.")
    return loadables, any(loadables.values())


def selectHighestConfidenceLoadables(loadablesByPlugin) -> None:
    """Per series of the first file, select the loadables with the highest confidence: several when they tie."""
    by_series: dict[str, list] = {}
    for loadables in loadablesByPlugin.values():
        for loadable in loadables:
            series = slicer.dicomDatabase.fileValue(loadable.files[0], _SERIES_UID)
            by_series.setdefault(series, []).append(loadable)
    for loadables in by_series.values():
        highest = max(loadable.confidence for loadable in loadables)
        for loadable in loadables:
            loadable.selected = loadable.confidence == highest


def loadLoadables(loadablesByPlugin, messages=None, progressCallback=None) -> list[str]:
    """Load what is selected; gives the IDs of the nodes that came with it, without storage and display nodes."""
    loaded_ids = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def remember(_scene, _event, node) -> None:
        if not node.IsA("vtkMRMLStorageNode") and not node.IsA("vtkMRMLDisplayNode"):
            loaded_ids.append(node.GetID())

    offered = [(each, plugin) for plugin, loadables in loadablesByPlugin.items() for each in loadables]
    selected = [(loadable, plugin) for loadable, plugin in offered if loadable.selected]
    observer = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, remember)
    try:
        for step, (loadable, plugin) in enumerate(selected, start=1):
            if progressCallback and progressCallback(loadable.name, step * 100 / len(selected)):
                break
            loadable.loadSuccess = _load(plugin, loadable)
            if not loadable.loadSuccess and messages is not None:
                messages.append(f"Could not load: {loadable.name} as a {plugin.loadType}")
    finally:
        slicer.mrmlScene.RemoveObserver(observer)
    return loaded_ids


def _load(plugin, loadable) -> bool:
    try:
        return bool(plugin.load(loadable))
    except Exception:
        sys.excepthook(*sys.exc_info())
        return False
