"""When the frames of a series were acquired, and the start of the scan computed back from them.

Called by `reference_time`, and by `decay` for frames that are not decay-corrected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from CLIPSLib.errors import Caution
from CLIPSLib.study.dicom_time import DAY_S, HALF_DAY_S, Moment, elapsed_s, parse_moment
from CLIPSLib.study.headers import FrameTiming, PetHeaders

DATES_SHIFTED_S = HALF_DAY_S  # no scan starts half a day before its first frame
SAME_MOMENT_S = 1.0
_LONGEST_MS = 1000 * DAY_S  # frames and offsets of more than a day are damage


def acquisition_moments(pet: PetHeaders, series: Moment | None) -> tuple[list[Moment], tuple[Caution, ...]]:
    """When each slice was acquired, on the same calendar as SeriesDate."""
    moments = []
    shifted = False
    for frame in pet.frames:
        moment = parse_moment(frame.acquisition_date or pet.series_date, frame.acquisition_time)
        if moment is None:
            continue
        if series is not None and elapsed_s(series, moment) > DATES_SHIFTED_S and frame.acquisition_date:
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


def back_computed(pet: PetHeaders, acquired: list[Moment], half_life_s: float) -> tuple[Moment | None, str] | None:
    """The start of the scan as AcquisitionTime less FrameReferenceTime, or None and why there is none in words.

    GE counts FrameReferenceTime to the start of the frame, the others to the moment of its average activity. All slices
    must agree. None when no slice has the two times.
    """
    references_ms = [frame.frame_reference_time_ms for frame in pet.frames]
    if not acquired or all(reference is None for reference in references_ms):
        return None
    if len(acquired) != len(pet.frames) or None in references_ms:
        return None, "some slices lack one of the times"
    if not is_ge(pet.manufacturer) and not any(references_ms):
        return None, "FrameReferenceTime is 0"  # older Siemens files leave it so
    if max(map(abs, references_ms)) > _LONGEST_MS:
        return None, "FrameReferenceTime is over a day"
    averages_s = [0.0 if is_ge(pet.manufacturer) else frame_average_s(frame, half_life_s) for frame in pet.frames]
    if None in averages_s:
        return None, "ActualFrameDuration (0018,1242) is absent or malformed"
    shifts = (
        average_s - reference_ms / 1000.0 for average_s, reference_ms in zip(averages_s, references_ms, strict=True)
    )
    return _agreed(moment.shifted(shift) for moment, shift in zip(acquired, shifts, strict=True))


def is_ge(manufacturer: str) -> bool:
    return manufacturer.upper().startswith(("GE ", "GEMS")) or manufacturer.upper() == "GE"


def _nearest_day(reference: Moment, moment: Moment) -> Moment:
    """Without a date of its own a time before or after midnight belongs to the day nearest to `reference`."""
    difference = elapsed_s(reference, moment)
    if abs(difference) <= 1.5 * HALF_DAY_S:
        return moment
    return moment.shifted(-math.copysign(2 * HALF_DAY_S, difference))


def _agreed(moments: Iterable[Moment]) -> tuple[Moment | None, str]:
    first, *others = moments
    offsets = [0.0, *(elapsed_s(first, other) for other in others)]
    spread_s = max(offsets) - min(offsets)
    if spread_s > SAME_MOMENT_S:
        return None, f"slices disagree by {spread_s:.0f} s"
    return first.shifted(sum(offsets) / len(offsets)), ""
