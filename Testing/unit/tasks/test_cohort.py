"""The summary of a registry: measures, facts, what is missing; made once per mask."""

from __future__ import annotations

import csv

import builders_registry
import numpy as np
import pytest
from CLIPSLib.cases import Registry
from CLIPSLib.tasks import cohort as cohort_task
from CLIPSLib.tasks.case_masks import predict_masks
from CLIPSLib.tasks.cohort import CACHE_NAME, summarize_cohort, write_cohort_csv


@pytest.fixture
def registry(tmp_path):
    """Three cases: with a reference, with an empty reference, and without one."""
    with Registry.create(tmp_path / "registry") as made:
        for number, facts in enumerate(({"weight_kg": 70.0, "uptake_min": 61.0}, {"scanner": ""}, {}), start=1):
            study = builders_registry.study(number, with_ct=number < 3, **facts)
            case = made.add_case(study, source="test", stratum="A" if number == 1 else "")
            if number < 3:
                boxes = () if number == 1 else (np.s_[0:0, 0:0, 0:0],)
                mask = made.add_mask(
                    case.case_id, builders_registry.mask(study, *boxes), origin="imported", author="reader"
                )
                made.set_reference(case.case_id, mask.id, author="reader")
        yield made


def test_every_case_is_there_with_its_measures(registry):
    cohort = summarize_cohort(registry)
    assert cohort.masks == "current reference masks"
    first, empty, without = cohort.cases
    assert first.tmtv_ml == pytest.approx(24 * 0.008)
    assert first.suv_max == pytest.approx(5.001)
    assert first.tlg_g == pytest.approx(24 * 0.008 * 5.001, rel=1e-6)
    assert (first.lesion_count, first.weight_kg, first.scanner) == (1, 70.0, "Vendor Model")
    assert (empty.tmtv_ml, empty.lesion_count, empty.suv_max) == (0.0, 0, None)
    assert (without.tmtv_ml, without.problem) == (None, "no mask")


def test_spreads_and_missing_values_are_counted(registry):
    cohort = summarize_cohort(registry)
    volumes = cohort.spreads["tmtv_ml"]
    assert (volumes.n, volumes.missing, volumes.maximum) == (2, 1, pytest.approx(0.192))
    assert cohort.missing == {
        "reference": 1,
        "measures": 1,
        "ct": 1,
        "sex": 3,
        "scanner": 1,
        "tracer": 0,
        "stratum": 2,
        "weight_kg": 2,
        "height_m": 3,
        "injected_dose_mbq": 3,
        "uptake_min": 2,
    }
    assert cohort.counts.by_status["to review"] == 3


def test_predicted_masks_can_be_summarized_instead(registry):
    predict_masks(registry, "suv4", author="A", options={"min_volume_ml": 0})
    cohort = summarize_cohort(registry, model="suv4")
    assert cohort.masks == "latest masks predicted by suv4"
    assert [case.tmtv_ml for case in cohort.cases] == [pytest.approx(0.192)] * 3
    assert {case.mask_origin for case in cohort.cases} == {"predicted"}


def test_a_mask_is_measured_once(registry, monkeypatch):
    first = summarize_cohort(registry)
    assert (registry.folder / CACHE_NAME).is_file()
    monkeypatch.setattr(cohort_task, "measure_lesions", None)  # would fail if called
    assert summarize_cohort(registry) == first


def test_a_damaged_or_foreign_cache_is_made_again(registry):
    first = summarize_cohort(registry)
    (registry.folder / CACHE_NAME).write_text("{", encoding="utf-8")
    assert summarize_cohort(registry) == first


def test_a_case_that_cannot_be_measured_says_why(registry):
    registry.files("C0001").pet.write_bytes(b"damaged")
    cohort = summarize_cohort(registry)
    assert cohort.cases[0].tmtv_ml is None
    assert "damaged" in cohort.cases[0].problem
    assert cohort.cases[1].tmtv_ml == 0.0


def test_the_table_has_a_row_per_case(registry, tmp_path):
    path = write_cohort_csv(tmp_path / "cohort.csv", summarize_cohort(registry))
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["case_id"] for row in rows] == ["C0001", "C0002", "C0003"]
    assert float(rows[0]["tmtv_ml"]) == pytest.approx(0.192)
    assert rows[2]["tmtv_ml"] == ""
