"""Folders of images and masks become the cases of a run, by names that the user wrote down."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.files import sha256_file
from CLIPSLib.tasks.freeze_folders import FolderOptions, NamingRules, freeze_folders
from CLIPSLib.training import read_cases

PAIRS = NamingRules(pet="{case}_pet.nii.gz", mask="{case}_mask.nii.gz")


def write(path: Path, *, value: float = 1.0, shape=(6, 8, 10), spacing=(4.0, 4.0, 4.0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full(shape, value, np.float32)
    array[2:4, 2:4, 2:4] += 1
    sitk.WriteImage(image_of(array, spacing_xyz=spacing), str(path))
    return path


def write_pair(folder: Path, case: str, **fields) -> None:
    write(folder / f"{case}_pet.nii.gz", **fields)
    write(folder / f"{case}_mask.nii.gz", value=0)


def roles(frozen) -> dict[str, str]:
    return {case.case_id: case.role for case in frozen.cases.cases}


def test_pairs_in_one_folder_are_trained_with_and_hashed(tmp_path):
    for case in ("007", "7"):
        write_pair(tmp_path / "data", case)
    frozen = freeze_folders(tmp_path / "out", tmp_path / "data", FolderOptions(rules=PAIRS))
    first = read_cases(tmp_path / "out" / "cases.json").cases[0]
    assert roles(frozen) == {"007": "train", "7": "train"}
    assert first.sha256 == {"pet": sha256_file(first.pet), "mask": sha256_file(first.mask)}
    assert [caution.code for caution in frozen.cautions] == ["patients-unknown"]


def test_train_and_valid_folders_with_images_and_masks(tmp_path):
    rules = NamingRules(pet="images/{case}.nii.gz", mask="masks/{case}.nii.gz")
    for folder, case in (("train", "a"), ("train", "b"), ("valid", "c")):
        for kind in ("images", "masks"):
            write(tmp_path / folder / kind / f"{case}.nii.gz", value=ord(case) if kind == "images" else 0)
    frozen = freeze_folders(
        tmp_path / "out", tmp_path / "train", FolderOptions(rules=rules), validate=tmp_path / "valid"
    )
    assert roles(frozen) == {"a": "train", "b": "train", "c": "validate"}


def test_patients_and_groups_are_read_from_the_path_and_stay_together(tmp_path):
    rules = NamingRules(
        pet="{stratum}/{patient}/{case}/SUV.nii.gz", mask="*/{patient}/{case}/SEG.nii.gz", ct="*/*/{case}/CT*.nii.gz"
    )
    for number in range(12):
        folder = tmp_path / "data" / f"center{number % 2}" / f"patient{number // 3}" / f"study{number}"
        for name in ("SUV", "SEG", "CTres"):
            write(folder / f"{name}.nii.gz", value=1 + number if name == "SUV" else 0)
    options = FolderOptions(rules=rules, folds=2, fold=1, seed=3)
    cases = freeze_folders(tmp_path / "out", tmp_path / "data", options).cases.cases
    sides = {case.patient_id: case.role for case in cases}
    assert all(case.role == sides[case.patient_id] for case in cases)
    assert set(sides.values()) == {"train", "validate"}
    assert {(case.stratum, Path(case.ct).name) for case in cases} == {
        ("center0", "CTres.nii.gz"),
        ("center1", "CTres.nii.gz"),
    }


def test_who_lacks_a_file_or_lies_on_another_grid_is_left_out_with_the_reason(tmp_path):
    data = tmp_path / "data"
    write_pair(data, "good")
    write(data / "alone_pet.nii.gz")
    write(data / "nopet_mask.nii.gz", value=0)
    write(data / "grid_pet.nii.gz", shape=(6, 8, 12))
    write(data / "grid_mask.nii.gz", value=0)
    write(data / "broken_mask.nii.gz", value=0)
    (data / "broken_pet.nii.gz").write_bytes(b"no image")
    write_pair(data, "holes", value=float("nan"))  # ITK would read 0
    listed = freeze_folders(tmp_path / "out", data, FolderOptions(rules=PAIRS)).cases
    assert [case.case_id for case in listed.cases] == ["good"]
    assert set(listed.left_out) == {"alone", "nopet", "grid", "broken", "holes"}
    assert listed.left_out["alone"] == "no mask in data"
    assert "not on the grid of the PET" in listed.left_out["grid"]
    assert "NaN or infinite" in listed.left_out["holes"]


def test_a_pet_that_is_not_in_suv_is_a_caution(tmp_path):
    write_pair(tmp_path / "data", "bq", value=12000.0)
    frozen = freeze_folders(tmp_path / "out", tmp_path / "data", FolderOptions(rules=PAIRS))
    assert [c.where for c in frozen.cautions if c.code != "patients-unknown"] == [frozen.cases.cases[0].pet]


def test_a_patient_in_both_folders_is_refused(tmp_path):
    for folder in ("train", "valid"):
        write_pair(tmp_path / folder, "same")
    with pytest.raises(Refusal, match="same"):
        freeze_folders(tmp_path / "out", tmp_path / "train", FolderOptions(rules=PAIRS), validate=tmp_path / "valid")


def test_a_rule_that_fits_two_files_of_a_case_is_refused(tmp_path):
    write_pair(tmp_path / "data", "a")
    write_pair(tmp_path / "data" / "again", "a")
    rules = NamingRules(pet="*{case}_pet.nii.gz", mask="{case}_mask.nii.gz")
    write(tmp_path / "data" / "xa_pet.nii.gz")
    write(tmp_path / "data" / "ya_pet.nii.gz")
    with pytest.raises(Refusal, match="two files of case"):
        freeze_folders(tmp_path / "out", tmp_path / "data", FolderOptions(rules=rules))


def test_a_rule_that_fits_no_file_is_refused_by_its_name(tmp_path):
    write_pair(tmp_path / "data", "a")
    rules = NamingRules(pet="{case}_pet.nii.gz", mask="masks/{case}.nii.gz")
    options = FolderOptions(rules=rules, holdout=0.2, seed=1)
    with pytest.raises(Refusal, match=r"'masks/\{case\}\.nii\.gz' for the mask fits none of 2 files"):
        freeze_folders(tmp_path / "out", tmp_path / "data", options)


@pytest.mark.parametrize(
    ("rule", "words"), [("pet.nii.gz", "where the case id stands"), ("{case}/{study}.nii.gz", "unknown word {study}")]
)
def test_rules_that_cannot_be_understood_are_named(rule, words):
    with pytest.raises(UsageError, match=words.replace("{", r"\{")):
        NamingRules(pet=rule, mask="{case}.nii.gz")


def test_a_division_needs_a_seed_and_makes_no_sense_with_two_folders(tmp_path):
    write_pair(tmp_path / "data", "a")
    with pytest.raises(UsageError, match="seed"):
        freeze_folders(tmp_path / "out", tmp_path / "data", FolderOptions(rules=PAIRS, holdout=0.2))
    with pytest.raises(UsageError, match="split already"):
        options = FolderOptions(rules=PAIRS, holdout=0.2, seed=1)
        freeze_folders(tmp_path / "out", tmp_path / "data", options, validate=tmp_path / "data")
