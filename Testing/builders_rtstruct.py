"""RTSTRUCT files from points, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pydicom
from CLIPSLib.imaging import index_to_lps_mm
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

FRAME = "1.2.826.0.1.3680043.8.498.77"
STUDY = "1.2.826.0.1.3680043.8.498.78"


def contour_of(image, slice_index: float, rows_columns: Sequence[tuple[float, float]]) -> np.ndarray:
    """Points `(n, 3)` in LPS mm of a polygon that is given in continuous rows and columns of one slice."""
    return index_to_lps_mm(image, np.array([(slice_index, row, column) for row, column in rows_columns]))


def square(center: float, half: float) -> list[tuple[float, float]]:
    """The corners of a square in rows and columns."""
    low, high = center - half, center + half
    return [(low, low), (low, high), (high, high), (high, low)]


def write_rtstruct(
    path: Path,
    rois: Mapping[str, Sequence[np.ndarray]],
    *,
    frame: str = FRAME,
    study_uid: str = STUDY,
    kinds: Mapping[str, str] | None = None,
    series_uid: str = "",
) -> Path:
    """Write a structure set: name -> contours. kinds: geometric type of a structure's contours where not closed.

    series_uid: of the images that it says it was drawn on.
    """
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = study_uid
    dataset.SeriesInstanceUID = generate_uid()
    dataset.PatientID = "007"
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetLabel = "drawn"
    if series_uid:
        series, study, frame_item = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        series.SeriesInstanceUID = series_uid
        study.RTReferencedSeriesSequence = [series]
        frame_item.RTReferencedStudySequence = [study]
        dataset.ReferencedFrameOfReferenceSequence = [frame_item]
    dataset.StructureSetROISequence = []
    dataset.ROIContourSequence = []
    for number, (name, contours) in enumerate(rois.items(), start=1):
        roi, drawn = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = [_contour(points, (kinds or {}).get(name, "CLOSED_PLANAR")) for points in contours]
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return path


def _contour(points: np.ndarray, kind: str) -> pydicom.Dataset:
    contour = pydicom.Dataset()
    contour.ContourGeometricType = kind
    contour.NumberOfContourPoints = len(points)
    contour.ContourData = [f"{value:.6f}" for value in np.ravel(points)]
    return contour
