"""Evaluations as JSON and CSV: nothing is lost, missing values stay empty and say why."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.errors import Refusal
from CLIPSLib.evaluation import (
    CaseEvaluation,
    EvaluationOptions,
    HospitalOptions,
    evaluate,
    evaluate_cohort,
    evaluate_hospital_cohort,
    hospital_metrics,
)
from CLIPSLib.formats import (
    FRENCH_EXCEL,
    StoredEvaluation,
    read_evaluation_json,
    write_evaluated_lesions_csv,
    write_evaluation_csv,
    write_evaluation_json,
    write_hospital_csv,
)

SUV = image_of(np.full((4, 5, 20), 9, np.float32))


def image(*spans: tuple[int, int]):
    mask = np.zeros((4, 5, 20), np.uint8)
    for start, stop in spans:
        mask[1, 1, start:stop] = 1
    return image_of(mask)


@pytest.fixture
def cases() -> dict[str, CaseEvaluation]:
    options = EvaluationOptions(matching="iou", matching_threshold=0.3)
    pairs = {"007": (image((2, 8), (12, 14)), image((4, 9))), "8": (image(), image((1, 3))), "9": (image(), image())}
    return {case_id: evaluate(a, b, pet=SUV, options=options) for case_id, (a, b) in pairs.items()}


def rows_of(path: Path, **reading) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, **reading))


def test_the_document_is_read_back_whole(cases, tmp_path):
    patient = hospital_metrics(image((2, 8)), image((3, 8)), SUV, patient="007", options=HospitalOptions())
    evaluation = StoredEvaluation(
        cases=cases,
        cohort=evaluate_cohort(cases),
        hospital=evaluate_hospital_cohort([patient]),
        not_evaluated={"10": "There is no prediction"},
    )
    path = write_evaluation_json(tmp_path / "evaluation.json", evaluation)
    assert read_evaluation_json(path) == evaluation
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["format"] == "clips-evaluation"
    assert "research use" in document["use"]
    assert document["cases"]["9"]["dice"] is None


def test_a_changed_document_is_refused_by_field(cases, tmp_path):
    path = write_evaluation_json(tmp_path / "evaluation.json", StoredEvaluation(cases=cases))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["cases"]["007"]["dice"] = "good"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Refusal, match=r"cases\.007\.dice"):
        read_evaluation_json(path)


def test_a_row_per_case_with_its_options_and_reasons(cases, tmp_path):
    rows = rows_of(write_evaluation_csv(tmp_path / "cases.csv", cases))
    assert [row["case"] for row in rows] == ["007", "8", "9"]
    assert float(rows[0]["dice"]) == pytest.approx(cases["007"].dice)
    assert rows[0]["option_matching"] == "iou"
    assert rows[1]["dice"] == rows[2]["hd95_mm"] == ""
    assert "dice: the reference is empty" in rows[1]["undefined"]


def test_a_row_per_lesion_of_both_masks(cases, tmp_path):
    rows = rows_of(write_evaluated_lesions_csv(tmp_path / "lesions.csv", cases))
    assert [(row["case"], row["of"], row["found"]) for row in rows] == [
        ("007", "reference", "yes"),
        ("007", "reference", "no"),
        ("007", "prediction", "yes"),
        ("8", "prediction", "no"),
    ]
    assert float(rows[0]["centroid_left_mm"]) == pytest.approx(2 * (2 + 7) / 2)
    assert float(rows[0]["score"]) == pytest.approx(4 / 7)


def test_a_row_per_patient_with_the_hospitals_metrics(tmp_path):
    patients = [hospital_metrics(image((2, 8)), image((3, 8)), SUV, patient="007")]
    (row,) = rows_of(write_hospital_csv(tmp_path / "h.csv", patients, style=FRENCH_EXCEL), delimiter=";")
    assert row["patient"] == "007"
    assert row["dice"] == str(patients[0].dice).replace(".", ",")
    assert (row["union_true_positive"], row["union_reference"], row["option_matching"]) == ("1", "1", "nsd")
