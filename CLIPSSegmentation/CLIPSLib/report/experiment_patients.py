"""Hard patients as pictures: reference, no curriculum and curriculum on the slice where the reference is largest.

`tasks` predicts and cuts the slices; `experiment` shows them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.report.figure import WINDOW_SUV
from CLIPSLib.report.text import Language

if TYPE_CHECKING:
    from PIL.Image import Image

REFERENCE_COLOR, VANILLA_COLOR, CURRICULUM_COLOR = (27, 140, 70), (40, 100, 220), (226, 110, 20)
_HEIGHT_PX = 220


@dataclass(frozen=True, eq=False, kw_only=True)
class PatientSlice:
    """An axial slice of one patient. suv: float [y, x], g/mL; masks: name -> bool [y, x]; pixel_mm: y, x.

    dice: of the whole volume, by name (the reference has none). first name: the reference; second: no curriculum.
    """

    case_id: str
    seed: int
    suv: np.ndarray
    pixel_mm: tuple[float, float]
    masks: Mapping[str, np.ndarray]
    dice: Mapping[str, float | None]


def patients_html(patients: Sequence[PatientSlice], say: Language) -> str:
    """A row per patient: the reference, then each network's outline with the reference below it."""
    rows = []
    for patient in patients:
        reference, *arms = patient.masks
        shown = [(say["reference"], _picture(patient, [(reference, REFERENCE_COLOR)]), "")]
        for number, arm in enumerate(arms):
            color = VANILLA_COLOR if number == 0 else CURRICULUM_COLOR
            picture = _picture(patient, [(reference, REFERENCE_COLOR), (arm, color)])
            shown.append((arm, picture, f"{say['dice']} {say.number(patient.dice[arm], 2)}"))
        figures = "".join(
            f'<figure><img alt="{escape(patient.case_id)}, {escape(name)}" src="{_data_uri(picture)}">'
            f"<figcaption>{escape(name)}<br><strong>{score}</strong></figcaption></figure>"
            for name, picture, score in shown
        )
        rows.append(f'<div class="patient"><h3>{escape(patient.case_id)}</h3><div class="slices">{figures}</div></div>')
    return "".join(rows)


def _picture(patient: PatientSlice, outlines: Sequence[tuple[str, tuple[int, int, int]]]) -> Image:
    """Inverted gray, SUV 0 to 10, with outlines two pixels wide."""
    from PIL import Image, ImageChops, ImageFilter

    rows, columns = patient.suv.shape
    scale = _HEIGHT_PX / (rows * patient.pixel_mm[0])
    size = (max(1, round(columns * patient.pixel_mm[1] * scale)), _HEIGHT_PX)
    gray = np.uint8(255 - 255 * np.clip(patient.suv / WINDOW_SUV, 0, 1))
    picture = Image.fromarray(gray).resize(size, Image.BICUBIC).convert("RGB")
    for name, color in outlines:
        mask = Image.fromarray(np.uint8(255) * patient.masks[name].astype(np.uint8)).resize(size, Image.BILINEAR)
        mask = mask.point(lambda value: 255 if value >= 128 else 0)
        picture.paste(color, (0, 0), ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(5))))
    return picture


def _data_uri(picture: Image) -> str:
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
