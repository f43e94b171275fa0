"""Images of a case on the network's grid, made once and kept by the hash of what they were made from.

Raw SUV and HU are kept, not channels: augmentation acts on what a scanner measures, and other windows need no new
preparation. An entry is a folder of uncompressed arrays, read by memory mapping: a patch costs its own bytes, and
processes share what the system has in memory. Called by `patches.py` before training begins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import atomic_folder, read_json, write_json
from CLIPSLib.locks import only_one
from CLIPSLib.models import Inputs
from CLIPSLib.training.case_list import hash_files
from CLIPSLib.training.data.reading import read_case
from CLIPSLib.training.recipe import ClassRecipe
from CLIPSLib.training.types import CaseFacts, TrainingCase

FORMAT, VERSION = "clips-prepared-case", 1
SITES = 20_000  # remembered voxels per class and of the body; enough that none is favored
BODY_HU, BODY_SUV = -300.0, 0.3  # a voxel of the body has more than either
STORED = np.float16  # SUV within 0.05 %, HU within 1 (2 above 2048): below what augmentation changes, half the bytes


@dataclass(frozen=True, kw_only=True)
class PreparedCase:
    """One entry of the cache. scaling: mean and standard deviation of the channels that are scaled by their image.

    site_counts: remembered lesion voxels per class, in the order of `lesion_sites`.
    """

    folder: Path
    facts: CaseFacts
    site_counts: tuple[int, ...]
    scaling: Mapping[str, tuple[float, float]]
    spacing_mm: tuple[float, float, float]  # z, y, x

    def load(self, name: str) -> np.ndarray | None:
        """The array "suv", "hu", "prior", "labels", "body_sites" or "lesion_sites" (memory mapped); None: not there.

        Raises:
            Failure: the file is missing or damaged.
        """
        path = self.folder / f"{name}.npy"
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error


def prepare_case(case: TrainingCase, inputs: Inputs, classes: tuple[ClassRecipe, ...], cache: Path) -> PreparedCase:
    """The case from the cache, or prepared and put there. Two processes may prepare at the same time.

    Raises:
        Refusal: an image is missing or does not fit (named with the case). Failure: unreadable, disk full.
    """
    case = case if case.sha256 else hash_files(case)
    folder = cache / entry_key(case, inputs, classes)
    with only_one(cache / f".{folder.name[:16]}.lock", wait_s=3600):
        if not (folder / "case.json").exists():
            _require_unchanged(case)
            _prepare(case, inputs, classes, folder)
    return _open(folder, case)


def entry_key(case: TrainingCase, inputs: Inputs, classes: tuple[ClassRecipe, ...]) -> str:
    """The name of the entry: SHA-256 of the files' hashes and of everything that preparation depends on."""
    by_image = [c.name for c in inputs.channels if c.scaling == "image"]
    recipe = {
        "format": VERSION,
        "files": dict(sorted(case.sha256.items())),
        "images": sorted({channel.image for channel in inputs.channels}),
        "by_image": [[c.name, c.image, c.clip] for c in inputs.channels if c.name in by_image],
        "grid": [inputs.grid, inputs.spacing_mm, inputs.orientation, inputs.axes],
        "classes": [list(each.values) for each in classes],
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def _require_unchanged(case: TrainingCase) -> None:
    """The files still are what was frozen. Raises Refusal with the one that is not."""
    for name, now in hash_files(case).sha256.items():
        if case.sha256.get(name) != now:
            raise Refusal(
                "case-changed",
                f"The {name} of case '{case.case_id}' is not the file that was frozen for this run",
                case.files()[name],
                "Restore the file, or freeze the cases again.",
            )


def _prepare(case: TrainingCase, inputs: Inputs, classes: tuple[ClassRecipe, ...], folder: Path) -> None:
    volumes = read_case(case, inputs, classes)
    labels = volumes.labels
    with atomic_folder(folder) as temporary:
        for name, array in volumes.images.items():
            np.save(temporary / f"{name}.npy", array.astype(STORED))
        np.save(temporary / "labels.npy", labels)
        np.save(temporary / "body_sites.npy", _some_sites(_body(volumes.images)))
        lesions = [_some_sites(labels == value) for value in range(1, len(classes) + 1)]
        np.save(temporary / "lesion_sites.npy", np.concatenate(lesions))
        facts = {
            "shape": list(labels.shape),
            "spacing_mm": list(volumes.spacing_mm),
            "foreground": [int((labels == value).sum()) for value in range(1, len(classes) + 1)],
            "sites": [len(sites) for sites in lesions],
            "scaling": volumes.scaling,
            "files": {path.name: path.stat().st_size for path in sorted(temporary.glob("*.npy"))},
        }
        write_json(temporary / "case.json", facts, format_name=FORMAT, version=VERSION)


def _open(folder: Path, case: TrainingCase) -> PreparedCase:
    facts = read_json(folder / "case.json", format_name=FORMAT, version=VERSION)
    for name, size in facts["files"].items():
        path = folder / name
        if not path.is_file() or os.path.getsize(path) != size:
            raise _damaged(path, f"it belongs to case '{case.case_id}'")
    return PreparedCase(
        folder=folder,
        facts=CaseFacts(shape=tuple(facts["shape"]), foreground=tuple(facts["foreground"])),
        site_counts=tuple(facts["sites"]),
        scaling={name: tuple(pair) for name, pair in facts["scaling"].items()},
        spacing_mm=tuple(facts["spacing_mm"]),
    )


def _body(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where the patient is; everywhere when nothing looks like a body."""
    body = np.zeros(next(iter(images.values())).shape, bool)
    if "hu" in images:
        body |= images["hu"] > BODY_HU
    if "suv" in images:
        body |= images["suv"] > BODY_SUV
    return body if body.any() else ~body


def _some_sites(mask: np.ndarray) -> np.ndarray:
    """Flat indices of up to `SITES` voxels of a mask, ascending, the same ones every time."""
    sites = np.flatnonzero(mask)
    if len(sites) > SITES:
        sites = np.sort(np.random.default_rng(0).choice(sites, SITES, replace=False))
    return sites.astype(np.int64)


def _damaged(path: Path, why: str) -> Failure:
    return Failure(
        "cache-damaged",
        f"A prepared image is missing or damaged: {why}",
        str(path),
        "Remove its folder; it is made again when training starts.",
    )
