"""The tables of the sarcoma result, from scores made up; the published tables are those of the published scores."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("monai")
pytest.importorskip("matplotlib")

import sarcoma_result
from sarcoma_result import TITLES, Patient

PUBLISHED = Path(__file__).parents[3] / "docs" / "training" / "sarcoma"


def patients(count: int = 9) -> list[Patient]:
    """Three folds; the network is 0.1 better than SUV >= 4 in all patients but the first, where it is worse."""
    scores = dict.fromkeys(TITLES, 0.5)
    found = []
    for number in range(count):
        network = 0.2 if number == 0 else 0.6
        dice = {**scores, "network": network, "suv_4": 0.5}
        found.append(Patient(f"STS_{number:03d}", f"C{number:04d}", number % 3, 100.0, dice))
    return found


def published() -> list[Patient]:
    with (PUBLISHED / "scores.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        Patient(
            row["patient"],
            row["case"],
            int(row["fold"]),
            float(row["reference_ml"]),
            {name: float(row[f"dice_{name}"]) for name in TITLES},
        )
        for row in rows
    ]


def contrast(found: list[Patient], control: str):
    scores = [score for patient in found for score in sarcoma_result.as_scores(patient)]
    return sarcoma_result.compare(scores, "network", control)


def test_differences_are_paired_by_patient_and_failures_counted():
    found = patients()
    assert contrast(found, "suv_4").effect.mean == pytest.approx((8 * 0.1 - 0.3) / 9)
    assert "| 8 of 9 |" in sarcoma_result.comparison([contrast(found, "suv_4")])
    assert "| network, 5 mm | 0.556 | 0.600 | 0.133 | 1 of 9 |" in sarcoma_result.summary(found)


def test_the_pictures_have_a_point_for_each_patient():
    svg = sarcoma_result.patients_svg([contrast(patients(), name) for name in ("suv_4", "ellipsoid")])
    ElementTree.fromstring(svg)
    assert "SUV ≥ 4" in svg and "ellipsoid" in svg


def test_the_published_tables_are_those_of_the_published_scores():
    page = (PUBLISHED / "README.md").read_text(encoding="utf-8").replace("−", "-")
    found = published()
    assert len(found) == 36
    assert sarcoma_result.scores_csv(found) == (PUBLISHED / "scores.csv").read_text(encoding="utf-8")
    for line in sarcoma_result.summary(found).strip().splitlines():
        assert line in page
    for control in ("suv_4", "suv_2.5", "41_percent", "chosen_threshold", "best_threshold", "ellipsoid"):
        effect = contrast(found, control).effect
        assert f"| {effect.mean:+.3f} | {effect.low:+.3f} to {effect.high:+.3f} |" in page
    assert np.mean([patient.dice["network"] for patient in found]) == pytest.approx(0.742, abs=5e-4)


def test_a_case_is_named_as_its_folder_in_the_collection(tmp_path):
    added = tmp_path / "added.csv"
    added.write_text("source,state,case\n/data/sts/STS_046/PET/image,added,C0034\n", encoding="utf-8")
    assert sarcoma_result.patient_names(added) == {"C0034": "STS_046"}
