"""One color and one coded meaning per segment, in files, scenes and reports alike."""

import itertools

import pytest
from CLIPSLib.segmentation.appearance import segment_color, terminology_entry
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR


def test_sixty_lesions_have_sixty_different_colors_dark_enough_for_white_paper():
    colors = [segment_color(index) for index in range(60)]
    assert all(0.0 <= channel <= 1.0 for color in colors for channel in color)
    for first, second in itertools.combinations(colors, 2):
        assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > 0.01
    assert all(min(color) < 0.5 for color in colors)


def test_physiological_uptake_has_one_color_that_no_lesion_has():
    assert segment_color(0, PHYSIOLOGICAL) == segment_color(17, PHYSIOLOGICAL)
    assert segment_color(0, PHYSIOLOGICAL) not in [segment_color(index) for index in range(60)]


def test_a_tumor_is_a_neoplasm_in_the_terminology_list_that_slicer_ships():
    context, category, kind, modifier, region_context, region, region_modifier = terminology_entry(TUMOR).split("~")
    assert context == "Segmentation category and type - DICOM master list"
    assert category == "SCT^49755003^Morphologically Altered Structure"
    assert kind == "SCT^108369006^Neoplasm"
    assert region_context == "Anatomic codes - DICOM master list"
    assert (modifier, region, region_modifier) == ("^^", "^^", "^^")


def test_an_unknown_kind_has_no_terminology():
    with pytest.raises(KeyError):
        terminology_entry("furniture")
