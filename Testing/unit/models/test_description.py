"""What `model.json` may say; the example of docs/models.md is valid."""

from __future__ import annotations

import json
import re

import pytest
import reference_data
from CLIPSLib.errors import Refusal
from CLIPSLib.models import Channel, Inputs, ModelDescription
from CLIPSLib.schema import from_document, json_schema, to_document


@pytest.fixture
def example() -> dict:
    page = (reference_data.REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    document = json.loads(block.replace("64 hexadecimal digits", "0" * 64))
    return {key: value for key, value in document.items() if not key.startswith("format")}


def test_the_example_of_the_documentation_is_valid(example):
    model = from_document(ModelDescription, example)
    assert model.model_id == "our-segresnet@1.0"
    assert [file.name for file in model.weight_files("fold")] == ["fold_0.pt", "fold_1.pt"]
    assert from_document(ModelDescription, to_document(model)) == model


def test_the_json_schema_names_every_field_of_the_example(example):
    schema = json_schema(ModelDescription)
    assert set(example) <= set(schema["properties"])
    assert set(schema["required"]) <= set(example)


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ({"clip": [5, 5]}, "empty"),
        ({"scaling": "unit"}, "needs 'clip'"),
        ({"scaling": "standard", "mean": 1.0}, "belong to scaling 'standard'"),
        ({"mean": 1.0, "sd": 2.0}, "belong to scaling 'standard'"),
        ({"image": "mr"}, "one of: suv, hu"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(channel, fault):
    with pytest.raises(Refusal, match=fault):
        from_document(Channel, {"name": "PET", "image": "suv", **channel})


@pytest.mark.parametrize("fields", [{"spacing_mm": [4, 4]}, {"spacing_mm": [4, 4, 0]}, {"orientation": "LPX"}])
def test_a_grid_that_makes_no_sense_is_refused(fields):
    with pytest.raises(Refusal, match=next(iter(fields))):
        from_document(Inputs, {"channels": [{"name": "PET", "image": "suv"}], **fields})


def test_a_model_needs_a_ct_when_it_reads_or_follows_one():
    pet, ct = Channel(name="PET", image="suv"), Channel(name="CT", image="hu")
    assert not Inputs(channels=(pet,)).needs_ct
    assert Inputs(channels=(pet, ct)).needs_ct
    assert Inputs(channels=(pet,), grid="ct").needs_ct
