"""What a run is made of stays what it was: files, recipe, cases; data may move, and one image has one name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import builders_run
import pytest
from builders_run import Follower
from CLIPSLib.errors import Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.training import CaseList, TrainingCase, read_cases, write_cases
from CLIPSLib.training.overrides import make_override
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training import run as run_module  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def images(tmp_path):
    return builders_run.cases(tmp_path / "images")


def test_images_without_hashes_are_hashed_when_the_run_begins(tmp_path, images):
    bare = replace(images, cases=tuple(replace(case, sha256={}) for case in images.cases))
    run = builders_run.run(tmp_path / "run", case_list=bare)
    train(run.path, Follower(stop_at=2))
    assert [case.sha256 for case in run.cases().cases] == [case.sha256 for case in images.cases]
    other = (tmp_path / "images" / "case-1_pet.nii.gz").read_bytes()
    (tmp_path / "images" / "case-0_pet.nii.gz").write_bytes(other)
    shutil.rmtree(run.cache)
    with pytest.raises(Refusal, match="The pet of case 'case-0' is not the file that was frozen"):
        train(run.path)


def test_one_pet_under_two_names_is_found_when_it_is_hashed(tmp_path, images):
    """Two files that are copies, in a list without hashes: only the content tells."""
    last = images.of_role("validate")[0]
    copy = shutil.copy(images.cases[0].pet, tmp_path / "images" / "copy.nii.gz")
    bare = [replace(case, sha256={}) for case in (*images.of_role("train"), replace(last, pet=str(copy)))]
    run = builders_run.run(tmp_path / "run", case_list=replace(images, cases=tuple(bare)))
    with pytest.raises(Refusal, match=r"The cases 'case-0' \(train\) and 'case-3' \(validate\) have the same PET"):
        train(run.path)


def test_a_recipe_edited_by_hand_is_refused_and_a_comment_is_not(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    train(run.path, Follower(stop_at=2))
    text = run.recipe_file.read_text()
    run.recipe_file.write_text(f"# my first run\n{text}")
    assert train(run.path, Follower(stop_at=4))["step"] == 4
    run.recipe_file.write_text(text.replace("learning_rate = 0.0003", "learning_rate = 0.0001"))
    with pytest.raises(Refusal, match=r"recipe\.toml is not what this run was made with"):
        train(run.path)


def test_a_run_goes_on_where_it_was_moved_together_with_its_images(tmp_path):
    run = builders_run.run(
        tmp_path / "project" / "runs" / "run", case_list=builders_run.cases(tmp_path / "project" / "a")
    )
    train(run.path, Follower(stop_at=2))
    (tmp_path / "project").rename(tmp_path / "moved")
    moved = RunFolder(tmp_path / "moved" / "runs" / "run")
    assert train(moved.path)["state"] == "finished"
    assert moved.cases().cases[0].pet == str(tmp_path / "moved" / "a" / "case-0_pet.nii.gz")


def test_a_list_that_was_moved_alone_finds_its_images_where_they_were(tmp_path, images):
    write_cases(tmp_path / "here" / "cases.json", images)
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    moved = (tmp_path / "here" / "cases.json").rename(tmp_path / "elsewhere" / "deep" / "cases.json")
    assert read_cases(moved) == images
    written = json.loads(moved.read_text())["cases"][0]
    assert written["pet"] == "../images/case-0_pet.nii.gz"


def test_a_cache_is_found_beside_the_recipe_from_wherever_the_run_is_started(tmp_path, images, monkeypatch):
    run = builders_run.run(tmp_path / "run", case_list=images, data__cache="../prepared")
    monkeypatch.chdir(tmp_path / "images")
    train(run.path, Follower(stop_at=1))
    assert list((tmp_path / "prepared").glob("*/case.json"))


def test_images_that_moved_elsewhere_are_the_same_cases_and_other_images_are_not(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    train(run.path, Follower(stop_at=2))
    (tmp_path / "images").rename(tmp_path / "archive")
    run.cases_file.write_text(run.cases_file.read_text().replace("../images/", "../archive/"))
    assert train(run.path, Follower(stop_at=4))["step"] == 4


def test_one_pet_under_two_names_is_not_trained_and_validated_with():
    one = TrainingCase(case_id="a", patient_id="p", pet="a.nii", mask="m.nii", sha256={"pet": "12"})
    other = replace(one, case_id="b", patient_id="q", pet="b.nii", role="validate")
    with pytest.raises(ValueError, match=r"the cases 'a' \(train\) and 'b' \(validate\) have the same PET"):
        CaseList(cases=(one, other))
    CaseList(cases=(one, replace(other, role="train")))  # two readers' masks of one PET


def test_other_software_than_the_run_began_with_is_told(tmp_path, images, monkeypatch):
    run = builders_run.run(tmp_path / "run", case_list=images)
    train(run.path, Follower(stop_at=2))
    same, other = RecordingReporter(), RecordingReporter()
    train(run.path, same)
    assert not same.cautions
    versions = run_module.library_versions
    monkeypatch.setattr(run_module, "library_versions", lambda: {**versions(), "torch": "1.0"})
    run.add_override(make_override(run.recipe(), {"training.steps": 8}, rate="keep"))
    train(run.path, other)
    (caution,) = other.cautions
    assert caution.code == "software-changed" and f"torch {torch.__version__} then, 1.0 now" in caution.what
    assert len(read_table(run.metrics)) == 8
