"""Masks into a registry: files, predictions, what becomes the reference, what is there already."""

from __future__ import annotations

import builders_registry
import numpy as np
import pytest
from CLIPSLib.cases import Registry
from CLIPSLib.errors import Cancelled, UsageError
from CLIPSLib.formats import MaskReading, write_labels, write_seg_nrrd
from CLIPSLib.imaging import array_view
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks.case_masks import import_mask, predict_masks


@pytest.fixture
def registry(tmp_path):
    made, _ = builders_registry.registry(tmp_path / "registry", cases=2)
    with made:
        yield made


@pytest.fixture
def mask_file(tmp_path):
    return write_labels(builders_registry.mask(builders_registry.study()).labels, tmp_path / "mask.nii.gz")


def test_the_first_imported_mask_becomes_the_reference_and_a_later_one_does_not(registry, mask_file, tmp_path):
    first = import_mask(registry, "C0001", [mask_file], author="A", comment="from the planning system")
    other = builders_registry.mask(builders_registry.study(), np.s_[0:2, 0:2, 0:2]).labels
    second = import_mask(registry, "C0001", [write_labels(other, tmp_path / "other.nii.gz")], author="B")
    assert (first.is_reference, second.is_reference) == (True, False)
    assert registry.reference("C0001").id == first.mask.id
    assert first.mask.comment == "from the planning system"


def test_an_imported_mask_replaces_the_reference_when_asked(registry, mask_file, tmp_path):
    import_mask(registry, "C0001", [mask_file], author="A")
    other = builders_registry.mask(builders_registry.study(), np.s_[0:2, 0:2, 0:2]).labels
    path = write_labels(other, tmp_path / "other.nii.gz")
    chosen = import_mask(registry, "C0001", [path], author="B", make_reference=True)
    assert registry.reference("C0001").id == chosen.mask.id
    assert len(registry.reference_history("C0001")) == 2


def test_a_mask_that_is_there_already_becomes_the_reference_when_asked(registry, mask_file, tmp_path):
    first = import_mask(registry, "C0001", [mask_file], author="A", make_reference=False)
    again = import_mask(registry, "C0001", [mask_file], author="B", make_reference=True)
    assert (again.mask.id, again.is_reference) == (first.mask.id, True)
    assert registry.reference("C0001").id == first.mask.id
    assert import_mask(registry, "C0001", [mask_file], author="B", make_reference=True) is None


def test_the_same_file_is_taken_once_unless_it_is_understood_otherwise(registry, mask_file):
    assert import_mask(registry, "C0001", [mask_file], author="A") is not None
    assert import_mask(registry, "C0001", [mask_file], author="B") is None
    reading = MaskReading(label_kinds={1: "physiological"})
    assert import_mask(registry, "C0001", [mask_file], author="A", reading=reading) is not None
    assert import_mask(registry, "C0002", [mask_file], author="A") is not None  # another case, by its grid


def test_a_reviewed_prediction_counts_as_corrected(registry, tmp_path):
    made = builders_registry.study()
    path = write_seg_nrrd(builders_registry.mask(made, reviewed=True), tmp_path / "mask.seg.nrrd")
    assert import_mask(registry, "C0001", [path], author="A", prediction=True).mask.origin == "corrected"


def test_no_file_is_no_mask(registry):
    assert import_mask(registry, "C0001", [], author="A") is None
    assert registry.masks("C0001") == []


def test_every_case_gets_a_predicted_mask_and_keeps_it(registry):
    outcomes = predict_masks(registry, "suv4", author="A", options={"min_volume_ml": 0})
    assert [(outcome.case_id, outcome.state) for outcome in outcomes] == [
        ("C0001", "predicted"),
        ("C0002", "predicted"),
    ]
    assert outcomes[0].mask.model == "suv4"
    assert outcomes[0].mask.volume_ml == pytest.approx(24 * builders_registry.VOXEL_ML)
    assert np.count_nonzero(array_view(registry.read_mask(outcomes[0].mask.id).labels)) == 24
    assert registry.reference("C0001") is None
    again = predict_masks(registry, "suv4", author="A", options={"min_volume_ml": 0.0})
    assert [outcome.state for outcome in again] == ["kept", "kept"]
    assert [outcome.mask.id for outcome in again] == [outcome.mask.id for outcome in outcomes]
    other = predict_masks(registry, "suv4", author="A", case_ids=["C0002"], options={"min_volume_ml": 1.0})
    assert [(outcome.case_id, outcome.state) for outcome in other] == [("C0002", "predicted")]


def test_a_case_that_cannot_be_segmented_does_not_stop_the_others(registry):
    registry.files("C0001").pet.write_bytes(b"damaged")
    outcomes = predict_masks(registry, "suv4", author="A")
    assert [outcome.state for outcome in outcomes] == ["failed", "predicted"]
    assert "pet_suv.nii.gz" in str(outcomes[0].error)


def test_a_question_of_the_method_is_asked_case_by_case(registry):
    outcomes = predict_masks(registry, "percist", author="A", case_ids=["C0001"])
    assert outcomes[0].state in ("question", "refused")
    assert outcomes[0].mask is None


def test_unknown_methods_options_and_cases_are_errors_before_any_work(registry):
    for arguments in ({"model": "no-such"}, {"options": {"no-such": 1}}, {"case_ids": ["C0001", "C9"]}):
        with pytest.raises(UsageError):
            predict_masks(registry, **{"model": "suv4", "author": "A", **arguments})
    assert registry.masks("C0001") == []


def test_cancelling_keeps_the_masks_that_were_made(registry):
    with pytest.raises(Cancelled):
        predict_masks(registry, "suv4", author="A", reporter=RecordingReporter(cancel_after=2))
    assert registry.check().whole
    assert len(registry.masks("C0002")) == 0


def test_importing_takes_all_or_nothing(registry, mask_file, monkeypatch):
    def fails(*arguments, **options):
        raise OSError("no more space")

    monkeypatch.setattr(Registry, "set_reference", fails)
    with pytest.raises(OSError, match="no more space"):
        import_mask(registry, "C0001", [mask_file], author="A")
    assert registry.masks("C0001") == []
