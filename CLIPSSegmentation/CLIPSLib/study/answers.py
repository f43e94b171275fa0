"""What a person typed to answer questions or to overrule a header, checked before use. Called by `find` and `suv`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from CLIPSLib.errors import UsageError
from CLIPSLib.study.dicom_time import parse_typed_moment

_RANGES = {  # outside of these a typed number is a slip of the finger or of the unit
    "weight_kg": (1.0, 500.0, "kg"),
    "height_m": (0.3, 2.6, "m"),
    "dose_bq": (1e6, 1e11, "Bq"),
    "half_life_s": (10.0, 1e6, "s"),
}
PATIENT_ANSWERS = ("height_m", "sex")
SCAN_ANSWERS = ("weight_kg", "dose_bq", "half_life_s", "injection_time")  # of another day's scan they differ
_CHOICES = {"sex": ("M", "F", "O"), "confirm_long_uptake": ("yes", "no"), "convert_undecayed": ("yes", "no")}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """User-entered values; None where nothing was entered. `given` lists the names of those that were.

    injection_time: HHMMSS on the day of the scan (or the evening before), or with its date YYYYMMDDHHMMSS, which
    half-lives over 11.5 h need; pet_series, ct_series: series UIDs ("none" for no CT).
    """

    weight_kg: float | None = None
    height_m: float | None = None
    sex: str | None = None
    dose_bq: float | None = None
    half_life_s: float | None = None
    injection_time: str | None = None
    confirm_long_uptake: str | None = None
    convert_undecayed: str | None = None
    pet_series: str | None = None
    ct_series: str | None = None

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is not None)


NO_ANSWERS = Answers()


def check_answers(answers: Mapping[str, object] | None) -> Answers:
    """The answers as typed values.

    Raises:
        UsageError: an unknown key (the known ones are listed), or a value that cannot be meant.
    """
    known = tuple(f.name for f in fields(Answers))
    checked: dict[str, object] = {}
    for key, value in (answers or {}).items():
        if key not in known:
            raise UsageError("unknown-answer", f"There is no answer '{key}'", "", f"Known answers: {', '.join(known)}.")
        if value is not None:
            checked[key] = _checked(key, value)
    return Answers(**checked)


def _checked(key: str, value: object) -> float | str:
    if key in _RANGES:
        return _in_range(key, value)
    text = str(value).strip()
    if key in _CHOICES:
        for choice in _CHOICES[key]:
            if text.lower() == choice.lower():
                return choice
        raise _wrong(key, value, f"one of {', '.join(_CHOICES[key])}")
    if key == "injection_time" and parse_typed_moment(text) is None:
        raise _wrong(key, value, "a time of day as HHMMSS, or with its date as YYYYMMDDHHMMSS")
    if not text:
        raise _wrong(key, value, "a series UID")
    return text


def _in_range(key: str, value: object) -> float:
    low, high, unit = _RANGES[key]
    try:
        parsed = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _wrong(key, value, f"a number in {unit}") from None
    if isinstance(value, bool) or not math.isfinite(parsed) or not low <= parsed <= high:
        raise _wrong(key, value, f"{low:g} to {high:g} {unit}")
    return parsed


def _wrong(key: str, value: object, expected: str) -> UsageError:
    return UsageError("bad-answer", f"The answer {key} = {value!r} cannot be meant: expected {expected}")
