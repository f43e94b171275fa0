"""Body size norms against numbers worked out by hand from the publications' formulas."""

import pytest
from CLIPSLib import body_size as norms


def test_du_bois_surface_of_a_70_kg_175_cm_patient():
    # 0.007184 * 70^0.425 * 175^0.725 = 0.007184 * 6.0827 * 42.2827
    assert norms.bsa_m2(70.0, 1.75) == pytest.approx(1.8481, abs=2e-4)


def test_janmahasatian_lean_mass():
    # BMI = 70 / 1.75^2 = 22.857; men 648900 / (6680 + 4937.1) = 55.857; women 648900 / (8780 + 5577.1) = 45.197
    assert norms.lean_mass_janmahasatian_kg(70.0, 1.75, "M") == pytest.approx(55.857, abs=1e-3)
    assert norms.lean_mass_janmahasatian_kg(70.0, 1.75, "F") == pytest.approx(45.197, abs=1e-3)


def test_james_and_morgan_differ_for_men_by_their_factor_only():
    # (70/175)^2 = 0.16: men 77 - 128 * 0.16 = 56.52 and 77 - 120 * 0.16 = 57.8; women 74.9 - 148 * 0.16 = 51.22
    assert norms.lean_mass_james_kg(70.0, 1.75, "M") == pytest.approx(56.52)
    assert norms.lean_mass_morgan_kg(70.0, 1.75, "M") == pytest.approx(57.80)
    assert norms.lean_mass_james_kg(70.0, 1.75, "F") == pytest.approx(51.22)
    assert norms.lean_mass_morgan_kg(70.0, 1.75, "F") == pytest.approx(51.22)


def test_james_falls_with_weight_in_very_obese_women_and_janmahasatian_does_not():
    assert norms.lean_mass_james_kg(180.0, 1.60, "F") < norms.lean_mass_james_kg(120.0, 1.60, "F")
    assert norms.lean_mass_janmahasatian_kg(180.0, 1.60, "F") > norms.lean_mass_janmahasatian_kg(120.0, 1.60, "F")


def test_ideal_weight():
    assert norms.ideal_weight_kg(70.0, 1.75, "M") == pytest.approx(48.0 + 1.06 * 23)
    assert norms.ideal_weight_kg(70.0, 1.75, "F") == pytest.approx(45.5 + 0.91 * 23)


def test_sex_other_takes_the_mean_of_both_formulas():
    male, female = (norms.lean_mass_james_kg(70.0, 1.75, sex) for sex in "MF")
    assert norms.lean_mass_james_kg(70.0, 1.75, "O") == pytest.approx((male + female) / 2)
    assert norms.JAMES.formula("O") == f"mean of [{norms.JAMES.formula_male}] and [{norms.JAMES.formula_female}]"


def test_an_unknown_sex_is_an_error():
    with pytest.raises(ValueError, match="'X'"):
        norms.lean_mass_james_kg(70.0, 1.75, "X")
