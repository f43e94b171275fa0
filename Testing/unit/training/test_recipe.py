"""Recipes: read, explained, written and read back; what is not valid is named; changes within a run and forks."""

from __future__ import annotations

import dataclasses
import json
import tomllib
import typing
from pathlib import Path
from typing import Any

import pytest
from CLIPSLib.curriculum import CurriculumCase, build_curriculum, list_curricula
from CLIPSLib.errors import ClipsError, Refusal, UsageError
from CLIPSLib.schema import from_document, load_toml, to_document
from CLIPSLib.training import PRESETS, CaseList, Recipe, TrainingCase, overrides, preset, read_cases, write_cases
from CLIPSLib.training.overrides import (
    MAY_CHANGE,
    apply_overrides,
    changes_of,
    check_fork,
    lasting_sha256,
    make_override,
    recipe_sha256,
    with_values,
)
from CLIPSLib.training.recipe_toml import field_help, recipe_toml
from hypothesis import given, settings
from hypothesis import strategies as st


def fields_of(kind: Any, prefix: str = ""):
    """Every field of a recipe by its dotted name."""
    for field in dataclasses.fields(kind):
        inner = typing.get_type_hints(kind)[field.name]
        if dataclasses.is_dataclass(inner):
            yield from fields_of(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


FIELDS = tuple(fields_of(Recipe))
DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_written_as_toml_is_read_back_the_same(name, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_toml(preset(name)), encoding="utf-8")
    assert load_toml(path, Recipe) == preset(name)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_explained_in_a_sentence(name):
    text = field_help(name)
    assert (len(text) > 10 and text.rstrip().endswith(".") and text[0].isupper()) or text.startswith("'")


def test_every_section_says_what_it_is_for_before_its_fields():
    lines = recipe_toml(preset("quick")).splitlines()
    sections = [number for number, line in enumerate(lines) if line.startswith("[")]
    assert len(sections) == 9
    assert all(lines[number - 1].startswith("# ") and lines[number + 1].startswith("# ") for number in sections)


@pytest.mark.parametrize("name", [name for name in FIELDS if name.endswith("_p")])
def test_a_probability_is_called_how_often(name):
    assert field_help(name).startswith("How often to ")


def test_every_field_has_its_explanation_above_it_in_the_file():
    lines = recipe_toml(preset("quick")).splitlines()
    assigned = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("# ")]
    assert len(assigned) >= len(FIELDS) - 1  # spacing_mm may be a comment
    assert all(lines[number - 1].startswith("# ") for number in assigned)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[training]\nstep = 5", "'training.step' is unknown"),
        ("[training]\nsteps = 1.5", "'training.steps' is 1.5; it must be a whole number"),
        ("[training]\nsteps = -2", "'training.steps' is -2; it must be at least -1"),
        ("[optimizer]\nlearning_rate = 5.0", "it must be at most 1"),
        ("[loss]\nname = 'dice'", "one of: dice-ce, dice-focal, tversky, tmtvnet"),
        ("[data]\npatch = [96, 96]", "'data.patch' is [96, 96]; it must be a list of 3"),
        ("[data]\nuse = 'custom'", "'data.channels' belongs to data.use = 'custom'"),
        ("[training]\nsteps = 0", "needs optimizer.schedule = 'constant'"),
        ("[augmentation]\nscale_range = [1.1, 0.9]", "'scale_range' is 1.1 to 0.9"),
        ("name = 'My Model'", "lower-case letters"),
        ("[augmentation]\nmixup = 0.4\n[training]\nbatch = 1", "training.batch must be at least 2"),
        ("[data]\nclasses = [{name = 'A'}, {name = 'B'}]", "each must say which 'values'"),
        ("[data]\nclasses = [{name = 'A', values = [1]}, {name = 'A', values = [2]}]", "the same name"),
        ("[data]\nclasses = [{name = 'A', values = [1]}, {name = 'B', values = [1, 2]}]", "the value 1 of the masks"),
    ],
)
def test_what_is_not_valid_is_named_with_what_it_must_be(tmp_path, text, words):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(Refusal) as caught:
        load_toml(path, Recipe)
    assert words in str(caught.value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(FIELDS), value=VALUES)
def test_any_value_anywhere_is_taken_or_refused_in_a_sentence(name, value):
    document = to_document(Recipe())
    *path, last = name.split(".")
    table = document
    for part in path:
        table = table[part]
    table[last] = value
    try:
        recipe = from_document(Recipe, document)
    except Refusal as refusal:
        told = str(refusal)
        assert last in told or any(name in told for name in ("training.steps", "data.channels", "training.batch"))
    else:
        assert from_document(Recipe, tomllib.loads(recipe_toml(recipe))) == recipe


NETWORKS = ("segresnet", "dynunet", "unet", "attention-unet", "swin-unetr", "tmtvnet-unet", "tmtvnet-refiner")
OPTIONS = ("filters", "levels", "dropout", "largest", "deep_supervision", "widths", "blocks", "middle_kernel", "other")


@settings(deadline=None)
@given(name=st.sampled_from(NETWORKS), options=st.dictionaries(st.sampled_from(OPTIONS), VALUES, max_size=2))
def test_any_settings_of_a_network_describe_one_or_are_refused_in_a_sentence(name, options):
    """Free tables of a recipe are read by the network itself; nothing of it is built here."""
    from CLIPSLib.models import network_arguments

    try:
        json.dumps(network_arguments(name, channels_in=2, classes=2, options=options), allow_nan=False)
    except UsageError as error:
        assert f"The network '{name}' cannot be built" in error.what


@settings(deadline=None)
@given(
    name=st.sampled_from([method.name for method in list_curricula()]),
    options=st.dictionaries(st.sampled_from(("full_at", "start", "lag", "minimum_pool", "pacing", "power")), VALUES),
)
def test_any_settings_of_a_curriculum_plan_one_or_are_refused_in_a_sentence(name, options):
    cases = [CurriculumCase(case_id=str(n), stratum="", empty=False, volume_ml=float(n)) for n in range(9)]
    scores = {case.case_id: case.volume_ml for case in cases}
    try:
        made = build_curriculum(name, cases, scores=scores, total_steps=50, seed=0, **options)
    except ClipsError as error:
        assert error.what
    else:
        assert made.plan(0).probabilities.sum() == pytest.approx(1.0)


def test_what_may_change_within_a_run_are_fields_of_the_recipe():
    assert set(MAY_CHANGE) <= set(FIELDS)


def test_a_change_is_recorded_with_old_and_new():
    recipe = Recipe()
    override = make_override(recipe, {"optimizer.learning_rate": 1e-4}, reason="too fast")
    assert override.changes == {"optimizer.learning_rate": (3e-4, 1e-4)}
    assert apply_overrides(recipe, [override]).optimizer.learning_rate == 1e-4
    assert lasting_sha256(apply_overrides(recipe, [override])) == lasting_sha256(recipe)


def test_what_would_make_two_runs_of_one_needs_a_fork():
    with pytest.raises(Refusal, match=r"'loss.name' cannot change within a run"):
        make_override(Recipe(), {"loss.name": "tversky"})
    assert lasting_sha256(with_values(Recipe(), {"loss.name": "tversky"})) != lasting_sha256(Recipe())


def test_recipes_keep_their_hashes_when_a_later_version_has_more_fields(monkeypatch):
    recipe = with_values(Recipe(), {"loss.name": "tversky", "training.steps": 7})
    hashes = recipe_sha256(recipe), lasting_sha256(recipe)
    now = overrides.to_document
    monkeypatch.setattr(overrides, "to_document", lambda value: {**now(value), "sharpness": {"power": 1.0}})
    assert (recipe_sha256(recipe), lasting_sha256(recipe)) == hashes


def test_the_hash_of_a_recipe_tells_every_field_apart():
    assert recipe_sha256(with_values(Recipe(), {"optimizer.learning_rate": 1e-4})) != recipe_sha256(Recipe())
    assert recipe_sha256(with_values(Recipe(), {"network.options": {"filters": 8}})) != recipe_sha256(Recipe())


def test_more_steps_need_a_word_on_the_learning_rate():
    with pytest.raises(UsageError, match=r"keep .* rescale .* restart"):
        make_override(Recipe(), {"training.steps": 40000})
    with pytest.raises(Refusal, match="must be a whole number"):
        make_override(Recipe(), {"training.steps": "abc"})
    assert make_override(Recipe(), {"training.steps": 40000}, rate="restart").rate == "restart"


def test_an_unknown_field_or_value_is_refused():
    for name in ("training.stepz", "nothing", "data.patch.x"):
        with pytest.raises(UsageError, match="no field"):
            with_values(Recipe(), {name: 1})
    with pytest.raises(Refusal, match=r"'training.accumulate' is 0"):
        make_override(Recipe(), {"training.accumulate": 0})


def test_a_fork_keeps_what_its_weights_belong_to():
    changed = with_values(Recipe(), {"network.options.filters": 32})
    assert changed.network.options == {"filters": 32}
    with pytest.raises(Refusal, match="would not fit"):
        check_fork(changes_of(Recipe(), changed))
    check_fork(changes_of(Recipe(), with_values(Recipe(), {"loss.name": "tversky", "training.seed": 4})))


def case(name: str, patient: str, role: str = "train") -> TrainingCase:
    return TrainingCase(case_id=name, patient_id=patient, pet=f"{name}_pet.nii.gz", mask=f"{name}.nii.gz", role=role)


def test_cases_are_read_back_with_whole_paths(tmp_path):
    write_cases(tmp_path / "cases.json", CaseList(cases=(case("007", "p"),), source="folder"))
    read = read_cases(tmp_path / "cases.json")
    assert (read.cases[0].case_id, read.source) == ("007", "folder")
    assert read.cases[0].pet == str(tmp_path / "007_pet.nii.gz")


def test_a_patient_is_never_on_both_sides(tmp_path):
    with pytest.raises(ValueError, match="patient 'p' has cases both"):
        CaseList(cases=(case("1", "p"), case("2", "p", "validate")))
    with pytest.raises(ValueError, match="case '1' is listed twice"):
        CaseList(cases=(case("1", "p"), case("1", "q")))


@pytest.mark.parametrize("name", ["../../elsewhere", "a/b", "a\\b", "..", ".hidden"])
def test_an_id_that_leads_out_of_the_run_is_refused(name):
    with pytest.raises(ValueError, match="cannot name a file"):
        CaseList(cases=(case(name, "p"),))


def test_a_preset_that_does_not_exist_is_a_usage_error():
    with pytest.raises(ClipsError, match="quick, standard, complete"):
        preset("best")


def test_the_example_in_the_documentation_is_the_standard_preset():
    example = DOCS / "examples" / "recipe.toml"
    assert example.read_text(encoding="utf-8") == recipe_toml(preset("standard"))


@pytest.mark.parametrize("name", ["training/sarcoma", "experiments/sarcoma"])
def test_the_recipes_of_published_results_can_still_be_run(name):
    recipe = load_toml(DOCS / name / "recipe.toml", Recipe)
    assert (recipe.network.name, recipe.training.device) == ("segresnet", "cpu")
