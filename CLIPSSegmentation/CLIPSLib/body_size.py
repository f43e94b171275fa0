"""Body size norms of SUV as functions of weight, height and sex (pure arithmetic).

Ground floor: called by `study` (to convert SUL and SUVbsa images) and by `measures` (to state them). Sex is "M" or "F";
for "O" the mean of both is taken, as the IBSI-SUV reference objects do, and callers say so in a caution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def bsa_m2(weight_kg: float, height_m: float) -> float:
    """Body surface area, m2. Du Bois & Du Bois 1916: 0.007184 W^0.425 h^0.725 (W kg, h cm)."""
    return 0.007184 * weight_kg**0.425 * (100.0 * height_m) ** 0.725


def lean_mass_janmahasatian_kg(weight_kg: float, height_m: float, sex: str) -> float:
    """Lean body mass, kg. Janmahasatian et al. 2005: 9270 W / (6680 + 216 BMI), women 9270 W / (8780 + 244 BMI)."""
    bmi = weight_kg / height_m**2
    male = 9270.0 * weight_kg / (6680.0 + 216.0 * bmi)
    female = 9270.0 * weight_kg / (8780.0 + 244.0 * bmi)
    return _by_sex(sex, male, female)


def lean_mass_james_kg(weight_kg: float, height_m: float, sex: str) -> float:
    """Lean body mass, kg. James 1976 with the factor 128 for men: 1.10 W - 128 (W/h)^2, women 1.07 W - 148 (W/h)^2."""
    return _lean_mass_quadratic_kg(weight_kg, height_m, sex, male_factor=128.0)


def lean_mass_morgan_kg(weight_kg: float, height_m: float, sex: str) -> float:
    """Lean body mass, kg. Morgan & Bray 1994, Sugawara 1999 (factor 120 for men): DICOM's plain "LBM"."""
    return _lean_mass_quadratic_kg(weight_kg, height_m, sex, male_factor=120.0)


def ideal_weight_kg(weight_kg: float, height_m: float, sex: str) -> float:
    """Ideal body weight, kg: 48.0 + 1.06 (h - 152), women 45.5 + 0.91 (h - 152); the weight itself plays no part."""
    above_152_cm = 100.0 * height_m - 152.0
    return _by_sex(sex, 48.0 + 1.06 * above_152_cm, 45.5 + 0.91 * above_152_cm)


@dataclass(frozen=True)
class Norm:
    """A mass that replaces body weight in SUV: its name, formula text per sex, and function (W kg, H m, sex) -> kg."""

    name: str
    formula_male: str
    formula_female: str
    mass_kg: Callable[[float, float, str], float]

    def formula(self, sex: str) -> str:
        if sex == "O":
            return f"mean of [{self.formula_male}] and [{self.formula_female}]"
        return self.formula_female if sex == "F" else self.formula_male


JANMAHASATIAN = Norm(
    "lean body mass (Janmahasatian)",
    "9270 W / (6680 + 216 W/H^2)",
    "9270 W / (8780 + 244 W/H^2)",
    lean_mass_janmahasatian_kg,
)
JAMES = Norm(
    "lean body mass (James, 128)",
    "1.10 W - 128 (W/(100 H))^2",
    "1.07 W - 148 (W/(100 H))^2",
    lean_mass_james_kg,
)
MORGAN = Norm(
    "lean body mass (Morgan, 120)",
    "1.10 W - 120 (W/(100 H))^2",
    "1.07 W - 148 (W/(100 H))^2",
    lean_mass_morgan_kg,
)
IDEAL_WEIGHT = Norm(
    "ideal body weight",
    "48.0 + 1.06 (100 H - 152)",
    "45.5 + 0.91 (100 H - 152)",
    ideal_weight_kg,
)


def _lean_mass_quadratic_kg(weight_kg: float, height_m: float, sex: str, *, male_factor: float) -> float:
    ratio_squared = (weight_kg / (100.0 * height_m)) ** 2
    male = 1.10 * weight_kg - male_factor * ratio_squared
    female = 1.07 * weight_kg - 148.0 * ratio_squared
    return _by_sex(sex, male, female)


def _by_sex(sex: str, male: float, female: float) -> float:
    try:
        return {"M": male, "F": female, "O": (male + female) / 2.0}[sex]
    except KeyError:
        raise ValueError(f"sex must be 'M', 'F' or 'O', not '{sex}'") from None
