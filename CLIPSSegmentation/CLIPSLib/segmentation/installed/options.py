"""What may be set on an installed model that is not TMTV-Net. Loads nothing heavy: panels and lists use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from CLIPSLib.segmentation.options import OPTION_RULES, OptionRule
from CLIPSLib.segmentation.tmtvnet.options import TMTVNET_RULES

NETWORK_OPTIONS: Mapping[str, Any] = {
    "suv_threshold": None,
    "min_volume_ml": 0.0,
    "connectivity": 26,
    "flips": False,
    "speed": "accurate",
    "device": "auto",
}


def _threshold(value: Any) -> float | None:
    return None if value is None or value == "none" else OPTION_RULES["threshold"].parse(value)


NETWORK_RULES: Mapping[str, OptionRule] = {
    **{name: TMTVNET_RULES[name] for name in NETWORK_OPTIONS},
    "suv_threshold": OptionRule("SUV below which voxels leave the mask", "0.1 to 100 g/mL, or none", _threshold),
}
