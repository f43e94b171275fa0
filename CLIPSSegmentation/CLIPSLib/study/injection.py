"""When the tracer was injected, and how long before the reference time. Called by `suv`.

Dates are the weak point: many files have times only, and anonymization shifts dates inconsistently. A day is never
added blindly: 24 h turn a typing error of minutes into a factor of thousands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.dicom_time import (
    DAY_S,
    Moment,
    elapsed_s,
    parse_datetime,
    parse_moment,
    parse_offset,
    parse_time,
    parse_typed_moment,
)
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.reference_time import to_local

MEANINGFUL_HALF_LIVES = 10.0  # after these nothing measurable is left
_EVENING_BEFORE_S = 6 * 3600.0  # longest uptake for which an injection before midnight is believed
_CLOCK_ERROR_S = 3600.0  # a DateTime later than the scan by less than this is a wrong clock, not a shifted date
_SHORT_LIVED_S = 11.5 * 3600.0  # only then do times of day determine the decay
_SAME_TIME_S = 60.0
USER_SOURCE = "user-entered"
DATETIME_SOURCE = "RadiopharmaceuticalStartDateTime (0018,1078)"
TIME_SOURCE = "RadiopharmaceuticalStartTime (0018,1072)"


@dataclass(frozen=True)
class Injection:
    """The moment of injection, the seconds from it to the reference time, its source."""

    moment: Moment
    elapsed_s: float
    source: str
    cautions: tuple[Caution, ...] = ()


def find_injection(pet: PetHeaders, reference: Moment, half_life_s: float, answers: Answers) -> Injection:
    """The injection that belongs to a scan with this reference time.

    Raises:
        Question: no readable time; or an uptake over two half-lives that nobody has confirmed.
        Refusal: the injection lies after the scan, a date is needed and missing, or the user denied the long uptake.
    """
    if half_life_s > _SHORT_LIVED_S and reference.date is None:
        raise _needs_date(
            f"The reference time {reference} of the scan has no date (SeriesDate (0008,0021))", half_life_s
        )
    if answers.injection_time is not None:
        injection = _typed(answers.injection_time, pet, reference, half_life_s)
    elif (stated := _stated_datetime(pet)) is not None:
        injection = _by_datetime(stated, pet, reference, half_life_s)
        injection = replace(injection, cautions=(*injection.cautions, *_time_zone_cautions(pet)))
    elif (seconds := parse_time(pet.start_time)) is not None:
        if half_life_s > _SHORT_LIVED_S:
            raise _needs_date(f"{TIME_SOURCE} = {Moment(None, seconds)} has no date", half_life_s)
        injection = _with_unreadable_datetime(pet, _by_time_of_day(seconds, reference, TIME_SOURCE))
    else:
        raise _missing(pet, half_life_s)
    return _confirmed(injection, reference, half_life_s, answers)


def _typed(text: str, pet: PetHeaders, reference: Moment, half_life_s: float) -> Injection:
    typed = parse_typed_moment(text)
    if typed.date is not None and reference.date is not None:
        seconds = elapsed_s(typed, reference)
        if seconds < 0.0:
            raise _after_scan(typed, reference, USER_SOURCE)
        injection = Injection(typed, seconds, USER_SOURCE)
    elif half_life_s > _SHORT_LIVED_S:
        raise _needs_date(f"The user-entered injection time {typed} has no date", half_life_s)
    else:
        injection = _by_time_of_day(typed.seconds, reference, USER_SOURCE)
    return replace(injection, cautions=(*injection.cautions, *_overruled(injection.moment, pet)))


def _overruled(used: Moment, pet: PetHeaders) -> tuple[Caution, ...]:
    """The times of the header that say something else than the typed one."""
    stated = (
        (DATETIME_SOURCE, pet.start_datetime, _stated_datetime(pet)),
        (TIME_SOURCE, pet.start_time, parse_moment("", pet.start_time)),
    )
    return tuple(
        Caution("header-overruled", f"{source} = '{text}' was overruled by the user-entered {used}")
        for source, text, moment in stated
        if text and (moment is None or abs(elapsed_s(moment, used)) >= 1.0)
    )


def _stated_datetime(pet: PetHeaders) -> Moment | None:
    parsed = parse_datetime(pet.start_datetime)
    return to_local(*parsed, pet.timezone_offset) if parsed else None


def _by_datetime(stated: Moment, pet: PetHeaders, reference: Moment, half_life_s: float) -> Injection:
    seconds = elapsed_s(stated, reference)
    if 0.0 <= seconds <= 2.0 * half_life_s:
        return Injection(stated, seconds, DATETIME_SOURCE, _compare_with_time(stated, pet))
    if -_CLOCK_ERROR_S <= seconds < 0.0:
        raise _after_scan(stated, reference, DATETIME_SOURCE)
    if half_life_s > _SHORT_LIVED_S:
        raise _needs_date(f"{DATETIME_SOURCE} = {stated} does not fit the reference time {reference}", half_life_s)
    injection = _by_time_of_day(stated.seconds, reference, f"{DATETIME_SOURCE}, time of day")
    other_time = _compare_with_time(stated, pet)
    if stated.date == injection.moment.date:
        return Injection(stated, seconds, DATETIME_SOURCE, other_time)
    what = f"{DATETIME_SOURCE} = {stated} and the reference time {reference}: dates look shifted; used times of day"
    return replace(injection, cautions=(Caution("dates-shifted", what), *other_time))


def _by_time_of_day(seconds: float, reference: Moment, source: str) -> Injection:
    moment = Moment(reference.date, seconds)
    elapsed = elapsed_s(moment, reference)
    if elapsed >= 0.0:
        return Injection(moment, elapsed, source)
    if elapsed + DAY_S > _EVENING_BEFORE_S:
        raise _after_scan(moment, reference, source)
    evening = moment.shifted(-DAY_S)
    what = f"{source} = {moment} is later than the reference time {reference}: taken as the evening before"
    return Injection(evening, elapsed + DAY_S, source, (Caution("injection-before-midnight", what),))


def _with_unreadable_datetime(pet: PetHeaders, injection: Injection) -> Injection:
    if not pet.start_datetime:
        return injection
    caution = Caution("time-unreadable", f"{DATETIME_SOURCE} is '{pet.start_datetime}'; used {TIME_SOURCE}")
    return replace(injection, cautions=(*injection.cautions, caution))


def _compare_with_time(stated: Moment, pet: PetHeaders) -> tuple[Caution, ...]:
    seconds = parse_time(pet.start_time)
    if seconds is None or abs((seconds - stated.seconds + DAY_S / 2) % DAY_S - DAY_S / 2) <= _SAME_TIME_S:
        return ()
    what = f"{DATETIME_SOURCE} = {stated} was used; {TIME_SOURCE} = {Moment(None, seconds)} says otherwise"
    return (Caution("injection-times-differ", what),)


def _confirmed(injection: Injection, reference: Moment, half_life_s: float, answers: Answers) -> Injection:
    if injection.elapsed_s <= 2.0 * half_life_s:
        return injection
    what = (
        f"Uptake is {injection.elapsed_s / 60:.0f} min, over two half-lives: injected {injection.moment} by "
        f"{injection.source}, reference time {reference}"
    )
    meaningful = injection.elapsed_s <= MEANINGFUL_HALF_LIVES * half_life_s
    if answers.confirm_long_uptake == "yes" and meaningful:
        caution = Caution("long-uptake", f"{what}; confirmed by the user")
        return replace(injection, cautions=(*injection.cautions, caution))
    if answers.confirm_long_uptake == "no" or not meaningful:
        raise Refusal("long-uptake", what, remedy="Give the true injection time (injection_time).")
    raise Question(
        "long-uptake",
        what,
        remedy="Confirm it (confirm_long_uptake), or give the true injection time (injection_time).",
        key="confirm_long_uptake",
        choices=("yes", "no"),
    )


def _time_zone_cautions(pet: PetHeaders) -> tuple[Caution, ...]:
    """An offset on one side only: the DateTime was read as local time, which StartTime confirms or nothing does."""
    stated, offset = parse_datetime(pet.start_datetime)
    if offset is None or parse_offset(pet.timezone_offset) is not None or parse_time(pet.start_time) == stated.seconds:
        return ()
    what = (
        f"{DATETIME_SOURCE} = {pet.start_datetime} states its offset from UTC and the scan does not "
        "(TimezoneOffsetFromUTC (0008,0201) is absent): it was taken as local time"
    )
    return (Caution("time-zone", what),)


def _needs_date(what: str, half_life_s: float) -> Refusal:
    return Refusal(
        "injection-date",
        f"{what}, and with a half-life of {half_life_s:g} s the time of day alone does not determine the decay",
        remedy="Correct the dates, or give the injection with its date (injection_time as YYYYMMDDHHMMSS).",
    )


def _after_scan(moment: Moment, reference: Moment, source: str) -> Refusal:
    return Refusal(
        "injection-after-scan",
        f"The injection at {moment} by {source} is later than the reference time {reference} of the scan",
        remedy="Give the true injection time (injection_time).",
    )


def _missing(pet: PetHeaders, half_life_s: float) -> Question:
    dated = half_life_s > _SHORT_LIVED_S
    found = ", ".join(f"'{text}'" for text in (pet.start_datetime, pet.start_time) if text) or "absent"
    return Question(
        "injection-time-missing",
        f"The injection time is {found}: {DATETIME_SOURCE}, {TIME_SOURCE}",
        remedy=f"Give the injection {'date and time' if dated else 'time of day'} (injection_time).",
        key="injection_time",
        unit="YYYYMMDDHHMMSS" if dated else "HHMMSS",
    )
