"""One entry of the cache of prepared images: a folder of uncompressed arrays and what is known of the case.

Made by `prepare.py`; read, patch by patch, by `spatial.py` and `sampling.py`. Arrays are mapped, not read: a patch
costs its own bytes, and processes share what the system has in memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Failure
from CLIPSLib.files import read_json
from CLIPSLib.training.types import CaseFacts, TrainingCase

FORMAT, VERSION = "clips-prepared-case", 3
CASE_FILE = "case.json"


@dataclass(frozen=True, kw_only=True)
class PreparedCase:
    """names: of the arrays that the case has. scaling: mean and standard deviation of the channels that are scaled by
    their image. site_counts: remembered lesion voxels per class, in the order of `lesion_sites`. lost: numbers of the
    classes that the mask has and that are too small for the network's voxels. merged: the mask holds several values,
    and the recipe's only class takes them all.
    """

    case_id: str
    folder: Path
    facts: CaseFacts
    names: frozenset[str]
    site_counts: tuple[int, ...]
    scaling: Mapping[str, tuple[float, float]]
    lost: tuple[int, ...]
    merged: bool

    def load(self, name: str) -> np.ndarray | None:
        """The array "suv", "hu", "prior", "labels", "body_sites" or "lesion_sites"; None: the case has none.

        Raises:
            Failure: the file vanished or is damaged, with the case named.
        """
        if name not in self.names:
            return None
        path = self.folder / f"{name}.npy"
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise _damaged(path, self.case_id) from error


def open_prepared(folder: Path, case: TrainingCase) -> PreparedCase:
    """The entry in a folder. Raises Failure, Refusal: it is not whole."""
    facts = read_json(folder / CASE_FILE, format_name=FORMAT, version=VERSION)
    for name, size in facts["files"].items():
        path = folder / name
        if not path.is_file() or os.path.getsize(path) != size:
            raise _damaged(path, case.case_id)
    return PreparedCase(
        case_id=case.case_id,
        folder=folder,
        facts=CaseFacts(
            shape=tuple(facts["shape"]),
            foreground=tuple(facts["foreground"]),
            spacing_mm=tuple(facts["spacing_mm"]),
        ),
        names=frozenset(Path(name).stem for name in facts["files"]),
        site_counts=tuple(facts["sites"]),
        scaling={name: tuple(pair) for name, pair in facts["scaling"].items()},
        lost=tuple(facts["lost"]),
        merged=facts["merged"],
    )


def _damaged(path: Path, case_id: str) -> Failure:
    return Failure(
        "cache-damaged",
        f"A prepared image of case '{case_id}' is missing or damaged",
        str(path),
        "Resume the run: it is made again when training starts.",
    )
