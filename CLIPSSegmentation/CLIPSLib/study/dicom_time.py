"""DICOM dates and times as they occur in real files (DA, TM, DT; PS3.5 section 6.2), and differences between them.

Tolerant in reading, strict in meaning: what cannot be read is None, never a guess. Called by `reference_time`,
`injection` and `pairing`.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

DAY_S = 86400.0
HALF_DAY_S = DAY_S / 2

_TIME = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d*))?)?)?")
_DATE = re.compile(r"(\d{4})([.-]?)(\d\d)\2(\d\d)")
_DATETIME = re.compile(r"(\d{8})(\d\d(?:\d\d(?:\d\d(?:\.\d*)?)?)?)([+-]\d{4})?")


@dataclass(frozen=True)
class Moment:
    """A time of day with its date where the date is known. `seconds`: since midnight."""

    date: datetime.date | None
    seconds: float

    def __str__(self) -> str:
        whole = int(self.seconds)
        fraction = f"{self.seconds - whole:.3f}"[1:].rstrip("0").rstrip(".")
        clock = f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}{fraction}"
        return f"{self.date.isoformat()} {clock}" if self.date else clock

    def shifted(self, seconds: float) -> Moment:
        """The moment `seconds` later; the date follows when midnight is crossed, and is lost outside the calendar."""
        days, rest = divmod(self.seconds + seconds, DAY_S)
        try:
            date = self.date + datetime.timedelta(days=days) if self.date else None
        except OverflowError:
            date = None
        return Moment(date, rest)


def parse_time(text: str) -> float | None:
    """Seconds since midnight of a TM value: HH, HHMM, HHMMSS, HHMMSS.F, and the old HH:MM:SS; None when unreadable."""
    match = _TIME.fullmatch(text.strip(" \0"))
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3))
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    return hour * 3600.0 + minute * 60.0 + second + float(f"0.{match.group(4) or 0}")


def parse_date(text: str) -> datetime.date | None:
    """The date of a DA value, YYYYMMDD or the old YYYY.MM.DD; None when unreadable or impossible."""
    match = _DATE.fullmatch(text.strip(" \0"))
    if match is None:
        return None
    try:
        return datetime.date(int(match.group(1)), int(match.group(3)), int(match.group(4)))
    except ValueError:
        return None


def parse_moment(date: str, time: str) -> Moment | None:
    """A DA and a TM value together; None without a readable time."""
    seconds = parse_time(time)
    return None if seconds is None else Moment(parse_date(date), seconds)


def parse_datetime(text: str) -> tuple[Moment, int | None] | None:
    """A DT value with at least an hour, and its offset from UTC in minutes (None: not given); None when unreadable."""
    match = _DATETIME.fullmatch(text.strip(" \0"))
    if match is None:
        return None
    date, seconds = parse_date(match.group(1)), parse_time(match.group(2))
    if date is None or seconds is None:
        return None
    return Moment(date, seconds), parse_offset(match.group(3) or "")


def parse_typed_moment(text: str) -> Moment | None:
    """What a person types: a TM value, or a DT value on the clock of the scanner (no offset); None when neither."""
    seconds = parse_time(text)
    if seconds is not None:
        return Moment(None, seconds)
    moment, offset = parse_datetime(text) or (None, None)
    return moment if offset is None else None


def parse_offset(text: str) -> int | None:
    """Minutes east of UTC of "+0130"; None when absent or unreadable."""
    match = re.fullmatch(r"([+-])(\d\d)(\d\d)", text.strip(" \0"))
    if match is None:
        return None
    minutes = int(match.group(2)) * 60 + int(match.group(3))
    return -minutes if match.group(1) == "-" else minutes


def elapsed_s(start: Moment, end: Moment) -> float:
    """Seconds from `start` to `end`; by the times of day alone when one of the dates is unknown."""
    seconds = end.seconds - start.seconds
    if start.date is not None and end.date is not None:
        seconds += (end.date - start.date).days * DAY_S
    return seconds
