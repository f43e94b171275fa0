"""The models that are installed on this machine: list, get, install, remove, verify.

Called by the segmenters' registry and by `clips models`. A model is the folder `<store>/<name>/<version>`; nothing
here loads torch except to try weights, where it is installed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.errors import Caution, ClipsError, Failure, Refusal, UsageError
from CLIPSLib.files import atomic_folder, sha256_file
from CLIPSLib.models.description import DESCRIPTION_FILE, ModelDescription, ModelFile, read_description
from CLIPSLib.models.loading import load_networks, missing_package
from CLIPSLib.models.location import user_folder
from CLIPSLib.models.package import Package, copy_description, copy_file, opened
from CLIPSLib.progress import SILENT, Reporter

_REFERENCE = re.compile(r"([a-z0-9][a-z0-9.-]{0,63})(?:@([A-Za-z0-9][A-Za-z0-9.-]{0,63}))?")


@dataclass(frozen=True, kw_only=True)
class InstalledModel:
    """A model of the store and the folder of its files."""

    description: ModelDescription
    folder: Path

    @property
    def model_id(self) -> str:
        return self.description.model_id

    @property
    def weights_sha256(self) -> dict[str, str]:
        """Of each file of weights, by name, as the description states it."""
        return {file.name: file.sha256 for file in self.description.files if file.role != "text"}

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.description.files)


@dataclass(frozen=True, kw_only=True)
class StoreContents:
    """What a store holds. models: by name, the newest version first. damaged: folders that hold no valid model."""

    models: tuple[InstalledModel, ...]
    damaged: tuple[ClipsError, ...]


class ModelStore:
    """The installed models under one folder (`models` in the user's folder unless another is named)."""

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root) if root is not None else user_folder() / "models"

    def contents(self) -> StoreContents:
        """Everything that is installed; what is damaged is listed, not raised."""
        models, damaged = [], []
        for folder in self._folders():
            try:
                models.append(self._read(folder))
            except ClipsError as error:
                damaged.append(error)
        models.sort(key=lambda model: _order(model.description.version), reverse=True)
        models.sort(key=lambda model: model.description.name)
        return StoreContents(models=tuple(models), damaged=tuple(damaged))

    def get(self, reference: str) -> InstalledModel:
        """A model by "name" (its newest version) or "name@version".

        Raises:
            UsageError: none is installed. Failure, Refusal: its `model.json` is damaged.
        """
        name, version = _parse(reference)
        if not self.has(reference):
            raise self._not_installed(reference)
        return self._read(self.root / name / (version or self.versions(name)[0]))

    def has(self, reference: str) -> bool:
        """True when a model of this name is installed (with "name@version": in this version)."""
        match = _REFERENCE.fullmatch(reference)
        versions = self.versions(match[1]) if match else []
        return bool(versions) and (match[2] is None or match[2] in versions)

    def versions(self, name: str) -> list[str]:
        """The installed versions of a model, the newest first."""
        found = [folder.name for folder in self._folders() if folder.parent.name == name]
        return sorted(found, key=_order, reverse=True)

    def install(
        self, source: str | Path | Package, *, overwrite: bool = False, reporter: Reporter = SILENT
    ) -> tuple[InstalledModel, tuple[Caution, ...]]:
        """Copy a model (folder or ZIP with a `model.json`) into the store, after checking every file of it.

        The weights are loaded once, on trial, where PyTorch is installed; a caution says so where it is not.

        Raises:
            Refusal: no valid description, an unsafe archive, weights that do not fit, or this version is installed
                and `overwrite` is False. Failure: a file is missing or damaged (named); the disk is full. Cancelled.
        """
        if isinstance(source, str | Path):
            with opened(source) as package:
                return self.install(package, overwrite=overwrite, reporter=reporter)
        with tempfile.TemporaryDirectory(prefix="clips-model-") as temporary:
            copy_description(source, Path(temporary))
            description = _with_place(read_description, Path(temporary) / DESCRIPTION_FILE, source.where)
        target = self.root / description.name / description.version
        if target.exists() and not overwrite:
            raise Refusal(
                "installed-already",
                f"The model '{description.model_id}' is installed already",
                str(target),
                "Ask for overwriting, or give the new one another version.",
            )
        with atomic_folder(target, overwrite=overwrite) as folder:
            copy_description(source, folder)
            for file in description.files:
                copy_file(source, file, folder, reporter)
            cautions = _try_weights(description, folder)
        return InstalledModel(description=description, folder=target), cautions

    def verify(self, reference: str, *, reporter: Reporter = SILENT) -> tuple[InstalledModel, tuple[Caution, ...]]:
        """Compare every file with its recorded hash, and load the weights on trial.

        Raises:
            Failure: files are missing or damaged; all are named. Refusal: the weights do not fit. UsageError: as `get`.
        """
        model = self.get(reference)
        check_files(model, reporter)
        return model, _try_weights(model.description, model.folder)

    def remove(self, reference: str) -> Path:
        """Delete a model, also a damaged one; asks nothing. Gives the folder that is gone.

        Raises:
            UsageError: not installed, or several versions are and none is named. Failure: it cannot be deleted.
        """
        name, version = _parse(reference)
        versions = self.versions(name)
        if version is None and len(versions) > 1:
            known = ", ".join(f"{name}@{known}" for known in versions)
            raise UsageError(
                "which-version", f"Several versions of '{name}' are installed", "", f"Name one of: {known}."
            )
        version = version or (versions[0] if versions else "")
        if version not in versions:
            raise self._not_installed(reference)
        folder = self.root / name / version
        try:
            shutil.rmtree(folder)
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
        except OSError as error:
            raise Failure("cannot-remove", f"Cannot remove the model: {error.strerror}", str(folder)) from error
        return folder

    def _folders(self) -> Iterator[Path]:
        """The folders of models; links, and what an interrupted installation left, are none of ours."""
        for name in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            if name.is_dir() and not name.is_symlink():
                yield from (
                    folder
                    for folder in sorted(name.iterdir())
                    if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith(".")
                )

    def _read(self, folder: Path) -> InstalledModel:
        description = read_description(folder / DESCRIPTION_FILE)
        if (description.name, description.version) != (folder.parent.name, folder.name):
            raise Refusal(
                "wrong-place",
                f"The folder holds the model '{description.model_id}'",
                str(folder),
                "Remove it and install the model again.",
            )
        return InstalledModel(description=description, folder=folder)

    def _not_installed(self, reference: str) -> UsageError:
        installed = ", ".join(model.model_id for model in self.contents().models) or "none"
        remedy = f"Installed models: {installed}. Install one: clips models install PATH."
        return UsageError("model-not-installed", f"The model '{reference}' is not installed", str(self.root), remedy)


def check_files(model: InstalledModel, reporter: Reporter = SILENT) -> None:
    """Compare every file of a model with the size and the SHA-256 in its description.

    Raises:
        Failure: some are missing or damaged; all are named.
    """
    problems = []
    for number, file in enumerate(model.description.files):
        reporter.progress("Checking files of the model", number / len(model.description.files))
        reporter.check()
        if problem := _file_problem(model.folder / file.name, file):
            problems.append(f"'{file.name}' {problem}")
    reporter.progress("Checking files of the model", 1.0)
    if problems:
        raise Failure(
            "model-damaged",
            f"The model '{model.model_id}' is damaged: {', '.join(problems)}",
            str(model.folder),
            "Remove it and install it again.",
        )


def _file_problem(path: Path, file: ModelFile) -> str | None:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != file.size_bytes:
        return f"has {path.stat().st_size} instead of {file.size_bytes} bytes"
    return None if sha256_file(path) == file.sha256 else "is not the file that was installed"


def _try_weights(description: ModelDescription, folder: Path) -> tuple[Caution, ...]:
    if package := missing_package(description):
        return (
            Caution(
                "weights-not-tried",
                f"The weights were compared by hash but not loaded, because {package} is not installed here",
                description.model_id,
            ),
        )
    load_networks(description, folder)
    return ()


def _with_place(read, path: Path, where: str) -> ModelDescription:
    """Read, with errors that name the package instead of our temporary copy."""
    try:
        return read(path)
    except ClipsError as error:
        raise type(error)(error.code, error.what, f"{where}: {DESCRIPTION_FILE}", error.remedy) from error


def _parse(reference: str) -> tuple[str, str | None]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise UsageError("not-a-model-name", f"'{reference}' is no model name", "", "Write NAME or NAME@VERSION.")
    return match[1], match[2]


def _order(version: str) -> tuple:
    """For sorting: 1.9, 1.10-rc1, 1.10; versions in words ("local-3f2a") come before all numbers."""
    release, dash, suffix = version.partition("-")
    return _parts(release), not dash, _parts(suffix)


def _parts(text: str) -> list[tuple[int, int, str]]:
    found = re.findall(r"\d+|[A-Za-z]+", text)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in found]
