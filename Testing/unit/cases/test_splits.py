"""Splits: by patient, in the proportions of the strata, the same for every order; kept by name, never changed."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass

import builders_registry as builders
import pytest
from CLIPSLib.cases import Fold, Split, make_split, read_nnunet_splits, write_nnunet_splits
from CLIPSLib.errors import Failure, Refusal, UsageError
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Case:
    case_id: str
    patient_id: str
    stratum: str = ""


def hundred() -> list[Case]:
    """100 cases of 80 patients: 20 patients have two studies; strata of 60, 30 and 10 cases."""
    strata = ["A"] * 60 + ["B"] * 30 + ["C"] * 10
    return [Case(f"C{n:03d}", f"P{n // 2 if n < 40 else n:03d}", strata[n]) for n in range(100)]


def cohorts():
    case = st.tuples(st.integers(0, 30), st.sampled_from("ABC"))
    return st.lists(case, min_size=12, max_size=60).map(
        lambda drawn: [Case(f"C{n}", f"P{patient}", stratum) for n, (patient, stratum) in enumerate(drawn)]
    )


def strata_of(cases: list[Case], ids) -> Counter:
    return Counter(case.stratum for case in cases if case.case_id in set(ids))


def test_five_folds_validate_each_case_once_in_the_proportions_of_the_strata():
    cases = hundred()
    split = make_split(cases, folds=5, seed=12345)
    assert sorted(id_ for fold in split.folds for id_ in fold.validation) == [case.case_id for case in cases]
    for fold in split.folds:
        counts = strata_of(cases, fold.validation)
        assert abs(counts["A"] - 12) <= 1 and abs(counts["B"] - 6) <= 1 and counts["C"] == 2
        assert set(fold.train) | set(fold.validation) == {case.case_id for case in cases}
        assert not set(fold.train) & set(fold.validation)


def test_eighty_twenty_puts_a_fifth_of_every_stratum_aside():
    cases = hundred()
    (fold,) = make_split(cases, holdout=0.2, seed=1).folds
    counts = strata_of(cases, fold.validation)
    assert abs(len(fold.validation) - 20) <= 1
    assert abs(counts["A"] - 12) <= 2 and abs(counts["B"] - 6) <= 2 and abs(counts["C"] - 2) <= 1


def test_many_small_strata_still_give_the_share():
    cases = [Case(f"C{n}", f"P{n}", f"center {n // 2}") for n in range(100)]
    (fold,) = make_split(cases, holdout=0.2, seed=7).folds
    assert 18 <= len(fold.validation) <= 22


@given(cohorts(), st.integers(0, 5), st.sampled_from([{"folds": 3}, {"holdout": 0.2}, {"holdout": 0.5}]))
def test_a_patient_is_on_one_side_whatever_the_order(cases, seed, kind):
    patients = {case.case_id: case.patient_id for case in cases}
    if len(set(patients.values())) < 3:
        return
    split = make_split(cases, seed=seed, **kind)
    shuffled = random.Random(seed).sample(cases, len(cases))
    assert make_split(shuffled, seed=seed, **kind) == split
    for fold in split.folds:
        assert fold.train and fold.validation
        assert not {patients[id_] for id_ in fold.train} & {patients[id_] for id_ in fold.validation}


def test_the_seed_decides():
    cases = hundred()
    assert make_split(cases, folds=5, seed=1).sha256 != make_split(cases, folds=5, seed=2).sha256
    assert make_split(cases, folds=5, seed=1).sha256 == make_split(cases, folds=5, seed=1).sha256


@pytest.mark.parametrize(
    "wrong", [{}, {"folds": 5, "holdout": 0.2}, {"folds": 1}, {"holdout": 0.0}, {"holdout": 1.0}, {"holdout": 20}]
)
def test_a_split_is_folds_or_holdout_within_range(wrong):
    with pytest.raises(UsageError):
        make_split(hundred(), seed=1, **wrong)


def test_fewer_patients_than_folds_are_refused():
    with pytest.raises(Refusal, match="2 patients cannot be divided into 3"):
        make_split([Case("a", "P1"), Case("b", "P1"), Case("c", "P2")], folds=3, seed=1)


def test_a_saved_split_never_changes(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=6)
    split = make_split(registry.cases(), folds=3, seed=1)
    saved = registry.save_split("main", split)
    assert (saved.folds, saved.cases, saved.sha256) == (3, 6, split.sha256)
    assert registry.split("main") == split
    assert registry.save_split("main", split) == saved
    with pytest.raises(Refusal, match="a saved split never changes"):
        registry.save_split("main", make_split(registry.cases(), folds=3, seed=2))
    registry.add_case(builders.study(7), source="test")
    assert registry.split("main") == split
    with pytest.raises(UsageError, match="no split 'other'; there are: main"):
        registry.split("other")


def test_splits_with_unknown_cases_or_a_patient_on_both_sides_are_refused(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=2)
    registry.add_case(builders.study(3, patient="PAT-00001"), source="test")
    for fold, sentence in (
        (Fold(train=("C0001", "007"), validation=("C0002",)), "1 cases of the split are not in the registry: 007"),
        (Fold(train=("C0001", "C0002"), validation=("C0003",)), "fold 0 the patients P0001"),
        (Fold(train=("C0001",), validation=()), "empty side"),
    ):
        with pytest.raises(Refusal, match=sentence):
            registry.save_split("wrong", Split(folds=(fold,)))
    assert registry.splits() == []


def test_nnunet_reads_what_is_written_and_the_other_way_round(tmp_path):
    split = make_split(hundred(), folds=5, seed=1)
    path = write_nnunet_splits(split, tmp_path / "splits_final.json")
    folds = json.loads(path.read_text())
    assert [sorted(fold) for fold in folds] == [["train", "val"]] * 5
    assert folds[0]["val"] == list(split.folds[0].validation)
    assert read_nnunet_splits(path).folds == split.folds
    assert read_nnunet_splits(path).sha256 == split.sha256


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[", Failure),
        ("{}", Refusal),
        ("[]", Refusal),
        ('[{"train": ["a"]}]', Refusal),
        ('[{"train": [1], "val": [2]}]', Refusal),
        ('[{"train": "ab", "val": "c"}]', Refusal),
        ("3", Refusal),
    ],
)
def test_a_file_that_holds_no_splits_is_refused(tmp_path, text, error):
    (tmp_path / "splits_final.json").write_text(text)
    with pytest.raises(error):
        read_nnunet_splits(tmp_path / "splits_final.json")


@pytest.mark.parametrize(
    ("folds", "sentence"),
    [
        ((), "has no fold"),
        ((Fold(train=("C0001", "C0001"), validation=("C0002",)),), "names the case C0001 twice"),
    ],
)
def test_a_split_without_folds_or_with_a_case_twice_is_refused(tmp_path, folds, sentence):
    registry, _ = builders.registry(tmp_path / "cases", cases=2)
    with pytest.raises(Refusal, match=sentence):
        registry.save_split("main", Split(folds=folds))


def test_the_same_pet_on_both_sides_of_a_fold_is_refused_whoever_its_patients_are(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=2)
    copy = builders.study(1, patient="PAT-00002", pet_series_uid="1.2.840.99", study_uid="1.2.840.98")
    registry.add_case(copy, source="a mixed-up copy")  # C0003, of the patient of C0002, has the pixels of C0001
    split = Split(folds=(Fold(train=("C0001",), validation=("C0002", "C0003")),))
    with pytest.raises(Refusal, match="C0001 and C0003 are on both sides and have the same PET"):
        registry.save_split("main", split)


def test_a_split_of_patients_nobody_knows_says_so(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=2)
    assert registry.save_split("known", make_split(registry.cases(), folds=2, seed=1)).cautions == ()
    registry.add_case(builders.study(5, patient=""), source="NIfTI")
    (caution,) = registry.save_split("all", make_split(registry.cases(), folds=2, seed=1)).cautions
    assert caution.code == "patients-uncertain" and caution.where == "C0003"
