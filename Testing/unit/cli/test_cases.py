"""`clips cases` from the first folder to the last table: what is printed, what is JSON, which exit code."""

from __future__ import annotations

import csv
import json
import shutil

import builders_registry
import pytest
from builders_volume import image_of
from CLIPSLib.cases import Registry
from CLIPSLib.cli import main
from CLIPSLib.formats import write_image, write_labels
from CLIPSLib.imaging import array_view


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with two patients as NIfTI in `in`; the second has a mask with an unexplained value."""
    monkeypatch.chdir(tmp_path)
    for number, name in ((1, "007"), (2, "7")):
        study = builders_registry.study(number)
        (tmp_path / "in" / name).mkdir(parents=True)
        write_image(study.pet, tmp_path / "in" / name / "SUV.nii.gz")
        labels = builders_registry.mask(study).labels * number
        write_labels(labels, tmp_path / "in" / name / "SEG.nii.gz")
    return tmp_path


@pytest.fixture
def registry(folder, capsys):
    """The registry of these two, with suv4's masks."""
    assert main(["cases", "create"]) == 0
    assert main(["cases", "add", "in", "--labels", "1=tumor,2=tumor", "--author", "A"]) == 0
    assert main(["cases", "masks", "predict", "--model", "suv4", "--option", "min_volume_ml=0", "--author", "A"]) == 0
    capsys.readouterr()


def document(capsys, *words):
    """What a command prints as JSON, and nothing of what was printed before."""
    capsys.readouterr()
    main(["cases", *words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_adding_tells_what_became_of_each_study(folder, capsys):
    main(["cases", "create"])
    assert main(["cases", "add", "in", "--report", "report.csv"]) == 3
    said = capsys.readouterr()
    assert "C0002 has no mask" in said.err
    assert "2 added; 1 reference masks" in said.out
    with open("report.csv", encoding="utf-8", newline="") as stream:
        assert [row["code"] for row in csv.DictReader(stream)] == ["", "unknown-labels"]
    assert main(["cases", "add", "in", "--labels", "2=tumor,1=tumor"]) == 0
    assert "2 duplicate; 1 reference masks" in capsys.readouterr().out


def test_a_registry_that_is_not_there_is_a_usage_error(folder, capsys):
    assert main(["cases", "list"]) == 2
    assert "holds no registry" in capsys.readouterr().err


def test_the_list_can_be_narrowed_down(registry, capsys):
    assert [row["case_id"] for row in document(capsys, "list")] == ["C0001", "C0002"]
    main(["cases", "review-status", "C0002", "flagged", "--reader", "R", "--comment", "heart?"])
    assert [row["case_id"] for row in document(capsys, "list", "--status", "flagged")] == ["C0002"]
    assert [row["case_id"] for row in document(capsys, "list", "--text", "HEART")] == ["C0002"]
    assert document(capsys, "list", "--no-reference") == []
    main(["cases", "list"])
    assert "2 cases" in capsys.readouterr().out


def test_a_case_is_shown_with_its_masks(registry, capsys):
    found = document(capsys, "show", "C0001")
    assert [mask["origin"] for mask in found["masks"]] == ["imported", "predicted"]
    assert found["reference"] == found["masks"][0]["id"]
    main(["cases", "show", "C0001"])
    assert "Vendor" not in capsys.readouterr().err
    assert main(["cases", "show", "1"]) == 2
    assert "1" in capsys.readouterr().err


def test_a_case_is_found_by_the_patient_number_of_the_hospital(registry, capsys):
    assert document(capsys, "show", "007")["case"]["case_id"] == "C0001"
    assert document(capsys, "show", "7")["case"]["case_id"] == "C0002"
    assert main(["cases", "show", "07"]) == 2


def test_cases_get_a_stratum(registry, capsys):
    assert main(["cases", "stratum", "Nantes", "C0001", "7"]) == 0
    assert [row["stratum"] for row in document(capsys, "list")] == ["Nantes", "Nantes"]
    assert main(["cases", "stratum", "Lyon", "C0001", "C9"]) == 2  # none of them, as one is unknown
    assert [row["stratum"] for row in document(capsys, "list")] == ["Nantes", "Nantes"]


def test_masks_are_compared_and_the_reference_is_chosen(registry, capsys):
    assert document(capsys, "masks", "diff", "C0001-m1", "C0001-m2")["dice"] == 1.0
    assert main(["cases", "reference", "C0001", "C0001-m2", "--author", "A"]) == 0
    assert "The reference of C0001 is C0001-m2" in capsys.readouterr().out
    assert len(document(capsys, "reference", "C0001")) == 2


def test_a_mask_file_is_added_to_a_case(registry, folder, capsys):
    study = builders_registry.study(1)
    finer = image_of(array_view(study.pet) * 0 + 1, spacing_xyz=(1.0, 1.0, 1.0))
    write_labels(finer, folder / "finer.nii.gz")
    assert main(["cases", "masks", "add", "C0001", "finer.nii.gz"]) == 3
    assert "ask for resampling" in capsys.readouterr().err
    assert main(["cases", "masks", "add", "C0001", "finer.nii.gz", "--resample", "--comment", "fine"]) == 0
    said = capsys.readouterr().out
    assert "not the reference" in said
    assert "Caution: The mask was resampled" in said
    assert main(["cases", "masks", "add", "C0001", "finer.nii.gz", "--resample"]) == 0
    assert "has this mask already" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["1", "1=tumor,1=ignore", "x=tumor", "1=lesion"])
def test_a_table_of_labels_that_cannot_be_read_is_a_usage_error(table, registry, capsys):
    assert main(["cases", "masks", "add", "C0001", "any.nii.gz", "--labels", table]) == 2


def test_reviews_need_a_reader_and_ratings_a_rater(registry, capsys):
    assert main(["cases", "review-status", "C0001", "accepted"]) == 2
    assert main(["cases", "rate", "C0001", "4"]) == 2
    assert main(["cases", "rate", "C0001", "6", "--rater", "R"]) == 2
    assert main(["cases", "rate", "C0001", "4", "--rater", "R", "--tag", "small"]) == 0
    assert document(capsys, "review-status", "C0001") == []


def test_others_ratings_stay_hidden_until_one_has_rated(registry, capsys):
    main(["cases", "rate", "C0001", "5", "--rater", "R"])
    assert document(capsys, "rate", "C0001", "--rater", "S") == []
    main(["cases", "rate", "C0001", "2", "--rater", "S"])
    assert [rating["score"] for rating in document(capsys, "rate", "C0001", "--rater", "S")] == [5, 2]
    main(["cases", "rate"])
    said = capsys.readouterr().out
    assert "How hard is it" in said
    assert "Cases with two ratings or more: 1" in said
    assert "ICC(2,1): undefined, fewer than 2 cases were rated by all" in said


def test_a_split_is_made_once_and_kept(registry, capsys):
    assert main(["cases", "split", "half", "--holdout", "0.5"]) == 2
    assert "--seed" in capsys.readouterr().err
    assert main(["cases", "split", "half", "--holdout", "0.5", "--seed", "1", "--export", "splits_final.json"]) == 0
    first = document(capsys, "split", "half")
    with open("splits_final.json", encoding="utf-8") as stream:
        assert json.load(stream)[0]["val"] == first["split"]["folds"][0]["validation"]
    assert main(["cases", "split", "copy", "--import", "splits_final.json"]) == 0
    assert document(capsys, "split", "copy")["sha256"] == first["sha256"]
    assert [split["name"] for split in document(capsys, "split")] == ["half", "copy"]


def test_predictions_are_evaluated(registry, capsys):
    assert main(["cases", "evaluate", "--out", "evaluation"]) == 0
    assert "Dice" in capsys.readouterr().out
    assert main(["cases", "evaluate", "--out", "evaluation"]) == 3  # nothing is overwritten unasked
    assert document(capsys, "evaluate", "C0001")["cases"][0]["evaluation"]["dice"] == 1.0


def test_the_summary_comes_as_text_json_table_and_page(registry, folder, capsys):
    assert main(["cases", "summary", "--html", "cohort.html", "--csv", "cohort.csv"]) == 0
    assert "TMTV, mL" in capsys.readouterr().out
    assert "<svg" in (folder / "cohort.html").read_text(encoding="utf-8")
    assert (folder / "cohort.csv").read_text(encoding="utf-8").startswith("case_id")
    assert document(capsys, "summary", "--model", "suv4")["spreads"]["tmtv_ml"]["n"] == 2
    assert main(["cases", "summary", "--html", "cohort.html"]) == 3


def test_the_registry_is_checked(registry, capsys):
    assert main(["cases", "check"]) == 0
    with Registry.open("clips-cases") as opened:
        opened.mask_path("C0001-m1").unlink()
    assert main(["cases", "check"]) == 1
    assert "Missing" in capsys.readouterr().out


def test_a_damaged_database_is_rescued_from_its_backup(registry, folder, capsys):
    shutil.rmtree(folder / "clips-cases" / "backups")  # of the empty registry; opening makes one of today
    assert main(["cases", "check"]) == 0
    database = folder / "clips-cases" / "registry.sqlite"
    database.write_bytes(database.read_bytes()[:4096])
    assert main(["cases", "list"]) == 1
    assert "damaged" in capsys.readouterr().err
    assert main(["cases", "rescue"]) == 0
    said = capsys.readouterr().out
    assert "2 cases" in said and "0 rows had to go" in said and "registry-damaged-" in said
    assert [row["case_id"] for row in document(capsys, "list")] == ["C0001", "C0002"]


def test_a_database_that_is_missing_is_rescued_without_speaking_of_a_damaged_one(registry, folder, capsys):
    (folder / "clips-cases" / "registry.sqlite").unlink()
    assert main(["cases", "rescue"]) == 0
    said = capsys.readouterr().out
    assert "Saved 2 cases, 4 masks" in said and "There was no database file" in said and "None" not in said
    assert "The newest backup: " in said


def test_a_removed_case_is_gone_from_tables_and_named_in_frozen_lists(registry, folder, capsys):
    assert main(["cases", "difficulty", "measure", "suv_mean"]) == 0
    assert main(["cases", "summary"]) == 0
    assert main(["cases", "split", "main", "--holdout", "0.5", "--seed", "1"]) == 0
    assert main(["cases", "freeze", "training", "--split", "main", "--unreviewed"]) == 0
    shutil.copytree("training", "run/one")
    assert main(["cases", "remove", "C0002"]) == 2  # a reason is needed
    capsys.readouterr()
    assert main(["cases", "remove", "7", "--reason", "consent withdrawn", "--author", "A", "--look-in", "run"]) == 0
    said = capsys.readouterr().out
    assert "C0002 removed on " in said and "(consent withdrawn)" in said
    assert "out of difficulty tables: suv_mean" in said and "Its id stays in splits: main" in said
    for path in (folder / "training" / "cases.json", folder / "run" / "one" / "cases.json"):
        assert f"Still in the frozen list: {path}" in said
    assert not (folder / "clips-cases" / "measures-cache.json").exists()
    assert not (folder / "clips-cases" / "difficulty-cache").exists()
    assert "C0002" not in (folder / "clips-cases" / "difficulty" / "suv_mean.json").read_text()
    assert main(["cases", "remove", "C0002", "--reason", "again, after a crash"]) == 0
    assert [case["reason"] for case in document(capsys, "removed")] == ["consent withdrawn"]


def test_every_command_knows_a_removed_case_as_removed(registry, folder, capsys):
    assert main(["cases", "split", "main", "--holdout", "0.5", "--seed", "1"]) == 0
    held_back = document(capsys, "split", "main")["split"]["folds"][0]["validation"][0]
    assert main(["cases", "remove", held_back, "--reason", "consent withdrawn", "--author", "A"]) == 0
    for words in (["show", held_back], ["review-status", held_back, "flagged", "--reader", "R"], ["rate", held_back]):
        capsys.readouterr()
        assert main(["cases", *words]) == 3
        assert f"'{held_back}' was removed on" in capsys.readouterr().err
    assert main(["cases", "add", "in", "--labels", "1=tumor,2=tumor", "--author", "A"]) == 3
    assert "This PET was removed on" in capsys.readouterr().err
    assert main(["cases", "split", "main", "--export", "splits_final.json"]) == 0
    assert held_back in capsys.readouterr().out.splitlines()[-1]
    assert held_back not in (folder / "splits_final.json").read_text()
    assert main(["cases", "freeze", "training", "--split", "main", "--unreviewed"]) == 0
    assert "removed on" in capsys.readouterr().out
    assert main(["cases", "add", "in", "--labels", "1=tumor,2=tumor", "--despite-removal", "--author", "A"]) == 0
    assert len(document(capsys, "list")) == 2


def test_a_split_that_lacks_cases_says_how_to_take_them_all(folder, capsys):
    assert main(["cases", "create"]) == 0
    assert main(["cases", "add", "in", "--no-masks", "--author", "A"]) == 0
    assert main(["cases", "split", "main", "--folds", "2", "--seed", "1"]) == 3
    said = capsys.readouterr().err
    assert "2 cases have no reference mask or were reviewed as unusable" in said and "--all" in said
    assert main(["cases", "split", "main", "--folds", "2", "--seed", "1", "--all"]) == 0


def test_questions_name_the_option_that_answers_them(folder, capsys):
    (folder / "in" / "site").mkdir()
    for name in ("007", "7"):
        (folder / "in" / name).rename(folder / "in" / "site" / name)
    main(["cases", "create"])
    assert main(["cases", "add", "in"]) == 4
    assert "--patient-is folder|parent" in capsys.readouterr().err


def test_followups_of_several_patients_are_not_mixed_up_by_the_names_of_their_folders(folder, capsys):
    for patient, number in (("p1", 1), ("p2", 5)):
        for visit in ("baseline", "followup"):
            (folder / patient / visit).mkdir(parents=True)
            number += 1
            write_image(builders_registry.study(number).pet, folder / patient / visit / "SUV.nii.gz")
    main(["cases", "create"])
    assert main(["cases", "add", "p1", "p2"]) == 4  # as the shell writes "p*"
    assert "have a folder 'baseline' of images" in capsys.readouterr().err
    assert document(capsys, "list") == []
    assert main(["cases", "add", "p1", "p2", "--patient-is", "parent", "--author", "A"]) == 0
    patients = [row["patient_id"] for row in document(capsys, "list")]
    assert patients == ["P0001", "P0001", "P0002", "P0002"]
