"""The weights that all networks of an experiment begin from: one version, whatever is installed later."""

from __future__ import annotations

from types import SimpleNamespace

import builders_experiment
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.files import write_text
from CLIPSLib.models import ModelStore
from CLIPSLib.schema import load_toml
from CLIPSLib.tasks import experiment as rooms
from CLIPSLib.tasks.experiment import freeze_experiment, open_experiment
from CLIPSLib.tasks.experiment_inputs import inputs_of
from CLIPSLib.tasks.experiment_runs import run_states
from CLIPSLib.training import Recipe
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.recipe_toml import recipe_toml


@pytest.fixture
def folder(tmp_path):
    return builders_experiment.tiny_experiment(tmp_path / "tiny")


def begin_from(folder, start, **values):
    recipe = with_values(load_toml(folder / "recipe.toml", Recipe), {"network.start": start, **values})
    write_text(folder / "recipe.toml", recipe_toml(recipe), overwrite=True)


def installed(monkeypatch, *versions):
    """A store with these versions of "base", the newest first."""
    monkeypatch.setattr(ModelStore, "has", lambda self, name: bool(versions) and name.partition("@")[0] == "base")
    monkeypatch.setattr(ModelStore, "get", lambda self, name: SimpleNamespace(model_id=f"base@{versions[0]}"))


def ignorance(monkeypatch, known):
    """Whether it is known that the model has not seen the cases."""
    monkeypatch.setattr(rooms, "require_ignorant", lambda recipe, cases, store: known)


def test_a_newer_version_that_is_installed_later_is_not_what_later_runs_begin_from(folder, monkeypatch):
    begin_from(folder, "base")
    ignorance(monkeypatch, True)
    installed(monkeypatch, "1.0")
    frozen = freeze_experiment(open_experiment(folder))
    assert frozen.recipe.network.start == "base@1.0"
    installed(monkeypatch, "2.0", "1.0")
    experiment = open_experiment(folder)
    assert freeze_experiment(experiment) == frozen
    assert {inputs_of(s.run, experiment)[0].network.start for s in run_states(experiment)} == {"base@1.0"}


def test_who_reports_where_the_first_model_is_not_installed_reads_what_was_found_when_it_was_frozen(
    folder, monkeypatch
):
    begin_from(folder, "base")
    ignorance(monkeypatch, False)
    installed(monkeypatch, "1.0")
    freeze_experiment(open_experiment(folder))
    monkeypatch.undo()
    experiment = open_experiment(folder)  # no model at all
    assert "start-may-know" in {deviation.code for deviation in rooms.deviations_of(experiment)}


def test_a_weight_file_and_a_cache_beside_the_recipe_are_found_by_runs_in_folders_of_their_own(folder, monkeypatch):
    (folder / "first.pt").write_bytes(b"weights")
    begin_from(folder, "first.pt", **{"data.cache": "prepared"})
    experiment = open_experiment(folder)
    recipe, _ = inputs_of(run_states(experiment)[0].run, experiment)
    assert recipe.network.start == str(folder / "first.pt")
    assert recipe.data.cache == str(folder / "prepared")
    ignorance(monkeypatch, True)
    freeze_experiment(experiment)
    (folder / "first.pt").write_bytes(b"other weights")
    with pytest.raises(Refusal, match=r"the file first\.pt changed since"):
        freeze_experiment(open_experiment(folder))
