"""The DICOM modules that the PET and the CT series of a synthetic study share. Called by dicom_pet and dicom_ct.

Attributes are those of type 1 and 2 of DICOM PS3.3 A.3 (CT) and A.21 (PET), and what clinical readers look at.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom import Dataset

_UID_ROOT = "1.2.826.0.1.3680043.8.498."  # of pydicom, free for generated UIDs
IMPLEMENTATION_UID = _UID_ROOT + "20240101"


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Who lies in the scanner. birth_date: YYYYMMDD; sex: "M", "F" or "O"."""

    name: str
    patient_id: str
    birth_date: str
    sex: str
    weight_kg: float
    height_m: float


@dataclass(frozen=True, kw_only=True)
class StudyHeader:
    """What all series of a study have in common."""

    patient: Patient
    study_uid: str
    frame_of_reference_uid: str
    started: datetime.datetime
    description: str = "PET/CT FDG whole body"
    patient_position: str = "HFS"
    manufacturer: str = ""
    model: str = ""
    software: str = ""


@dataclass(frozen=True, kw_only=True)
class SeriesHeader:
    """One series of a study. first_image: the end of the patient ("head" or "feet") that has InstanceNumber 1.

    overrides: attributes to change in every file after all else, by keyword, by path into first sequence items
    ("RadiopharmaceuticalInformationSequence.RadionuclideTotalDose") or by tag ("(7053,1000)", value a pair of VR and
    value); None deletes.
    """

    study: StudyHeader
    series_uid: str
    number: int
    description: str
    started: datetime.datetime
    first_image: str = "head"
    overrides: Mapping[str, object] = field(default_factory=dict)


def make_uid(*sources: object) -> str:
    """A UID that depends on nothing but `sources`."""
    from pydicom.uid import generate_uid

    return str(generate_uid(prefix=_UID_ROOT, entropy_srcs=["\x1f".join(str(s) for s in sources)]))


def date_text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y%m%d")


def time_text(moment: datetime.datetime) -> str:
    """DICOM TM to a thousandth of a second."""
    return moment.strftime("%H%M%S.") + f"{moment.microsecond // 1000:03d}"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One coded entry, as an item of a code sequence."""
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def shared_dataset(series: SeriesHeader, sop_class_uid: str) -> Dataset:
    """Patient, study, series, equipment and frame of reference: everything that no slice changes."""
    from pydicom import Dataset

    study, patient, ds = series.study, series.study.patient, Dataset()
    ds.SOPClassUID, ds.SpecificCharacterSet = sop_class_uid, "ISO_IR 100"
    ds.PatientName, ds.PatientID = patient.name, patient.patient_id
    ds.PatientBirthDate, ds.PatientSex = patient.birth_date, patient.sex
    ds.PatientAge = f"{study.started.year - int(patient.birth_date[:4]):03d}Y"
    ds.PatientWeight, ds.PatientSize = f"{patient.weight_kg:.10g}", f"{patient.height_m:.10g}"
    ds.StudyInstanceUID, ds.StudyDescription = study.study_uid, study.description
    ds.StudyDate, ds.StudyTime = date_text(study.started), time_text(study.started)
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.SeriesInstanceUID, ds.SeriesNumber = series.series_uid, series.number
    ds.SeriesDescription, ds.ProtocolName = series.description, "WB FDG"
    ds.SeriesDate, ds.SeriesTime = date_text(series.started), time_text(series.started)
    ds.BodyPartExamined = "WHOLEBODY"
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = study.frame_of_reference_uid, ""
    ds.Manufacturer, ds.ManufacturerModelName = study.manufacturer, study.model
    ds.SoftwareVersions, ds.StationName = study.software, "PHANTOM"
    ds.InstitutionName, ds.DeviceSerialNumber = "CLIPS synthetic data", "0"
    return ds


def add_pixel_description(ds: Dataset, image: sitk.Image, *, signed: bool, bits_stored: int = 16) -> None:
    """Image Pixel and the parts of Image Plane that are equal in all slices."""
    columns, rows, _ = image.GetSize()
    spacing, direction = image.GetSpacing(), np.array(image.GetDirection()).reshape(3, 3)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits_stored, bits_stored - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelSpacing = [f"{spacing[1]:.10g}", f"{spacing[0]:.10g}"]
    ds.SliceThickness = f"{spacing[2]:.10g}"
    ds.ImageOrientationPatient = [_cosine(v) for v in (*direction[:, 0], *direction[:, 1])]


def add_slice_position(ds: Dataset, image: sitk.Image, index: int, instance_number: int) -> None:
    """Instance UID and number and Image Position (Patient) of slice `index` of `image`."""
    position = image.TransformIndexToPhysicalPoint((0, 0, index))
    ds.InstanceNumber = instance_number
    ds.ImagePositionPatient = [_millimetres(v) for v in position]
    ds.SliceLocation = _millimetres(position[2])
    ds.SOPInstanceUID = make_uid(ds.SeriesInstanceUID, instance_number)


def instance_numbers(image: sitk.Image, first_image: str) -> list[int]:
    """InstanceNumber of every slice index, counted from the head or from the feet."""
    count = image.GetSize()[2]
    heights = slice_heights_mm(image)
    from_head = sorted(range(count), key=lambda index: -heights[index])
    order = from_head if first_image == "head" else from_head[::-1]
    return [order.index(index) + 1 for index in range(count)]


def slice_heights_mm(image: sitk.Image) -> list[float]:
    """LPS z of the middle of every slice."""
    columns, rows, count = image.GetSize()
    middle = [((columns - 1) / 2.0, (rows - 1) / 2.0, float(index)) for index in range(count)]
    return [image.TransformContinuousIndexToPhysicalPoint(point)[2] for point in middle]


def save(ds: Dataset, path: Path) -> None:
    """Write one explicit VR little endian file with its meta information."""
    from pydicom import dcmwrite
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, IMPLEMENTATION_UID
    meta.ImplementationVersionName = "CLIPS_PHANTOM"
    ds.file_meta = meta
    dcmwrite(path, ds, enforce_file_format=True)


def apply_overrides(ds: Dataset, overrides: Mapping[str, object]) -> None:
    """Change or delete attributes as `SeriesHeader.overrides` says."""
    from pydicom.datadict import tag_for_keyword

    for path, value in overrides.items():
        if path.startswith("("):
            tag, (vr, content) = int(path[1:5] + path[6:10], 16), (("UN", None) if value is None else value)
            ds.pop(tag, None)
            if content is not None:
                ds.add_new(tag, vr, content)
            continue
        *parents, keyword = path.split(".")
        target = ds
        for parent in parents:
            target = target[parent].value[0]
        if value is None:
            target.pop(tag_for_keyword(keyword), None)
        else:
            setattr(target, keyword, value)


def _cosine(value: float) -> str:
    return f"{value + 0.0:.12f}".rstrip("0").rstrip(".")[:16]


def _millimetres(value: float) -> str:
    return f"{value + 0.0:.8f}".rstrip("0").rstrip(".")[:16] if abs(value) >= 5e-9 else "0"
