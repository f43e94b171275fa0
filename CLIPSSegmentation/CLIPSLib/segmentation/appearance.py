"""How segments look and what they are called in coded terms: the same in Slicer, in files and in reports.

Called by formats, report and scene, so that a lesion has one color everywhere.
"""

from __future__ import annotations

import colorsys
import functools
from pathlib import Path

from CLIPSLib.files import read_json
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR

# Told apart by people with any color vision, and visible on inverted-gray PET, on CT and on white paper:
# Paul Tol's "vibrant" and "bright" schemes (SRON technical note EPS/TN/09-002), without their greys and yellow.
_LESION_COLORS = ("#CC3311", "#0077BB", "#009988", "#EE7733", "#AA3377", "#33BBEE", "#228833", "#EE3377", "#4477AA")
_PHYSIOLOGICAL_COLOR = "#8C96A0"
_GOLDEN_RATIO = 0.618034  # steps of this around the color wheel never repeat a hue
_BRIGHTEST = 0.55
_TERMINOLOGY = Path(__file__).resolve().parent.parent / "data" / "terminology.json"


def segment_color(index: int, kind: str = TUMOR) -> tuple[float, float, float]:
    """The display color (red, green, blue, each 0 to 1) of a lesion.

    index: label value minus one, so that a lesion keeps its color when others are removed. The first nine come from
    a color-blind safe scheme, later ones from the color wheel. Physiological uptake is always the same blue gray.
    """
    if kind == PHYSIOLOGICAL:
        return _from_hex(_PHYSIOLOGICAL_COLOR)
    if 0 <= index < len(_LESION_COLORS):
        return _from_hex(_LESION_COLORS[index])
    color = colorsys.hsv_to_rgb((index * _GOLDEN_RATIO) % 1.0, 0.85, 0.60 if index % 2 else 0.85)
    dim = min(1.0, _BRIGHTEST / _brightness(color))  # yellows and greens would vanish on white paper
    return tuple(channel * dim for channel in color)


def terminology_entry(kind: str = TUMOR) -> str:
    """The value of Slicer's segment tag "TerminologyEntry" for a kind of segment.

    Form: `context~category~type~type modifier~region context~region~region modifier`, each term
    `scheme^code^meaning`. Tumor: SCT 49755003 / 108369006 (Neoplasm); physiological uptake: SCT 85756007 (Tissue).

    Raises:
        KeyError: `kind` is no kind of segment.
    """
    terminology = _terminology()
    segment = terminology["segments"][kind]
    no_term = "^^"
    return "~".join(
        (
            terminology["type_context"],
            "^".join(segment["category"]),
            "^".join(segment["type"]),
            no_term,
            terminology["region_context"],
            no_term,
            no_term,
        )
    )


@functools.cache
def _terminology() -> dict:
    return read_json(_TERMINOLOGY, format_name="clips-terminology", version=1)


def _brightness(color: tuple[float, float, float]) -> float:
    """Luma of Rec. ITU-R BT.601, 0 to 1."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def _from_hex(color: str) -> tuple[float, float, float]:
    return tuple(int(color[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
