"""The model of a run becomes the one that CLIPS Segmentation segments with: installed, chosen, its module opened.

Called by the sections "Runs" and "Compare".
"""

from __future__ import annotations

from pathlib import Path

import slicer


def useForSegmentation(modelFolder: Path) -> str:
    """Install a run's model, unless this version is installed, and choose it in CLIPS Segmentation; gives its id.

    Raises:
        ClipsError: no valid model there, a file is damaged, the disk is full.
    """
    from CLIPSLib.models import ModelStore, read_description
    from CLIPSLib.models.description import DESCRIPTION_FILE

    store, modelId = ModelStore(), read_description(modelFolder / DESCRIPTION_FILE).model_id
    if not store.has(modelId):
        store.install(modelFolder)
    choose(modelId)
    return modelId


def choose(modelId: str) -> None:
    """Make an installed model the chosen method of the scene, and open the module that applies it."""
    from CLIPSSegmentation import CLIPSSegmentationLogic

    CLIPSSegmentationLogic().getParameterNode().model = modelId
    if slicer.util.mainWindow() is not None:
        slicer.util.selectModule("CLIPSSegmentation")
