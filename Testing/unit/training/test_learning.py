"""A small network, trained on phantoms, tells lesions from physiological uptake that is as hot: SUV >= 4 cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import builders_run
import numpy as np
import pytest
from CLIPSLib.evaluation import dice
from CLIPSLib.formats import read_image, read_labels, write_image, write_labels
from CLIPSLib.imaging import array_view, at_least, image_like
from CLIPSLib.phantom import PRESETS, write_phantom
from CLIPSLib.phantom.presets import PetGrid
from CLIPSLib.training import CaseList, Recipe, TrainingCase
from CLIPSLib.training.recipe import (
    DataRecipe,
    NetworkRecipe,
    OptimizerRecipe,
    TrainingRecipe,
    ValidationRecipe,
)
from CLIPSLib.training.tables import read_table

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.run import train  # noqa: E402

# Vertex to thigh on voxels of 6 mm: brain, heart, kidneys and bladder at SUV 8 to 20, and nodes scattered by the seed.
PATIENT = replace(
    PRESETS["whole-body"],
    name="coarse",
    grid=PetGrid(columns=84, pixel_mm=6.0, slice_mm=6.0),
    ct_columns=96,
    ct_slice_mm=6.0,
    lesions=(),
    scattered_lesions=10,
)
RECIPE = Recipe(
    name="phantoms",
    data=DataRecipe(spacing_mm=None, patch=(32, 32, 32), workers=0),
    network=NetworkRecipe(options={"filters": 8}),
    optimizer=OptimizerRecipe(learning_rate=3e-3),
    training=TrainingRecipe(steps=400, device="cpu"),
    validation=ValidationRecipe(every=0),
)


def write_patient(folder: Path, seed: int, role: str) -> TrainingCase:
    """A phantom as PET, CT and mask of its true lesions."""
    from CLIPSLib.study import load_study

    truth = write_phantom(folder / f"dicom-{seed}", preset=PATIENT, seed=seed)
    study = load_study(folder / f"dicom-{seed}")
    tumor = [each.label for each in truth.objects if each.kind == "tumor"]
    mask = np.isin(array_view(truth.object_labels()), tumor)
    paths = {name: folder / f"{seed}-{name}.nii.gz" for name in ("pet", "ct", "mask")}
    write_image(study.pet, paths["pet"])
    write_image(study.ct, paths["ct"])
    write_labels(image_like(mask.astype(np.uint16), study.pet), paths["mask"])
    return TrainingCase(
        case_id=f"phantom-{seed}", patient_id=str(seed), role=role, **{name: str(path) for name, path in paths.items()}
    )


def threshold_dice(case: TrainingCase) -> float:
    """Dice of SUV >= 4 against the true lesions."""
    suv, mask = array_view(read_image(case.pet)), array_view(read_labels(case.mask))
    return dice(at_least(suv, 4.0), mask > 0)


@pytest.mark.slow
def test_a_small_network_beats_suv_4_on_phantoms_it_never_saw(tmp_path):
    train_on = [write_patient(tmp_path, seed, "train") for seed in range(1, 9)]
    held_out = [write_patient(tmp_path, seed, "validate") for seed in range(101, 104)]
    run = builders_run.run(tmp_path / "run", case_list=CaseList(cases=(*train_on, *held_out)), recipe=RECIPE)
    train(run.path)
    found = [float(row["dice"]) for row in read_table(run.validation)]
    threshold = [threshold_dice(case) for case in held_out]
    print(f"Dice of the network {np.mean(found):.3f}, of SUV >= 4 {np.mean(threshold):.3f}")
    assert len(found) == 3
    assert np.mean(found) > np.mean(threshold) + 0.2
