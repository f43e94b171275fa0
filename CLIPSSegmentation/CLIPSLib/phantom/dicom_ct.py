"""Writes any HU image as a CT series (CT Image Storage). Called by the generator and tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view
from CLIPSLib.phantom import headers
from CLIPSLib.phantom.headers import SeriesHeader, date_text, time_text
from CLIPSLib.progress import SILENT, Reporter

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom import Dataset

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_INTERCEPT_HU = -1024


@dataclass(frozen=True, kw_only=True)
class CtSpec:
    """A CT series to write; series.started is when the tube was switched on."""

    series: SeriesHeader
    kernel: str = "B30f"
    kvp: int = 120


def write_ct_series(folder: Path, hu_image: sitk.Image, spec: CtSpec, *, reporter: Reporter = SILENT) -> list[Path]:
    """Write `hu_image` (HU, clipped to -1024..3071) as one file per slice, "0001.dcm" being image 1."""
    numbers = headers.instance_numbers(hu_image, spec.series.first_image)
    ds, hu = _series_dataset(hu_image, spec), array_view(hu_image)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index, number in enumerate(numbers):
        reporter.check()
        headers.add_slice_position(ds, hu_image, index, number)
        ds.PixelData = (np.clip(np.rint(hu[index]), -1024, 3071) - _INTERCEPT_HU).astype("<u2").tobytes()
        headers.apply_overrides(ds, spec.series.overrides)
        files.append(folder / f"{number:04d}.dcm")
        headers.save(ds, files[-1])
        reporter.progress("Writing CT", (index + 1) / len(numbers))
    return files


def _series_dataset(image: sitk.Image, spec: CtSpec) -> Dataset:
    ds = headers.shared_dataset(spec.series, CT_IMAGE_STORAGE)
    ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientPosition = spec.series.study.patient_position
    ds.AcquisitionNumber, ds.KVP, ds.ConvolutionKernel = 1, str(spec.kvp), spec.kernel
    ds.AcquisitionDate, ds.AcquisitionTime = date_text(spec.series.started), time_text(spec.series.started)
    ds.ContentDate, ds.ContentTime = ds.AcquisitionDate, ds.AcquisitionTime
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(_INTERCEPT_HU), "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    ds.ReconstructionDiameter = f"{image.GetSize()[0] * image.GetSpacing()[0]:.6g}"
    headers.add_pixel_description(ds, image, signed=False, bits_stored=12)
    return ds
