"""The model of a run, or of an experiment's arm, becomes the one that CLIPS Segmentation segments with: installed,
chosen, its module opened. Called by the sections "Runs" and "Compare".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSTrainingLib.BackgroundWork import BackgroundWork


def useRun(folder: Path, work: BackgroundWork, say: Callable[[str], None]) -> None:
    """Choose the model of a finished run, installed in the background unless it is.

    Raises:
        ClipsError: no valid model there, or the work cannot be started.
    """
    from CLIPSLib.models import ModelStore, read_description
    from CLIPSLib.models.description import DESCRIPTION_FILE
    from CLIPSLib.tasks.install_job import is_installed

    model = folder / "model"
    if is_installed(model, ModelStore()):
        _chosen(read_description(model / DESCRIPTION_FILE).model_id, say)
    else:
        _install({"model": str(model)}, work, say)


def useArm(experiment: Path, arm: str, work: BackgroundWork, say: Callable[[str], None]) -> None:
    """Choose the networks of all folds of an arm ("": the winner) as one model that votes, made in the background.

    Raises:
        ClipsError: the work cannot be started.
    """
    _install({"experiment": str(experiment), "arm": arm}, work, say)


def choose(modelId: str) -> None:
    """Make an installed model the chosen method of the scene, and open the module that applies it."""
    from CLIPSSegmentation import CLIPSSegmentationLogic

    CLIPSSegmentationLogic().getParameterNode().model = modelId
    if slicer.util.mainWindow() is not None:
        slicer.util.selectModule("CLIPSSegmentation")


def _install(arguments: Mapping[str, str], work: BackgroundWork, say: Callable[[str], None]) -> None:
    from CLIPSLib.tasks.install_job import VERB

    work.start(VERB, arguments, lambda status: _chosen(status.result["model"], say))


def _chosen(modelId: str, say: Callable[[str], None]) -> None:
    choose(modelId)
    say(_("{model} is installed and chosen in CLIPS Segmentation.").format(model=modelId))
