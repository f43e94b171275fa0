"""What a PET series' rescaled values mean (Units, SUVType, Philips' private factors). Called by `suv`."""

from __future__ import annotations

from dataclasses import dataclass

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.elements import number
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.types import SuvInput

UNITS_TAG = "Units (0054,1001)"
_SUV_TYPES = {
    "BW": "BW",
    "LBM": "LBM",
    "LBMJAMES128": "LBMJAMES128",
    "LBMJANMA": "LBMJANMA",
    "IBW": "IBW",
    "BSA": "BSA",
}


@dataclass(frozen=True)
class ValueMeaning:
    """`value * scale` is SUV normalized by `norm` ("BW", "LBM", ..., "BSA"), or Bq/mL when `norm` is ""."""

    scale: float
    norm: str
    inputs: tuple[SuvInput, ...]
    cautions: tuple[Caution, ...] = ()


def find_meaning(pet: PetHeaders) -> ValueMeaning:
    """The meaning of the rescaled values.

    Raises:
        Refusal: units that cannot become SUV (named), counts without Philips' factors, an unknown SUVType.
    """
    units = SuvInput(name="Units", value=pet.units, source="(0054,1001)")
    if pet.units == "BQML":
        return ValueMeaning(1.0, "", (units,))
    if pet.units == "GML":
        return _stated_suv(pet, units, absent="BW")
    if pet.units == "CM2ML":
        return _stated_suv(pet, units, absent="BSA")
    if pet.units == "CNTS":
        return _counts(pet, units)
    stated = f"'{pet.units}'" if pet.units else "absent"
    raise Refusal(
        "units",
        f"{UNITS_TAG} is {stated}: only BQML, GML, CM2ML, and CNTS with Philips' factors become SUV",
        remedy="Choose or export a corrected reconstruction in BQML or GML.",
    )


def philips_factor(text: str) -> float | None:
    """A Philips scale factor; None when absent, malformed, or 0, which means "not valid"."""
    factor = number(text)
    return factor if factor is not None and factor > 0.0 else None


def _stated_suv(pet: PetHeaders, units: SuvInput, *, absent: str) -> ValueMeaning:
    norm = _SUV_TYPES.get(pet.suv_type.upper()) if pet.suv_type else absent
    if norm is None or (norm == "BSA") != (pet.units == "CM2ML"):
        raise Refusal(
            "suv-type",
            f"SUVType (0054,1006) is '{pet.suv_type}', which does not go with {UNITS_TAG} = '{pet.units}'",
            remedy="Export the series in BQML, or correct SUVType.",
        )
    source = "(0054,1006)" if pet.suv_type else f"absent: {absent} by DICOM PS3.3 C.8.9.1"
    return ValueMeaning(1.0, norm, (units, SuvInput(name="SUVType", value=norm, source=source)))


def _counts(pet: PetHeaders, units: SuvInput) -> ValueMeaning:
    if (factor := philips_factor(pet.philips_suv_factor)) is not None:
        used = SuvInput(name="SUV Scale Factor", value=factor, unit="g/mL", source="(7053,1000) Philips")
        return ValueMeaning(factor, "BW", (units, used))
    if (factor := philips_factor(pet.philips_activity_factor)) is not None:
        used = SuvInput(name="Activity Concentration Scale Factor", value=factor, unit="Bq/mL", source="(7053,1009)")
        return ValueMeaning(factor, "", (units, used), _unreadable_factor(pet))
    found = f"'{pet.philips_suv_factor}' and '{pet.philips_activity_factor}'"
    absent = not (pet.philips_suv_factor or pet.philips_activity_factor)
    raise Refusal(
        "counts-without-factor",
        f"{UNITS_TAG} is CNTS (counts), and Philips' factors (7053,1000) and (7053,1009) are "
        f"{'missing' if absent else found + ', which is not valid'}",
        remedy="Export the series in BQML or with its private attributes.",
    )


def _unreadable_factor(pet: PetHeaders) -> tuple[Caution, ...]:
    """0 means "not valid" by Philips' own definition; anything else that is no positive number is damage."""
    text = pet.philips_suv_factor
    if not text or number(text) == 0.0:
        return ()
    what = f"Philips' SUV factor (7053,1000) is '{text}'; used its activity factor (7053,1009)"
    return (Caution("factor-unreadable", what),)
