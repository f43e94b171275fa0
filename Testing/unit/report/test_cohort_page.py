"""The page of a cohort: self-contained, complete, and well-formed whatever the names are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from CLIPSLib.cases import CaseCounts
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.evaluation.cohort import summarize
from CLIPSLib.report.cohort import Cohort, CohortCase, write_cohort_page


def case(number: int, **facts) -> CohortCase:
    known = {
        "case_id": f"C{number:04d}",
        "patient_id": f"P{number:04d}",
        "stratum": "A & B",
        "status": "to review",
        "scanner": "<b>Vendor</b>",
        "tracer": "FDG",
        "has_ct": True,
        "sex": "F",
        "weight_kg": 70.0,
        "height_m": None,
        "injected_dose_mbq": None,
        "uptake_min": 60.0,
        "tmtv_ml": 10.0 * number,
        "tlg_g": 50.0 * number,
        "lesion_count": number,
        "suv_max": 4.0 + number,
    }
    return CohortCase(**{**known, **facts})


def cohort(*cases: CohortCase) -> Cohort:
    counts = dict.fromkeys(("patients", "with_ct", "with_reference", "masks", "reviews", "ratings"), len(cases))
    by = ("status", "stratum", "scanner", "tracer")
    counted = {f"by_{name}": {getattr(c, name): len(cases) for c in cases} for name in by}
    others = ("masks_by_origin", "masks_by_model", "ratings_by_rater", "reviews_by_reader")
    return Cohort(
        name="lymphoma <2024>",
        masks="current reference masks",
        cases=cases,
        spreads={"tmtv_ml": summarize([c.tmtv_ml for c in cases])},
        missing={"height_m": len(cases), "ct": 0},
        counts=CaseCounts(cases=len(cases), **counts, **counted, **{name: {} for name in others}),
    )


def test_the_page_is_whole_and_needs_nothing_else(tmp_path):
    path = write_cohort_page(
        tmp_path / "cohort.html", cohort(case(1), case(2), case(3, tmtv_ml=None, problem="no mask"))
    )
    page = path.read_text(encoding="utf-8")
    ET.fromstring(re.sub(r"<!DOCTYPE html>|<meta[^>]*>", "", page).replace("\u202f", " "))  # every tag is closed
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page
    for text in ("C0001", "C0003", "no mask", "Height, m", "lymphoma &lt;2024&gt;", "&lt;b&gt;Vendor&lt;/b&gt;"):
        assert text in page
    assert "CT</th>" not in page  # nothing is missing there


def test_an_empty_registry_has_a_page_too(tmp_path):
    assert "no values" in write_cohort_page(tmp_path / "cohort.html", cohort()).read_text(encoding="utf-8")


def test_a_page_is_not_overwritten_unasked(tmp_path):
    path = write_cohort_page(tmp_path / "cohort.html", cohort())
    with pytest.raises(Refusal):
        write_cohort_page(path, cohort())
    write_cohort_page(path, cohort(case(1)), overwrite=True)


def test_the_page_speaks_french(tmp_path):
    path = write_cohort_page(tmp_path / "cohort.html", cohort(case(1), case(2, problem="no mask")), language="fr")
    page = path.read_text(encoding="utf-8")
    for text in (
        "Cohorte lymphoma",
        "À relire",
        "à relire",
        "Taille, m",
        "aucun masque",
        "Valeurs manquantes",
        "2 cas",
    ):
        assert text in page, text
    for text in ("Cases", "Height", "no mask", "to review", "Lowest"):
        assert text not in page, text
    with pytest.raises(UsageError, match="no reports in 'de'"):
        write_cohort_page(tmp_path / "other.html", cohort(), language="de")
