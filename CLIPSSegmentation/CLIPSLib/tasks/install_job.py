"""A trained model installed as a background job: its weights are hashed, and loaded once on trial, which takes torch.

`run_job` is the verb "install-model" (see `verbs`), ordered by the panel for *Use*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CLIPSLib.errors import UsageError
from CLIPSLib.files import sha256_file
from CLIPSLib.models import InstalledModel, ModelStore, read_description
from CLIPSLib.models.description import DESCRIPTION_FILE
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.schema import from_document

VERB = "install-model"


@dataclass(frozen=True, kw_only=True)
class InstallRequest:
    """model: folder of a model, such as a finished run's; or experiment: a folder, of which one arm's networks become
    one model that votes (arm "": the winner)."""

    model: str = ""
    experiment: str = ""
    arm: str = ""


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Install, unless the very same is. arguments: those of `InstallRequest`. Returns {"model": its id}.

    Raises:
        Refusal, UsageError: arguments. Otherwise as `install_model`, `install_winner`.
    """
    request = from_document(InstallRequest, arguments, where=VERB)
    if bool(request.model) == bool(request.experiment):
        raise UsageError("arguments", f"The job '{VERB}' takes either a model or an experiment")
    if request.model:
        return {"model": install_model(request.model, reporter=reporter).model_id}
    from CLIPSLib.tasks.experiment_winner import install_winner

    return {"model": install_winner(request.experiment, request.arm or None, reporter=reporter).model_id}


def install_model(
    folder: str | Path, *, store: ModelStore | None = None, reporter: Reporter = SILENT
) -> InstalledModel:
    """The model of a folder, installed. An installed one of the same version with other files is replaced: it is what
    the same run had made before it went on.

    Raises:
        ClipsError: no valid model there, a file is damaged, the disk is full.
    """
    store = store or ModelStore()
    model_id = read_description(Path(folder) / DESCRIPTION_FILE).model_id
    if is_installed(folder, store):
        return store.get(model_id)
    return store.install(folder, overwrite=store.has(model_id), reporter=reporter)[0]


def is_installed(folder: str | Path, store: ModelStore) -> bool:
    """Whether the very model of a folder is installed: the version and the files. Raises as `read_description`."""
    source = Path(folder) / DESCRIPTION_FILE
    described = read_description(source)
    return store.has(described.model_id) and (
        sha256_file(store.get(described.model_id).folder / DESCRIPTION_FILE) == sha256_file(source)
    )
