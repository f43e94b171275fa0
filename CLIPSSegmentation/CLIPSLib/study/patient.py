"""The patient's weight, height, sex and the injected dose: from answers, else from the header, checked.

Called by `suv` and `tracer`, and by `find` for the study's identity.
"""

from __future__ import annotations

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.elements import number, quoted
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.types import SuvInput

WEIGHT_TAG = "PatientWeight (0010,1030)"
HEIGHT_TAG = "PatientSize (0010,1020)"
SEX_TAG = "PatientSex (0010,0040)"
DOSE_TAG = "RadionuclideTotalDose (0018,1074)"

_GRAMS_FROM = 1000.0  # nobody weighs a ton: such weights are grams
_CENTIMETERS_FROM = 3.0
_SHORTEST_M, _TALLEST_M = 0.3, 2.6  # beyond, formulas of lean mass say nothing
_MEGABECQUEREL_BELOW = 1e4  # real files show two clusters, about 4e2 and about 4e8

Found = tuple[SuvInput | None, tuple[Caution, ...]]


def find_weight(pet: PetHeaders, answers: Answers) -> Found:
    """Body weight in kg. Raises Question when absent: a default weight would be a wrong SUV."""
    if answers.weight_kg is not None:
        return entered("PatientWeight", answers.weight_kg, "kg", WEIGHT_TAG, pet.patient_weight)
    stated = number(pet.patient_weight)
    if stated is None or stated <= 0.0:
        raise Question(
            "weight-missing",
            f"{WEIGHT_TAG} is {quoted(pet.patient_weight)}",
            remedy="Give the weight at the time of the scan (weight_kg).",
            key="weight_kg",
            unit="kg",
        )
    weight, source, cautions = stated, "(0010,1030)", []
    if stated >= _GRAMS_FROM:
        weight, source = stated / 1000.0, "(0010,1030), converted from g"
        cautions.append(Caution("weight-in-grams", f"{WEIGHT_TAG} = {stated:g} was taken as grams: {weight:g} kg"))
    if not 20.0 <= weight <= 250.0:
        cautions.append(Caution("weight-unusual", f"{WEIGHT_TAG} = {weight:g} kg is unusual (20 to 250 kg expected)"))
    return SuvInput(name="PatientWeight", value=weight, unit="kg", source=source), tuple(cautions)


def find_height(pet: PetHeaders, answers: Answers) -> Found:
    """Height in m; None when absent or impossible."""
    if answers.height_m is not None:
        return entered("PatientSize", answers.height_m, "m", HEIGHT_TAG, pet.patient_size)
    stated = number(pet.patient_size)
    if stated is None or stated <= 0.0:
        return None, ()
    height, source, cautions = stated, "(0010,1020)", []
    if stated > _CENTIMETERS_FROM:
        height, source = stated / 100.0, "(0010,1020), converted from cm"
        cautions.append(Caution("height-in-centimeters", f"{HEIGHT_TAG} = {stated:g} was taken as cm: {height:g} m"))
    if not _SHORTEST_M <= height <= _TALLEST_M:
        return None, (Caution("height-unusual", f"{HEIGHT_TAG} = {stated:g} cannot be a height: not used"),)
    if not 1.0 <= height <= 2.2:
        cautions.append(Caution("height-unusual", f"{HEIGHT_TAG} = {height:g} m is unusual (1.0 to 2.2 m expected)"))
    return SuvInput(name="PatientSize", value=height, unit="m", source=source), tuple(cautions)


def find_sex(pet: PetHeaders, answers: Answers) -> Found:
    """ "M", "F" or "O"; None when absent."""
    if answers.sex is not None:
        return entered("PatientSex", answers.sex, "", SEX_TAG, pet.patient_sex)
    if pet.patient_sex not in ("M", "F", "O"):
        return None, ()
    return SuvInput(name="PatientSex", value=pet.patient_sex, source="(0010,0040)"), ()


def find_dose(pet: PetHeaders, answers: Answers) -> Found:
    """Injected activity in Bq, at the time of injection. Raises Refusal when absent or ambiguous."""
    if pet.radiopharmaceutical_items > 1:
        raise Refusal(
            "several-radiopharmaceuticals",
            f"RadiopharmaceuticalInformationSequence (0054,0016) holds {pet.radiopharmaceutical_items} items: "
            "which injection the image shows is unknown",
            remedy="Export the series with the one that was imaged.",
        )
    if answers.dose_bq is not None:
        return entered("RadionuclideTotalDose", answers.dose_bq, "Bq", DOSE_TAG, pet.total_dose)
    stated = number(pet.total_dose)
    if stated is None or stated <= 0.0:
        where = "RadiopharmaceuticalInformationSequence (0054,0016) is absent, and with it "
        raise Refusal(
            "dose-missing",
            f"{'' if pet.radiopharmaceutical_items else where}{DOSE_TAG} is {quoted(pet.total_dose)}",
            remedy="Give the injected activity (dose_bq).",
        )
    dose, source, cautions = stated, "(0018,1074)", []
    if stated < _MEGABECQUEREL_BELOW:
        dose, source = stated * 1e6, "(0018,1074), converted from MBq"
        cautions.append(Caution("dose-in-mbq", f"{DOSE_TAG} = {stated:g} was taken as MBq: {dose:g} Bq"))
    if not 37e6 <= dose <= 800e6:
        cautions.append(Caution("dose-unusual", f"{DOSE_TAG} = {dose / 1e6:g} MBq is unusual (37 to 800 MBq expected)"))
    return SuvInput(name="RadionuclideTotalDose", value=dose, unit="Bq", source=source), tuple(cautions)


def entered(name: str, value: float | str, unit: str, tag: str, stated: str) -> Found:
    """A typed value, with a caution where the header's own text `stated` says something else."""
    cautions: tuple[Caution, ...] = ()
    if stated and number(stated) != value and stated != value:
        shown = f"{value:g} {unit}" if isinstance(value, float) else value
        cautions = (Caution("header-overruled", f"{tag} = '{stated}' was overruled by the user-entered {shown}"),)
    return SuvInput(name=name, value=value, unit=unit, source="user-entered"), cautions
