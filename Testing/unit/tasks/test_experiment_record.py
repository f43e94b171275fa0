"""The record of the runs, and which runs are taken for those that were designed."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import builders_run
import pytest
from CLIPSLib.errors import Failure
from CLIPSLib.tasks import experiment_ledger
from CLIPSLib.tasks.experiment_audit import machines_of, same_cases
from CLIPSLib.tasks.experiment_ledger import FinishedRun, read_ledger, record_finished
from CLIPSLib.training import CaseList, TrainingCase

CASE = TrainingCase(case_id="a", patient_id="p", pet="a.nii", mask="m.nii", score=0.1 + 0.2, sha256={"pet": "1"})
PLANNED = CaseList(cases=(CASE, TrainingCase(case_id="b", patient_id="q", pet="b.nii", mask="n.nii", role="validate")))


def with_first(**changes):
    return replace(PLANNED, cases=(replace(CASE, **changes), PLANNED.cases[1]))


def test_hashes_that_a_run_adds_and_the_last_digit_of_a_score_do_not_make_it_another_run():
    assert same_cases(with_first(sha256={"pet": "1", "mask": "2"}), PLANNED)
    assert same_cases(with_first(score=0.3), PLANNED)  # 0.1 + 0.2 is 0.30000000000000004
    assert same_cases(with_first(pet="/elsewhere/a.nii"), PLANNED)


@pytest.mark.parametrize("change", [{"role": "validate"}, {"score": 0.31}, {"score": None}, {"sha256": {"pet": "2"}}])
def test_another_part_order_or_image_makes_it_another_run(change):
    assert not same_cases(with_first(**change), PLANNED)


def test_a_case_that_is_missing_makes_it_another_run():
    assert not same_cases(replace(PLANNED, cases=(CASE,)), PLANNED)


def test_the_machine_of_a_training_that_was_deleted_and_made_anew_does_not_count():
    def line(run, run_id, machine):
        return FinishedRun(utc="", run=run, run_id=run_id, scores_sha256="", machine={"cuda:0": machine})

    first, second, again = line("a", "1", "old"), line("b", "2", "new"), line("a", "3", "new")
    assert len(list(machines_of([first, second]))) == 1
    assert list(machines_of([first, second, again])) == []


def test_a_disk_that_is_full_leaves_the_record_readable(tmp_path, monkeypatch):
    """Half a line would make it damaged, and the experiment could not go on when there is room again."""
    monkeypatch.setattr(experiment_ledger, "machine", lambda device: {})
    experiment = SimpleNamespace(ledger_file=tmp_path / "ledger.jsonl", recipe=builders_run.TINY)
    runs = [builders_run.run(tmp_path / name, case_list=PLANNED) for name in ("one", "two")]
    for run in runs:
        run.validation.write_text("step\n")
    record_finished(experiment, [runs[0].path])

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Failure):
            record_finished(experiment, [runs[1].path])
    assert [line.run for line in read_ledger(experiment)] == ["one"]
    record_finished(experiment, [run.path for run in runs])
    assert [line.run for line in read_ledger(experiment)] == ["one", "two"]
