"""Runs as jobs: what a recipe names is settled when a run is made, and stays what it was."""

from __future__ import annotations

import builders_model
import builders_run
import pytest
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks.runs import create_run, fork_run, read_recipe, resume_run
from CLIPSLib.training import write_cases
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.recipe_toml import recipe_toml
from CLIPSLib.training.run_folder import RunFolder

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.start import find_start_of, start_cautions  # noqa: E402

SEGRESNET = {"spatial_dims": 3, "init_filters": 8, "blocks_down": [1, 2, 2, 4], "blocks_up": [1, 1, 1]}
PET = {"name": "PET", "image": "suv", "clip": [0, 30], "scaling": "unit"}
FROM_SMALL = with_values(builders_run.TINY, {"network.start": "small"})


@pytest.fixture
def cases(tmp_path):
    return builders_run.cases(tmp_path / "images")


def install(store, folder, version, **options):
    made, _ = builders_model.make(
        folder, channels=(PET,), network="SegResNet", arguments=SEGRESNET, version=version, **options
    )
    return store.install(made, overwrite=True)[0]


def test_a_run_keeps_to_the_version_that_was_newest_when_it_was_made(tmp_path, cases):
    store = ModelStore(tmp_path / "models")
    install(store, tmp_path / "one", "1.0")
    create_run(tmp_path / "run", FROM_SMALL, cases, store=store)
    install(store, tmp_path / "two", "2.0")
    run = RunFolder(tmp_path / "run")
    assert run.recipe().network.start == "small@1.0"
    assert find_start_of(run, store).model.description.version == "1.0"


def test_a_model_that_was_replaced_under_its_name_is_not_taken_for_the_old_one(tmp_path, cases):
    store = ModelStore(tmp_path / "models")
    install(store, tmp_path / "one", "1.0")
    create_run(tmp_path / "run", FROM_SMALL, cases, store=store)
    install(store, tmp_path / "two", "1.0", folds=2)
    with pytest.raises(Refusal, match="was replaced since"):
        find_start_of(RunFolder(tmp_path / "run"), store)


def test_a_model_that_is_not_installed_is_said_before_a_folder_is_made(tmp_path, cases):
    with pytest.raises(UsageError, match="not installed"):
        create_run(tmp_path / "run", FROM_SMALL, cases, store=ModelStore(tmp_path / "models"))
    assert not (tmp_path / "run").exists()


def test_a_word_on_the_learning_rate_without_other_steps_is_refused(tmp_path, cases):
    """It would do nothing, and nobody would know."""
    job = create_run(tmp_path / "run", builders_run.TINY, cases)
    with pytest.raises(UsageError, match="'keep' says what becomes of the learning rate when the number of steps"):
        resume_run(job.folder, {"optimizer.learning_rate": 1e-4}, rate="keep")
    with pytest.raises(UsageError, match="'restart' says what becomes"):
        fork_run(job.folder, tmp_path / "fork", {"loss.name": "tversky"}, rate="restart")
    assert not RunFolder(tmp_path / "run").overrides() and not (tmp_path / "fork").exists()


def test_a_weight_file_that_is_not_there_is_said_to_be_missing(tmp_path, cases):
    """Also where a run goes on after it was deleted; it is no name of a model that could be installed."""
    gone = tmp_path / "weights" / "first.pt"
    recipe = with_values(builders_run.TINY, {"network.start": str(gone)})
    with pytest.raises(Failure, match=r"weight file '.*first\.pt', which training begins with, is not there"):
        create_run(tmp_path / "run", recipe, cases)
    gone.parent.mkdir()
    gone.touch()
    create_run(tmp_path / "run", recipe, cases)
    gone.unlink()
    with pytest.raises(Failure, match="is not there"):
        find_start_of(RunFolder(tmp_path / "run"), ModelStore(tmp_path / "models"))


def test_files_are_looked_for_beside_the_recipe_from_wherever_it_is_read(tmp_path, cases, monkeypatch):
    write_cases(tmp_path / "cases.json", cases)
    torch.save({"weight": torch.zeros(1)}, tmp_path / "first.pt")
    recipe = with_values(builders_run.TINY, {"network.start": "first.pt", "data.cache": "prepared"})
    (tmp_path / "recipe.toml").write_text(recipe_toml(recipe))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    read, _ = read_recipe("../recipe.toml", {})
    assert read.network.start == str(tmp_path / "first.pt")
    assert read.data.cache == str(tmp_path / "prepared")


def test_the_recipe_in_the_folder_of_a_run_makes_the_same_run_again(tmp_path, cases):
    write_cases(tmp_path / "lists" / "fold0.json", cases)
    recipe = with_values(builders_run.TINY, {"data.cases": "lists/fold0.json"})
    (tmp_path / "recipe.toml").write_text(recipe_toml(recipe))
    create_run(tmp_path / "run", *read_recipe(tmp_path / "recipe.toml", {}))
    again, listed = read_recipe(tmp_path / "run" / "recipe.toml", {})
    assert listed == cases and again.training == recipe.training


def test_validating_on_cases_that_the_first_weights_learned_from_is_a_caution(tmp_path, cases):
    from CLIPSLib.training.run import train

    store = ModelStore(tmp_path / "models")
    first = builders_run.run(tmp_path / "first", case_list=cases, training__steps=1)
    train(first.path, store=store)
    store.install(first.model)
    create_run(tmp_path / "next", with_values(builders_run.TINY, {"network.start": "tiny"}), cases, store=store)
    start = find_start_of(RunFolder(tmp_path / "next"), store)
    (caution,) = start_cautions(start, cases.of_role("validate"))
    assert caution.code == "start-knows" and "1 of the 1 cases" in caution.what
