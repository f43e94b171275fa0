"""Weights are loaded on trial when a model is installed or verified: strictly, running no code from the file."""

from __future__ import annotations

import json
import pickle

import builders_model
import pytest
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.models import ModelStore, load_networks

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[networks]'")
pytest.importorskip("monai", reason="MONAI is not installed: pip install '.[networks]'")


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


@pytest.fixture
def model(tmp_path):
    return builders_model.make(tmp_path / "model")[0]


def redescribe(folder, **fields):
    """The description with the hashes of the files as they are now."""
    kept = ("inputs", "labels", "network")
    document = json.loads((folder / "model.json").read_text())
    builders_model.describe(folder, **{**{key: document[key] for key in kept}, **fields})


def test_the_weights_of_an_installed_model_are_those_of_the_file(store, tmp_path):
    folder, (first, second) = builders_model.make(tmp_path / "model", folds=2)
    installed, cautions = store.install(folder)
    loaded = load_networks(installed.description, installed.folder)["fold"]
    assert cautions == ()
    for made, found in zip((first, second), loaded, strict=True):
        assert made.state_dict().keys() == found.state_dict().keys()
        assert all(torch.equal(made.state_dict()[key], value) for key, value in found.state_dict().items())
        assert not found.training


@pytest.mark.parametrize("key", [None, "state_dict", "model"])
def test_checkpoints_and_the_prefix_of_parallel_training_are_understood(store, model, key):
    state = {f"module.{name}": value for name, value in torch.load(model / "fold_0.pt").items()}
    torch.save(state if key is None else {key: state, "epoch": 7}, model / "fold_0.pt")
    redescribe(model)
    store.install(model)


def test_weights_of_another_network_are_refused_with_what_differs(store, model):
    state = torch.load(model / "fold_0.pt")
    name = next(iter(state))
    state[name] = torch.zeros(1)
    state["extra"] = torch.zeros(1)
    torch.save(state, model / "fold_0.pt")
    redescribe(model)
    with pytest.raises(Refusal, match=rf"extra is unknown; {name} has shape \(1,\) instead of"):
        store.install(model)
    assert store.contents().models == ()


def test_code_in_a_weight_file_is_never_run(store, model, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "evil"), "w"))

    def as_pickle(path):
        path.write_bytes(pickle.dumps(Evil(), protocol=2))

    def as_checkpoint(path):
        torch.save({"weight": torch.zeros(1), "extra": Evil()}, path)

    for save in (as_pickle, as_checkpoint):
        save(model / "fold_0.pt")
        redescribe(model)
        with pytest.raises((Failure, Refusal), match=r"fold_0\.pt"):
            store.install(model)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("arguments", [{"spatial_dims": 2}, {"no_such_argument": 1}, {"channels": [4, 16]}])
def test_arguments_that_monai_does_not_take_are_refused(store, tmp_path, arguments):
    folder, _ = builders_model.make(tmp_path / "model")
    network = {
        "name": "UNet",
        "arguments": {**builders_model.UNET, "in_channels": 2, "out_channels": 2, **arguments},
        "patch": [16, 16, 16],
    }
    redescribe(folder, network=network)
    with pytest.raises(Refusal, match=r"three-dimensional|cannot build the network 'UNet'|not those of the network"):
        store.install(folder)


def test_a_missing_package_is_one_sentence_with_what_to_install(store, model, monkeypatch):
    import importlib.util

    installed, _ = store.install(model)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "monai" else find(name))
    with pytest.raises(Failure, match=r"needs monai, which is not installed. Install it: pip install"):
        load_networks(installed.description, installed.folder)
    _, cautions = store.verify("small")
    assert [caution.code for caution in cautions] == ["weights-not-tried"]
