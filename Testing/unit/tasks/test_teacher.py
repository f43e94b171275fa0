"""The transfer teacher on a small registry: what is run, what is kept, whom it knew, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_difficulty import add_prediction, box_case, table
from builders_volume import segmentation_of
from CLIPSLib.cases import Registry
from CLIPSLib.difficulty import MeasureSettings, require_unlearned
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.evaluation import probability_loss
from CLIPSLib.files import sha256_file, write_json
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.models import InstalledModel
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks import table_origin
from CLIPSLib.tasks.difficulty import measure_tables, stored_table
from CLIPSLib.tasks.frozen import with_scores
from CLIPSLib.tasks.teacher import score_with_teacher
from CLIPSLib.training import CaseList, TrainingCase
from CLIPSLib.training.learned import LearnedFrom, case_marks, learned_by, learned_in_run, together


@pytest.fixture
def registry(tmp_path):
    """Three cases: hot and large, hot and small, faint; and one without any lesion."""
    with Registry.create(tmp_path / "registry") as made:
        for number, boxes in enumerate([((6, 9.0),), ((3, 9.0),), ((6, 2.0),), ()]):
            box_case(made, number + 1, *boxes)
        yield made


def test_a_threshold_method_teaches_and_the_faint_case_is_the_hardest(registry):
    large, small, faint, free = (row.case_id for row in registry.cases())
    found = score_with_teacher(registry, "suv4", ("teacher", "teacher_dice", "teacher_loss"), author="Ann")
    assert found.teacher == "suv4"
    assert found.tables["teacher_dice"].values == {large: 0.0, small: 0.0, faint: 1.0}
    assert found.tables["teacher"].outside == {free: "the reference mask is empty"}
    assert set(found.tables["teacher_loss"].missing.values()) == {"the predicted mask has no probabilities"}
    assert {outcome.state for outcome in found.outcomes} == {"predicted"}
    assert [outcome.case_id for outcome in found.outcomes] == [large, small, faint]
    assert stored_table(registry, "teacher") == found.tables["teacher"]


def test_a_teacher_with_probabilities_has_a_loss_and_other_probabilities_make_another(registry):
    case = registry.cases()[0].case_id
    study = registry.read_study(case)
    reference = array_view(registry.read_mask(registry.reference(case).id).labels) > 0
    for sure, weights in ((0.9, "a"), (0.6, "b")):
        probability = np.where(reference, sure, 0.05).astype(np.float32)
        made = segmentation_of(
            reference.astype(np.uint16),
            study,
            probability=image_like(probability, study.pet),
            provenance={"model": "net@1.0", "network": {"sha256": {"fold_0.pt": weights}}},
        )
        registry.add_mask(case, made, origin="predicted", author="Ann")  # the same voxels both times
        settings = MeasureSettings(cases=(case,), teacher="net@1.0")
        found = measure_tables(registry, ["teacher_loss"], settings=settings)["teacher_loss"]
        assert found.values[case] == pytest.approx(probability_loss(probability, reference), rel=1e-6)


def test_the_second_time_nothing_is_segmented(registry):
    score_with_teacher(registry, "suv4", author="Ann")
    again = score_with_teacher(registry, "suv4", author="Ann")
    assert {outcome.state for outcome in again.outcomes} == {"kept"}


def test_other_options_make_other_masks_and_the_asked_for_ones_are_judged(registry):
    faint = registry.cases()[2].case_id
    strict = score_with_teacher(registry, "suv4", ("teacher_dice",), author="Ann")
    score_with_teacher(registry, "suv4", ("teacher_dice",), author="Ann", options={"threshold": 1.5})
    once_more = score_with_teacher(registry, "suv4", ("teacher_dice",), author="Ann")  # not the latest masks
    assert strict.tables["teacher_dice"].values[faint] == 1.0
    assert once_more.tables["teacher_dice"].values == strict.tables["teacher_dice"].values


def test_only_the_cases_of_a_fold_are_run(registry):
    first, second, *_ = (row.case_id for row in registry.cases())
    settings = MeasureSettings(cases=(first, second))
    found = score_with_teacher(registry, "suv4", author="Ann", settings=settings, label="folds-0")
    assert [outcome.case_id for outcome in found.outcomes] == [first, second]
    assert list(found.tables) == ["teacher-folds-0"]


def test_without_references_there_is_nothing_to_compare_with(tmp_path):
    with Registry.create(tmp_path / "empty") as made, pytest.raises(Refusal, match="No case has a reference mask"):
        score_with_teacher(made, "suv4", author="Ann")


def test_an_unknown_teacher_is_named(registry):
    with pytest.raises(UsageError, match="no segmenter 'suv44'"):
        score_with_teacher(registry, "suv44", author="Ann")


def test_a_threshold_method_has_learned_from_nobody(registry):
    found = score_with_teacher(registry, "suv4", author="Ann").tables["teacher"]
    assert (found.options["trained_with"], found.options["trained_with_complete"]) == ([], True)


def test_a_model_that_is_not_installed_may_know_anybody_and_a_caution_says_so(registry):
    for row in registry.cases():
        add_prediction(registry, row.case_id, 4.0, model="theirs@2.0")
    reporter = RecordingReporter()
    found = measure_tables(registry, ["teacher"], settings=MeasureSettings(teacher="theirs@2.0"), reporter=reporter)
    assert found["teacher"].options["trained_with_complete"] is False
    assert [caution.code for caution in reporter.cautions] == ["teacher-may-know"]


def test_whom_a_model_learned_from_is_found_by_id_or_by_the_file_of_the_pet(registry, monkeypatch):
    first, second, third, _ = (row.case_id for row in registry.cases())
    pet = sha256_file(registry.files(second).pet)
    marks = frozenset([*case_marks(first), pet])
    monkeypatch.setattr(table_origin, "_by_card", lambda teacher: LearnedFrom(marks=marks))
    found = table_origin.with_origin(registry, table("teacher", {third: 1.0}, options={"teacher": "x@1"}))
    assert found.options["trained_with"] == [first, second]
    assert found.evidence_sha256 != "teacher"


def test_out_of_fold_masks_are_of_networks_that_learned_from_the_cases_of_the_other_folds(registry):
    first, second, third, _ = (row.case_id for row in registry.cases())
    for case, run in ((first, "r0"), (second, "r1"), (third, "r1")):
        study = registry.read_study(case)
        labels = (array_view(study.pet) > 4.0).astype(np.uint16)
        facts = {"model": "mine@out-of-fold-1", "out_of_fold": {"run_id": run}}
        registry.add_mask(case, segmentation_of(labels, study, provenance=facts), origin="predicted", author="Ann")
    assert measure_tables(registry, ["teacher"])["teacher"].options["trained_with"] == [first, second, third]


def test_a_single_run_says_whom_it_learned_from_by_the_masks_it_made(registry):
    first, second, third, fourth = (row.case_id for row in registry.cases())
    _out_of_fold_mask(registry, first, run_id="r0", trained_with=[second, third, "elsewhere"], complete=True)
    found = measure_tables(registry, ["teacher"])["teacher"]
    assert found.options["trained_with"] == [second, third]
    assert found.options["trained_with_complete"] is True
    with pytest.raises(Refusal, match=f"held back: {third}"):
        require_unlearned(found, [third, fourth])


def _out_of_fold_mask(registry, case, **told):
    study = registry.read_study(case)
    labels = (array_view(study.pet) > 4.0).astype(np.uint16)
    facts = {"model": "mine@out-of-fold-1", "out_of_fold": told}
    registry.add_mask(case, segmentation_of(labels, study, provenance=facts), origin="predicted", author="Ann")


def test_models_that_are_compared_with_one_another_have_learned_too(registry, monkeypatch):
    first, second, third, _ = (row.case_id for row in registry.cases())
    for model, threshold in (("one@1", 3.0), ("two@1", 5.0)):
        add_prediction(registry, first, threshold, model=model)
    marks = {"one@1": frozenset(case_marks(second)), "two@1": frozenset(case_marks(third))}
    monkeypatch.setattr(table_origin, "_by_card", lambda maker: LearnedFrom(marks=marks[maker]))
    among = MeasureSettings(among="models")
    found = measure_tables(registry, ["disagreement"], settings=among)["disagreement"]
    assert found.options["networks"] == ["one@1", "two@1"]
    assert found.options["trained_with"] == [second, third]


def test_the_effort_of_correcting_a_networks_masks_knows_whom_it_learned_from(registry, monkeypatch):
    first, second, *_ = (row.case_id for row in registry.cases())
    proposed = add_prediction(registry, first, 3.0, model="mine@1")
    registry.review(first, status="accepted", reader="Ann", mask_id=proposed, active_s=60.0)
    monkeypatch.setattr(table_origin, "_by_card", lambda maker: LearnedFrom(marks=frozenset(case_marks(second))))
    found = measure_tables(registry, ["effort_minutes"])["effort_minutes"]
    assert (found.options["networks"], found.options["trained_with"]) == (["mine@1"], [second])


def test_masks_of_other_weights_under_the_same_name_may_know_anybody(registry, monkeypatch):
    first, *_ = (row.case_id for row in registry.cases())
    add_prediction(registry, first, 3.0, model="mine@1")
    monkeypatch.setattr(table_origin, "_by_card", lambda maker: LearnedFrom())
    monkeypatch.setattr(table_origin, "installed_weights", lambda maker: {"fold_0.pt": "new"})
    found = measure_tables(registry, ["teacher"])["teacher"]
    assert found.options["trained_with_complete"] is False


def _case(name: str, role: str = "train") -> TrainingCase:
    return TrainingCase(case_id=name, patient_id=name, pet=f"{name}.pet", mask=f"{name}.mask", role=role)


def test_a_table_made_with_test_cases_cannot_order_their_fold():
    made = table("teacher", {"a": 1.0, "b": 2.0}, options={"trained_with": ["b", "c", "d"]})
    cases = CaseList(cases=(_case("a"), _case("b"), _case("c", "validate"), _case("e", "validate")))
    with pytest.raises(Refusal, match=r"'teacher' were trained with 1 case\(s\) that are held back: c") as refused:
        with_scores(cases, made)
    assert refused.value.code == "leak"
    allowed = replace(cases, cases=cases.cases[:2] + cases.cases[3:])
    assert [case.score for case in with_scores(allowed, made).cases] == [1.0, 2.0, None]
    require_unlearned(made, ["e"])


def test_a_card_tells_its_cases_to_those_who_have_them_and_to_nobody_else(tmp_path):
    cases = CaseList(cases=(_case("patient-7"), _case("patient-8", "validate")))
    learned = learned_in_run(cases, {})
    document = {"learned_from": learned.document()}
    path = write_json(tmp_path / "card.json", document, format_name="clips-model-card", version=1)
    assert "patient" not in path.read_text(encoding="utf-8")
    read = learned_by(InstalledModel(description=None, folder=tmp_path))
    assert (read, read.complete) == (learned, True)
    assert read.knows("patient-7") and read.knows("patient-8") and not read.knows("patient-9")


def test_what_came_before_and_forks_of_other_cases_make_the_list_incomplete(tmp_path):
    cases = CaseList(cases=(_case("a"),))
    assert not learned_in_run(cases, {"run_id": "1", "step": 3}).complete
    assert learned_in_run(cases, {"run_id": "1", "step": 3, "same_cases": True}).complete
    nobody_knows = learned_by(InstalledModel(description=None, folder=tmp_path))  # a model without a card
    both = together([learned_in_run(cases, {}), nobody_knows])
    assert both.knows("a") and not both.complete
