"""What rescaled values mean."""

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.units import find_meaning


def meaning(**fields):
    found = find_meaning(PetHeaders(**fields))
    return found.scale, found.norm


def test_units_that_become_suv():
    assert meaning(units="BQML") == (1.0, "")
    assert meaning(units="GML") == (1.0, "BW")
    assert meaning(units="GML", suv_type="LBMJANMA") == (1.0, "LBMJANMA")
    assert meaning(units="CM2ML") == (1.0, "BSA")


def test_an_absent_suv_type_is_said_to_be_body_weight_by_the_standard():
    inputs = find_meaning(PetHeaders(units="GML")).inputs
    assert inputs[1].value == "BW"
    assert "absent" in inputs[1].source


def test_philips_counts():
    assert meaning(units="CNTS", philips_suv_factor="0.000551", philips_activity_factor="1.602563") == (0.000551, "BW")
    assert meaning(units="CNTS", philips_activity_factor="1.602563") == (1.602563, "")
    assert meaning(units="CNTS", philips_suv_factor="0.0", philips_activity_factor="1.6") == (1.6, "")


def test_a_damaged_philips_factor_is_said():
    found = find_meaning(PetHeaders(units="CNTS", philips_suv_factor="0.0x", philips_activity_factor="1.6"))
    assert [caution.code for caution in found.cautions] == ["factor-unreadable"]


def test_bqml_ignores_philips_factors():
    assert meaning(units="BQML", philips_suv_factor="0.0035", philips_activity_factor="4.7") == (1.0, "")


@pytest.mark.parametrize("units", ["", "CPS", "PROPCPS", "PROPCNTS", "1CM", "PCNT", "bqml"])
def test_other_units_are_refused_by_name(units):
    with pytest.raises(Refusal, match=f"'{units}'" if units else "absent"):
        find_meaning(PetHeaders(units=units))


def test_counts_without_valid_factors_are_refused():
    with pytest.raises(Refusal, match=r"\(7053,1000\) and \(7053,1009\) are missing"):
        find_meaning(PetHeaders(units="CNTS"))
    with pytest.raises(Refusal, match="'0' and '0'"):
        find_meaning(PetHeaders(units="CNTS", philips_suv_factor="0", philips_activity_factor="0"))


@pytest.mark.parametrize(("units", "suv_type"), [("GML", "BSA"), ("CM2ML", "BW"), ("GML", "OTHER")])
def test_a_suv_type_that_contradicts_the_units_is_refused(units, suv_type):
    with pytest.raises(Refusal, match=suv_type):
        find_meaning(PetHeaders(units=units, suv_type=suv_type))
