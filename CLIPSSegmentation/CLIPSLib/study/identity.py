"""Whose study it is, from headers and answers. Called by `find`."""

from __future__ import annotations

from collections.abc import Callable

from CLIPSLib.errors import Caution, ClipsError
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.dicom_time import parse_date
from CLIPSLib.study.elements import number
from CLIPSLib.study.headers import PatientHeaders, PetHeaders
from CLIPSLib.study.patient import Found, find_dose, find_height, find_sex, find_weight
from CLIPSLib.study.series import Stack
from CLIPSLib.study.tracer import tracer_name
from CLIPSLib.study.types import StudyIdentity

_BODY = {"weight_kg": find_weight, "height_m": find_height, "sex": find_sex}
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def find_identity(
    pet: Stack, headers: PetHeaders, ct: Stack | None, uptake_min: float | None, answers: Answers
) -> tuple[StudyIdentity, tuple[Caution, ...]]:
    """Identity of the study of `pet`; what the header lacks stays empty. `headers`: of the whole PET series.

    The cautions are those of weight, height and sex: reports normalize by them also where the SUV does not need them.
    """
    first, patient = pet.first, pet.first.patient
    body = {name: _found(find, headers, answers) for name, find in _BODY.items()}
    dose, _ = _found(find_dose, headers, answers)
    identity = StudyIdentity(
        patient_id=patient.patient_id,
        patient_name=patient.patient_name,
        birth_date=patient.birth_date,
        age_years=age_years(patient),
        study_date=patient.study_date,
        study_description=patient.study_description,
        study_uid=first.study_uid,
        pet_series_uid=first.series_uid,
        ct_series_uid=ct.first.series_uid if ct else "",
        frame_of_reference_uid=first.frame_of_reference_uid,
        pet_description=first.description,
        ct_description=ct.first.description if ct else "",
        scanner=_scanner(patient),
        tracer=tracer_name(headers),
        injected_dose_bq=dose.value if dose else None,
        uptake_min=uptake_min,
        user_entered=tuple(name for name in answers.given if not name.endswith("_series")),
        **{name: found.value for name, (found, _) in body.items() if found},
    )
    return identity, tuple(caution for _, cautions in body.values() for caution in cautions)


def age_years(patient: PatientHeaders) -> float | None:
    """From PatientAge ("059Y"), else from birth and study date."""
    years = number(patient.age[:-1]) if patient.age[-1:] in _YEARS else None
    if years is not None:
        return years * _YEARS[patient.age[-1]]
    born, scanned = parse_date(patient.birth_date), parse_date(patient.study_date)
    return (scanned - born).days / 365.25 if born and scanned and scanned >= born else None


def _found(find: Callable[[PetHeaders, Answers], Found], headers: PetHeaders, answers: Answers) -> Found:
    """What is there: where the SUV depends on it, its absence is reported there."""
    try:
        return find(headers, answers)
    except ClipsError:
        return None, ()


def _scanner(patient: PatientHeaders) -> str:
    return " ".join(part for part in (patient.manufacturer, patient.model) if part)
