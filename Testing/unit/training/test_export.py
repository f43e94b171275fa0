"""The result of runs: a model that the store installs and that segments as validated; folds; a cascade; the card."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from unittest import mock

import builders_run
import numpy as np
import pytest
from builders_run import Follower
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view
from CLIPSLib.models import ModelStore, install_tmtvnet, read_state
from CLIPSLib.segmentation.installed.segmenter import segmenter_of
from CLIPSLib.study import PetCtStudy
from CLIPSLib.training.tables import read_table

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

import builders_tmtvnet  # noqa: E402
from CLIPSLib.progress import SILENT  # noqa: E402
from CLIPSLib.segmentation.tmtvnet import cascade  # noqa: E402
from CLIPSLib.training import run as run_module  # noqa: E402
from CLIPSLib.training.export import export_model  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    listed = builders_run.cases(tmp_path_factory.mktemp("images"))
    return replace(listed, source="12 phantoms", licence_of_data="CC0")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, images):
    """Two folds, each with a best step that is not its last."""
    root = tmp_path_factory.mktemp("runs")
    made = [
        builders_run.run(root / f"fold{seed}", case_list=images, training__seed=seed, validation__every=2)
        for seed in (0, 1)
    ]
    for run in made:
        train(run.path)
    return made


def test_the_model_of_a_finished_run_segments_as_it_was_validated(tmp_path, runs, images):
    """Dice of the installed model on the validation case, computed here, is the Dice in validation.csv."""
    store = ModelStore(tmp_path / "models")
    model, cautions = store.install(runs[0].model)
    assert not cautions
    case = images.of_role("validate")[0]
    study = PetCtStudy(pet=read_image(case.pet), ct=None)
    found = array_view(segmenter_of(model).segment(study, {}, SILENT).labels) > 0
    reference = array_view(read_labels(case.mask)) > 0
    dice = 2 * np.count_nonzero(found & reference) / (np.count_nonzero(found) + np.count_nonzero(reference))
    best = json.loads((runs[0].model / "card.json").read_text())["runs"][0]["step"]
    (row,) = (row for row in read_table(runs[0].validation) if row["step"] == str(best))
    assert float(row["dice"]) == pytest.approx(dice, abs=1e-5)


def test_best_or_last_by_choice(tmp_path, runs):
    export_model([runs[0].path], tmp_path / "last", which="last")
    card = json.loads((tmp_path / "last" / "card.json").read_text())["runs"][0]
    assert (card["which"], card["step"]) == ("last", 6)
    state = read_state(tmp_path / "last" / "fold_0.pt")
    assert all(torch.equal(state[name], value) for name, value in builders_run.weights(runs[0], 6).items())


def test_a_run_whose_best_weights_are_damaged_ends_with_those_of_the_last_step(tmp_path, images):
    """Days are not lost to one bad file. Who asks for the best by name is told instead."""
    run = builders_run.run(tmp_path / "run", case_list=images, validation__every=2)
    train(run.path, Follower(stop_at=4))
    for damaged in run.checkpoints.glob("best-*.pt"):
        damaged.write_bytes(b"damaged")
    follower = Follower()
    with mock.patch.object(run_module.engine.Engine, "_validate_if"):  # no later step becomes the best
        assert train(run.path, follower)["model"]
    assert json.loads((run.model / "card.json").read_text())["runs"][0]["which"] == "last"
    assert {caution.code for caution in follower.cautions} == {"checkpoint-damaged", "no-best"}
    with pytest.raises(Failure, match="The weights of the best step"):
        export_model([run.path], tmp_path / "model")


def test_folds_become_one_model(tmp_path, runs):
    described = export_model([run.path for run in runs], tmp_path / "model", version="2.0")
    assert [file.name for file in described.weight_files("fold")] == ["fold_0.pt", "fold_1.pt"]
    assert described.model_id == "tiny@2.0"
    ModelStore(tmp_path / "models").install(tmp_path / "model")


def test_runs_of_different_networks_are_refused_as_folds(tmp_path, runs, images):
    other = builders_run.run(tmp_path / "other", case_list=images, data__patch=[24, 24, 24], training__steps=1)
    train(other.path)
    with pytest.raises(Refusal, match="cannot become one model"):
        export_model([runs[0].path, other.path], tmp_path / "model")


def test_a_run_without_checkpoint_has_no_model(tmp_path, images):
    run = builders_run.run(tmp_path / "run", case_list=images)
    with pytest.raises(Refusal, match="no checkpoint yet"):
        export_model([run.path], tmp_path / "model")


def test_the_card_tells_data_recipe_result_and_licenses_and_no_case(runs, images):
    card = json.loads((runs[0].model / "card.json").read_text())
    run = card["runs"][0]
    assert run["data"] | {"strata": 0, "patches_drawn": 0} == {
        "source": "12 phantoms",
        "train": 3,
        "validate": 1,
        "strata": 0,
        "pseudo": 0,
        "difficulty": {},
        "patches_drawn": 0,
        "cases_sha256": runs[0].cases_sha256(),
    }
    assert run["recipe"]["network"]["options"] == {"filters": 8}
    assert card["licence_of_data"]["name"] == "CC0"
    assert card["software"]["libraries"]["torch"] == torch.__version__
    assert run["validation"]["dice"]["n"] == 1
    text = (runs[0].model / "card.md").read_text()
    assert "For research use only" in text and "| dice |" in text and runs[0].identity().run_id in text
    written = text + json.dumps(card)
    assert not any(case.case_id in written or case.pet in written for case in images.cases)


@pytest.mark.slow
def test_retrained_parts_take_their_places_in_a_whole_cascade(tmp_path, monkeypatch):
    """From seeded weights: two steps with U-Net 2; then one with the refiner, on what the new first stage finds."""
    for tile in ("ENSEMBLE_TILE", "REFINER_TILE"):
        monkeypatch.setattr(cascade, tile, (32, 32, 32))  # the images are small; the published tiles take minutes
    store = ModelStore(tmp_path / "models")
    for name, state in zip(("e_latest.model", "r_latest.model"), builders_tmtvnet.seeded_states(), strict=True):
        torch.save(state, tmp_path / name)
    install_tmtvnet(store, [tmp_path / "e_latest.model", tmp_path / "r_latest.model"])
    images = builders_run.cases(tmp_path / "images", train=1, validate=0, ct=True)
    common = {"data__use": "pet-ct", "data__patch": [32, 32, 32], "training__batch": 1, "network__options": {}}
    unet = builders_run.run(
        tmp_path / "unet",
        case_list=images,
        name="new-unet",
        network__name="tmtvnet-unet",
        network__start="tmtvnet",
        network__fold=2,
        loss__name="tmtvnet",
        training__steps=2,
        **common,
    )
    train(unet.path, store=store)
    before, after = (read_state(folder / "e_latest.model") for folder in (store.get("tmtvnet").folder, unet.model))
    assert {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])} == {"2"}
    model, cautions = store.install(unet.model)
    assert model.description.licence_of_weights.name == "CC BY-NC-SA 4.0" and not cautions
    refiner = builders_run.run(
        tmp_path / "refiner",
        case_list=images,
        name="new-refiner",
        network__name="tmtvnet-refiner",
        network__start="new-unet",
        data__prior=True,
        training__steps=1,
        **common,
    )
    train(refiner.path, store=store)
    (prior,) = (tmp_path / "cache" / "priors").iterdir()
    assert array_view(read_image(prior)).std() > 0
    model, _ = store.install(refiner.model)
    case = images.cases[0]
    study = PetCtStudy(pet=read_image(case.pet), ct=read_image(case.ct))
    segmentation = segmenter_of(model).segment(study, {"suv_threshold": None}, SILENT)
    assert segmentation.provenance["model"] == model.model_id
    kept = [read_state(folder / "e_latest.model") for folder in (unet.model, model.folder)]
    assert all(torch.equal(kept[0][name], kept[1][name]) for name in kept[0])


def test_of_two_runs_of_one_day_the_later_is_the_newer_version(tmp_path, runs):
    """The store takes the highest version for the newest; the ids of runs are random and must not decide."""
    store = ModelStore(tmp_path / "models")
    for number, (time, run_id) in enumerate((("07:13:45", "ffffffffffff"), ("16:00:00", "000000000000"))):
        made = tmp_path / f"run{number}"
        shutil.copytree(runs[0].path, made)
        identity = json.loads((made / "run.json").read_text())
        identity |= {"created_utc": f"2026-11-21T{time}Z", "run_id": run_id}
        (made / "run.json").write_text(json.dumps(identity))
        export_model([made], tmp_path / f"model{number}")
        store.install(tmp_path / f"model{number}")
    assert store.get("tiny").model_id.startswith("tiny@2026.11.21.160000-000000.")


def test_other_weights_have_another_version(tmp_path, runs):
    """One fold at two steps, two folds, the same in another order."""
    early = shutil.copytree(runs[0].path, tmp_path / "early")
    for left in (early / "checkpoints").glob("step-00000006.*"):
        left.unlink()
    chosen = ([runs[0].path], [early], [run.path for run in runs], [run.path for run in runs[::-1]])
    made = [export_model(each, tmp_path / str(number), which="last") for number, each in enumerate(chosen)]
    assert len({described.version for described in made}) == 4
