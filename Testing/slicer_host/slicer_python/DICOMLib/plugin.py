"""DICOMLoadable and DICOMPlugin: what a plugin offers to load, and the base class of plugins."""

from __future__ import annotations

import slicer


class DICOMLoadable:
    """Something that can be loaded: files, what the user sees about it, and how sure the plugin is (0 to 1)."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.name = "Unknown"
        self.tooltip = "No further information available"
        self.warning = ""
        self.selected = False
        self.confidence = 0.5


class DICOMPlugin:
    """A plugin overrides `examineFiles` (remembered by this class) or `examineForImport`, and `load`."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.loadableCache: dict[tuple, list] = {}
        self.tags = {
            "seriesDescription": "0008,103E",
            "seriesNumber": "0020,0011",
            "frameOfReferenceUID": "0020,0052",
            "seriesInstanceUID": "0020,000E",
            "modality": "0008,0060",
            "instanceUID": "0008,0018",
            "sopClassUID": "0008,0016",
        }

    def examineForImport(self, fileList) -> list[DICOMLoadable]:
        """What can be loaded from a list of lists of files, one list per series."""
        loadables = []
        for files in fileList:
            cached = self.getCachedLoadables(files)
            if cached is None:
                cached = self.examineFiles(files)
                self.cacheLoadables(files, cached)
            loadables += cached
        return loadables

    def examineFiles(self, files) -> list[DICOMLoadable]:
        return []

    def getCachedLoadables(self, files):
        return self.loadableCache.get(tuple(files))

    def cacheLoadables(self, files, loadables) -> None:
        self.loadableCache[tuple(files)] = loadables

    def load(self, loadable):
        """Make nodes of a loadable; what is returned counts as success when it is true."""
        return True

    def examineForExport(self, subjectHierarchyItemID) -> list:
        return []

    def export(self, exportable) -> str:
        return ""

    def cleanup(self) -> None:
        """Called after loading."""

    def defaultSeriesNodeName(self, seriesUID: str) -> str:
        """ "3: description" of a series in the database."""
        files = slicer.dicomDatabase.filesForSeries(seriesUID, 1)
        number, description = (
            slicer.dicomDatabase.fileValue(files[0], self.tags[name]) if files else ""
            for name in ("seriesNumber", "seriesDescription")
        )
        description = description or "Unnamed Series"
        return f"{number}: {description}" if number else description

    def addSeriesInSubjectHierarchy(self, loadable, dataNode) -> None:
        """File a loaded node under its patient and study, which are made and described when they are new."""
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        constants = slicer.vtkMRMLSubjectHierarchyConstants
        header = _Header(loadable.files[0])
        item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), dataNode)
        hierarchy.SetItemUID(item, constants.GetDICOMUIDName(), header["0020,000E"])
        instances = " ".join(_Header(path)["0008,0018"] or "Unknown" for path in loadable.files)
        hierarchy.SetItemUID(item, constants.GetDICOMInstanceUIDName(), instances)
        for name, tag in _SERIES_ATTRIBUTES.items():
            hierarchy.SetItemAttribute(item, constants.GetDICOMAttributePrefix() + name, header[tag])
        referenced = " ".join(getattr(loadable, "referencedInstanceUIDs", ()))
        hierarchy.SetItemAttribute(item, constants.GetDICOMReferencedInstanceUIDsAttributeName(), referenced)
        self._file_under_study(hierarchy, header)

    @staticmethod
    def _file_under_study(hierarchy, header: _Header) -> None:
        constants = slicer.vtkMRMLSubjectHierarchyConstants
        uid_name = constants.GetDICOMUIDName()
        study_uid = header["0020,000D"]
        patient_id = header["0010,0020"] or f"Patient-{study_uid}"
        known = [hierarchy.GetItemByUID(uid_name, uid) for uid in (patient_id, study_uid)]
        slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(
            hierarchy, patient_id, study_uid, header["0020,000E"]
        )
        for uid, before, attributes, name in (
            (patient_id, known[0], _PATIENT_ATTRIBUTES, header["0010,0010"] or "No name"),
            (study_uid, known[1], _STUDY_ATTRIBUTES, header["0008,1030"] or "No study description"),
        ):
            if not before:
                item = hierarchy.GetItemByUID(uid_name, uid)
                details = [header[tag] for tag in attributes.get("", ()) if header[tag]]
                hierarchy.SetItemName(item, " ".join([name, *(f"({detail})" for detail in details)]))
                for attribute, tag in attributes.items():
                    if attribute:
                        hierarchy.SetItemAttribute(item, constants.GetDICOMAttributePrefix() + attribute, header[tag])


class _Header:
    """The values of one file of the database, by tag."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __getitem__(self, tag: str) -> str:
        return slicer.dicomDatabase.fileValue(self.path, tag)


# Attribute (after the prefix "DICOM.") -> tag; "" are the tags that follow the name in brackets.
_SERIES_ATTRIBUTES = {
    "Modality": "0008,0060",
    "SeriesNumber": "0020,0011",
    "FrameOfReferenceUID": "0020,0052",
    "SeriesDescription": "0008,103E",
    "SeriesDate": "0008,0021",
    "SeriesTime": "0008,0031",
    "Manufacturer": "0008,0070",
    "Model": "0008,1090",
}
_PATIENT_ATTRIBUTES = {
    "": ("0010,0020", "0010,0030"),
    "PatientName": "0010,0010",
    "PatientID": "0010,0020",
    "PatientSex": "0010,0040",
    "PatientBirthDate": "0010,0030",
    "PatientComments": "0010,4000",
}
_STUDY_ATTRIBUTES = {
    "": ("0008,0020",),
    "StudyInstanceUID": "0020,000D",
    "StudyID": "0020,0010",
    "StudyDescription": "0008,1030",
    "StudyDate": "0008,0020",
    "StudyTime": "0008,0030",
}
