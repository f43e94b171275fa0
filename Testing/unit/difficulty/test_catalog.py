"""The list of measurers is complete: everything that is measured is described, on the page too."""

from __future__ import annotations

import numpy as np
from builders_volume import study_of
from CLIPSLib.difficulty import UptakeOptions, list_measurers
from CLIPSLib.difficulty.lesions import reference_case
from CLIPSLib.difficulty.uptake import measure_uptake
from rooms import REPOSITORY


def test_every_measurer_has_its_definition_and_caveat():
    for measurer in list_measurers():
        assert measurer.title and measurer.rule.endswith(".") and measurer.caveat.endswith(".")


def test_what_the_uptake_family_measures_is_what_is_described():
    suv = np.random.default_rng(0).normal(1.0, 0.1, (20, 20, 20)).astype(np.float32)
    tumor = np.zeros(suv.shape, dtype=bool)
    tumor[4:8, 4:8, 4:8] = True
    pet = study_of(suv, spacing_xyz=(5.0, 5.0, 5.0)).pet
    found = measure_uptake(reference_case(pet, tumor, options=UptakeOptions()))
    assert list(found) == [measurer.name for measurer in list_measurers() if measurer.family == "uptake"]


def test_the_page_lists_every_measurer():
    page = (REPOSITORY / "docs" / "difficulty.md").read_text(encoding="utf-8")
    assert [m.name for m in list_measurers() if f"`{m.name}`" not in page] == []
