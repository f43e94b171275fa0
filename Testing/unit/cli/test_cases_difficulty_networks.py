"""`clips cases difficulty teacher | members | cross-review`: what is asked, said and refused. No network is trained."""

from __future__ import annotations

import json

import builders_model
import pytest
from builders_difficulty import box_case
from CLIPSLib.cases import Registry, make_split
from CLIPSLib.cli import main
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks import table_origin
from CLIPSLib.training import CaseList, Recipe, TrainingCase, read_cases, write_cases
from CLIPSLib.training.learned import LearnedFrom, case_marks
from CLIPSLib.training.recipe_toml import recipe_toml


@pytest.fixture
def folder(tmp_path):
    with Registry.create(tmp_path / "cases") as registry:
        for number, suv in enumerate((9.0, 5.0, 2.0, 8.0), start=1):
            box_case(registry, number, (5, suv))
        registry.save_split("folds", make_split(registry.cases(), folds=2, seed=1))
    return tmp_path / "cases"


def clips(folder, *words: str) -> int:
    return main(["cases", "difficulty", *words, "--registry", str(folder), "--author", "Ann"])


def test_a_teacher_is_run_and_its_order_printed(folder, capsys):
    assert clips(folder, "teacher", "suv4", "teacher_dice", "--quiet") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "teacher_dice: Teacher's 1 - Dice, easiest first"
    assert printed[-1].split() == ["C0003", "1.00"]


def test_a_teacher_of_a_fold_has_a_table_of_its_own(folder, capsys):
    assert clips(folder, "teacher", "suv4", "--split", "folds", "--fold", "1", "--json") == 0
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert [table["measurer"] for table in tables] == ["teacher-folds-1"]
    assert len(tables[0]["scores"]) == 2
    assert clips(folder, "teacher", "suv4", "--split", "folds", "--fold", "7", "--json") == 2


def test_members_make_tables_without_any_reference(folder, tmp_path, capsys):
    pytest.importorskip("monai")
    made, _ = builders_model.make(tmp_path / "model", channels=(builders_model.PET,), folds=2)
    ModelStore().install(made)
    assert clips(folder, "members", "small", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [table["measurer"] for table in answer["tables"]] == ["disagreement", "volume_variation", "entropy"]
    assert answer["tables"][0]["options"]["teacher"] == "small@1.0"
    assert answer["failed"] == {}


def test_members_who_learned_from_the_cases_held_back_by_a_fold_are_refused(folder, monkeypatch, capsys, tmp_path):
    pytest.importorskip("monai")
    made, _ = builders_model.make(tmp_path / "model", channels=(builders_model.PET,), folds=2)
    ModelStore().install(made)
    with Registry.open(folder) as registry:
        tested = registry.split("folds").folds[0].validation[0]
    known = LearnedFrom(marks=frozenset(case_marks(tested)))
    monkeypatch.setattr(table_origin, "_by_card", lambda maker: known)
    assert clips(folder, "members", "small", "--split", "folds", "--fold", "0", "--quiet") == 3
    assert f"held back: {tested}" in capsys.readouterr().err


@pytest.fixture
def recipe(tmp_path):
    def case(name: str, role: str = "train") -> TrainingCase:
        return TrainingCase(case_id=name, patient_id=name, pet=f"{name}.nii", mask="mask", role=role)

    write_cases(tmp_path / "cases.json", CaseList(cases=(case("a"), case("b"), case("c", "validate"))))
    (tmp_path / "recipe.toml").write_text(recipe_toml(Recipe()), encoding="utf-8")
    return tmp_path / "recipe.toml"


def test_a_review_of_more_parts_than_patients_is_refused(recipe, tmp_path, capsys):
    words = ["cases", "difficulty", "cross-review", str(recipe), "--out", str(tmp_path / "review"), "--json"]
    assert main(words) == 3
    assert "2 patients cannot be divided into 4 parts" in json.loads(capsys.readouterr().out)["error"]["what"]


def test_a_review_writes_the_cases_with_their_scores(recipe, tmp_path, monkeypatch, capsys):
    from CLIPSLib.difficulty import given_table
    from CLIPSLib.tasks import cross_review_runs

    words = {"hard_when": "high", "source": "test", "missing": {}, "outside": {}, "quarantined": {}}
    table = given_table("cross-review", "Cross-review", {"a": 2.0, "b": 1.0}, **words)
    monkeypatch.setattr(cross_review_runs, "run_review", lambda *given, **named: table)
    out = tmp_path / "review"
    assert main(["cases", "difficulty", "cross-review", str(recipe), "--out", str(out), "--folds", "2", "--quiet"]) == 0
    assert [case.score for case in read_cases(out / "cases.json").cases] == [2.0, 1.0, None]
    assert f"to train with: {out / 'cases.json'}" in capsys.readouterr().out
