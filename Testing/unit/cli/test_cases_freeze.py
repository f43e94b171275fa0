"""`clips cases freeze` and `freeze-folders`: what is printed and written, and which words do not go together."""

import json

import builders_registry
import pytest
from CLIPSLib.cases import Fold, Split
from CLIPSLib.cli import main
from CLIPSLib.formats import write_image, write_labels
from CLIPSLib.training import read_cases


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A registry with the split "main" in clips-cases: 1 and 2 are trained with (2 is unreviewed), 3 is validated."""
    monkeypatch.chdir(tmp_path)
    made, records = builders_registry.registry(tmp_path / "clips-cases", cases=4)
    for number, record in enumerate(records, start=1):
        found = builders_registry.mask(builders_registry.study(number))
        if number == 4:
            made.add_mask(record.case_id, found, origin="predicted", author="A")
            continue
        version = made.add_mask(record.case_id, found, origin="imported", author="A")
        made.set_reference(record.case_id, version.id, author="A")
        if number != 2:
            made.review(record.case_id, status="accepted", reader="A", mask_id=version.id)
    made.save_split("main", Split(folds=(Fold(train=("C0001", "C0002"), validation=("C0003",)),)))
    made.close()
    return tmp_path


def test_a_fold_is_written_and_who_is_left_out_is_said(folder, capsys):
    assert main(["cases", "freeze", "out", "--split", "main"]) == 0
    said = capsys.readouterr().out
    assert "C0002  nobody reviewed its reference" in said
    assert "out/cases.json" in said.replace("\\", "/")
    assert [case.case_id for case in read_cases(folder / "out" / "cases.json").cases] == ["C0001", "C0003"]


def test_an_existing_folder_is_replaced_only_when_asked(folder, capsys):
    words = ["cases", "freeze", "out", "--split", "main", "--unreviewed"]
    assert main(words) == 0
    assert main(words) == 3
    assert main([*words, "--overwrite"]) == 0


def test_predicted_masks_are_listed_with_confidence_and_weight(folder, capsys):
    words = ["cases", "freeze", "out", "--split", "main", "--pseudo", "suv4", "--pseudo-compare", "suv4"]
    assert main([*words, "--pseudo-weight", "0.25"]) == 0
    said = capsys.readouterr().out
    assert "C0004        1.00    0.25" in said
    capsys.readouterr()
    assert main([*words, "--overwrite", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["cases"]["cases"]
    assert {case["case_id"]: case["origin"] for case in listed}["C0004"] == "pseudo"


def test_options_of_self_training_need_a_model(folder, capsys):
    assert main(["cases", "freeze", "out", "--split", "main", "--pseudo-weight", "0.5"]) == 2
    assert "--pseudo-weight belongs to --pseudo MODEL" in capsys.readouterr().err


def test_folders_are_frozen_by_rules(folder, capsys):
    for number in (1, 2, 3):
        study = builders_registry.study(number)
        (folder / "data" / f"p{number}").mkdir(parents=True)
        write_image(study.pet, folder / "data" / f"p{number}" / "SUV.nii.gz")
        if number != 3:
            write_labels(builders_registry.mask(study).labels, folder / "data" / f"p{number}" / "SEG.nii.gz")
    words = ["cases", "freeze-folders", "out", "data", "--pet", "{case}/SUV.nii.gz", "--mask", "{case}/SEG.nii.gz"]
    assert main([*words, "--folds", "2", "--seed", "1"]) == 0
    assert "p3    no mask in data" in capsys.readouterr().out
    assert {case.role for case in read_cases(folder / "out" / "cases.json").cases} == {"train", "validate"}
    assert main(words) == 3  # it is there already
    assert main([*words, "--overwrite", "--holdout", "0.2"]) == 2
    assert "--seed" in capsys.readouterr().err
