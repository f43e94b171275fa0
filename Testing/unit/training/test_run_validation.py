"""Validation within a run: of the frozen images only, no steps lost by it, repeated where it was interrupted."""

from __future__ import annotations

import os
from dataclasses import replace

import builders_run
import pytest
from builders_run import Follower
from CLIPSLib.errors import Cancelled, Failure, Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.training import hash_files
from CLIPSLib.training.tables import read_table

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training import validate as validate_module  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def images(tmp_path):
    return builders_run.cases(tmp_path / "images")


class AtStep(Follower):
    """Does something once a step is done."""

    def __init__(self, step: int, act) -> None:
        super().__init__()
        self._step, self._act = step, act

    def tell(self, facts) -> None:
        super().tell(facts)
        if facts["step"] == self._step:
            self._act()


class CancelledInValidation(RecordingReporter):
    """Cancelled between the tiles or cases of the n-th validation."""

    def __init__(self, validation: int) -> None:
        super().__init__()
        self._left = validation

    def progress(self, stage, fraction) -> None:
        super().progress(stage, fraction)
        if (stage, fraction) == ("Validating", 0.0):
            self._left -= 1

    def check(self) -> None:
        if self._left == 0:
            raise Cancelled


def test_an_image_to_validate_with_that_is_gone_is_named_before_the_first_step(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    (tmp_path / "images" / "case-3_pet.nii.gz").unlink()
    with pytest.raises(Failure, match="The pet of case 'case-3' cannot be read"):
        train(run.path)
    assert not read_table(run.metrics)


def test_an_image_to_validate_with_that_vanishes_later_is_named_and_no_step_is_lost(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=4, checkpoint__steps=0)
    gone = tmp_path / "images" / "case-3_pet.nii.gz"
    content = gone.read_bytes()
    with pytest.raises(Failure, match="The pet of case 'case-3' cannot be read"):
        train(run.path, AtStep(2, gone.unlink))
    assert [path.name for path in run.checkpoints.glob("step-*.pt")] == ["step-00000004.pt"]
    gone.write_bytes(content)
    assert train(run.path)["step"] == 6
    assert [row["step"] for row in read_table(run.validation)] == ["4", "6"]


@pytest.mark.parametrize("step", [0, 2])
def test_an_image_to_validate_with_that_changed_since_it_was_frozen_is_refused(tmp_path, images, step):
    """Before the run, and between two validations of the same run."""
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=1)
    mask = tmp_path / "images" / "case-3_mask.nii.gz"
    other = (tmp_path / "images" / "case-2_mask.nii.gz").read_bytes()
    if step == 0:
        mask.write_bytes(other)
    with pytest.raises(Refusal, match="The mask of case 'case-3' is not the file that was frozen"):
        train(run.path, AtStep(step, lambda: mask.write_bytes(other)))


def test_files_are_hashed_once_and_again_only_when_their_date_changes(tmp_path, images, monkeypatch):
    hashed = []
    original = validate_module.require_unchanged
    monkeypatch.setattr(
        validate_module, "require_unchanged", lambda case: (hashed.append(case.case_id), original(case))
    )
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=1)
    touched = tmp_path / "images" / "case-3_mask.nii.gz"
    train(run.path, AtStep(4, lambda: os.utime(touched, ns=(1, 1))))
    assert hashed == ["case-3", "case-3"]


def test_a_mask_to_validate_with_that_holds_an_unknown_value_is_refused_as_in_training(tmp_path):
    cases = builders_run.cases(tmp_path / "images", values=(1,))
    odd = builders_run.cases(tmp_path / "odd", values=(3,)).cases[3]
    cases = replace(cases, cases=(*cases.cases[:3], hash_files(replace(odd, sha256={}))))
    classes = [{"name": "Lesion", "kind": "tumor", "values": [1]}]
    run = builders_run.run(tmp_path / "run", case_list=cases, data__classes=classes)
    with pytest.raises(Refusal, match="mask of case 'case-3' holds the value 3"):
        train(run.path)


@pytest.mark.parametrize("use", ["pet-ct", "pet", "ct"])
def test_several_classes_and_any_of_the_images_are_trained_and_the_tumor_judged(tmp_path, use):
    """Two lesions of 125 voxels of 64 mm3 each: one of the tumor, one physiological."""
    there, here = (slice(8, 13), slice(10, 15), slice(12, 17)), (slice(2, 7), slice(2, 7), slice(2, 7))
    cases = builders_run.cases(tmp_path / "images", ct=True, lesions=(there, here), values=(1, 2))
    classes = [
        {"name": "Lesion", "kind": "tumor", "values": [1]},
        {"name": "Brain", "kind": "physiological", "values": [2]},
    ]
    values = {"data__use": use, "training__steps": 2, "augmentation__mixup": 0.4}
    run = builders_run.run(tmp_path / "run", case_list=cases, data__classes=classes, **values)
    assert train(run.path)["state"] == "finished"
    (row,) = read_table(run.validation)
    assert float(row["reference_ml"]) == pytest.approx(125 * 0.064)


@pytest.mark.parametrize("validation", [1, 2])
def test_a_validation_that_was_interrupted_is_made_again_and_told_once(tmp_path, images, validation):
    whole, broken = (
        builders_run.run(tmp_path / name, case_list=images, validation__every=3, checkpoint__steps=0)
        for name in ("whole", "broken")
    )
    result = train(whole.path)
    with pytest.raises(Cancelled):
        train(broken.path, CancelledInValidation(validation))
    again = train(broken.path)
    assert {**again, "model": ""} == {**result, "model": ""}
    told = [[(row["step"], row["case"], row["dice"]) for row in read_table(run.validation)] for run in (whole, broken)]
    assert told[0] == told[1] and len(told[0]) == 2


def test_a_network_that_gives_no_numbers_is_told_with_the_case(tmp_path, images, monkeypatch):
    monkeypatch.setattr(validate_module, "probability_loss", lambda probability, reference: float("nan"))
    run = builders_run.run(tmp_path / "run", case_list=images)
    with pytest.raises(Failure, match="values for case 'case-3' that are no numbers"):
        train(run.path)
