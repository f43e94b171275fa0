"""Frozen cases are kept while nothing changes, made anew when anything does, and never shared by different choices."""

import os
import time
from dataclasses import replace

import pytest
from builders_registry import mask, registry, study
from CLIPSLib.cases import Fold, Registry, Split
from CLIPSLib.jobs import create_job, run_job
from CLIPSLib.tasks.freeze_job import VERB, FreezeRequest, kept_cases
from CLIPSLib.tasks.verbs import VERBS
from CLIPSLib.training import read_cases


class Noted:
    """A reporter that notes cautions."""

    def __init__(self) -> None:
        self.cautions = []

    def progress(self, stage: str, fraction: float) -> None:
        pass

    def check(self) -> None:
        pass

    def caution(self, caution) -> None:
        self.cautions.append(caution.code)


@pytest.fixture
def made(tmp_path):
    """Three reviewed cases in two folds; the third reference holds the voxels above an SUV only."""
    made, _ = registry(tmp_path / "registry", cases=3)
    for number in (1, 2, 3):
        above = {"valid_for": "SUV >= 4"} if number == 3 else {}
        version = made.add_mask(f"C000{number}", replace(mask(study(number)), **above), origin="imported", author="GW")
        made.set_reference(f"C000{number}", version.id, author="GW")
        made.review(f"C000{number}", status="accepted", reader="GW", mask_id=version.id)
    folds = (
        Fold(train=("C0001", "C0003"), validation=("C0002",)),
        Fold(train=("C0002", "C0003"), validation=("C0001",)),
    )
    made.save_split("two", Split(folds=folds))
    yield made
    made.close()


@pytest.fixture
def request_(made, tmp_path):
    return FreezeRequest(registry=str(made.folder), folder=str(tmp_path / "kept"), split="two")


def test_a_list_is_kept_with_its_cautions_until_somebody_reviews(made, request_):
    first, second = Noted(), Noted()
    path = kept_cases(made, request_, first)
    written = path.stat().st_mtime_ns
    assert kept_cases(made, request_, second) == path
    assert path.stat().st_mtime_ns == written
    assert first.cautions == second.cautions == ["masks-above-threshold"]
    made.review("C0001", status="unusable", reader="GW", comment="motion")
    assert read_cases(kept_cases(made, request_)).left_out == {"C0001": "reviewed as unusable"}
    assert len(read_cases(path).cases) == 3  # who took the first list still has it


def test_another_choice_never_writes_over_the_list_of_the_first(made, request_):
    first, second = kept_cases(made, request_), kept_cases(made, replace(request_, fold=1))
    assert first != second
    assert [case.case_id for case in read_cases(first).of_role("validate")] == ["C0002"]
    assert [case.case_id for case in read_cases(second).of_role("validate")] == ["C0001"]


def test_what_nobody_needed_for_a_day_goes_when_another_list_is_made(made, request_):
    first = kept_cases(made, request_)
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(first.parent / "about.json", (long_ago, long_ago))
    kept_cases(made, replace(request_, fold=1))
    assert not first.parent.exists()


def test_a_list_that_was_not_finished_is_made_anew(made, request_):
    path = kept_cases(made, request_)
    (path.parent / "about.json").unlink()
    path.write_text("{")
    assert len(read_cases(kept_cases(made, request_)).cases) == 3


def test_as_a_job_it_opens_the_registry_itself(made, request_, tmp_path):
    from CLIPSLib.schema import to_document

    job = create_job(tmp_path / "job", VERB, to_document(request_))
    assert run_job(job.folder, lambda: VERBS) == 0
    status = job.status()
    assert len(read_cases(status.result["cases"]).cases) == 3
    assert [caution.code for caution in status.cautions] == ["masks-above-threshold"]
    with Registry.open(made.folder) as other:
        assert kept_cases(other, request_) == kept_cases(made, request_)
