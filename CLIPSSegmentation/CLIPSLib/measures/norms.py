"""How SUVbw reads as SUL or SUVbsa: one factor per norm, since the injected activity cancels. Called by `measure`."""

from __future__ import annotations

from CLIPSLib.body_size import JAMES, JANMAHASATIAN, Norm, bsa_m2
from CLIPSLib.measures.inputs import MeasurableIdentity
from CLIPSLib.measures.types import SuvNorm

SUL = "SUL (Janmahasatian)"  # the lean body mass of PERCIST-era guidelines; others are never just called SUL


def suv_norms(identity: MeasurableIdentity) -> tuple[SuvNorm, ...]:
    """SUL by Janmahasatian and by James (128), and SUVbsa by Du Bois.

    They need weight and height, SUL also sex "M" or "F": for "O" there is no agreed formula and it stays blank.
    """
    return (
        _lean(SUL, JANMAHASATIAN, identity),
        _lean("SUL (James, 128)", JAMES, identity),
        _by_surface(identity),
    )


def _lean(name: str, norm: Norm, identity: MeasurableIdentity) -> SuvNorm:
    missing = _missing(identity)
    if identity.sex not in ("M", "F"):
        missing.append("sex M or F")
    if missing:
        return _blank(name, "g/mL", missing)
    weight, height = identity.weight_kg, identity.height_m
    lean_kg = norm.mass_kg(weight, height, identity.sex)
    if lean_kg <= 0.0:
        return SuvNorm(name=name, factor=None, unit="g/mL", formula="the formula gives no positive mass")
    return SuvNorm(
        name=name,
        factor=lean_kg / weight,
        unit="g/mL",
        formula=f"SUVbw * {lean_kg:.2f} kg / {weight:g} kg, lean body mass = {norm.formula(identity.sex)} "
        f"with W = {weight:g} kg, H = {height:g} m",
    )


def _by_surface(identity: MeasurableIdentity) -> SuvNorm:
    missing = _missing(identity)
    if missing:
        return _blank("SUVbsa (Du Bois)", "cm2/mL", missing)
    weight, height = identity.weight_kg, identity.height_m
    surface_cm2 = 1e4 * bsa_m2(weight, height)
    return SuvNorm(
        name="SUVbsa (Du Bois)",
        factor=surface_cm2 / (1000.0 * weight),
        unit="cm2/mL",
        formula=f"SUVbw * {surface_cm2:.0f} cm2 / {1000 * weight:g} g, "
        f"body surface = 0.007184 W^0.425 (100 H)^0.725 m2 with W = {weight:g} kg, H = {height:g} m",
    )


def _missing(identity: MeasurableIdentity) -> list[str]:
    wanted = (("weight", identity.weight_kg), ("height", identity.height_m))
    return [name for name, value in wanted if not value]


def _blank(name: str, unit: str, missing: list[str]) -> SuvNorm:
    return SuvNorm(name=name, factor=None, unit=unit, formula=f"needs {' and '.join(missing)}")
