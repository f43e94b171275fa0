"""A small network, trained on phantoms, tells lesions from physiological uptake that is as hot: no threshold can.

No two patients are alike: body size, the uptake of every organ, the lesions and the noise differ, so that neither
places nor values can be learned by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import builders_run
import numpy as np
import pytest
from CLIPSLib.evaluation import dice
from CLIPSLib.formats import read_image, read_labels, write_image, write_labels
from CLIPSLib.imaging import array_view, at_least, image_like
from CLIPSLib.phantom import PRESETS, write_phantom
from CLIPSLib.phantom.presets import PetGrid, Preset
from CLIPSLib.phantom.uptake import TYPICAL
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

HOT_ORGANS = ("gray_matter", "white_matter", "cerebellum", "myocardium", "renal_pelvis", "kidney", "ureter", "bladder")
RECIPE = Recipe(
    name="phantoms",
    data=DataRecipe(spacing_mm=None, patch=(32, 32, 32), workers=0),
    network=NetworkRecipe(options={"filters": 8}),
    optimizer=OptimizerRecipe(learning_rate=3e-3),
    training=TrainingRecipe(steps=400, device="cpu"),
    validation=ValidationRecipe(every=0),
)


def patient(seed: int) -> Preset:
    """Vertex to thigh, ten nodes scattered by the seed; brain, heart, kidneys and bladder are as hot as they.

    The network sees voxels, so that voxels of 5.4 to 6.6 mm are bodies that are up to a tenth larger or smaller.
    """
    random = np.random.default_rng(seed)
    hot = {name: getattr(TYPICAL, name) for name in HOT_ORGANS}
    return replace(
        PRESETS["whole-body"],
        name="coarse",
        grid=PetGrid(
            columns=92, pixel_mm=round(random.uniform(5.4, 6.6), 2), slice_mm=round(random.uniform(5.4, 6.6), 2)
        ),
        ct_columns=96,
        ct_slice_mm=6.0,
        uptake=replace(TYPICAL, **{name: round(suv * random.uniform(0.5, 1.5), 1) for name, suv in hot.items()}),
        lesions=(),
        scattered_lesions=10,
    )


def write_patient(folder: Path, seed: int, role: str) -> TrainingCase:
    """A phantom as PET, CT and mask of its true lesions."""
    from CLIPSLib.study import load_study

    truth = write_phantom(folder / f"dicom-{seed}", preset=patient(seed), seed=seed)
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


def threshold_dice(case: TrainingCase, thresholds: Sequence[float]) -> float:
    """Dice against the true lesions of the best of these SUV thresholds: chosen by the truth, as no reader could."""
    suv, mask = array_view(read_image(case.pet)), array_view(read_labels(case.mask))
    return max(dice(at_least(suv, threshold), mask > 0) for threshold in thresholds)


@pytest.mark.slow
def test_a_small_network_beats_suv_4_and_every_other_threshold_on_phantoms_it_never_saw(tmp_path):
    train_on = [write_patient(tmp_path, seed, "train") for seed in range(1, 9)]
    held_out = [write_patient(tmp_path, seed, "validate") for seed in range(101, 104)]
    run = builders_run.run(tmp_path / "run", case_list=CaseList(cases=(*train_on, *held_out)), recipe=RECIPE)
    train(run.path)
    found = [float(row["dice"]) for row in read_table(run.validation)]
    suv_4 = [threshold_dice(case, [4.0]) for case in held_out]
    any_suv = [threshold_dice(case, np.arange(2.0, 30.0, 0.5)) for case in held_out]
    print(f"Dice of the network {found}, of SUV >= 4 {suv_4}, of the best threshold of each {any_suv}")
    assert len(found) == 3
    assert np.mean(found) > np.mean(suv_4) + 0.2
    assert min(np.array(found) - np.array(any_suv)) > 0.1
