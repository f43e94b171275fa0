"""From a candidate to pixels: PET in SUVbw, CT in HU, each on its own grid. Public: `read_study`, `read_ct`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, ClipsError, Refusal
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study.grid import Grid
from CLIPSLib.study.pixels import decoded_shape, read_slices
from CLIPSLib.study.plausibility import check_suv
from CLIPSLib.study.tilt import straighten
from CLIPSLib.study.types import PetCtStudy, SeriesInfo, StudyCandidate, SuvFactor

if TYPE_CHECKING:
    import SimpleITK as sitk

AIR_HU = -1000


def read_study(candidate: StudyCandidate, *, reporter: Reporter = SILENT) -> PetCtStudy:
    """Read the pixels of a candidate that `find_studies` gave.

    PET: float32 SUVbw, each slice with its own slope, intercept and (undecayed series) factor. CT: HU as int16 where
    slopes and intercepts are whole numbers and the values fit, else float32. Grids keep their direction cosines.

    Raises:
        Refusal, Question: the candidate's own, or a file's pixel data are truncated, empty or not decodable.
        Cancelled: `reporter.check` said so.
    """
    problem: ClipsError | None = next(iter((*candidate.refusals, *candidate.questions)), None)
    if problem is not None:
        raise problem
    pet, pet_cautions = _read_pet(candidate.pet, candidate.suv, reporter)
    ct = read_ct(candidate.ct, reporter=reporter) if candidate.ct is not None else None
    cautions = tuple(dict.fromkeys((*candidate.cautions, *pet_cautions)))
    for caution in pet_cautions:
        reporter.caution(caution)
    return PetCtStudy(pet=pet, ct=ct, identity=candidate.identity, suv=candidate.suv, cautions=cautions)


def read_ct(series: SeriesInfo, *, reporter: Reporter = SILENT) -> sitk.Image:
    """The CT of a candidate alone, in HU, as `read_study` gives it: int16 or float32 on its own grid.

    Raises:
        Refusal: pixel data are truncated, empty or not decodable.
        Cancelled: `reporter.check` said so.
    """
    whole = all(h.slope == int(h.slope) and h.intercept == int(h.intercept) for h in series.slices)
    values = _read_hounsfield(series, np.int16, reporter) if whole else None
    if values is None:
        values = _read_hounsfield(series, np.float32, reporter)
    if not values.any():
        what = f"All {len(values)} CT slices hold only zeros"
        raise Refusal("pixels-all-zero", what, str(series.files[0].parent), "Choose another CT, or none.")
    if series.grid.is_sheared:
        values = straighten(values, series.grid, AIR_HU)
    return _image(values, series.grid)


def _read_pet(series: SeriesInfo, suv: SuvFactor, reporter: Reporter) -> tuple[sitk.Image, tuple[Caution, ...]]:
    slices = series.slices
    factors = suv.slice_factors or (suv.factor,) * len(slices)
    values = _allocate(series, np.float32)
    empty = np.zeros(len(slices), dtype=bool)

    def convert(index: int, stored: np.ndarray) -> None:
        header = slices[index]
        empty[index] = not stored.any()
        rescaled = stored * np.float64(header.slope) + header.intercept
        values[index] = rescaled * factors[index]

    read_slices(slices, convert, reporter, "reading PET")
    cautions = _empty_slices(series, empty)
    return _image(values, series.grid), (*cautions, *check_suv(values))


def _empty_slices(series: SeriesInfo, empty: np.ndarray) -> tuple[Caution, ...]:
    """All slices zero: nothing was copied. Zero between others: a slice got lost; at the ends it is usual."""
    if empty.all():
        raise Refusal(
            "pixels-all-zero",
            f"All {len(empty)} slices hold only zeros",
            str(series.files[0].parent),
            "Copy or export the series again.",
        )
    filled = np.flatnonzero(~empty)
    between = [i for i in np.flatnonzero(empty) if filled[0] < i < filled[-1]]
    if not between:
        return ()
    what = f"{len(between)} slices between others hold only zeros, the first is {series.files[between[0]].name}"
    return (Caution("slices-all-zero", what, str(series.files[between[0]])),)


def _read_hounsfield(series: SeriesInfo, dtype: type, reporter: Reporter) -> np.ndarray | None:
    """HU of all slices as `dtype`, or None when a value does not fit into it."""
    slices = series.slices
    values = _allocate(series, dtype)
    fits = np.ones(len(slices), dtype=bool)
    limits = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else None

    def convert(index: int, stored: np.ndarray) -> None:
        header = slices[index]
        hounsfield = stored.astype(np.int32 if limits else np.float64)
        hounsfield *= hounsfield.dtype.type(header.slope)
        hounsfield += hounsfield.dtype.type(header.intercept)
        if limits and (hounsfield.min() < limits.min or hounsfield.max() > limits.max):
            fits[index] = False
        values[index] = hounsfield

    read_slices(slices, convert, reporter, "reading CT")
    return values if fits.all() else None


def _allocate(series: SeriesInfo, dtype: type) -> np.ndarray:
    """Room for all slices, once one of them has proven to be of the size that its header claims."""
    shape = decoded_shape(series.slices[0])
    return np.empty((len(series.slices), *shape), dtype=dtype)


def _image(values: np.ndarray, grid: Grid) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values)
    image.SetOrigin(grid.origin)
    image.SetSpacing(grid.spacing)
    image.SetDirection(grid.direction)
    return image
