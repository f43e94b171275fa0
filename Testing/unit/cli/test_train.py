"""`clips train` and `clips runs` at the console."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace

import builders_run
import pytest
from CLIPSLib.cli import main, train
from CLIPSLib.errors import Failure
from CLIPSLib.jobs import Job, JobStatus, open_job, run_job
from CLIPSLib.schema import from_document
from CLIPSLib.tasks.runs import create_run, read_recipe
from CLIPSLib.training import Recipe, preset, read_cases, write_cases
from CLIPSLib.training.recipe_toml import recipe_toml

torch = pytest.importorskip("torch")
pytest.importorskip("monai")


@pytest.fixture
def recipe(tmp_path):
    """A recipe beside its cases."""
    write_cases(tmp_path / "cases.json", builders_run.cases(tmp_path / "images"))
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_toml(builders_run.TINY), encoding="utf-8")
    return path


@pytest.fixture
def trained(tmp_path):
    """A finished run, as a job that ended."""
    from CLIPSLib.jobs import create_job
    from CLIPSLib.tasks.verbs import VERBS

    run = builders_run.run(tmp_path / "runs" / "first", case_list=builders_run.cases(tmp_path / "images"))
    create_job(run.path, "train", {})
    assert run_job(run.path, lambda: VERBS) == 0
    return run


def clips(*words, capsys) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_preset_is_printed_as_a_recipe(capsys):
    _, out, _ = clips("train", "--preset", "quick", capsys=capsys)
    assert from_document(Recipe, tomllib.loads(out)) == preset("quick")


def test_a_preset_is_printed_with_what_is_set(capsys):
    _, out, _ = clips("train", "--preset", "quick", "--set", "data.cases=training/cases.json", capsys=capsys)
    assert tomllib.loads(out)["data"]["cases"] == "training/cases.json"
    code, _, err = clips("train", "--preset", "quick", "--set", "data.case=x", capsys=capsys)
    assert code == 2 and "data.case" in err


def test_a_recipe_whose_list_of_cases_is_missing_says_how_to_make_one(recipe, capsys):
    (recipe.parent / "cases.json").unlink()
    code, _, err = clips("train", recipe, "--check", capsys=capsys)
    assert code == 1 and "clips cases freeze" in err and "data.cases" in err


def test_in_a_log_file_a_run_tells_each_stage_once_and_then_a_line_a_minute(monkeypatch, capsys):
    now, said = 0.0, train._Said()
    monkeypatch.setattr(train.time, "monotonic", lambda: now)
    for second in range(200):
        now = float(second)
        stage = "Preparing images" if second < 10 else "Training"
        facts = {"step": second, "steps": 500} if stage == "Training" else {}
        said = train._say(JobStatus(state="running", stage=stage, fraction=second / 200, facts=facts), said)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Preparing images", *(f"Training: step {step} of 500" for step in (10, 70, 130, 190))]


def test_check_tells_cases_memory_disk_and_time_and_writes_nothing(recipe, capsys):
    before = sorted(recipe.parent.rglob("*"))
    code, out, _ = clips("train", recipe, "--check", "--json", capsys=capsys)
    report = json.loads(out)
    assert (code, report["train"], report["validate"], report["problems"]) == (0, 3, 1, [])
    assert report["weights"] == 1_176_402  # SegResNet with 8 filters, 2 channels and 2 classes
    assert report["voxels"] == [20 * 24 * 28] * 2
    assert report["seconds_per_step"] > 0 and report["memory_gb"] > 16e-9 * report["weights"]
    assert sorted(recipe.parent.rglob("*")) == before


def test_check_names_every_case_that_would_stop_the_run(recipe, capsys):
    images = recipe.parent / "images"
    (images / "case-0_pet.nii.gz").unlink()
    (images / "case-1_mask.nii.gz").write_bytes(b"no image")
    code, out, _ = clips("train", recipe, "--check", "--set", "data.use=pet-ct", capsys=capsys)
    assert code == 3
    assert "Case 'case-2': the recipe needs its CT" in out
    code, out, _ = clips("train", recipe, "--check", capsys=capsys)
    assert "Case 'case-0': the file does not exist" in out and "Case 'case-1': the file is damaged" in out


def test_a_list_without_cases_to_train_with_stands_in_the_way(recipe, capsys):
    listed = read_cases(recipe.parent / "cases.json")
    write_cases(recipe.parent / "cases.json", replace(listed, cases=listed.of_role("validate")), overwrite=True)
    code, out, _ = clips("train", recipe, "--check", capsys=capsys)
    assert code == 3 and "No case has the role 'train'" in out
    code, _, said = clips("train", recipe, "--preview", recipe.parent / "pieces.png", capsys=capsys)
    assert code == 3 and "No case has the role 'train'" in said


def test_a_finished_run_is_listed_shown_and_exported(trained, tmp_path, capsys):
    code, out, _ = clips("runs", "list", tmp_path / "runs", "--json", capsys=capsys)
    (listed,) = json.loads(out)
    assert (code, listed["state"], listed["facts"]["step"]) == (0, "finished", 6)
    code, out, _ = clips("runs", "show", trained.path, capsys=capsys)
    assert "first: finished" in out and "case-3" in out and "clips models install" in out
    code, out, _ = clips("runs", "export", trained.path, "--out", tmp_path / "model", "--json", capsys=capsys)
    assert code == 0 and (tmp_path / "model" / "model.json").exists()
    assert json.loads(out)["model"].startswith("tiny@")


def test_resuming_with_what_needs_a_fork_is_refused(trained, capsys):
    code, _, err = clips("runs", "resume", trained.path, "--set", "loss.name=tversky", capsys=capsys)
    assert code == 3 and "clips runs fork" in err
    code, _, err = clips("runs", "resume", trained.path, capsys=capsys)
    assert code == 3 and "finished" in err


def test_a_folder_that_is_no_run_is_said_to_be_none(tmp_path, capsys):
    code, _, err = clips("runs", "show", tmp_path, capsys=capsys)
    assert code == 1 and "no training run" in err and "clips runs list" in err
    code, _, err = clips("runs", "export", tmp_path / "runs" / "frist", "--out", tmp_path / "model", capsys=capsys)
    assert code == 1 and "no training run" in err


def test_asking_a_run_appends_to_its_control_file(trained, capsys, monkeypatch):
    monkeypatch.setattr(Job, "status", lambda self: JobStatus(state="running"))
    for word in ("stop", "pause", "continue", "checkpoint", "cancel"):
        code, out, _ = clips("runs", word, trained.path, capsys=capsys)
        assert code == 0 and f"to {word}" in out
    assert (trained.path / "control").read_text().split() == ["stop", "pause", "resume", "checkpoint", "cancel"]


def test_a_run_that_has_ended_is_not_said_to_answer(trained, capsys):
    code, _, err = clips("runs", "stop", trained.path, capsys=capsys)
    assert code == 3 and "has ended (finished)" in err and "resume" in err
    assert not (trained.path / "control").exists()


def test_a_run_that_waits_can_be_cancelled_and_nothing_else(recipe, tmp_path, capsys):
    create_run(tmp_path / "runs" / "waits", *read_recipe(recipe, {}))
    code, _, err = clips("runs", "checkpoint", tmp_path / "runs" / "waits", capsys=capsys)
    assert code == 3 and "waits to be started" in err
    code, _, _ = clips("runs", "cancel", tmp_path / "runs" / "waits", capsys=capsys)
    assert code == 0 and open_job(tmp_path / "runs" / "waits").status().state == "cancelled"


def test_a_run_that_died_says_how_to_go_on(trained, capsys, monkeypatch):
    lost = Failure("job-lost", "The process ended without a word", "log.txt", "Start the job again.").as_dict()
    monkeypatch.setattr(Job, "status", lambda self: JobStatus(state="lost", error=lost))
    _, out, _ = clips("runs", "show", trained.path, capsys=capsys)
    assert "without a word (log.txt). Go on from its last checkpoint: clips runs resume." in out


def test_a_damaged_run_is_told_and_spoils_no_list(trained, tmp_path, capsys):
    shutil.copytree(trained.path, tmp_path / "runs" / "of-a-later-clips")
    identity = tmp_path / "runs" / "of-a-later-clips" / "run.json"
    identity.write_text(identity.read_text().replace('"format_version": 1', '"format_version": 2'))
    code, out, err = clips("runs", "list", tmp_path / "runs", capsys=capsys)
    assert code == 0 and "first" in out and "of-a-later-clips" in err and "Update CLIPS" in err


def test_a_folder_without_runs_is_said_to_have_none(tmp_path, capsys):
    _, out, _ = clips("runs", "list", tmp_path / "nowhere", capsys=capsys)
    assert out.startswith("No runs in the folder")


@pytest.mark.slow
def test_train_follows_a_run_in_a_process_of_its_own_to_its_model(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code, out, err = clips("train", recipe, "--out", tmp_path / "runs" / "a", capsys=capsys)
    assert code == 0, err
    assert "finished after 6 steps" in out and "clips models install" in out
    assert "Validating" in err or "Training" in err


def test_without_pytorch_the_command_says_what_to_install(recipe, monkeypatch, capsys):
    def no_torch(parsed):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(train, "run", no_torch)
    code, _, err = clips("train", recipe, "--check", capsys=capsys)
    assert code == 1 and "needs torch, which is not installed" in err and "Traceback" not in err


def test_without_pytorch_a_run_says_what_to_install(recipe, tmp_path):
    def no_torch(arguments, reporter):
        raise ModuleNotFoundError("No module named 'monai'", name="monai")

    job = create_run(tmp_path / "run", *read_recipe(recipe, {}))
    assert run_job(job.folder, lambda: {"train": no_torch}) == 1
    assert job.status().error["code"] == "package-missing"
