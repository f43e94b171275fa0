"""Batches for TMTV-Net's original trainer, from a registry of cases: `datasets = {dataset: {split: batches}}`.

Run it: `python docs/examples/tmtvnet_original_trainer.py`. It needs CLIPS and PyTorch, makes its own phantom patients
in a temporary folder and takes half a minute. The loop at its end reads `datasets` as `run_trainer` does.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from CLIPSLib.cases import Registry, make_split
from CLIPSLib.phantom import write_phantom
from CLIPSLib.segmentation import segment_study
from CLIPSLib.study import load_study
from CLIPSLib.tasks.freeze_cases import freeze_cases
from CLIPSLib.training import TRAIN, VALIDATE, preset, read_cases
from CLIPSLib.training.data import open_patches, tmtvnet_datasets


def collect(folder: Path, patients: int) -> Registry:
    """A registry of phantom patients, each with a reviewed reference; yours comes from `clips cases add`."""
    registry = Registry.create(folder / "registry")
    for number in range(patients):
        write_phantom(folder / f"dicom{number}", preset="small", seed=number)
        study = load_study(folder / f"dicom{number}")
        case_id = registry.add_case(study, source="phantom").case_id
        mask = registry.add_mask(case_id, segment_study(study, "suv4"), origin="imported", author="example")
        registry.set_reference(case_id, mask.id, author="example")
        registry.review(case_id, status="accepted", reader="example", mask_id=mask.id)
    registry.save_split("main", make_split(registry.cases(), holdout=0.34, seed=1))
    return registry


def datasets_of(cases_file: Path, cache: Path, *, batch_size: int) -> dict:
    """What `run_trainer(configuration, datasets, model, optimizer)` takes, from a frozen list of cases."""
    listed = read_cases(cases_file)
    recipe = preset("tmtvnet-unet")  # 6 mm, patches of 128 x 96 x 96, the authors' augmentation
    patches = open_patches(listed.cases, recipe.data, recipe.augmentation, cache)
    splits = {
        name: [case.case_id for case in listed.of_role(role)] for name, role in (("train", TRAIN), ("valid", VALIDATE))
    }
    return tmtvnet_datasets(patches, splits, batch_size=batch_size)


def show(datasets: dict, epochs: int = 2) -> None:
    """Every split of every dataset once per epoch, as the trainer goes through them."""
    for epoch in range(epochs):
        for dataset, splits in datasets.items():
            for split, batches in splits.items():
                for batch in batches:
                    lesion = 100 * batch["seg"].float().mean().item()
                    size = tuple(batch["suv"].shape)
                    print(f"epoch {epoch}  {dataset}/{split}  {batch['uid']}  {size}  lesion {lesion:.2f} %")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with collect(folder, patients=3) as registry:
            freeze_cases(registry, folder / "frozen", split="main")
        show(datasets_of(folder / "frozen" / "cases.json", folder / "cache", batch_size=2))


if __name__ == "__main__":
    main()
