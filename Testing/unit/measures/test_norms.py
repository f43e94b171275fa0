"""SUL and SUVbsa beside SUVbw, against numbers worked out by hand from the publications' formulas."""

from __future__ import annotations

import pytest
from CLIPSLib.measures import suv_norms
from CLIPSLib.study import StudyIdentity


def _factors(**identity) -> dict[str, float | None]:
    return {norm.name: norm.factor for norm in suv_norms(StudyIdentity(**identity))}


def test_a_man_of_70_kg_and_175_cm():
    # BMI 22.857: LBM (Janmahasatian) 648900 / 11617.1 = 55.857 kg; James 77 - 128 * 0.16 = 56.52 kg; BSA 1.8481 m2
    factors = _factors(weight_kg=70.0, height_m=1.75, sex="M")
    assert factors["SUL (Janmahasatian)"] == pytest.approx(55.857 / 70.0, abs=1e-5)
    assert factors["SUL (James, 128)"] == pytest.approx(56.52 / 70.0, abs=1e-5)
    assert factors["SUVbsa (Du Bois)"] == pytest.approx(18481 / 70000, abs=5e-5)


def test_a_woman_of_70_kg_and_175_cm():
    # LBM (Janmahasatian) 648900 / 14357.1 = 45.197 kg; James 74.9 - 148 * 0.16 = 51.22 kg
    factors = _factors(weight_kg=70.0, height_m=1.75, sex="F")
    assert factors["SUL (Janmahasatian)"] == pytest.approx(45.197 / 70.0, abs=1e-5)
    assert factors["SUL (James, 128)"] == pytest.approx(51.22 / 70.0, abs=1e-5)


@pytest.mark.parametrize("sex", ["O", ""])
def test_without_an_agreed_formula_sul_stays_blank_and_suvbsa_does_not(sex):
    norms = {norm.name: norm for norm in suv_norms(StudyIdentity(weight_kg=70.0, height_m=1.75, sex=sex))}
    assert norms["SUL (Janmahasatian)"].factor is None
    assert norms["SUL (Janmahasatian)"].formula == "needs sex M or F"
    assert norms["SUVbsa (Du Bois)"].factor is not None


def test_what_is_missing_is_named():
    (janmahasatian, _, surface) = suv_norms(StudyIdentity(sex="F"))
    assert janmahasatian.formula == surface.formula == "needs weight and height"


def test_james_formula_gives_nothing_where_it_turns_negative():
    # 1.07 * 250 - 148 * (250 / 140)^2 = 267.5 - 471.9 < 0
    norms = {norm.name: norm for norm in suv_norms(StudyIdentity(weight_kg=250.0, height_m=1.40, sex="F"))}
    assert norms["SUL (James, 128)"].factor is None
    assert norms["SUL (Janmahasatian)"].factor > 0.0
