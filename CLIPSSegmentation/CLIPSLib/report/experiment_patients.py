"""Hard patients as pictures: reference, no curriculum and curriculum, on a projection and on the slice that tells most.

`tasks` predicts and calls `pictures_of`; `experiment` shows them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view, spacing_zyx_mm
from CLIPSLib.report.figure import WINDOW_SUV
from CLIPSLib.report.mip import in_patient_axes
from CLIPSLib.report.text import Language

if TYPE_CHECKING:
    import SimpleITK as sitk
    from PIL.Image import Image

REFERENCE_COLOR, VANILLA_COLOR, CURRICULUM_COLOR = (27, 140, 70), (40, 100, 220), (226, 110, 20)
_HEIGHT_PX = 180
_AROUND_MM = 45.0  # what is shown of the body around the outlines of a slice


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """A picture of a patient as physicians look at it. suv: float [row, column], g/mL; masks: name -> bool of that
    shape; pixel_mm: height, width."""

    suv: np.ndarray
    pixel_mm: tuple[float, float]
    masks: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False, kw_only=True)
class PatientPictures:
    """One patient. views: projection from the front, axial slice; dice: of the whole volume, by name. The first name
    is the reference, the second no curriculum."""

    case_id: str
    seed: int
    views: tuple[View, ...]
    dice: Mapping[str, float | None]


def views_of(pet: sitk.Image, masks: Mapping[str, sitk.Image]) -> tuple[View, View]:
    """The projection from the front, and the axial slice through the first mask (if it holds anything) on which the
    others differ most from it, or where it is largest if none differs; cut to what is outlined.

    masks: on the grid of the PET (SUVbw).
    """
    upright = in_patient_axes(pet)
    suv = array_view(upright)  # [superior, posterior, left]
    z_mm, y_mm, x_mm = spacing_zyx_mm(upright)
    arrays = {name: array_view(in_patient_axes(mask, labels=True)) > 0 for name, mask in masks.items()}
    reference, *others = arrays.values()
    areas = reference.sum(axis=(1, 2))
    disagreement = sum((other ^ reference).sum(axis=(1, 2)) for other in others)
    if areas.any():
        disagreement = disagreement * (areas > 0)
    at = int(np.argmax(disagreement if np.any(disagreement) else areas))
    front = View(
        suv=suv.max(axis=1)[::-1],
        pixel_mm=(z_mm, x_mm),
        masks={name: array.any(axis=1)[::-1] for name, array in arrays.items()},
    )
    axial = View(suv=np.array(suv[at]), pixel_mm=(y_mm, x_mm), masks={name: a[at] for name, a in arrays.items()})
    return front, _cut(axial)


def _cut(view: View) -> View:
    """To the outlines and some of the body around them."""
    outlined = np.any(list(view.masks.values()), axis=0)
    if not outlined.any():
        return view
    window = []
    for axis, step in enumerate(view.pixel_mm):
        used, margin = np.flatnonzero(outlined.any(axis=1 - axis)), round(_AROUND_MM / step)
        window.append(slice(max(0, used[0] - margin), used[-1] + 1 + margin))
    rows, columns = window
    return View(
        suv=view.suv[rows, columns],
        pixel_mm=view.pixel_mm,
        masks={name: mask[rows, columns] for name, mask in view.masks.items()},
    )


def patients_html(patients: Sequence[PatientPictures], say: Language) -> str:
    """A row per patient: the reference, then each network's outline with the reference below it."""
    rows = []
    for patient in patients:
        reference, *arms = patient.views[0].masks
        figures = [_figure(patient, [(reference, REFERENCE_COLOR)], say["reference"], "")]
        for number, arm in enumerate(arms):
            outlines = [(reference, REFERENCE_COLOR), (arm, CURRICULUM_COLOR if number else VANILLA_COLOR)]
            figures.append(_figure(patient, outlines, arm, f"{say['dice']} {say.number(patient.dice[arm], 2)}"))
        rows.append(
            f'<div class="patient"><h3>{escape(patient.case_id)}</h3><div class="slices">{"".join(figures)}</div></div>'
        )
    return "".join(rows)


def _figure(patient: PatientPictures, outlines: list[tuple[str, tuple[int, int, int]]], name: str, score: str) -> str:
    pictures = "".join(
        f'<img alt="{escape(patient.case_id)}, {escape(name)}" src="{_data_uri(_picture(view, outlines))}">'
        for view in patient.views
    )
    caption = f"<figcaption>{escape(name)}<br><strong>{escape(score)}</strong></figcaption>"
    return f'<figure><div class="views">{pictures}</div>{caption}</figure>'


def _picture(view: View, outlines: list[tuple[str, tuple[int, int, int]]]) -> Image:
    """Inverted gray, SUV 0 to 10, with outlines two pixels wide, also along the edge of the picture."""
    from PIL import Image, ImageChops, ImageFilter, ImageOps

    rows, columns = view.suv.shape
    scale = _HEIGHT_PX / (rows * view.pixel_mm[0])
    size = (max(1, round(columns * view.pixel_mm[1] * scale)), _HEIGHT_PX)
    gray = np.uint8(255 - 255 * np.clip(view.suv / WINDOW_SUV, 0, 1))
    picture = Image.fromarray(np.ascontiguousarray(gray)).resize(size, Image.BICUBIC).convert("RGB")
    for name, color in outlines:
        filled = np.ascontiguousarray(np.uint8(255) * view.masks[name].astype(np.uint8))
        mask = Image.fromarray(filled).resize(size, Image.BILINEAR).point(lambda value: 255 if value >= 128 else 0)
        inside = (
            ImageOps.expand(mask, 2, fill=0).filter(ImageFilter.MinFilter(5)).crop((2, 2, size[0] + 2, size[1] + 2))
        )
        picture.paste(color, (0, 0), ImageChops.subtract(mask, inside))
    return picture


def _data_uri(picture: Image) -> str:
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
