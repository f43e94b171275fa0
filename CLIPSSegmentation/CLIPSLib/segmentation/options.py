"""What may be set on a segmenter: meaning, unit and range of every option, checked in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from CLIPSLib.errors import UsageError
from CLIPSLib.imaging import CONNECTIVITIES
from CLIPSLib.segmentation.types import SegmenterDescription


@dataclass(frozen=True)
class OptionRule:
    """One option: what it means to a person, and how a value is checked and brought into its type."""

    meaning: str
    allowed: str
    parse: Callable[[Any], Any]  # raises ValueError or TypeError on what is not allowed
    choices: tuple[Any, ...] = ()  # all values, where there are few


def complete_options(
    description: SegmenterDescription, given: Mapping[str, Any], rules: Mapping[str, OptionRule] | None = None
) -> dict[str, Any]:
    """The segmenter's defaults with `given` over them, checked. rules: those of its options, None: `OPTION_RULES`.

    Raises:
        UsageError: an option that the segmenter does not have ("unknown-option") or a value out of range
            ("option-out-of-range"); the message lists what exists.
    """
    rules = OPTION_RULES if rules is None else rules
    options = dict(description.options)
    for name, value in given.items():
        if name not in options:
            raise UsageError(
                "unknown-option",
                f"The segmenter '{description.name}' has no option '{name}'",
                "",
                f"Its options: {', '.join(f'{n} ({rules[n].meaning})' for n in options)}.",
            )
        options[name] = _checked(name, value, rules[name])
    return options


def _checked(name: str, value: Any, rule: OptionRule) -> Any:
    try:
        return rule.parse(value)
    except (TypeError, ValueError):
        raise UsageError(
            "option-out-of-range", f"{name} = {value!r} is not possible", "", f"{rule.meaning}: {rule.allowed}."
        ) from None


def _number(low: float, high: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        number = float(value)
        if isinstance(value, bool) or not low <= number <= high:
            raise ValueError
        return number

    return parse


def _connectivity(value: Any) -> int:
    if isinstance(value, bool) or int(value) not in CONNECTIVITIES or float(value) != int(value):
        raise ValueError
    return int(value)


def _point(value: Any) -> tuple[float, float, float] | None:
    if value is None:
        return None
    x, y, z = (float(v) for v in (value.replace(",", " ").split() if isinstance(value, str) else value))
    if not all(math.isfinite(v) for v in (x, y, z)):
        raise ValueError
    return x, y, z


OPTION_RULES: Mapping[str, OptionRule] = {
    "threshold": OptionRule("SUV threshold, inclusive", "0.1 to 100 g/mL", _number(0.1, 100)),
    "fraction": OptionRule("fraction of SUVmax or SUVpeak", "0.05 to 0.95", _number(0.05, 0.95)),
    "min_volume_ml": OptionRule("smallest automatic candidate", "0 to 1000 mL", _number(0, 1000)),
    "connectivity": OptionRule("neighbors that connect voxels", "6, 18 or 26", _connectivity, CONNECTIVITIES),
    "max_growth_mm": OptionRule("farthest growth beyond the seed", "1 to 50 mm", _number(1, 50)),
    "background_gap_mm": OptionRule("distance from the seed to the background shell", "0 to 50 mm", _number(0, 50)),
    "background_thickness_mm": OptionRule("thickness of the background shell", "1 to 50 mm", _number(1, 50)),
    "liver_factor": OptionRule("multiple of the mean liver SUV", "0.5 to 5", _number(0.5, 5)),
    "liver_sd_factor": OptionRule("multiple of the liver's standard deviation", "0 to 10", _number(0, 10)),
    "liver_center_lps_mm": OptionRule("center of the liver sphere, x y z in LPS mm", "three numbers", _point),
}
