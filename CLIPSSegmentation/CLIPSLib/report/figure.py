"""The picture of a report: four views as inline SVG, so that letters, numbers and lines stay sharp in print.

The PET goes in as a grey PNG, the lesions as a transparent PNG above it. Used by `html`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.report.mip import ANTERIOR, ProjectedLesion, Projection
from CLIPSLib.segmentation.appearance import segment_color
from CLIPSLib.segmentation.types import TUMOR

if TYPE_CHECKING:
    from PIL.Image import Image

WINDOW_SUV = 10.0  # the grey scale ends here: SUV 0 is white, SUV 10 and more is black
MOST_NUMBERS = 60  # more would not be legible; the table lists all
_PICTURE_PX = 900.0  # height of the embedded pictures
_MOST_PX_PER_MM = 4.0
_FILL_ALPHA = 165
_TEXT_SHARE = 0.024  # height of a letter, as a share of the picture's height
_GUTTER_SHARE = 0.075  # width of the column of numbers on either side


def views_svg(projections: Sequence[Projection], texts: Mapping[str, str]) -> str:
    """For each projection two SVG elements: the PET alone, and the PET with the lesions in color and numbered."""
    height_mm = max(projection.size_mm[0] for projection in projections)
    return "\n".join(
        panel
        for projection in projections
        for panel in (
            _plain_panel(projection, height_mm, texts),
            _lesion_panel(projection, height_mm, texts),
        )
    )


def _plain_panel(projection: Projection, height_mm: float, texts: Mapping[str, str]) -> str:
    h, w = projection.size_mm
    name = projection.view
    body = (
        f'<image id="pet-{name}" href="{_data_uri(grey_picture(projection))}" width="{w:.1f}" height="{h:.1f}" '
        f'preserveAspectRatio="none"/>' + _letters(projection, height_mm) + _scale_bar(projection, height_mm)
    )
    return _svg(body, 0.0, w, height_mm, f"{texts['pet_alone']}, {texts[name]}")


def _lesion_panel(projection: Projection, height_mm: float, texts: Mapping[str, str]) -> str:
    h, w = projection.size_mm
    name = projection.view
    gutter = _GUTTER_SHARE * height_mm
    body = (
        f'<use href="#pet-{name}"/>'
        f'<image href="{_data_uri(lesion_picture(projection))}" width="{w:.1f}" height="{h:.1f}" '
        f'preserveAspectRatio="none"/>' + _letters(projection, height_mm) + _numbers(projection, gutter, height_mm)
    )
    return _svg(body, gutter, w, height_mm, f"{texts['pet_lesions']}, {texts[name]}")


def _svg(body: str, gutter: float, width: float, height: float, title: str) -> str:
    """A panel in mm; its share of the line is proportional to its width, so that all panels have one scale."""
    full = width + 2 * gutter
    return (
        f'<figure class="view" style="flex: {full:.1f} 1 0"><svg role="img" viewBox="{-gutter:.1f} 0 {full:.1f} '
        f'{height:.1f}" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{body}</svg>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


def grey_picture(projection: Projection) -> Image:
    """The projection as inverted grey, SUV 0 to 10, with square pixels."""
    from PIL import Image

    size = _picture_size(projection)
    suv = Image.fromarray(np.ascontiguousarray(projection.suv, dtype=np.float32)).resize(size, Image.BICUBIC)
    share = np.clip(np.asarray(suv) / WINDOW_SUV, 0.0, 1.0)
    return Image.fromarray(np.uint8(np.rint(255.0 * (1.0 - share))))


def lesion_picture(projection: Projection) -> Image:
    """The shadows of the lesions in their colors on a transparent ground, with a solid outline."""
    from PIL import Image

    width, height = _picture_size(projection)
    scale_y, scale_x = height / projection.suv.shape[0], width / projection.suv.shape[1]
    canvas = Image.new("RGBA", (width, height))
    for shadow in projection.lesions:
        stamp, outline = _stamp(shadow, scale_y, scale_x)
        color = tuple(round(255 * c) for c in segment_color(shadow.lesion.label - 1, shadow.lesion.kind))
        place = (round((shadow.column - 1) * scale_x), round((shadow.row - 1) * scale_y))
        canvas.paste((*color, _FILL_ALPHA), place, stamp)
        canvas.paste((*color, 255), place, outline)
    return canvas


def _stamp(shadow: ProjectedLesion, scale_y: float, scale_x: float) -> tuple[Image, Image]:
    """The mask of a shadow at the size of the picture, with one pixel of air around it, and its outline."""
    from PIL import Image, ImageChops, ImageFilter

    mask = Image.fromarray(np.uint8(255) * np.pad(shadow.mask, 1).astype(np.uint8))
    size = (max(1, round(mask.width * scale_x)), max(1, round(mask.height * scale_y)))
    smooth = mask.resize(size, Image.BILINEAR).point(lambda value: 255 if value >= 128 else 0)
    return smooth, ImageChops.subtract(smooth, smooth.filter(ImageFilter.MinFilter(5)))


def _picture_size(projection: Projection) -> tuple[int, int]:
    height_mm, width_mm = projection.size_mm
    px_per_mm = min(_MOST_PX_PER_MM, _PICTURE_PX / height_mm)
    return max(1, round(width_mm * px_per_mm)), max(1, round(height_mm * px_per_mm))


def _letters(projection: Projection, height_mm: float) -> str:
    """R and L, or A and P: on which side of the patient the viewer looks."""
    h, w = projection.size_mm
    size = 1.3 * _TEXT_SHARE * height_mm
    left, right = ("R", "L") if projection.view == ANTERIOR else ("A", "P")
    y = min(h, height_mm) - 0.5 * size
    return (
        f'<text class="side" x="{0.4 * size:.1f}" y="{y:.1f}" font-size="{size:.1f}">{left}</text>'
        f'<text class="side" x="{w - 0.4 * size:.1f}" y="{y:.1f}" font-size="{size:.1f}" '
        f'text-anchor="end">{right}</text>'
    )


def _scale_bar(projection: Projection, height_mm: float) -> str:
    """A bar of 10 cm, or 2 cm in small pictures."""
    h, w = projection.size_mm
    length = 100.0 if w >= 250.0 else 20.0
    size = _TEXT_SHARE * height_mm
    x, y = (w - length) / 2, h - 0.6 * size
    return (
        f'<path class="scale" d="M{x:.1f} {y:.1f}h{length:.0f}" stroke-width="{0.12 * size:.2f}"/>'
        f'<text class="scale" x="{w / 2:.1f}" y="{y - 0.35 * size:.1f}" font-size="{0.8 * size:.1f}" '
        f'text-anchor="middle">{length / 10:.0f} cm</text>'
    )


@dataclass
class _Number:
    """A lesion's number beside the picture and the point that it belongs to (mm)."""

    label: int
    color: str
    target_x: float
    target_y: float
    y: float


def _numbers(projection: Projection, gutter: float, height_mm: float) -> str:
    """Numbers of tumor lesions in the gutter on their side, a thin line from each to its lesion."""
    width = projection.size_mm[1]
    size = _TEXT_SHARE * height_mm
    largest = [shadow for shadow in projection.lesions if shadow.lesion.kind == TUMOR][:MOST_NUMBERS]
    numbers = [_number(shadow, projection) for shadow in largest]
    left = sorted((n for n in numbers if n.target_x < width / 2), key=lambda n: n.target_y)
    right = sorted((n for n in numbers if n.target_x >= width / 2), key=lambda n: n.target_y)
    parts = []
    for side, x, anchor in ((left, -0.25 * gutter, "end"), (right, width + 0.25 * gutter, "start")):
        step = min(1.1 * size, height_mm / max(1, len(side)))
        _spread(side, step, height_mm)
        for number in side:
            parts.append(
                f'<path class="lead" stroke="{number.color}" stroke-width="{0.08 * size:.2f}" '
                f'd="M{number.target_x:.1f} {number.target_y:.1f}L{x:.1f} {number.y:.1f}"/>'
                f'<text class="number" fill="{number.color}" x="{x:.1f}" y="{number.y + 0.35 * min(size, step):.1f}" '
                f'font-size="{min(size, step):.1f}" text-anchor="{anchor}">{number.label}</text>'
            )
    return "".join(parts)


def _number(shadow: ProjectedLesion, projection: Projection) -> _Number:
    row, column = shadow.center
    y, x = row * projection.pixel_mm[0], column * projection.pixel_mm[1]
    red, green, blue = (round(255 * c) for c in segment_color(shadow.lesion.label - 1, shadow.lesion.kind))
    return _Number(shadow.lesion.label, f"#{red:02x}{green:02x}{blue:02x}", x, y, y)


def _spread(numbers: list[_Number], step: float, height: float) -> None:
    """Move numbers (sorted from top to bottom) apart until they are `step` from one another, within the picture."""
    for before, after in zip([None, *numbers], numbers, strict=False):
        lowest = step / 2 if before is None else before.y + step
        after.y = max(after.y, lowest)
    bottom = height - step / 2
    for number in reversed(numbers):
        number.y = min(number.y, bottom)
        bottom = number.y - step


def _data_uri(picture: Image) -> str:
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
