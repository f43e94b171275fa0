"""`clips models`: list, show, install, verify, remove, for people and as JSON. No torch is needed for any of it."""

from __future__ import annotations

import json

import builders_model
import pytest
from CLIPSLib.cli import main
from CLIPSLib.models import store as store_module


@pytest.fixture(autouse=True)
def weights_are_not_tried(monkeypatch):
    monkeypatch.setattr(store_module, "missing_package", lambda description: "torch")


@pytest.fixture
def model(tmp_path):
    return builders_model.fake(tmp_path / "model")


def json_of(capsys, *arguments) -> object:
    assert main(["models", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_without_an_action_and_with_list_the_methods_come_with_their_source(capsys):
    for arguments in ([], ["list"]):
        assert main(["models", *arguments]) == 0
        text = capsys.readouterr().out
        assert "suv4" in text and "Boellaard" in text
        assert "TMTV-Net is not installed. Download e_latest.model" in text
    assert json_of(capsys, "--json") == json_of(capsys, "list", "--json") == json_of(capsys, "--json", "list")


def test_a_model_is_installed_listed_shown_verified_and_removed(model, capsys):
    assert json_of(capsys, "install", model, "--json")["model"] == "small@1.0"
    assert "small@1.0" in [entry["name"] for entry in json_of(capsys, "--json")]
    shown = json_of(capsys, "show", "small", "--json")
    assert shown["labels"][1]["kind"] == "tumor"
    assert main(["models", "show", "small"]) == 0
    assert "License of the weights: CC0" in capsys.readouterr().out
    assert [entry["model"] for entry in json_of(capsys, "verify", "--json")] == ["small@1.0"]
    assert json_of(capsys, "remove", "small", "--json")["removed"].endswith("1.0")
    assert "small@1.0" not in [entry["name"] for entry in json_of(capsys, "--json")]


def test_a_model_that_cannot_run_here_is_listed_and_says_what_to_install(model, capsys, monkeypatch):
    from CLIPSLib import models

    main(["models", "install", str(model)])
    monkeypatch.setattr(models, "missing_package", lambda description: "torch")
    assert main(["models"]) == 0
    assert "small@1.0 cannot run here: torch is not installed" in capsys.readouterr().out


def test_a_damaged_model_is_listed_and_fails_to_verify(model, capsys):
    folder = json_of(capsys, "install", model, "--json")["folder"]
    with open(f"{folder}/fold_0.pt", "ab") as stream:
        stream.write(b"x")
    assert main(["models", "verify"]) == 1
    assert "'fold_0.pt' has 10241 instead of 10240 bytes" in capsys.readouterr().err
    with open(f"{folder}/model.json", "w") as stream:
        stream.write("{")
    assert main(["models"]) == 0
    assert "Damaged: The file is not valid JSON" in capsys.readouterr().out


def test_installing_twice_is_refused_and_errors_are_json_too(model, capsys):
    main(["models", "install", str(model)])
    capsys.readouterr()
    assert main(["models", "install", str(model), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "installed-already"
    assert main(["models", "install", str(model), "--overwrite"]) == 0


def test_tmtvnet_says_where_its_weights_are_and_under_which_licence(capsys, tmp_path):
    assert main(["models", "install", "tmtvnet"]) == 2
    assert "README of https://github.com/qurit-frizi/TMTV-Net" in capsys.readouterr().err
    assert main(["models", "install", "tmtvnet", "--weights", str(tmp_path)]) == 1
    assert "no weight file 'e_latest.model'" in capsys.readouterr().err
    assert main(["models", "install", str(tmp_path), "--weights", str(tmp_path)]) == 2


def test_segmenting_with_a_model_that_is_not_installed_is_a_usage_error(tmp_path, capsys):
    assert main(["segment", str(tmp_path), "--model", "tmtvnet"]) == 2
    assert "TMTV-Net is not installed" in capsys.readouterr().err
