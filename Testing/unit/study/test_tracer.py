"""Radionuclide, tracer and half-life from codes, names and absent values."""

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.study.answers import NO_ANSWERS, Answers
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.tracer import find_half_life, find_nuclide, tracer_cautions, tracer_name


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"radionuclide_code": "C-111A1"}, "F-18"),
        ({"radionuclide_code": "77004003"}, "F-18"),
        ({"radionuclide": "^18^Fluorine"}, "F-18"),
        ({"radionuclide": "18F"}, "F-18"),
        ({"radionuclide": "F-18"}, "F-18"),
        ({"radionuclide": "^68^Gallium"}, "Ga-68"),
        ({"radiopharmaceutical": "FDG -- fluorodeoxyglucose"}, "F-18"),
        ({"radiopharmaceutical": "Solution"}, None),
    ],
)
def test_the_nuclide_is_known_by_code_by_name_or_by_fdg(fields, name):
    nuclide = find_nuclide(PetHeaders(**fields))
    assert (nuclide.name if nuclide else None) == name


@pytest.mark.parametrize("stated", ["6586.2", "6588", "6586.2001953125"])
def test_the_half_life_of_the_header_is_used(stated):
    half_life, cautions = find_half_life(PetHeaders(half_life=stated, radionuclide_code="C-111A1"), NO_ANSWERS)
    assert half_life.value == float(stated)
    assert cautions == ()


@pytest.mark.parametrize("stated", ["", "0", "109.77", "abc"])
def test_an_absent_or_absurd_half_life_of_f18_is_replaced_and_said(stated):
    half_life, cautions = find_half_life(PetHeaders(half_life=stated, radionuclide_code="C-111A1"), NO_ANSWERS)
    assert half_life.value == 6586.2
    assert [caution.code for caution in cautions] == ["half-life-assumed"]


def test_an_absent_half_life_of_an_unknown_nuclide_is_refused_unless_given():
    with pytest.raises(Refusal, match=r"\(0018,1075\) is absent"):
        find_half_life(PetHeaders(), NO_ANSWERS)
    half_life, _ = find_half_life(PetHeaders(), Answers(half_life_s=1223.0))
    assert (half_life.value, half_life.source) == (1223.0, "user-entered")


def test_a_typed_half_life_that_overrules_the_header_is_said():
    half_life, (caution,) = find_half_life(PetHeaders(half_life="6588"), Answers(half_life_s=6586.2))
    assert (half_life.value, half_life.source) == (6586.2, "user-entered")
    assert (caution.code, "'6588'" in caution.what) == ("header-overruled", True)
    assert find_half_life(PetHeaders(half_life="6586.2"), Answers(half_life_s=6586.2))[1] == ()


def test_the_half_life_of_another_nuclide_is_a_contradiction():
    with pytest.raises(Refusal, match="is not that of the stated radionuclide Ga-68"):
        find_half_life(PetHeaders(half_life="6586.2", radionuclide_code="C-131A3"), NO_ANSWERS)


def test_other_tracers_than_fdg_get_a_caution():
    assert tracer_cautions(PetHeaders(radiopharmaceutical_code="35321007", radionuclide_code="77004003")) == ()
    (caution,) = tracer_cautions(PetHeaders(radiopharmaceutical="DOTATATE", radionuclide="68Ga"))
    assert "Ga-68 DOTATATE" in caution.what
    assert tracer_name(PetHeaders(radiopharmaceutical="FDG", radionuclide="18F")) == "F-18 FDG"
