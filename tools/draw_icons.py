"""Draws the icons of the extension and of its modules: a torso as on a PET projection, with one warm lesion.

python tools/draw_icons.py     # rewrites the PNG files; needs Pillow only
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

REPOSITORY = Path(__file__).resolve().parent.parent
ICONS = {  # and whether it has a check mark
    REPOSITORY / "Resources" / "CLIPS.png": False,
    REPOSITORY / "CLIPSSegmentation" / "Resources" / "Icons" / "CLIPSSegmentation.png": False,
    REPOSITORY / "CLIPSTraining" / "Resources" / "Icons" / "CLIPSTraining.png": True,
}
_SIZE = 128
_SCALE = 8  # drawn larger and reduced, for smooth edges
_BODY = (226, 230, 234)
_OUTLINE = (96, 106, 118)
_LESION = (204, 51, 17)  # the first lesion color of the segments
_CHECK = (34, 136, 51)


def draw_icon(checked: bool = False) -> Image.Image:
    """A 128 x 128 RGBA image on a transparent ground. checked: with the mark of what a person has reviewed."""
    silhouette = _silhouette()
    icon = Image.new("RGBA", silhouette.size)
    icon.paste(_OUTLINE, mask=silhouette.filter(ImageFilter.MaxFilter(_SCALE * 4 + 1)))
    icon.paste(_BODY, mask=silhouette)
    _shade(icon, silhouette, _organs(), (120, 130, 142))
    _shade(icon, silhouette, _hot_organs(), (52, 58, 66))
    _add_lesion(icon)
    if checked:
        _add_check_mark(icon)
    return icon.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)


def _canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (_SIZE * _SCALE, _SIZE * _SCALE))
    return image, ImageDraw.Draw(image)


def _box(x: float, y: float, width: float, height: float) -> list[float]:
    """An ellipse's box around its center, in drawing pixels."""
    return [(x - width / 2) * _SCALE, (y - height / 2) * _SCALE, (x + width / 2) * _SCALE, (y + height / 2) * _SCALE]


def _silhouette() -> Image.Image:
    image, draw = _canvas()
    draw.ellipse(_box(64, 20, 25, 31), fill=255)
    draw.rounded_rectangle(_box(64, 40, 15, 20), radius=3 * _SCALE, fill=255)
    trunk = [(34, 46), (94, 46), (88, 78), (90, 123), (38, 123), (40, 78)]
    draw.polygon([(x * _SCALE, y * _SCALE) for x, y in trunk], fill=255)
    draw.rounded_rectangle(_box(64, 54, 72, 20), radius=10 * _SCALE, fill=255)
    for side in (-1, 1):
        arm = [(64 + side * x, y) for x, y in ((26, 46), (36, 56), (43, 114), (35, 115), (27, 62))]
        draw.polygon([(x * _SCALE, y * _SCALE) for x, y in arm], fill=255)
    return image.filter(ImageFilter.GaussianBlur(1.6 * _SCALE)).point(lambda value: 255 if value > 127 else 0)


def _organs() -> Image.Image:
    """Liver and heart: moderate uptake."""
    image, draw = _canvas()
    draw.ellipse(_box(54, 80, 24, 17), fill=200)
    draw.ellipse(_box(71, 66, 12, 13), fill=150)
    return image.filter(ImageFilter.GaussianBlur(1.8 * _SCALE))


def _hot_organs() -> Image.Image:
    """Brain and bladder: physiological uptake as intense as a tumor's."""
    image, draw = _canvas()
    draw.ellipse(_box(64, 16, 18, 17), fill=235)
    draw.ellipse(_box(64, 117, 13, 9), fill=235)
    for side in (-1, 1):
        draw.ellipse(_box(64 + side * 14, 94, 7, 11), fill=170)
    return image.filter(ImageFilter.GaussianBlur(1.4 * _SCALE))


def _shade(icon: Image.Image, silhouette: Image.Image, mask: Image.Image, color: tuple[int, int, int]) -> None:
    icon.paste(color, mask=ImageChops.multiply(mask, silhouette))


def _add_lesion(icon: Image.Image) -> None:
    """A lesion with its glow, and a smaller one."""
    glow, draw = _canvas()
    draw.ellipse(_box(78, 54, 21, 21), fill=170)
    draw.ellipse(_box(58, 62, 10, 10), fill=150)
    icon.paste(
        (255, 140, 60),
        mask=ImageChops.multiply(glow.filter(ImageFilter.GaussianBlur(3 * _SCALE)), icon.getchannel("A")),
    )
    core, draw = _canvas()
    draw.ellipse(_box(78, 54, 12, 13), fill=255)
    draw.ellipse(_box(58, 62, 6, 5.5), fill=255)
    icon.paste(_LESION, mask=core.filter(ImageFilter.GaussianBlur(0.5 * _SCALE)))


def _add_check_mark(icon: Image.Image) -> None:
    """A white check mark on a disc, at the lower right."""
    disc, draw = _canvas()
    draw.ellipse(_box(100, 100, 50, 50), fill=255)
    icon.paste(_CHECK, mask=disc)
    mark, draw = _canvas()
    points = [(x * _SCALE, y * _SCALE) for x, y in ((87, 101), (97, 111), (114, 89))]
    draw.line(points, fill=255, width=7 * _SCALE, joint="curve")
    icon.paste((255, 255, 255), mask=mark)


if __name__ == "__main__":
    for path, checked in ICONS.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_icon(checked).save(path, optimize=True)
        print(f"written: {path.relative_to(REPOSITORY)}")
