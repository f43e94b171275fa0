"""Choosing a segmenter and its options: what does not exist is refused, naming what does."""

from __future__ import annotations

import numpy as np
import pytest
from builders_volume import study_of
from CLIPSLib.errors import UsageError
from CLIPSLib.segmentation import get_segmenter, list_segmenters, segment_study
from CLIPSLib.segmentation.options import OPTION_RULES, complete_options

STUDY = study_of(np.ones((4, 4, 4)))


def test_all_methods_of_the_literature_are_listed_default_first():
    names = [description.name for description in list_segmenters()]
    assert names == ["suv4", "suv2.5", "41max", "50max", "a50p", "percist", "mv2", "mv3"]


@pytest.mark.parametrize("description", list_segmenters(), ids=lambda d: d.name)
def test_each_description_is_complete_and_its_defaults_are_allowed(description):
    assert description.title and description.rule.endswith(".") and description.source
    assert set(description.options) <= set(OPTION_RULES)
    assert complete_options(description, description.options) == dict(description.options)
    assert get_segmenter(description.name).description is description


def test_an_unknown_model_names_those_there_are():
    with pytest.raises(UsageError, match=r"no segmenter 'suv5'\. Choose one of: suv4, suv2\.5, 41max"):
        segment_study(STUDY, "suv5")


def test_an_unknown_option_names_those_there_are():
    with pytest.raises(UsageError, match=r"'suv4' has no option 'fraction'.*threshold.*min_volume_ml.*connectivity"):
        segment_study(STUDY, "suv4", options={"fraction": 0.4})


@pytest.mark.parametrize(
    ("model", "option", "value"),
    [
        ("suv4", "threshold", 0),
        ("suv4", "threshold", float("nan")),
        ("suv4", "threshold", "four"),
        ("suv4", "threshold", None),
        ("suv4", "threshold", True),
        ("suv4", "min_volume_ml", -1),
        ("suv4", "connectivity", 8),
        ("suv4", "connectivity", 18.5),
        ("41max", "fraction", 41),
        ("41max", "max_growth_mm", float("inf")),
        ("a50p", "background_thickness_mm", 0),
        ("percist", "liver_center_lps_mm", [1, 2]),
        ("percist", "liver_center_lps_mm", "1 2 three"),
        ("percist", "liver_center_lps_mm", [1, 2, float("nan")]),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(model, option, value):
    with pytest.raises(UsageError, match=f"{option} = .* is not possible") as refused:
        segment_study(STUDY, model, options={option: value})
    assert OPTION_RULES[option].allowed in str(refused.value)


def test_values_typed_as_text_are_read():
    options = complete_options(get_segmenter("suv4").description, {"threshold": "3.5", "connectivity": "18"})
    assert (options["threshold"], options["connectivity"]) == (3.5, 18)
    options = complete_options(get_segmenter("percist").description, {"liver_center_lps_mm": "-80, 20.5, -300"})
    assert options["liver_center_lps_mm"] == (-80.0, 20.5, -300.0)


def test_answers_to_other_questions_are_ignored_and_own_ones_are_marked():
    segmentation = segment_study(STUDY, "suv4", answers={"weight_kg": 72, "threshold": 0.5})
    assert segmentation.provenance["parameters"]["threshold"] == 0.5
    assert segmentation.provenance["user_entered"] == ["threshold"]
