"""What may be set on TMTV-Net, and how it is described to people. Loads nothing heavy: panels and lists use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from CLIPSLib.segmentation.options import OPTION_RULES, OptionRule
from CLIPSLib.segmentation.types import SegmenterDescription

AUTOMATIC = "auto"
USERS_THRESHOLD_SUV = 4.0

TMTVNET = SegmenterDescription(
    name="tmtvnet",
    title="TMTV-Net",
    rule="An ensemble of four U-Nets at 6 mm, then a refining network at PET resolution; voxels below SUV 4 are "
    "taken out of the result unless another suv_threshold is chosen.",
    source="Yousefirizi et al., Eur J Nucl Med Mol Imaging 2024;51:1937-1954, doi:10.1007/s00259-024-06616-x",
    needs_ct=True,
    options={
        "suv_threshold": AUTOMATIC,
        "min_volume_ml": 0.0,
        "connectivity": 26,
        "fidelity": "corrected",
        "speed": "accurate",
        "skip_air": True,
        "flips": False,
        "device": AUTOMATIC,
    },
)


def mask_threshold(chosen: Mapping[str, Any]) -> float | None:
    """The SUV below which voxels leave the mask: as chosen; by default 4.0, and none with fidelity "original"."""
    if chosen["suv_threshold"] != AUTOMATIC:
        return chosen["suv_threshold"]
    return None if chosen["fidelity"] == "original" else USERS_THRESHOLD_SUV


def _choice(meaning: str, *choices: str) -> OptionRule:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return value

    return OptionRule(meaning, " or ".join(choices), parse, choices)


def _threshold(value: Any) -> float | str | None:
    if value is None or value == "none":
        return None
    return AUTOMATIC if value == AUTOMATIC else OPTION_RULES["threshold"].parse(value)


def _yes_or_no(value: Any) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    found = value if isinstance(value, bool) else words.get(str(value).lower())
    if found is None:
        raise ValueError
    return found


TMTVNET_RULES: Mapping[str, OptionRule] = {
    **OPTION_RULES,
    "suv_threshold": OptionRule(
        "SUV below which voxels leave the mask", "0.1 to 100 g/mL, none, or auto (4.0; none if original)", _threshold
    ),
    "fidelity": _choice("arithmetic of the cascade", "corrected", "original"),
    "speed": _choice("accurate, or faster in half precision", "accurate", "fast"),
    "skip_air": OptionRule("leave out tiles without a body", "yes or no", _yes_or_no),
    "flips": OptionRule("average over the 8 mirror images of the input, 8 times as long", "yes or no", _yes_or_no),
    "device": _choice("where networks run", "auto", "cuda", "cpu", "mps"),
}
