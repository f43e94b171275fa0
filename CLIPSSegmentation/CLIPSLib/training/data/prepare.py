"""Images of a case on the network's grid, made once and kept by the hash of what they were made from.

Raw SUV and HU are kept, not channels: augmentation acts on what a scanner measures, and other windows need no new
preparation. Called by `patches.py` before training begins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Caution, ClipsError
from CLIPSLib.files import atomic_folder, write_json
from CLIPSLib.locks import only_one
from CLIPSLib.models import Inputs
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.training.case_list import hash_files, require_unchanged
from CLIPSLib.training.data.prepared import CASE_FILE, FORMAT, VERSION, PreparedCase, open_prepared
from CLIPSLib.training.data.reading import read_case
from CLIPSLib.training.recipe import ClassRecipe
from CLIPSLib.training.types import TrainingCase

SITES = 20_000  # remembered voxels per class and of the body; enough that none is favored
BODY_HU, BODY_SUV = -300.0, 0.3  # a voxel of the body has more than either
STORED = np.float16  # SUV within 0.05 %, HU within 1 (2 above 2048): below what augmentation changes, half the bytes
_LARGEST = float(np.finfo(STORED).max)
_WAIT_S = 3600.0  # for another run that prepares the same case


def prepare_case(
    case: TrainingCase,
    inputs: Inputs,
    classes: tuple[ClassRecipe, ...],
    cache: Path,
    *,
    reporter: Reporter = SILENT,
) -> PreparedCase:
    """The case from the cache, or prepared and put there; a damaged entry is made again, with a caution.

    Two processes may prepare at the same time: one waits for the other.

    Raises:
        Refusal: an image does not fit, or is not the one that was frozen (named with the case). Failure: missing,
            unreadable, disk full.
    """
    case = case if case.sha256 else hash_files(case)
    folder = cache / entry_key(case, inputs, classes)
    with only_one(cache / f".{folder.name[:16]}.lock", wait_s=_WAIT_S):
        if (folder / CASE_FILE).exists():
            try:
                return open_prepared(folder, case)
            except ClipsError as error:
                reporter.caution(Caution(error.code, f"{error.what}: it is made again", error.where))
        require_unchanged(case)
        _prepare(case, inputs, classes, folder)
        return open_prepared(folder, case)


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


def _prepare(case: TrainingCase, inputs: Inputs, classes: tuple[ClassRecipe, ...], folder: Path) -> None:
    volumes = read_case(case, inputs, classes)
    labels = volumes.labels
    lesions = [_some_sites(labels == value) for value in range(1, len(classes) + 1)]
    with atomic_folder(folder, overwrite=True) as temporary:
        for name, array in volumes.images.items():
            _save(temporary / f"{name}.npy", np.clip(array, -_LARGEST, _LARGEST).astype(STORED))
        _save(temporary / "labels.npy", labels)
        _save(temporary / "body_sites.npy", _some_sites(_body(volumes.images)))
        _save(temporary / "lesion_sites.npy", np.concatenate(lesions))
        facts = {
            "shape": list(labels.shape),
            "spacing_mm": list(volumes.spacing_mm),
            "foreground": [int((labels == value).sum()) for value in range(1, len(classes) + 1)],
            "sites": [len(sites) for sites in lesions],
            "lost": list(volumes.lost),
            "merged": volumes.merged,
            "scaling": volumes.scaling,
            "files": {path.name: path.stat().st_size for path in sorted(temporary.glob("*.npy"))},
        }
        write_json(temporary / CASE_FILE, facts, format_name=FORMAT, version=VERSION)


def _save(path: Path, array: np.ndarray) -> None:
    """Write an array and have it on the disk before the entry gets its name: sizes alone tell nothing of a power cut.

    `np.save` would not tell why a write failed.
    """
    array = np.ascontiguousarray(array)
    with open(path, "wb") as stream:
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
        stream.write(array.data)
        stream.flush()
        os.fsync(stream.fileno())


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
