"""Descriptions from JSON and TOML: every mistake is named with its place; the JSON Schema says the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import write_json
from CLIPSLib.schema import Pattern, Range, from_document, json_schema, load_json, load_toml, to_document
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True, kw_only=True)
class Window:
    low: float
    high: float

    def __post_init__(self):
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    name: Annotated[str, Pattern("[a-z]+", "lower-case letters")]
    patch: tuple[Annotated[int, Range(1, 512)], Annotated[int, Range(1, 512)]]
    windows: Annotated[tuple[Window, ...], Range(1)] = (Window(low=0, high=1),)
    overlap: Annotated[float, Range(0, 0.9), "fraction of a tile"] = 0.5
    mode: Literal["mean", "max"] = "mean"
    flips: bool = False
    spacing: float | None = None
    extra: Mapping[str, Any] | None = None


GOOD = {"name": "abc", "patch": [96, 64]}


def test_defaults_fill_what_is_not_said_and_lists_become_tuples():
    recipe = from_document(Recipe, {**GOOD, "windows": [{"low": 0, "high": 30}], "extra": {"a": [1, {"b": 2}]}})
    assert recipe.patch == (96, 64)
    assert recipe.windows == (Window(low=0.0, high=30.0),)
    assert recipe.overlap == 0.5
    assert recipe.extra == {"a": [1, {"b": 2}]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"overlapp": 1}, "'overlapp' is unknown"),
        ({"patch": [96]}, "'patch' is [96]; it must be a list of 2"),
        ({"patch": [96, 0]}, "'patch[1]' is 0; it must be at least 1"),
        ({"patch": [96, 64.0]}, "'patch[1]' is 64.0; it must be a whole number"),
        ({"patch": [True, 64]}, "'patch[0]' is true; it must be a whole number"),
        ({"patch": "96"}, "'patch' is \"96\"; it must be a list"),
        ({"overlap": 0.95}, "'overlap' is 0.95; it must be at most 0.9"),
        ({"overlap": float("nan")}, "'overlap' is NaN; it must be a finite number"),
        ({"overlap": None}, "'overlap' is null; it must be a number"),
        ({"name": "A1"}, "'name' is \"A1\"; it must be lower-case letters"),
        ({"mode": "median"}, "it must be one of: mean, max"),
        ({"flips": 1}, "'flips' is 1; it must be true or false"),
        ({"windows": []}, "'windows' is []; it must be at least 1 entries"),
        ({"windows": [{"low": 0}]}, "'windows[0].high' is missing"),
        ({"windows": [{"low": 5, "high": 1}]}, "'windows[0]': low (5) must be below high (1)"),
        ({"windows": [3]}, "'windows[0]' is 3; it must be a table"),
        ({"extra": []}, "'extra' is []; it must be a table"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_is_allowed(change, sentence):
    with pytest.raises(Refusal) as refusal:
        from_document(Recipe, {**GOOD, **change}, where="recipe.toml")
    assert sentence in str(refusal.value)
    assert refusal.value.where == "recipe.toml"


def test_all_mistakes_are_said_at_once():
    with pytest.raises(Refusal, match=r"'a' is unknown.*'name' is missing.*'patch' is missing.*'overlap' is 2"):
        from_document(Recipe, {"a": 1, "overlap": 2})


def test_files_are_read_and_faults_of_the_file_itself_are_said(tmp_path):
    toml = tmp_path / "recipe.toml"
    toml.write_text('name = "abc"\npatch = [96, 64]\n[[windows]]\nlow = 0\nhigh = 30\n')
    document = write_json(tmp_path / "recipe.json", {**GOOD}, format_name="test", version=1)
    assert load_toml(toml, Recipe).windows[0].high == 30
    assert load_json(document, Recipe, format_name="test", version=1).patch == (96, 64)
    toml.write_text("name = ")
    with pytest.raises(Failure, match="not valid TOML"):
        load_toml(toml, Recipe)
    with pytest.raises(Failure, match="Cannot read"):
        load_toml(tmp_path / "none.toml", Recipe)


def test_the_json_schema_states_the_same_rules():
    schema = json_schema(Recipe)
    assert schema["required"] == ["name", "patch"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["overlap"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 0.9,
        "description": "fraction of a tile",
        "default": 0.5,
    }
    assert properties["name"] == {"type": "string", "pattern": "^(?:[a-z]+)$"}
    assert properties["mode"] == {"enum": ["mean", "max"], "default": "mean"}
    assert properties["windows"]["minItems"] == 1
    assert properties["windows"]["items"]["required"] == ["low", "high"]
    assert properties["patch"]["prefixItems"][1] == {"type": "integer", "minimum": 1, "maximum": 512}
    assert {"type": "null"} in properties["spacing"]["anyOf"]


recipes = st.builds(
    Recipe,
    name=st.from_regex("[a-z]{1,8}", fullmatch=True),
    patch=st.tuples(st.integers(1, 512), st.integers(1, 512)),
    windows=st.tuples(st.builds(Window, low=st.floats(-1000, -1), high=st.floats(0, 1000))),
    overlap=st.floats(0, 0.9),
    mode=st.sampled_from(["mean", "max"]),
    spacing=st.none() | st.floats(0.1, 10),
)


@given(recipes)
def test_what_is_written_is_read_back(recipe):
    assert from_document(Recipe, to_document(recipe)) == recipe


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "windows", "x"]), inner),
    max_leaves=8,
)


@given(json_values)
def test_any_other_document_is_refused_with_a_sentence_and_never_crashes(value):
    try:
        from_document(Recipe, value)
    except Refusal as refusal:
        assert "not valid" in refusal.what
