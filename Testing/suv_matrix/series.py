"""SUV matrix: which series is offered, where its slices lie, which CT goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from builders_dicom import write_series
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from suv_matrix.variant import ONE_HOUR, Variant, asks, converts, refuses

OTHER_SERIES = "1.2.826.0.1.3680043.8.498.77"
CT_SERIES = generate_uid(entropy_srcs=["series", "CT", "1"])
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
COS, SIN = 0.939692620786, 0.342020143326  # of 20 degrees


def position(z: Callable[[int], float], y: Callable[[int], float] = lambda i: -14.0) -> Callable[[int], list[str]]:
    """ImagePositionPatient of slice i."""
    return lambda i: ["-16", f"{y(i):.4f}", f"{z(i):.4f}"]


def without_slice(number: int) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{number:04d}.dcm").unlink()


def copied(change: Callable[[Dataset], None] | None = None) -> Callable[[Path], None]:
    """A second file of slice 2, the same or changed."""

    def after(folder: Path) -> None:
        dataset = dcmread(folder / "0002.dcm")
        if change is not None:
            change(dataset)
        dataset.save_as(folder / "copy of 0002.dcm")

    return after


def second_series(folder: Path, **header) -> None:
    write_series(folder.parent / "other", series="2", SeriesInstanceUID=OTHER_SERIES, **header)


def multi_frame(dataset: Dataset, _index: int) -> None:
    dataset.NumberOfFrames = 6
    dataset.PixelData = dataset.PixelData * 6


def three_and_a_copy(folder: Path) -> None:
    for number in (3, 4, 5):
        (folder / f"{number:04d}.dcm").unlink()
    copied()(folder)


def change_weight(dataset: Dataset) -> None:
    dataset.PatientWeight = "80"


def change_pixels(dataset: Dataset) -> None:
    dataset.PixelData = bytes(reversed(dataset.PixelData))


CORRECTIONS = [
    refuses(
        "not attenuation-corrected",
        "not-attenuation-corrected",
        "CorrectedImage (0028,0051)",
        "ATTN",
        CorrectedImage=["DECY", "SCAT"],
    ),
    refuses("CorrectedImage absent", "not-attenuation-corrected", "(0028,0051)", CorrectedImage=None),
    *(
        refuses(
            f"description {description}",
            "not-attenuation-corrected",
            "SeriesDescription (0008,103E)",
            description,
            SeriesDescription=description,
        )
        for description in ("PET WB NAC", "WB_Uncorrected", "PET NoAC", "Torso (No AC)")
    ),
    converts("description PET WB (AC) 3D", ONE_HOUR, SeriesDescription="PET WB (AC) 3D"),
    converts("description PINNACLE", ONE_HOUR, SeriesDescription="PINNACLE EXPORT"),
    refuses("dynamic", "not-static", "SeriesType (0054,1000)", "DYNAMIC", SeriesType=["DYNAMIC", "IMAGE"]),
    refuses("gated", "not-static", "SeriesType (0054,1000)", "GATED", SeriesType=["GATED", "IMAGE"]),
    converts("static", ONE_HOUR, SeriesType=["STATIC", "IMAGE"]),
    converts("NAC beside AC: no question", ONE_HOUR, after=lambda f: second_series(f, SeriesDescription="PET WB NAC")),
    asks(
        "two reconstructions",
        "several-pet-series",
        "pet_series",
        "PET WB AC",
        "PET PSF+TOF",
        after=lambda f: second_series(f, SeriesDescription="PET PSF+TOF"),
    ),
    converts(
        "two reconstructions, one named",
        ONE_HOUR,
        answers={"pet_series": generate_uid(entropy_srcs=["series", "PT", "1"])},
        after=lambda f: second_series(f, SeriesDescription="PET PSF+TOF"),
    ),
]

NOT_OFFERED = [
    refuses("a MIP", "no-usable-pet", "ImageType", "MIP", ImageType=["DERIVED", "SECONDARY", "MIP"]),
    refuses("a localizer", "no-usable-pet", "LOCALIZER", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
    refuses("reprojections", "no-usable-pet", "SeriesType", "REPROJECTION", SeriesType=["WHOLE BODY", "REPROJECTION"]),
    refuses("screen captures", "no-usable-pet", "SOP class", SECONDARY_CAPTURE, SOPClassUID=SECONDARY_CAPTURE),
    refuses("text burned in", "no-usable-pet", "BurnedInAnnotation", BurnedInAnnotation="YES"),
    refuses("three slices", "no-usable-pet", "3 slices", slices=3),
    refuses("no PET at all", "no-usable-pet", "6 files", Modality="NM"),
    refuses(
        "enhanced PET",
        "enhanced-storage",
        "Enhanced PET Image Storage",
        "1.2.840.10008.5.1.4.1.1.130",
        slices=1,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.130",
        edit=multi_frame,
    ),
    refuses(
        "legacy converted enhanced PET",
        "enhanced-storage",
        "Legacy Converted Enhanced PET",
        slices=1,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.128.1",
        edit=multi_frame,
    ),
    converts("derived, as exports are", ONE_HOUR, ImageType=["DERIVED", "SECONDARY"]),
]

GEOMETRY = [
    converts(
        "exact copy of a slice", ONE_HOUR, cautions=("duplicates-dropped",), says=("Exact copies", "1"), after=copied()
    ),
    refuses(
        "copy with another weight", "conflicting-copies", "SOPInstanceUID (0008,0018)", after=copied(change_weight)
    ),
    refuses("copy with other pixels", "conflicting-copies", "SOPInstanceUID (0008,0018)", after=copied(change_pixels)),
    refuses("three slices and a copy", "too-few-slices", "3 of 4 files", after=three_and_a_copy),
    refuses("a slice missing in the middle", "slice-gap", "105.00 to 115.00 mm", after=without_slice(2)),
    converts(
        "a slice missing at the end",
        ONE_HOUR,
        cautions=("slices-missing",),
        says=("NumberOfSlices (0054,0081) is 6", "5 are here"),
        after=without_slice(5),
        seen=lambda values: values[:5],
    ),
    converts(
        "slices as a real GE scanner places them: 3.27, 3.29, 3.19 mm apart",
        ONE_HOUR,
        ImagePositionPatient=position(lambda i: (0.0, 3.27, 6.56, 9.75, 13.02, 16.29)[i]),
    ),
    refuses(
        "a slice 1 mm off",
        "uneven-spacing",
        "109.00",
        ImagePositionPatient=position(lambda i: 100.0 + 5.0 * i - (i == 2)),
    ),
    refuses("gantry tilt", "gantry-tilt", "11.3 degrees", step=(0.0, 1.0, 5.0)),
    refuses(
        "slices displaced without order",
        "slices-displaced",
        "in their plane",
        ImagePositionPatient=position(lambda i: 100.0 + 5.0 * i, lambda i: -14.0 + 2.0 * (i == 3)),
    ),
    converts("oblique slices", ONE_HOUR, orientation=(1.0, 0.0, 0.0, 0.0, COS, SIN)),
    converts("feet first", ONE_HOUR, PatientPosition="FFS", orientation=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)),
    converts(
        "files from the head down",
        ONE_HOUR,
        step=(0.0, 0.0, -5.0),
        seen=lambda values: values[::-1],
    ),
    converts(
        "instance numbers against the positions, any file name",
        ONE_HOUR,
        InstanceNumber=lambda i: 60 - 7 * i,
        name=lambda i: f"{(7 * i) % 11}",
    ),
    refuses(
        "two frames at every position",
        "several-frames",
        "2 images",
        "same position",
        slices=12,
        ImagePositionPatient=position(lambda i: 100.0 + 5.0 * (i % 6)),
        AcquisitionTime=lambda i: "110000" if i < 6 else "112000",
    ),
    asks(
        "two patients in one series",
        "several-pet-series",
        "pet_series",
        "2 PET series",
        slices=12,
        PatientID=lambda i: "P1" if i < 6 else "P2",
    ),
    asks(
        "two frames of reference in one series",
        "several-pet-series",
        "pet_series",
        "2 PET series",
        slices=12,
        FrameOfReferenceUID=lambda i: "1.2.3" if i < 6 else "1.2.4",
    ),
    converts(
        "a stray image of another patient",
        ONE_HOUR,
        cautions=("images-left-out", "slices-missing"),
        says=("another size", "1 of the series"),
        PatientID=lambda i: "P1" if i < 5 else "P2",
        seen=lambda values: values[:5],
    ),
    refuses("position absent", "no-geometry", "(0020,0032)", ImagePositionPatient=None),
    refuses("orientation absent", "no-geometry", "(0020,0037)", ImageOrientationPatient=None),
    refuses("PixelSpacing absent", "attribute-missing", "PixelSpacing (0028,0030)", PixelSpacing=None),
]

CT = [
    converts("with its CT", ONE_HOUR, ct={}),
    converts("CT of another patient", ONE_HOUR, cautions=("no-ct",), says=("PatientID", "P2"), ct={"PatientID": "P2"}),
    converts(
        "CT of another frame of reference",
        ONE_HOUR,
        cautions=("not-registered",),
        says=("(0020,0052)",),
        ct={"FrameOfReferenceUID": "1.2.3"},
    ),
    converts(
        "CT without a frame of reference",
        ONE_HOUR,
        cautions=("frame-unknown",),
        says=("(0020,0052)", "missing"),
        ct={"FrameOfReferenceUID": None},
    ),
    converts("CT too short", ONE_HOUR, cautions=("ct-coverage",), says=("83 %",), ct={"slices": 5}),
    converts(
        "CT with a tilted gantry",
        ONE_HOUR,
        cautions=("gantry-tilt",),
        says=("straightened",),
        ct={"step": (0.0, 1.0, 5.0), "GantryDetectorTilt": "11.3"},
    ),
    asks(
        "two equal CTs",
        "several-ct-series",
        "ct_series",
        "2 CT series",
        ct={},
        after=lambda folder: write_series(folder.parent / "ct2", "CT", series="2"),
    ),
    converts("CT unwanted", ONE_HOUR, cautions=("no-ct",), answers={"ct_series": "none"}, ct={}),
    refuses(
        "named CT of another patient",
        "ct-does-not-fit",
        "PatientID",
        "P2",
        answers={"ct_series": CT_SERIES},
        ct={"PatientID": "P2"},
    ),
]

VARIANTS: list[Variant] = [*CORRECTIONS, *NOT_OFFERED, *GEOMETRY, *CT]
