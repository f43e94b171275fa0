"""From headers to stacks: which files form one volume, in which order, and what is wrong with it.

Files are put in order by their positions along the slice normal, never by name or number. Called by `find`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.grid import Grid, find_grid
from CLIPSLib.study.headers import CT_IMAGE_STORAGE, PET_IMAGE_STORAGE, SliceHeader
from CLIPSLib.study.slice_checks import file_problems, without_duplicates
from CLIPSLib.study.types import SeriesInfo, SkippedSeries

MIN_SLICES = 4
_STORAGE = {"PT": PET_IMAGE_STORAGE, "CT": CT_IMAGE_STORAGE}
_ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET Image Storage",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET Image Storage",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT Image Storage",
}
_NOT_A_SLICE = ("MIP", "LOCALIZER", "PROJECTION", "MAX_IP", "SCOUT")
_COSINE_TOLERANCE = 1e-3
_SPACING_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Stack:
    """Slices that form one volume, sorted along the normal; `refusals` when they cannot be read as one.

    key: the series UID, with "#2" and so on when a series holds several stacks.
    """

    key: str
    slices: tuple[SliceHeader, ...]
    grid: Grid | None
    cautions: tuple[Caution, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    info: SeriesInfo = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "info", _series_info(self))

    @property
    def first(self) -> SliceHeader:
        return self.slices[0]

    def is_called(self, key: str) -> bool:
        """True for its key, and for the bare series UID, which means all stacks of the series."""
        return key in (self.key, self.first.series_uid)


def series_label(header: SliceHeader) -> str:
    """A series as people know it: number and description, and its UID."""
    number = f"{header.series_number} " if header.series_number is not None else ""
    return f"series {number}'{header.description}' {header.series_uid}"


def build_stacks(headers: Iterable[SliceHeader]) -> tuple[list[Stack], list[SkippedSeries]]:
    """All volumes of modality PT and CT, and everything else with the reason why it is none."""
    by_series: dict[tuple[str, str], list[SliceHeader]] = defaultdict(list)
    for header in headers:
        by_series[header.series_uid, header.modality].append(header)
    stacks: list[Stack] = []
    skipped: list[SkippedSeries] = []
    for members in by_series.values():
        families = _split(_volume_slices(members, skipped))
        groups = [group for family in families if not _too_short(family, skipped) for group in _acquisitions(family)]
        left_out = sum(len(family) for family in families) - sum(len(group) for group in groups)
        for index, group in enumerate(groups, start=1):
            key = group[0].series_uid if index == 1 else f"{group[0].series_uid}#{index}"
            stacks.append(_build_stack(key, group, left_out))
    return stacks, skipped


def _volume_slices(members: list[SliceHeader], skipped: list[SkippedSeries]) -> list[SliceHeader]:
    """The slices of a series that may be part of a volume; the others go to `skipped` with their reason."""
    reasons: dict[str, list[SliceHeader]] = defaultdict(list)
    kept = []
    for header in members:
        reason = _reason_to_skip(header)
        if reason:
            reasons[reason].append(header)
        else:
            kept.append(header)
    skipped.extend(_skipped(group, reason) for reason, group in reasons.items())
    return kept


def _reason_to_skip(header: SliceHeader) -> str:
    if header.modality not in _STORAGE:
        return f"modality {header.modality} is neither PT nor CT"
    marks = [mark for mark in header.image_type if mark.upper() in _NOT_A_SLICE]
    if marks:
        return f"no cross-sectional image: ImageType (0008,0008) holds {marks[0]}"
    if header.pet is not None and "REPROJECTION" in header.pet.series_type:
        return "no cross-sectional image: SeriesType (0054,1000) holds REPROJECTION"
    if header.burned_in:
        return "a picture, no measurement: BurnedInAnnotation (0028,0301) is YES"
    if header.sop_class_uid in _ENHANCED:
        return ""  # refused by name later
    if header.sop_class_uid != _STORAGE[header.modality]:
        return f"SOP class {header.sop_class_uid} is not {header.modality} image storage"
    return ""


def _too_short(group: list[SliceHeader], skipped: list[SkippedSeries]) -> bool:
    if len(group) >= MIN_SLICES or group[0].sop_class_uid in _ENHANCED:
        return False
    slices = "1 slice" if len(group) == 1 else f"{len(group)} slices"
    skipped.append(_skipped(group, f"only {slices} of this orientation and size, too few for a volume"))
    return True


def _skipped(group: list[SliceHeader], reason: str) -> SkippedSeries:
    first = group[0]
    return SkippedSeries(
        series_uid=first.series_uid,
        modality=first.modality,
        description=first.description,
        file_count=len(group),
        reason=reason,
    )


def _split(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Slices of one grid family each: same patient, frame of reference, orientation, size, and pixel spacing."""
    groups: list[list[SliceHeader]] = []
    for header in slices:
        for group in groups:
            if _same_family(group[0], header):
                group.append(header)
                break
        else:
            groups.append([header])
    return groups


def _same_family(a: SliceHeader, b: SliceHeader) -> bool:
    return (
        (a.patient.patient_id, a.study_uid, a.frame_of_reference_uid, a.rows, a.columns, a.sop_class_uid)
        == (b.patient.patient_id, b.study_uid, b.frame_of_reference_uid, b.rows, b.columns, b.sop_class_uid)
        and _close(a.orientation, b.orientation, _COSINE_TOLERANCE)
        and _close(a.pixel_spacing, b.pixel_spacing, _SPACING_TOLERANCE)
    )


def _close(a: tuple[float, ...] | None, b: tuple[float, ...] | None, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    return all(abs(x - y) <= tolerance for x, y in zip(a, b, strict=True))


def _acquisitions(family: list[SliceHeader]) -> list[list[SliceHeader]]:
    """A CT series may hold several acquisitions of the same place (contrast phases): one group each.

    PET is left whole: images at one position are then frames, and refused.
    """
    numbers = dict.fromkeys(header.acquisition_number for header in family)
    positions = {header.position for header in family}
    if family[0].modality != "CT" or len(positions) == len(family) or len(numbers) == 1:
        return [family]
    groups = [[header for header in family if header.acquisition_number == number] for number in numbers]
    return groups if all(len(group) >= MIN_SLICES for group in groups) else [family]


def _build_stack(key: str, group: list[SliceHeader], left_out: int) -> Stack:
    where = series_label(group[0])
    unique, cautions, refusals = without_duplicates(group, where)
    name = _ENHANCED.get(group[0].sop_class_uid)
    if name:
        what = f"The series is stored as {name} ({group[0].sop_class_uid}), which is not supported"
        refusal = Refusal("enhanced-storage", what, where, "Export it as single-frame images.")
        return Stack(key, tuple(unique), None, (), (refusal,))
    if len(unique) < MIN_SLICES:
        what = f"Too few different slices: {len(unique)} of {len(group)} files"
        refusals.append(Refusal("too-few-slices", what, where, "Copy or export the series again."))
        return Stack(key, tuple(unique), None, tuple(cautions), tuple(refusals))
    refusals += file_problems(unique)
    ordered, grid, found_cautions, found_refusals = find_grid(unique, where)
    cautions += found_cautions + _series_cautions(ordered, left_out, where)
    return Stack(key, tuple(ordered), grid, tuple(cautions), tuple(refusals + found_refusals))


def _series_cautions(ordered: list[SliceHeader], left_out: int, where: str) -> list[Caution]:
    cautions = []
    if left_out:
        what = f"Images left out for another size, orientation or frame of reference: {left_out} of the series"
        cautions.append(Caution("images-left-out", what, where))
    stated = ordered[0].series_slice_count
    if ordered[0].modality == "PT" and stated and stated > len(ordered):
        what = f"NumberOfSlices (0054,0081) is {stated}, and {len(ordered)} are here: the series may be incomplete"
        cautions.append(Caution("slices-missing", what, where))
    if any(header.lossy for header in ordered):
        what = "LossyImageCompression (0028,2110) is '01': the values are approximate"
        cautions.append(Caution("lossy", what, where))
    shifted = next((header for header in ordered if header.modality == "PT" and header.intercept), None)
    if shifted is not None:
        what = f"RescaleIntercept (0028,1052) = {shifted.intercept:g} of a PET, where 0 is expected; it was applied"
        cautions.append(Caution("intercept-not-zero", what, str(shifted.path)))
    return cautions


def _series_info(stack: Stack) -> SeriesInfo:
    first, grid = stack.first, stack.grid
    spacing = grid.spacing if grid else (0.0, 0.0, 0.0)
    return SeriesInfo(
        series_uid=first.series_uid,
        study_uid=first.study_uid,
        patient_id=first.patient.patient_id,
        modality=first.modality,
        description=first.description,
        series_number=first.series_number,
        frame_of_reference_uid=first.frame_of_reference_uid,
        files=tuple(header.path for header in stack.slices),
        slice_count=len(stack.slices),
        size=(first.columns or 0, first.rows or 0, len(stack.slices)),
        spacing_mm=spacing,
        details=_details(stack),
        slices=stack.slices,
        grid=grid,
    )


def _details(stack: Stack) -> dict[str, object]:
    first = stack.first
    details: dict[str, object] = {
        "key": stack.key,
        "manufacturer": first.patient.manufacturer,
        "model": first.patient.model,
        "series_date": first.series_date,
        "series_time": first.series_time,
        "image_type": "\\".join(first.image_type),
        "transfer_syntax_uid": first.transfer_syntax_uid,
    }
    if first.pet is not None:
        details["units"] = first.pet.units
        details["decay_correction"] = first.pet.decay_correction
        details["corrected_image"] = "\\".join(first.pet.corrected_image)
        details["distinct_rescale_slopes"] = len({header.slope for header in stack.slices})
    if first.kernel:
        details["kernel"] = first.kernel
    return details
