"""Tables that statistics programs and spreadsheets read: one number per cell, a row per lesion and the total."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import builders_result as builders
import pytest
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.formats import FRENCH_EXCEL, RESULT_FILES, summary_row, write_lesions_csv, write_summary_csv


def rows(path, delimiter=","):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=delimiter))


def write(path, **options):
    return write_lesions_csv(path, builders.study(), builders.segmentation(), builders.measures(), **options)


def test_there_is_a_row_per_lesion_and_a_total_of_the_tumors_only(tmp_path):
    tumor, bladder, total = rows(write(tmp_path / "lesions.csv"))
    assert (tumor["lesion"], bladder["lesion"], total["lesion"]) == ("Lésion 1: cou | gauche", "Bladder", "TOTAL")
    assert (tumor["kind"], bladder["kind"], total["kind"]) == ("tumor", "physiological", "")
    assert (tumor["volume_ml"], bladder["volume_ml"], total["volume_ml"]) == ("0.03", "0.015", "0.03")
    assert (total["tlg_g"], total["lesion_count"], total["d_max_mm"]) == ("0.18", "1", "0")
    assert tumor["suv_peak"] == ""  # no value is an empty cell, never zero
    assert tumor["lesion_count"] == ""


def test_every_row_says_whose_and_how(tmp_path):
    for row in rows(write(tmp_path / "lesions.csv")):
        assert (row["patient_id"], row["study_date"]) == ("HOP-00417", "20230611")
        assert row["pet_series_uid"] == builders.IDENTITY.pet_series_uid
        assert (row["method"], row["connectivity"], row["reviewed"]) == ("SUV >= 4.0", "26", "no")
        assert row["parameters"] == "min_volume_ml=3.0; threshold=4.0"
        assert (row["weight_kg"], row["injected_dose_mbq"], row["uptake_min"]) == ("72", "250", "61")
        assert float(row["suv_factor"]) == pytest.approx(72000 / 171158250, rel=1e-9)
        assert "2 components below 3 mL" in row["cautions"]
        assert row["software"].startswith("CLIPS ")


def test_each_lesion_has_the_threshold_that_delineated_it(tmp_path):
    thresholds = [
        {"lesion_id": "lesion-a3f1", "threshold_suv": 2.87},
        {"lesion_id": "uptake-77c0", "threshold_suv": 12},
    ]
    segmentation = replace(builders.segmentation(), provenance={"thresholds": thresholds})
    path = write_lesions_csv(tmp_path / "t.csv", builders.study(), segmentation, builders.measures())
    assert [row["threshold_suv"] for row in rows(path)] == ["2.87", "12", ""]


def test_french_excel_gets_semicolons_decimal_commas_and_a_byte_order_mark(tmp_path):
    path = write(tmp_path / "lesions.csv", style=FRENCH_EXCEL)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    tumor = rows(path, delimiter=";")[0]
    assert (tumor["volume_ml"], tumor["lesion"]) == ("0,03", "Lésion 1: cou | gauche")


def test_text_that_a_spreadsheet_would_run_as_a_formula_is_disarmed(tmp_path):
    study = builders.study()
    study = replace(study, identity=replace(study.identity, patient_id='=HYPERLINK("http://evil")'))
    path = write_lesions_csv(tmp_path / "t.csv", study, builders.segmentation(), builders.measures())
    assert rows(path)[0]["patient_id"] == '\'=HYPERLINK("http://evil")'


def test_negative_numbers_stay_numbers(tmp_path):
    assert rows(write(tmp_path / "lesions.csv"))[0]["centroid_left_mm"] == "-6.2"


def test_a_study_without_lesions_has_a_total_of_zero(tmp_path):
    full = builders.measures()
    patient = replace(full.patient, tmtv_ml=0.0, tlg_g=0.0, lesion_count=0, suv_max=None, suv_mean=None, d_max_mm=None)
    measures = replace(full, lesions=(), patient=patient)
    (total,) = rows(write_lesions_csv(tmp_path / "t.csv", builders.study(), builders.segmentation(), measures))
    assert (total["lesion"], total["volume_ml"], total["suv_max"], total["d_max_mm"]) == ("TOTAL", "0", "", "")


def test_an_existing_table_is_not_overwritten_unasked(tmp_path):
    write(tmp_path / "lesions.csv")
    with pytest.raises(Refusal, match="exists"):
        write(tmp_path / "lesions.csv")


def test_a_cohort_lists_failures_with_their_reason_beside_results(tmp_path):
    done = summary_row(
        case="A", state="done", identity=builders.IDENTITY, model="suv4", measures=builders.measures(),
        cautions=(Caution("x", "One thing", "there"),),
    )  # fmt: skip
    refused = summary_row(
        case="B", state="refused", identity=builders.IDENTITY, model="suv4", reason="No weight. Give it."
    )
    path = write_summary_csv(tmp_path / "summary.csv", [done, refused])
    first, second = rows(path)
    assert (first["state"], first["tmtv_ml"], first["cautions"]) == ("done", "0.03", "One thing (there)")
    assert (second["state"], second["tmtv_ml"], second["reason"]) == ("refused", "", "No weight. Give it.")


def test_an_anonymous_cohort_names_nobody(tmp_path):
    row = summary_row(
        case="case-1f", state="failed", identity=builders.IDENTITY, model="suv4", anonymous=True,
        reason="Series 1.2.826.0.1.3680043.8.498.1002 of DUPONT^JEANNE of 20230611 (/data/HOP-00417/pet)",
        cautions=(Caution("x", "Weight of Dupont", "/data/HOP-00417"),),
    )  # fmt: skip
    text = write_summary_csv(tmp_path / "summary.csv", [row]).read_text()
    for trace in ("upont", "JEANNE", "HOP", "1.2.826", "20230611", "/data"):
        assert trace not in text


def test_every_column_and_every_file_is_explained_in_the_documentation(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    columns = list(rows(write(tmp_path / "lesions.csv"))[0])
    assert [name for name in (*columns, *RESULT_FILES) if f"`{name}`" not in text] == []
