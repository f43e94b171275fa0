"""Names, ids, dates, UIDs and paths leave sentences; the numbers of medicine and physics stay in them."""

from __future__ import annotations

from dataclasses import fields

import builders_result as builders
import pytest
from CLIPSLib.formats import Scrubber, anonymous_study
from CLIPSLib.study.types import StudyIdentity

PATIENT = StudyIdentity(patient_id="12", patient_name="LE GALL^Yann^^Dr", study_date="20240229")


@pytest.mark.parametrize(
    "trace",
    [
        "1.2.840.113619.2.290.3.17.6",
        "2024-02-29T10:30:00Z",
        "20240229",
        "20240229103000.000000",
        "/mnt/pacs/LE_GALL/PT001.dcm",
        r"C:\Patients\LEGALL\PT001.dcm",
        "Gall",
        "YANN",
    ],
)
def test_what_names_a_person_or_an_examination_is_removed(trace):
    assert Scrubber(PATIENT).text(f"before {trace} after") == "before [removed] after"


@pytest.mark.parametrize(
    "sentence",
    [
        "SUVbw = 1234.5 Bq/mL * 72000 g / 171158250 Bq = 0.519 g/mL",
        "12 kg is far below the usual weight; 4.07 x 4.07 x 3 mm/voxel",
        "CLIPS 1.2.3 read DecayCorrection START of (0018,1074)",
        "Gallium-68 is no FDG",
    ],
)
def test_numbers_units_and_versions_stay(sentence):
    assert Scrubber(PATIENT).text(sentence) == sentence


def test_an_anonymous_identity_keeps_only_what_the_suv_needs():
    identity = anonymous_study(builders.study()).identity
    kept = {f.name for f in fields(identity) if getattr(identity, f.name) not in ("", None, ())}
    assert kept == {"weight_kg", "height_m", "scanner", "tracer", "injected_dose_bq", "uptake_min", "user_entered"}


def test_the_date_of_an_injection_is_removed_from_the_audit_but_not_its_numbers():
    suv = anonymous_study(builders.study()).suv
    by_name = {item.name: item for item in suv.inputs}
    assert by_name["RadiopharmaceuticalStartDateTime"].value == "[removed]"
    assert by_name["RadionuclideTotalDose"].value == 250e6
    assert suv.alternatives == builders.SUV.alternatives
