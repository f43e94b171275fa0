"""Header values and the names that messages give them."""

from dataclasses import fields

from CLIPSLib.study.headers import PET_ATTRIBUTES, PetHeaders


def test_every_value_that_slices_may_contradict_has_a_name_for_people():
    assert set(PET_ATTRIBUTES) == {field.name for field in fields(PetHeaders)} - {"frames"}
