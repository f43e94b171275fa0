"""The picture of a report: four views as inline SVG, so that letters, numbers and lines stay sharp in print.

The PET goes in as a gray PNG, the lesions as a transparent PNG above it. Used by `html`.
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

WINDOW_SUV = 10.0  # the gray scale ends here: SUV 0 is white, SUV 10 and more is black
MOST_NUMBERS = 60  # more would not be legible; the table lists all
_PICTURE_PX = 900.0  # height of the embedded pictures
_MOST_PX_PER_MM = 4.0
_FILL_ALPHA = 165
_TEXT_SHARE = 0.0115  # height of a letter, as a share of the width of all pictures together
_GUTTER = 3.2  # width of the column of numbers on either side, in letters
_STRIP = 1.9  # height of the strip below the picture for sides and scale, in letters


def views_svg(projections: Sequence[Projection], texts: Mapping[str, str]) -> str:
    """For each projection two SVG elements: the PET alone, and the PET with the lesions in color and numbered.

    All coordinates are millimeters, and all panels share one scale and one letter height.
    """
    letter = _TEXT_SHARE * sum(2 * projection.size_mm[1] for projection in projections)
    panels = []
    for projection in projections:
        panels += [_plain_panel(projection, letter, texts), _lesion_panel(projection, letter, texts)]
    return "\n".join(panels)


def _plain_panel(projection: Projection, letter: float, texts: Mapping[str, str]) -> str:
    body = (
        f'<image id="pet-{projection.view}" {_picture_attributes(projection, grey_picture(projection))}/>'
        + _sides(projection, letter)
        + _scale_bar(projection, letter)
    )
    return _svg(body, projection, letter, 0.0, f"{texts['pet_alone']}, {texts[projection.view]}")


def _lesion_panel(projection: Projection, letter: float, texts: Mapping[str, str]) -> str:
    body = (
        f'<use href="#pet-{projection.view}"/>'
        f"<image {_picture_attributes(projection, lesion_picture(projection))}/>"
        + _sides(projection, letter)
        + _numbers(projection, letter)
    )
    return _svg(body, projection, letter, _GUTTER * letter, f"{texts['pet_lesions']}, {texts[projection.view]}")


def _picture_attributes(projection: Projection, picture: Image) -> str:
    height, width = projection.size_mm
    content = io.BytesIO()
    picture.save(content, "PNG")
    data = base64.b64encode(content.getvalue()).decode("ascii")
    return f'width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" href="data:image/png;base64,{data}"'


def _svg(body: str, projection: Projection, letter: float, gutter: float, title: str) -> str:
    """A panel; its share of the line is proportional to its width."""
    height, width = projection.size_mm
    full = width + 2 * gutter
    return (
        f'<figure class="view" style="flex: {full:.1f} 1 0"><svg role="img" viewBox="{-gutter:.1f} 0 {full:.1f} '
        f'{height + _STRIP * letter:.1f}" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{body}</svg>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


def grey_picture(projection: Projection) -> Image:
    """The projection as inverted gray, SUV 0 to 10, with square pixels."""
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


def _sides(projection: Projection, letter: float) -> str:
    """R and L, or A and P: which side of the patient is on which side of the picture."""
    height, width = projection.size_mm
    left, right = ("R", "L") if projection.view == ANTERIOR else ("A", "P")
    size, y = 1.3 * letter, height + 1.4 * letter
    return (
        f'<text class="side" x="{0.5 * letter:.1f}" y="{y:.1f}" font-size="{size:.1f}">{left}</text>'
        f'<text class="side" x="{width - 0.5 * letter:.1f}" y="{y:.1f}" font-size="{size:.1f}" '
        f'text-anchor="end">{right}</text>'
    )


def _scale_bar(projection: Projection, letter: float) -> str:
    """A bar of 10 cm, or of 2 cm in small pictures."""
    height, width = projection.size_mm
    length = 100.0 if width >= 250.0 else 20.0
    x, y = (width - length) / 2, height + 1.4 * letter
    return (
        f'<path class="scale" d="M{x:.1f} {y:.1f}h{length:.0f}" stroke-width="{0.12 * letter:.2f}"/>'
        f'<text class="scale" x="{width / 2:.1f}" y="{y - 0.35 * letter:.1f}" font-size="{0.85 * letter:.1f}" '
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


def _numbers(projection: Projection, letter: float) -> str:
    """Numbers of tumor lesions in the gutter on their side, a thin line from each to its lesion."""
    height, width = projection.size_mm
    largest = [shadow for shadow in projection.lesions if shadow.lesion.kind == TUMOR][:MOST_NUMBERS]
    numbers = [_number(shadow, projection) for shadow in largest]
    left, right = _left_and_right(numbers, width, capacity=height / (1.1 * letter))
    parts = []
    for side, x, anchor in ((left, -0.8 * letter, "end"), (right, width + 0.8 * letter, "start")):
        step = min(1.1 * letter, height / max(1, len(side)))
        _spread(side, step, height)
        size = min(letter, step)
        for number in side:
            parts.append(
                f'<path class="lead" stroke="{number.color}" stroke-width="{0.08 * letter:.2f}" '
                f'd="M{number.target_x:.1f} {number.target_y:.1f}L{x:.1f} {number.y:.1f}"/>'
                f'<text class="number" fill="{number.color}" x="{x:.1f}" y="{number.y + 0.35 * size:.1f}" '
                f'font-size="{size:.1f}" text-anchor="{anchor}">{number.label}</text>'
            )
    return "".join(parts)


def _left_and_right(
    numbers: Sequence[_Number], width: float, *, capacity: float
) -> tuple[list[_Number], list[_Number]]:
    """Numbers for either gutter: by the half their lesion lies in, or half of them each where one would overflow."""
    across = sorted(numbers, key=lambda number: number.target_x)
    count = sum(number.target_x < width / 2 for number in numbers)
    if max(count, len(across) - count) > capacity:
        count = len(across) // 2
    down = [sorted(side, key=lambda number: number.target_y) for side in (across[:count], across[count:])]
    return down[0], down[1]


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
