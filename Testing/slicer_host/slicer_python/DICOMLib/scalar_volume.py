"""A stand-in for Slicer's scalar volume plugin: every image series as a volume, with confidence 0.5.

What a plugin for PET/CT has to win against: PET comes as Bq/mL with PET colors and without quantity and units.
"""

from __future__ import annotations

import numpy as np
import slicer

from slicer_host.slicer_python.DICOMLib.plugin import DICOMLoadable, DICOMPlugin

_CT, _HU = ("112031", "DCM", "Attenuation Coefficient"), ("[hnsf'U]", "UCUM", "Hounsfield unit")
_WITH_PIXELS = "0028,0010"  # Rows: the database keeps no pixels
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_PET_COLORS = "vtkMRMLPETProceduralColorNodePET-Heat"


class DICOMScalarVolumePluginClass(DICOMPlugin):
    def __init__(self) -> None:
        super().__init__()
        self.loadType = "Scalar Volume"

    def examineFiles(self, files) -> list[DICOMLoadable]:
        database = slicer.dicomDatabase
        images = [path for path in files if database.fileValueExists(path, _WITH_PIXELS)]
        images = [path for path in images if database.fileValue(path, self.tags["sopClassUID"]) != _SEGMENTATION]
        if not images:
            return []
        loadable = DICOMLoadable()
        loadable.files = images
        loadable.name = self.defaultSeriesNodeName(database.seriesForFile(images[0]))
        loadable.tooltip = f"{len(images)} files, first file: {images[0]}"
        loadable.selected, loadable.confidence = True, 0.5
        return [loadable]

    def load(self, loadable):
        import pydicom

        slices = _sorted([pydicom.dcmread(path) for path in loadable.files])
        is_pet = slices[0].Modality == "PT"
        node = slicer.util.addVolumeFromArray(_values(slices), ijkToRAS=_ijk_to_ras(slices), name=loadable.name)
        node.SetAttribute("DICOM.instanceUIDs", " ".join(str(each.SOPInstanceUID) for each in slices))
        if is_pet:
            node.GetDisplayNode().SetAndObserveColorNodeID(_PET_COLORS)
        elif slices[0].Modality == "CT":
            node.SetVoxelValueQuantity(_coded(_CT))
            node.SetVoxelValueUnits(_coded(_HU))
        self.addSeriesInSubjectHierarchy(loadable, node)
        return node


def _normal(header) -> np.ndarray:
    row, column = np.reshape(np.asarray(header.ImageOrientationPatient, float), (2, 3))
    return np.cross(row, column)


def _sorted(slices: list) -> list:
    return sorted(slices, key=lambda each: float(_normal(slices[0]) @ np.asarray(each.ImagePositionPatient, float)))


def _values(slices: list) -> np.ndarray:
    """[z, y, x], each slice with its own slope and intercept: float64 where they differ from slice to slice."""
    scales = [(float(each.get("RescaleSlope", 1)), float(each.get("RescaleIntercept", 0))) for each in slices]
    values = np.stack([each.pixel_array * slope + offset for each, (slope, offset) in zip(slices, scales, strict=True)])
    whole = all(number.is_integer() for scale in scales for number in scale)
    return values.astype(np.int16) if whole else values


def _ijk_to_ras(slices: list) -> np.ndarray:
    """4x4, from voxel (column, row, slice) to mm in RAS."""
    first, last = (np.asarray(each.ImagePositionPatient, float) for each in (slices[0], slices[-1]))
    row, column = np.reshape(np.asarray(slices[0].ImageOrientationPatient, float), (2, 3))
    row_spacing, column_spacing = map(float, slices[0].PixelSpacing)
    thickness = float(slices[0].get("SliceThickness") or 1)
    step = (last - first) / (len(slices) - 1) if len(slices) > 1 else _normal(slices[0]) * thickness
    matrix = np.eye(4)
    matrix[:3] = np.column_stack([row * column_spacing, column * row_spacing, step, first])
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix


def _coded(code: tuple[str, str, str]):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(*code)
    return entry
