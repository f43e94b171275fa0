"""Writes any SUV image as a PET series (PET Image Storage) in the style of a maker. Called by the generator and tests.

The inverse of what a reader does: SUV -> activity concentration (or counts) -> int16 with a slope for each slice.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view
from CLIPSLib.phantom import headers
from CLIPSLib.phantom.decay import Bed, average_activity_time_s, beds_of_slices, decay_factor, remaining
from CLIPSLib.phantom.headers import SeriesHeader, code, date_text, time_text
from CLIPSLib.phantom.vendors import COUNTS_TO_BQML, PrivateFacts, Vendor, decimal, moment
from CLIPSLib.progress import SILENT, Reporter

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom import Dataset

PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
_AMBIGUOUS_SUV = 1e-5  # single precision readers may disagree on which side of a threshold such a voxel lies


@dataclass(frozen=True, kw_only=True)
class PetSpec:
    """A PET series to write. dose_bq at `injected`; series.started is the start of the first bed.

    units: "BQML", "CNTS" (with the Philips factors) or "GML"; decay_correction: "START", "ADMIN" or "NONE".
    clear_of_suv: thresholds from which voxels keep 1e-5 away, moving by one quantisation step where needed.
    """

    series: SeriesHeader
    vendor: Vendor
    dose_bq: float
    injected: datetime.datetime
    units: str = "BQML"
    decay_correction: str = "START"
    clear_of_suv: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EncodedPet:
    """What PET files hold, before any reader: stored int16 `[z, y, x]`, and per slice z its rescale slope, the factor
    from rescaled value to SUVbw (g/mL) and its bed."""

    stored: np.ndarray
    slopes: np.ndarray
    suv_per_value: np.ndarray
    beds: tuple[Bed, ...]

    def suv(self) -> np.ndarray:
        """SUVbw in double precision: stored value * slope * factor."""
        return self.stored * (self.slopes * self.suv_per_value)[:, None, None]


def encode_pet(suv_image: sitk.Image, spec: PetSpec) -> EncodedPet:
    """Quantise `suv_image` (SUVbw, g/mL) slice by slice as `write_pet_series` does, writing nothing."""
    heights, vendor = headers.slice_heights_mm(suv_image), spec.vendor
    beds = beds_of_slices(heights, step_mm=vendor.bed_step_mm, duration_s=vendor.bed_duration_s)
    factors = np.array([suv_per_value(spec, bed) for bed in beds])
    slopes, stored = _quantized(array_view(suv_image), factors, spec.clear_of_suv)
    return EncodedPet(stored=stored, slopes=slopes, suv_per_value=factors, beds=tuple(beds))


def write_pet_series(folder: Path, suv_image: sitk.Image, spec: PetSpec, *, reporter: Reporter = SILENT) -> EncodedPet:
    """Write `suv_image` (SUVbw, g/mL, any direction cosines) as one file per slice, "0001.dcm" being image 1.

    The folder is made; existing files of the same names are replaced. Returns what the files hold.
    """
    encoded = encode_pet(suv_image, spec)
    numbers = headers.instance_numbers(suv_image, spec.series.first_image)
    folder.mkdir(parents=True, exist_ok=True)
    for done, (number, ds) in enumerate(_slices(suv_image, spec, encoded, numbers), start=1):
        reporter.check()
        headers.save(ds, folder / f"{number:04d}.dcm")
        reporter.progress("Writing PET", done / len(numbers))
    return encoded


def suv_per_value(spec: PetSpec, bed: Bed) -> float:
    """SUVbw per rescaled value of a slice in `bed`, straight from the definition: 1000 W / D at the reference time."""
    if spec.units == "GML":
        return 1.0
    half_life = spec.vendor.half_life_s
    elapsed = (spec.series.started - spec.injected).total_seconds()
    if spec.decay_correction == "ADMIN":
        elapsed = 0.0
    elif spec.decay_correction == "NONE":
        elapsed += bed.offset_s + average_activity_time_s(bed.duration_s, half_life)
    per_bqml = 1000.0 * spec.series.study.patient.weight_kg / (spec.dose_bq * remaining(elapsed, half_life))
    return float(decimal(per_bqml * COUNTS_TO_BQML)) if spec.units == "CNTS" else per_bqml


def _quantized(suv: np.ndarray, factors: np.ndarray, clear_of_suv: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (as their decimal strings will be read back) and int16 values, slice by slice."""
    slopes, stored = np.empty(len(suv)), np.empty(suv.shape, dtype=np.int16)
    for z, (plane, factor) in enumerate(zip(suv, factors, strict=True)):
        values = plane.astype(np.float64) / factor
        slopes[z] = float(decimal(max(values.max(), 1e-6) / 32766.0))
        whole = np.clip(np.rint(values / slopes[z]), -32768, 32766)
        for threshold in clear_of_suv:
            whole += np.abs(whole * (slopes[z] * factor) - threshold) < _AMBIGUOUS_SUV
        stored[z] = whole
    return slopes, stored


def _slices(image: sitk.Image, spec: PetSpec, encoded: EncodedPet, numbers: list[int]) -> Iterator[tuple[int, Dataset]]:
    """One dataset, changed for each slice: building it anew would take most of the time."""
    ds = _series_dataset(image, spec)
    facts = PrivateFacts(
        series_start=spec.series.started, injected=spec.injected, suv_per_value=float(encoded.suv_per_value[0])
    )
    spec.vendor.add_private(ds, facts, spec.units)
    for index, (number, bed) in enumerate(zip(numbers, encoded.beds, strict=True)):
        headers.add_slice_position(ds, image, index, number)
        _add_bed(ds, spec, bed)
        ds.ImageIndex = number
        ds.RescaleSlope, ds.RescaleIntercept = decimal(float(encoded.slopes[index])), "0"
        ds.PixelData = encoded.stored[index].astype("<i2").tobytes()
        headers.apply_overrides(ds, spec.series.overrides)
        yield number, ds


def _add_bed(ds: Dataset, spec: PetSpec, bed: Bed) -> None:
    half_life = spec.vendor.half_life_s
    acquired = spec.series.started + datetime.timedelta(seconds=bed.offset_s)
    ds.AcquisitionDate, ds.AcquisitionTime = date_text(acquired), time_text(acquired)
    ds.ContentDate, ds.ContentTime = ds.AcquisitionDate, ds.AcquisitionTime
    ds.ActualFrameDuration = round(bed.duration_s * 1000.0)
    reference_s = bed.offset_s
    if spec.vendor.frame_reference == "average-activity":
        reference_s += average_activity_time_s(bed.duration_s, half_life)
    ds.FrameReferenceTime = f"{reference_s * 1000.0:.6f}".rstrip("0").rstrip(".")
    if spec.decay_correction == "NONE":
        ds.DecayFactor = "1"
    else:
        since_injection = (spec.series.started - spec.injected).total_seconds()
        offset = bed.offset_s + (since_injection if spec.decay_correction == "ADMIN" else 0.0)
        ds.DecayFactor = f"{decay_factor(offset, bed.duration_s, half_life):.8f}"


def _series_dataset(image: sitk.Image, spec: PetSpec) -> Dataset:
    """Everything in a PET file that is equal in all slices: PET Series, Isotope, Patient Orientation, PET Image.

    Patient Position is left out: the standard forbids it beside Patient Orientation Code Sequence, which PET requires.
    """
    vendor = spec.vendor
    ds = headers.shared_dataset(spec.series, PET_IMAGE_STORAGE)
    ds.Modality, ds.Units, ds.CountsSource = "PT", spec.units, "EMISSION"
    ds.SeriesType, ds.NumberOfSlices = ["WHOLE BODY", "IMAGE"], image.GetSize()[2]
    ds.CorrectedImage = [c for c in vendor.corrected_image if c != "DECY" or spec.decay_correction != "NONE"]
    ds.DecayCorrection, ds.CollimatorType = spec.decay_correction, "NONE"
    ds.RandomsCorrectionMethod, ds.ScatterCorrectionMethod = "DLYD", "Model-based"
    ds.AttenuationCorrectionMethod, ds.ReconstructionMethod = "measured,CT", vendor.reconstruction
    ds.ConvolutionKernel = vendor.kernel
    if spec.units == "GML":
        ds.SUVType = "BW"
    ds.RadiopharmaceuticalInformationSequence = [_isotope(spec)]
    ds.PatientOrientationCodeSequence = [_recumbent(spec.series.study.patient_position)]
    feet_first = spec.series.study.patient_position.startswith("FF")
    gantry = ("102541001", "feet-first") if feet_first else ("102540000", "headfirst")
    ds.PatientGantryRelationshipCodeSequence = [code(gantry[0], "SCT", gantry[1])]
    ds.ImageType, ds.LossyImageCompression = ["ORIGINAL", "PRIMARY"], "00"
    headers.add_pixel_description(ds, image, signed=True)
    return ds


def _isotope(spec: PetSpec) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.Radiopharmaceutical = "FDG -- fluorodeoxyglucose"
    item.RadiopharmaceuticalStartTime = time_text(spec.injected)
    if spec.vendor.gives_start_datetime:
        item.RadiopharmaceuticalStartDateTime = moment(spec.injected)
    item.RadionuclideTotalDose = decimal(spec.dose_bq)
    item.RadionuclideHalfLife, item.RadionuclidePositronFraction = decimal(spec.vendor.half_life_s), "0.967"
    scheme = spec.vendor.coding_scheme
    fluorine, fdg = {"SCT": ("77004003", "35321007"), "SRT": ("C-111A1", "C-B1031")}[scheme]
    item.RadionuclideCodeSequence = [code(fluorine, scheme, "^18^Fluorine")]
    item.RadiopharmaceuticalCodeSequence = [code(fdg, scheme, "Fluorodeoxyglucose F^18^")]
    item.AdministrationRouteCodeSequence = [code("47625008", "SCT", "Intravenous route")]
    return item


def _recumbent(patient_position: str) -> Dataset:
    item = code("102538003", "SCT", "recumbent")
    prone = patient_position.endswith("P")
    modifier = ("1240000", "prone") if prone else ("40199007", "supine")
    item.PatientOrientationModifierCodeSequence = [code(modifier[0], "SCT", modifier[1])]
    return item
