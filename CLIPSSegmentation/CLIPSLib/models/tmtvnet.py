"""TMTV-Net from its two weight files as they are downloaded: which is which, which version, what to know about them.

Called by `clips models install tmtvnet`. Its description is `data/tmtvnet.json`; the weights are not ours to give.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from CLIPSLib import schema
from CLIPSLib.errors import Caution, Failure, UsageError
from CLIPSLib.files import read_json, sha256_file
from CLIPSLib.models.description import (
    DESCRIPTION_FILE,
    FORMAT,
    VERSION,
    ModelDescription,
    ModelFile,
)
from CLIPSLib.models.store import InstalledModel, ModelStore
from CLIPSLib.progress import SILENT, Reporter

TEMPLATE = Path(__file__).resolve().parent.parent / "data" / "tmtvnet.json"
TMTVNET_NAME = "tmtvnet"
WHERE_TO_GET = (
    "Download e_latest.model and r_latest.model: the README of https://github.com/qurit-frizi/TMTV-Net links their "
    "Google Drive folder. They are licensed CC BY-NC-SA 4.0, for research only."
)
HOW_TO_INSTALL = "Then: clips models install tmtvnet --weights FOLDER"


@dataclass(frozen=True)
class PublishedFile:
    """A weight file as recorded in the authors' repository: the ends of its SHA-256 and its size."""

    name: str
    role: str
    sha256_begins: str
    sha256_ends: str
    size_bytes: int

    def is_this(self, file: ModelFile) -> bool:
        return file.sha256.startswith(self.sha256_begins) and file.sha256.endswith(self.sha256_ends)


PUBLISHED = (
    PublishedFile("e_latest.model", "ensemble", "0792262f", "00004", 345_642_925),
    PublishedFile("r_latest.model", "refiner", "d25082f4", "d92de", 1_459_659),
)
_BETWEEN_SIZES = 50_000_000  # the ensemble is larger, the refiner smaller


def install_tmtvnet(
    store: ModelStore,
    weights: Sequence[str | Path],
    *,
    version: str | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> tuple[InstalledModel, tuple[Caution, ...]]:
    """Install TMTV-Net from its weight files: a folder that holds both, or the two files in any order.

    version: None: "published" when both files are those recorded in the authors' repository, else "local-" and the
    beginning of their hashes, so that different weights never share a name.

    Raises:
        UsageError: other than one folder or two files. Failure: a file is missing. Refusal: the weights do not fit the
            networks, or this version is installed already. As `ModelStore.install`.
    """
    paths = find_weights(weights)
    files = tuple(_describe(published, paths[published.role], reporter) for published in PUBLISHED)
    unlike = [published for published, file in zip(PUBLISHED, files, strict=True) if not published.is_this(file)]
    if version is None:
        local = "-".join(file.sha256[:6] for file in files)
        version = f"local-{local}" if unlike else "published"
    package = _WeightFiles(_description(files, version), {file.name: paths[file.role] for file in files})
    model, cautions = store.install(package, overwrite=overwrite, reporter=reporter)
    return model, (*cautions, *(_unlike_published(published, files) for published in unlike))


def find_weights(given: Sequence[str | Path]) -> dict[str, Path]:
    """Which of the given files (or of the files in the given folder) is the ensemble's and which the refiner's."""
    paths = [Path(path) for path in given]
    if len(paths) == 1 and paths[0].is_dir():
        paths = [paths[0] / published.name for published in PUBLISHED]
    if len(paths) != 2:
        raise UsageError(
            "tmtvnet-weights", "TMTV-Net needs the folder of its two weight files, or both files", "", WHERE_TO_GET
        )
    for path in paths:
        if not path.is_file():
            raise Failure("file-missing", f"There is no weight file '{path.name}'", str(path.parent), WHERE_TO_GET)
    by_role = {"ensemble" if path.stat().st_size > _BETWEEN_SIZES else "refiner": path for path in paths}
    if len(by_role) != 2:
        raise UsageError(
            "tmtvnet-weights",
            "The two files are not one of TMTV-Net's ensemble (346 MB) and one of its refiner (1.5 MB)",
            ", ".join(map(str, paths)),
            WHERE_TO_GET,
        )
    return by_role


class _WeightFiles:
    """The description and the downloaded files as one package under their published names."""

    def __init__(self, description: ModelDescription, paths: dict[str, Path]) -> None:
        self.where = str(next(iter(paths.values())).parent)
        self._paths = paths
        document = {"format": FORMAT, "format_version": VERSION, **schema.to_document(description)}
        self._description = json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8")

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self._description) if name == DESCRIPTION_FILE else open(self._paths[name], "rb")


def _describe(published: PublishedFile, path: Path, reporter: Reporter) -> ModelFile:
    reporter.progress(f"Reading {published.name}", 0.0)
    size = path.stat().st_size
    if size == 0:
        raise Failure("file-damaged", f"The weight file '{path.name}' is empty", str(path.parent), WHERE_TO_GET)
    file = ModelFile(name=published.name, role=published.role, sha256=sha256_file(path), size_bytes=size)
    reporter.progress(f"Reading {published.name}", 1.0)
    return file


def _description(files: tuple[ModelFile, ...], version: str) -> ModelDescription:
    document = read_json(TEMPLATE, format_name=FORMAT, version=VERSION)
    known = {key: value for key, value in document.items() if key not in ("format", "format_version")}
    return schema.from_document(ModelDescription, {**known, "version": version, "files": schema.to_document(files)})


def _unlike_published(published: PublishedFile, files: Sequence[ModelFile]) -> Caution:
    (file,) = (file for file in files if file.role == published.role)
    return Caution(
        "weights-not-published",
        f"{file.name} is not the file recorded in the authors' repository: its SHA-256 is {file.sha256[:8]}..."
        f"{file.sha256[-5:]} with {file.size_bytes} bytes, recorded is {published.sha256_begins}..."
        f"{published.sha256_ends} with {published.size_bytes}; published results need not hold for it",
    )
