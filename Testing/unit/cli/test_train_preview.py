"""`clips train --preview`: a picture of augmented pieces with their masks, before anything is trained."""

import builders_run
import numpy as np
import pytest
from CLIPSLib.cli import main
from CLIPSLib.training import write_cases
from CLIPSLib.training.recipe_toml import recipe_toml
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("monai")


def test_the_picture_shows_training_cases_and_nothing_is_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_cases(tmp_path / "cases.json", builders_run.cases(tmp_path / "images"))
    (tmp_path / "recipe.toml").write_text(recipe_toml(builders_run.TINY), encoding="utf-8")
    assert main(["train", "recipe.toml", "--preview", "pieces.png"]) == 0
    assert "case-0, case-1, case-2" in capsys.readouterr().out
    picture = np.asarray(Image.open("pieces.png"))
    assert (picture == (230, 40, 40)).all(axis=2).any()  # the outline of a mask
    assert not list(tmp_path.glob("runs/*/run.json"))
    assert main(["train", "recipe.toml", "--preview", "pieces.png"]) == 3  # it is there already
