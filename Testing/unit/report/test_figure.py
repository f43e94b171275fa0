"""The picture: an inverted gray window of SUV 0 to 10, lesions in their colors, numbers that do not overlap."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from CLIPSLib.report.figure import grey_picture, lesion_picture, views_svg
from CLIPSLib.report.mip import ANTERIOR, LEFT_LATERAL, ProjectedLesion, Projection
from CLIPSLib.report.text import language
from CLIPSLib.segmentation.appearance import segment_color
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR, Lesion

TEXTS = language("en").texts
SVG = "{http://www.w3.org/2000/svg}"


def projection(suv=None, lesions=(), view=ANTERIOR, pixel_mm=(4.0, 2.0)):
    suv = np.ones((100, 120), np.float32) if suv is None else suv
    return Projection(view=view, suv=suv, pixel_mm=pixel_mm, lesions=tuple(lesions))


def shadow(label, row, column, kind=TUMOR, size=10):
    lesion = Lesion(label=label, lesion_id=f"l{label}", name=f"Lesion {label}", kind=kind)
    return ProjectedLesion(lesion=lesion, row=row, column=column, mask=np.ones((size, size), bool))


def panels(*projections):
    text = views_svg(projections, TEXTS)
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


@pytest.mark.parametrize(("suv", "gray"), [(0.0, 255), (5.0, 128), (10.0, 0), (66.0, 0)])
def test_suv_0_is_white_and_10_and_more_is_black(suv, gray):
    picture = np.asarray(grey_picture(projection(np.full((20, 20), suv, np.float32))))
    assert abs(int(picture[50, 20]) - gray) <= 1


def test_pixels_are_square_in_the_picture():
    picture = grey_picture(projection(pixel_mm=(4.0, 2.0)))  # 100 x 120 pixels: 400 mm high, 240 mm wide
    assert picture.height / picture.width == pytest.approx(400.0 / 240.0, rel=0.01)


def test_a_lesion_is_painted_in_its_color_where_it_lies_and_nowhere_else():
    view = projection(lesions=[shadow(1, row=20, column=30)])
    picture = np.asarray(lesion_picture(view))
    scale_y, scale_x = picture.shape[0] / 100, picture.shape[1] / 120
    inside = picture[round(25 * scale_y), round(35 * scale_x)]
    assert inside[:3].tolist() == [round(255 * c) for c in segment_color(0)] and inside[3] > 0
    painted = np.argwhere(picture[..., 3] > 0)
    assert painted.min(axis=0) == pytest.approx([20 * scale_y, 30 * scale_x], abs=2)
    assert painted.max(axis=0) == pytest.approx([30 * scale_y, 40 * scale_x], abs=2)


def test_there_are_two_panels_per_view_with_a_title_for_those_who_do_not_see_them():
    found = panels(projection(), projection(view=LEFT_LATERAL))
    assert [panel.find(SVG + "title").text for panel in found] == [
        "PET, anterior view",
        "PET and lesions, anterior view",
        "PET, left lateral view",
        "PET and lesions, left lateral view",
    ]
    assert all(panel.get("role") == "img" for panel in found)


def test_letters_say_which_side_of_the_patient_is_where():
    for view, letters in ((ANTERIOR, ["R", "L"]), (LEFT_LATERAL, ["A", "P"])):
        for panel in panels(projection(view=view)):
            sides = [text for text in panel.iter(SVG + "text") if text.get("class") == "side"]
            assert [text.text for text in sorted(sides, key=lambda text: float(text.get("x")))] == letters


def numbers(panel):
    return [text for text in panel.iter(SVG + "text") if text.get("class") == "number"]


def test_tumors_are_numbered_like_the_table_and_physiological_uptake_is_not():
    view = projection(lesions=[shadow(4, 10, 10), shadow(9, 50, 90), shadow(5, 30, 30, PHYSIOLOGICAL)])
    plain, marked = panels(view)
    assert numbers(plain) == []
    assert sorted(text.text for text in numbers(marked)) == ["4", "9"]


def test_sixty_numbers_do_not_overlap_and_stay_in_the_picture():
    lesions = [shadow(label, row=40 + label // 6, column=10, size=3) for label in range(1, 61)]
    _, marked = panels(projection(lesions=lesions, pixel_mm=(1.5, 2.0)))  # 150 mm high: too low for one column
    found = numbers(marked)
    assert len(found) == 60
    for anchor in ("start", "end"):
        side = [text for text in found if text.get("text-anchor") == anchor]
        heights = sorted(float(text.get("y")) for text in side)
        size = float(side[0].get("font-size"))
        assert min(b - a for a, b in itertools.pairwise(heights)) >= 0.95 * size
        assert heights[0] >= 0.5 * size and heights[-1] <= 150.0
