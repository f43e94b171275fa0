"""To which moment the voxel values of a PET series are decay-corrected (DecayCorrection START).

The header names no such moment directly, and each vendor keeps it elsewhere; the order of trust follows the IBSI-SUV
header survey and QIBA's pseudo-code. Two independent estimates are compared wherever possible. Called by `suv`.
"""

from __future__ import annotations

from dataclasses import dataclass

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.dicom_time import Moment, elapsed_s, parse_datetime, parse_moment, parse_offset
from CLIPSLib.study.frame_times import DATES_SHIFTED_S, SAME_MOMENT_S, acquisition_moments, back_computed, is_ge
from CLIPSLib.study.headers import PetHeaders

DISAGREEMENT = 0.05  # in SUV, above which two estimates are both shown
_GE_SOURCE = "GE PET scan_datetime (0009,xx0D)"
_SIEMENS_SOURCE = "Siemens Decay Correction DateTime (0071,xx22)"


@dataclass(frozen=True)
class Estimate:
    """What the header gives for the reference time, and the attributes it comes from.

    kind: "series", "private", "computed" (back from FrameReferenceTime), or "acquisition" (for want of a better one).
    doubt: why it cannot be the reference time, "" when it can. moment: None when its attributes lead to none.
    """

    moment: Moment | None
    kind: str
    source: str
    doubt: str = ""

    @property
    def is_evidence(self) -> bool:
        """True when it can confirm or contradict another: the first frame only bounds the start of the scan."""
        return not self.doubt and self.kind != "acquisition"

    def __str__(self) -> str:
        if self.moment is None:
            return f"{self.source}, not usable: {self.doubt}"
        return f"reference time {self.moment} by {self.source}" + (f", {self.doubt}" if self.doubt else "")


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
    chosen = next((estimate for estimate in estimates if not estimate.doubt), None)
    if chosen is None:
        raise Refusal(
            "no-reference-time",
            f"DecayCorrection is START, and SeriesTime (0008,0031) is '{pet.series_time}' and AcquisitionTime "
            "(0008,0032) is absent or malformed: the time to which the activity is corrected is unknown",
            remedy="Export the series again with its times.",
        )
    others = tuple(estimate for estimate in estimates if estimate is not chosen)
    cautions += (
        *_unreadable(pet, series, chosen),
        *_disagreements(chosen, others, half_life_s),
        *_uncertainty(chosen, others, first, half_life_s),
    )
    return ReferenceTime(chosen, others, cautions)


def to_local(moment: Moment, offset_min: int | None, timezone: str) -> Moment:
    """A DT value on the clock of the DA/TM values: converted when both sides state their offset, else as it reads."""
    local_min = parse_offset(timezone)
    if offset_min is None or local_min is None:
        return moment
    return moment.shifted((local_min - offset_min) * 60.0)


def _estimates(
    pet: PetHeaders, series: Moment | None, acquired: list[Moment], first: Moment | None, half_life_s: float
) -> tuple[Estimate, ...]:
    """Everything the header gives, the most trusted first."""
    stated = (
        (series, "series", "SeriesDate + SeriesTime (0008,0021) (0008,0031)"),
        (_private(pet.ge_scan_datetime, pet), "private", _GE_SOURCE),
        (_private(pet.siemens_decay_datetime, pet), "private", _SIEMENS_SOURCE),
    )
    estimates = [Estimate(moment, kind, source, _doubt(moment, first)) for moment, kind, source in stated if moment]
    if (computed := back_computed(pet, acquired, half_life_s)) is not None:
        moment, problem = computed
        estimates.append(Estimate(moment, "computed", _back_source(pet), problem or _doubt(moment, first)))
    if first is not None:
        estimates.append(Estimate(first, "acquisition", "first AcquisitionTime of all slices (0008,0032)"))
    return tuple(estimates)


def _doubt(moment: Moment, first: Moment | None) -> str:
    """Decay correction refers to the start of the scan, which is never later than its first frame."""
    after_s = elapsed_s(first, moment) if first is not None else 0.0
    if after_s > SAME_MOMENT_S:
        return "later than the first AcquisitionTime"
    return "over half a day before the first AcquisitionTime" if after_s < -DATES_SHIFTED_S else ""


def _back_source(pet: PetHeaders) -> str:
    average = "" if is_ge(pet.manufacturer) else " + time of average activity"
    return f"AcquisitionTime{average} - FrameReferenceTime (0008,0032) (0054,1300)"


def _private(text: str, pet: PetHeaders) -> Moment | None:
    parsed = parse_datetime(text)
    return to_local(*parsed, pet.timezone_offset) if parsed else None


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
        if not other.is_evidence:
            continue
        change = suv_change(chosen.moment, other.moment, half_life_s)
        if abs(change) > DISAGREEMENT:
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
    confirmed = chosen.kind == "computed" or any(other.is_evidence for other in others)
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
