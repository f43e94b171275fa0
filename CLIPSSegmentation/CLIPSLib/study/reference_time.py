"""To which moment the voxel values of a PET series are decay-corrected (DecayCorrection START).

The header names no such moment directly, and each vendor keeps it elsewhere; the order of trust follows the IBSI-SUV
header survey and QIBA's pseudo-code. Two independent estimates are compared wherever possible. Called by `suv`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.dicom_time import DAY_S, HALF_DAY_S, Moment, elapsed_s, parse_datetime, parse_moment, parse_offset
from CLIPSLib.study.headers import FrameTiming, PetHeaders

DISAGREEMENT = 0.05  # in SUV, above which two estimates are both shown
_GE_SOURCE = "GE PET scan_datetime (0009,xx0D)"
_SIEMENS_SOURCE = "Siemens Decay Correction DateTime (0071,xx22)"
_LONGEST_MS = 1000 * DAY_S  # frames and offsets of more than a day are damage
_SAME_MOMENT_S = 1.0
_DATES_SHIFTED_S = HALF_DAY_S  # no scan starts half a day before its first frame


@dataclass(frozen=True)
class Estimate:
    """A candidate for the reference time and the header attributes it comes from.

    kind: "series", "private", "computed" (back from FrameReferenceTime), or "acquisition" (for want of a better one).
    """

    moment: Moment
    kind: str
    source: str


@dataclass(frozen=True)
class ReferenceTime:
    """The moment used, the other estimates that the header gives, and what the user must know."""

    chosen: Estimate
    others: tuple[Estimate, ...]
    cautions: tuple[Caution, ...]


def find_reference_time(pet: PetHeaders, half_life_s: float) -> ReferenceTime:
    """The decay reference time of a series with DecayCorrection START.

    Order: SeriesTime unless it is later than the first acquisition (then the series was reprocessed), GE's and
    Siemens' private values, back-computation from every slice's FrameReferenceTime, the first AcquisitionTime.

    Raises:
        Refusal: the header has no usable time.
    """
    series = parse_moment(pet.series_date, pet.series_time)
    acquired, cautions = acquisition_moments(pet, series)
    first = min(acquired, key=lambda moment: elapsed_s(acquired[0], moment)) if acquired else None
    estimates = _estimates(pet, series, acquired, first, half_life_s)
    if not estimates:
        raise Refusal(
            "no-reference-time",
            f"DecayCorrection is START, and SeriesTime (0008,0031) is '{pet.series_time}' and AcquisitionTime "
            "(0008,0032) is absent or malformed: the time to which the activity is corrected is unknown",
            remedy="Export the series again with its times.",
        )
    chosen, others = estimates[0], estimates[1:]
    if series is not None and first is not None and elapsed_s(first, series) > _SAME_MOMENT_S:
        rejected = Estimate(series, "series", "SeriesTime (0008,0031), later than the first AcquisitionTime")
        others = (*others, rejected)
    cautions += (
        *_unreadable(pet, series, chosen),
        *_disagreements(chosen, others, half_life_s),
        *_uncertainty(chosen, others, first, half_life_s),
    )
    return ReferenceTime(chosen, others, cautions)


def acquisition_moments(pet: PetHeaders, series: Moment | None) -> tuple[list[Moment], tuple[Caution, ...]]:
    """When each slice was acquired, on the same calendar as SeriesDate."""
    moments = []
    shifted = False
    for frame in pet.frames:
        moment = parse_moment(frame.acquisition_date or pet.series_date, frame.acquisition_time)
        if moment is None:
            continue
        if series is not None and elapsed_s(series, moment) > _DATES_SHIFTED_S and frame.acquisition_date:
            moment, shifted = Moment(series.date, moment.seconds), True
        if series is not None and (shifted or not frame.acquisition_date):
            moment = _nearest_day(series, moment)
        moments.append(moment)
    cautions: tuple[Caution, ...] = ()
    if shifted:
        what = (
            f"SeriesDate (0008,0021) = {pet.series_date} and AcquisitionDate (0008,0022) = "
            f"{pet.frames[0].acquisition_date} do not fit together: dates look shifted; used the times of day"
        )
        cautions = (Caution("dates-shifted", what),)
    return moments, cautions


def frame_average_s(frame: FrameTiming, half_life_s: float) -> float | None:
    """Seconds from the start of a frame to the moment of its average activity; None without a duration."""
    if frame.frame_duration_ms is None or not 0 <= frame.frame_duration_ms <= _LONGEST_MS:
        return None
    decay = math.log(2.0) / half_life_s
    duration_s = frame.frame_duration_ms / 1000.0
    exponent = decay * duration_s
    if exponent < 1e-6:  # the formula below cancels
        return duration_s / 2.0
    return math.log(exponent / -math.expm1(-exponent)) / decay


def is_ge(manufacturer: str) -> bool:
    return manufacturer.upper().startswith(("GE ", "GEMS")) or manufacturer.upper() == "GE"


def to_local(moment: Moment, offset_min: int | None, timezone: str) -> Moment:
    """A DT value on the clock of the DA/TM values: converted when both sides state their offset, else as it reads."""
    local_min = parse_offset(timezone)
    if offset_min is None or local_min is None:
        return moment
    return moment.shifted((local_min - offset_min) * 60.0)


def _nearest_day(reference: Moment, moment: Moment) -> Moment:
    """Without a date of its own a time before or after midnight belongs to the day nearest to `reference`."""
    difference = elapsed_s(reference, moment)
    if abs(difference) <= 1.5 * HALF_DAY_S:
        return moment
    return moment.shifted(-math.copysign(2 * HALF_DAY_S, difference))


def _estimates(
    pet: PetHeaders, series: Moment | None, acquired: list[Moment], first: Moment | None, half_life_s: float
) -> tuple[Estimate, ...]:
    """All estimates that stand on their own, the most trusted one first."""
    found = [
        (series, "series", "SeriesDate + SeriesTime (0008,0021) (0008,0031)"),
        (_private(pet.ge_scan_datetime, pet), "private", _GE_SOURCE),
        (_private(pet.siemens_decay_datetime, pet), "private", _SIEMENS_SOURCE),
        (_back_computed(pet, acquired, half_life_s), "computed", _back_source(pet)),
    ]
    estimates = [Estimate(moment, *rest) for moment, *rest in found if moment and _not_after(moment, first)]
    if first is not None and not estimates:
        estimates.append(Estimate(first, "acquisition", "first AcquisitionTime of all slices (0008,0032)"))
    return tuple(estimates)


def _not_after(moment: Moment, first: Moment | None) -> bool:
    """Decay correction refers to the start of the scan, which is never later than its first frame."""
    if first is None:
        return True
    return -_DATES_SHIFTED_S <= elapsed_s(first, moment) <= _SAME_MOMENT_S


def _private(text: str, pet: PetHeaders) -> Moment | None:
    parsed = parse_datetime(text)
    return to_local(*parsed, pet.timezone_offset) if parsed else None


def _back_computed(pet: PetHeaders, acquired: list[Moment], half_life_s: float) -> Moment | None:
    """AcquisitionTime less FrameReferenceTime, on which all slices must agree; None otherwise.

    GE counts FrameReferenceTime to the start of the frame, the others to the moment of its average activity.
    """
    if not acquired or len(acquired) != len(pet.frames):
        return None
    if not is_ge(pet.manufacturer) and not any(frame.frame_reference_time_ms for frame in pet.frames):
        return None  # older Siemens files leave it at 0
    starts = []
    for frame, moment in zip(pet.frames, acquired, strict=True):
        average_s = 0.0 if is_ge(pet.manufacturer) else frame_average_s(frame, half_life_s)
        reference_ms = frame.frame_reference_time_ms
        if reference_ms is None or abs(reference_ms) > _LONGEST_MS or average_s is None:
            return None
        starts.append(moment.shifted(average_s - reference_ms / 1000.0))
    offsets = [elapsed_s(starts[0], start) for start in starts]
    if max(offsets) - min(offsets) > _SAME_MOMENT_S:
        return None
    return starts[0].shifted(sum(offsets) / len(offsets))


def _back_source(pet: PetHeaders) -> str:
    average = "" if is_ge(pet.manufacturer) else " + time of average activity"
    return f"AcquisitionTime{average} - FrameReferenceTime (0008,0032) (0054,1300)"


def _unreadable(pet: PetHeaders, series: Moment | None, chosen: Estimate) -> tuple[Caution, ...]:
    """Times that are in the header and make no sense, and an absent SeriesTime, which a series must have."""
    stated = (
        ("SeriesTime (0008,0031)", pet.series_time, series is None),
        (_GE_SOURCE, pet.ge_scan_datetime, _private(pet.ge_scan_datetime, pet) is None),
        (_SIEMENS_SOURCE, pet.siemens_decay_datetime, _private(pet.siemens_decay_datetime, pet) is None),
    )
    return tuple(
        Caution("time-unreadable", f"{name} is {repr(text) if text else 'absent'}; used {chosen.source}")
        for name, text, unreadable in stated
        if unreadable and (text or name.startswith("SeriesTime"))
    )


def _disagreements(chosen: Estimate, others: tuple[Estimate, ...], half_life_s: float) -> tuple[Caution, ...]:
    """The independent estimates that would change SUV noticeably."""
    cautions = []
    for other in others:
        change = suv_change(chosen.moment, other.moment, half_life_s)
        if other.kind != "series" and abs(change) > DISAGREEMENT:
            what = (
                f"The decay reference time by {chosen.source} is {chosen.moment}, by {other.source} {other.moment}: "
                f"SUV would differ by {100 * change:+.1f} %"
            )
            cautions.append(Caution("reference-time-disagrees", what))
    return tuple(cautions)


def _uncertainty(
    chosen: Estimate, others: tuple[Estimate, ...], first: Moment | None, half_life_s: float
) -> tuple[Caution, ...]:
    """What to say when nothing in the header confirms the chosen time."""
    if first is None:
        what = f"AcquisitionTime (0008,0032) is absent: the reference time by {chosen.source} could not be checked"
        return (Caution("reference-time-unchecked", what),)
    if chosen.kind == "acquisition":
        what = f"The decay reference time is taken from the {chosen.source} = {first}: nothing better is in the header"
        return (Caution("reference-time-from-acquisition", what),)
    confirmed = chosen.kind == "computed" or any(other.kind != "series" for other in others)
    if confirmed or suv_change(chosen.moment, first, half_life_s) <= DISAGREEMENT:
        return ()
    what = (
        f"{chosen.source} = {chosen.moment} is long before the first AcquisitionTime {first}, "
        "and nothing else in the header confirms it"
    )
    return (Caution("reference-time-early", what),)


def suv_change(chosen: Moment, other: Moment, half_life_s: float) -> float:
    """By which fraction SUV would change with `other` for `chosen`: a later reference means less activity left."""
    half_lives = elapsed_s(chosen, other) / half_life_s
    return 2.0 ** min(half_lives, 100.0) - 1.0  # beyond, only its being absurd counts
