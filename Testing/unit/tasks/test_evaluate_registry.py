"""Predictions of a registry against its references: which masks are compared, and the Dice of real patients."""

from __future__ import annotations

import builders_registry
import numpy as np
import pytest
import reference_data
import sarcoma
from CLIPSLib.cases import Registry
from CLIPSLib.errors import Question, UsageError
from CLIPSLib.formats import MaskReading
from CLIPSLib.tasks.case_masks import predict_masks
from CLIPSLib.tasks.case_sources import StudyChoice
from CLIPSLib.tasks.cases import AddRequest, add_studies
from CLIPSLib.tasks.evaluate import EvaluationRequest
from CLIPSLib.tasks.evaluate_registry import evaluate_registry

REQUEST = EvaluationRequest()


@pytest.fixture
def registry(tmp_path):
    """Two cases with the hot box as reference; the first was predicted twice, the second never."""
    made, records = builders_registry.registry(tmp_path / "registry", cases=2)
    with made:
        for number, record in enumerate(records, start=1):
            study = builders_registry.study(number)
            mask = made.add_mask(record.case_id, builders_registry.mask(study), origin="imported", author="reader")
            made.set_reference(record.case_id, mask.id, author="reader")
        for box in (np.s_[0:1, 0:1, 0:1], np.s_[2:4, 2:5, 2:4]):  # the second is half of the reference
            prediction = builders_registry.mask(builders_registry.study(1), box, model="net")
            made.add_mask("C0001", prediction, origin="predicted", author="A")
        yield made


def test_the_latest_prediction_is_compared_with_the_reference(registry):
    evaluated = evaluate_registry(registry, REQUEST)
    assert evaluated.evaluations["C0001"].dice == pytest.approx(2 * 12 / (24 + 12))
    assert [(case.case_id, case.state) for case in evaluated.cases] == [("C0001", "done"), ("C0002", "refused")]
    assert evaluated.cases[1].error.code == "no-prediction"


def test_physiological_uptake_is_no_tumor(registry):
    study = builders_registry.study(1)
    boxes = (np.s_[2:4, 2:5, 2:6], np.s_[0:2, 0:1, 0:1])
    tagged = builders_registry.mask(study, *boxes, model="net", kinds={1: "tumor", 2: "physiological"})
    registry.add_mask("C0001", tagged, origin="predicted", author="A")
    assert evaluate_registry(registry, REQUEST).evaluations["C0001"].dice == 1.0


def test_a_reference_made_from_the_models_own_mask_is_cautioned_about(registry):
    assert evaluate_registry(registry, REQUEST).cautions == ()
    predicted = registry.masks("C0001")[-1]
    corrected = registry.add_mask(
        "C0001", builders_registry.mask(builders_registry.study(1)), origin="corrected", author="R", parent=predicted.id
    )
    registry.set_reference("C0001", corrected.id, author="R")
    (caution,) = evaluate_registry(registry, REQUEST).cautions
    assert caution.where == "C0001" and "In 1 of 1 cases the reference was accepted or corrected" in caution.what
    registry.set_reference("C0001", predicted.id, author="R")  # accepted as it was: Dice 1 says nothing
    evaluated = evaluate_registry(registry, REQUEST)
    assert evaluated.evaluations["C0001"].dice == 1.0 and len(evaluated.cautions) == 1


def test_unusable_cases_take_no_part_unless_named(registry):
    registry.review("C0002", status="unusable", reader="reader")
    assert [case.case_id for case in evaluate_registry(registry, REQUEST).cases] == ["C0001"]
    named = evaluate_registry(registry, REQUEST, case_ids=["C0002"])
    assert [case.case_id for case in named.cases] == ["C0002"]


def test_of_several_models_one_is_asked_for(registry):
    predict_masks(registry, "suv4", author="A", options={"min_volume_ml": 0})
    with pytest.raises(Question) as question:
        evaluate_registry(registry, REQUEST)
    assert (question.value.key, question.value.choices) == ("model", ("net", "suv4"))
    evaluated = evaluate_registry(registry, REQUEST, model="suv4")
    assert [case.evaluation.dice for case in evaluated.cases] == [1.0, 1.0]


@pytest.mark.parametrize("asked", [{"model": "other"}, {"case_ids": ["C9"]}])
def test_unknown_models_and_cases_are_usage_errors(asked, registry):
    with pytest.raises(UsageError):
        evaluate_registry(registry, REQUEST, **asked)


def test_the_dice_of_a_fixed_threshold_on_real_tumors_is_the_expected_one(tmp_path):
    """`dice_ge4.0_crop`: SUV >= 4 in the whole image against GTV_Mass, computed by an independent script."""
    patients = ("STS_003", "STS_035")
    expected = {row["patient"]: float(row["dice_ge4.0_crop"]) for row in sarcoma.expected_rows()}
    choice = StudyChoice(structures=True)
    reading = MaskReading(rois=("GTV_Mass_PET",))
    with Registry.create(tmp_path / "registry") as registry:
        added = add_studies(
            registry,
            [reference_data.path("sts", patient) for patient in patients],
            AddRequest(author="A", choice=choice, reading=reading),
        )
        predict_masks(registry, "suv4", author="A", options={"min_volume_ml": 0})
        found = evaluate_registry(registry, REQUEST).evaluations
    for patient, outcome in zip(patients, added, strict=True):
        assert found[outcome.case_id].dice == pytest.approx(expected[patient], abs=1e-4)
