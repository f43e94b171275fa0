"""Small PET and CT series as DICOM files, with any tag overridden for the whole series or per slice.

    write_series(folder, Units="GML", PatientWeight=None)                    # None deletes the tag
    write_series(folder, slices=8, AcquisitionTime=lambda i: f"11{i:02d}00")  # a function of the slice index
    write_series(folder, modality="CT", rows=16, SeriesDescription="CT AC")

Defaults: 370 MBq F-18 FDG at 10:00:00, scan at 11:00:00, 70 kg, BQML, decay-corrected to the start. Elements of the
radiopharmaceutical item are given like any other tag. Slice i lies at `origin + i * step` along the normal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
FRAME_UID = "1.2.826.0.1.3680043.8.498.2"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

_COMMON = {
    "PatientID": "P1",
    "PatientName": "Test^Patient",
    "PatientSex": "F",
    "PatientAge": "059Y",
    "StudyInstanceUID": STUDY_UID,
    "FrameOfReferenceUID": FRAME_UID,
    "StudyDate": "20240305",
    "SeriesDate": "20240305",
    "AcquisitionDate": "20240305",
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "Biograph 64",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "PatientPosition": "HFS",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
}
_PET = {
    "SOPClassUID": PET_IMAGE_STORAGE,
    "SeriesDescription": "PET WB AC",
    "SeriesTime": "110000",
    "AcquisitionTime": "110000",
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"],
    "SeriesType": ["WHOLE BODY", "IMAGE"],
    "PatientWeight": "70",
    "PatientSize": "1.75",
    "ActualFrameDuration": "120000",
    "Radiopharmaceutical": "FDG",
    "RadionuclideTotalDose": "370000000",
    "RadionuclideHalfLife": "6586.2",
    "RadiopharmaceuticalStartTime": "100000",
    "RescaleIntercept": "0",
}
_CT = {
    "SOPClassUID": CT_IMAGE_STORAGE,
    "SeriesDescription": "CT AC",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "SeriesTime": "105500",
    "AcquisitionTime": "105500",
    "ConvolutionKernel": "STANDARD",
    "KVP": "120",
    "RescaleIntercept": "-1024",
}
_IN_INJECTION = (
    "Radiopharmaceutical",
    "RadionuclideTotalDose",
    "RadionuclideHalfLife",
    "RadiopharmaceuticalStartTime",
    "RadiopharmaceuticalStartDateTime",
    "RadionuclideCodeSequence",
    "RadiopharmaceuticalCodeSequence",
)


def write_series(
    folder: Path,
    modality: str = "PT",
    *,
    slices: int = 6,
    rows: int = 8,
    columns: int = 9,
    values: np.ndarray | None = None,
    slope: float | Callable[[int], float] = 1.0,
    dtype: str = "int16",
    spacing: tuple[float, float, float] = (4.0, 4.0, 5.0),
    origin: tuple[float, float, float] = (-16.0, -14.0, 100.0),
    orientation: tuple[float, ...] = AXIAL,
    step: tuple[float, float, float] | None = None,
    series: str = "1",
    name: Callable[[int], str] = "{:04d}.dcm".format,
    transfer_syntax: str = ExplicitVRLittleEndian,
    injections: int = 1,
    private: dict[tuple[int, int], tuple[str, Any]] | None = None,
    edit: Callable[[Dataset, int], None] | None = None,
    **tags: Any,
) -> list[Path]:
    """Write one series; returns its files in the order of the slice index.

    values: `[z, y, x]` after rescaling (Bq/mL, HU); by default `default_values`. spacing: x, y, z in mm;
    step: from slice to slice in LPS mm (default: along the normal). series: tells series of one study apart.
    injections: items of the radiopharmaceutical sequence. private: `{(0x7053, 0x1000): ("DS", "0.0005")}`.
    edit: last change to each data set.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    values = default_values(modality, slices, rows, columns) if values is None else np.asarray(values)
    slopes = [slope(i) if callable(slope) else slope for i in range(len(values))]
    normal = np.cross(orientation[:3], orientation[3:])
    step = normal * spacing[2] if step is None else np.array(step)
    uid = generate_uid(entropy_srcs=["series", modality, series])
    defaults = {
        **_COMMON,
        **(_PET if modality == "PT" else _CT),
        "Modality": modality,
        "SeriesInstanceUID": uid,
        "SeriesNumber": series,
        "ImageOrientationPatient": list(orientation),
        "PixelSpacing": [spacing[1], spacing[0]],
        "SliceThickness": spacing[2],
        "NumberOfSlices": len(values) if modality == "PT" else None,
        "SOPInstanceUID": lambda i: f"{uid[:54]}.{i + 1}",
        "InstanceNumber": lambda i: i + 1,
        "ImagePositionPatient": lambda i: [f"{v:.6f}" for v in np.array(origin) + i * step],
        "RescaleSlope": lambda i: f"{slopes[i]:.10g}",
    }
    paths = []
    for index, plane in enumerate(values):
        wanted = {key: value(index) if callable(value) else value for key, value in {**defaults, **tags}.items()}
        stored = np.rint((plane - float(wanted["RescaleIntercept"] or 0)) / slopes[index]).astype(dtype)
        path = folder / name(index)
        _write(path, wanted, stored, transfer_syntax, injections, private or {}, edit, index)
        paths.append(path)
    return paths


def default_values(modality: str, slices: int, rows: int, columns: int) -> np.ndarray:
    """Different in every voxel, so that a wrong order, flip or slope shows; near SUV 1 for the default patient."""
    ramp = np.arange(slices * rows * columns, dtype=float).reshape(slices, rows, columns)
    return 2000.0 + 10.0 * ramp if modality == "PT" else ramp - 300.0


def _write(path, wanted, stored, transfer_syntax, injections, private, edit, index) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = wanted["SOPClassUID"]
    meta.MediaStorageSOPInstanceUID = wanted["SOPInstanceUID"]
    meta.TransferSyntaxUID = transfer_syntax
    little = transfer_syntax != ExplicitVRBigEndian
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128, is_little_endian=little)
    injection = Dataset()
    for key, value in wanted.items():
        if value is not None:
            setattr(injection if key in _IN_INJECTION else dataset, key, value)
    if wanted["Modality"] == "PT" and injections:
        dataset.RadiopharmaceuticalInformationSequence = Sequence([injection] * injections)
    for tag, (vr, value) in private.items():
        dataset.add_new(tag, vr, value)
    _set_pixels(dataset, stored, transfer_syntax)
    if edit is not None:
        edit(dataset, index)
    dataset.save_as(path, enforce_file_format=True)


def _set_pixels(dataset: Dataset, stored: np.ndarray, transfer_syntax: str) -> None:
    dataset.Rows, dataset.Columns = stored.shape
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    if transfer_syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
        order = ">" if transfer_syntax == ExplicitVRBigEndian else "<"
        content = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
        dataset.PixelData = content + b"\0" * (len(content) % 2)
        dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    else:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(transfer_syntax, stored, generate_instance_uid=False)
