"""The phantom as sample data: made on this machine when it is asked for, so that nothing is downloaded.

Registered by the module file when Slicer has started.
"""

from __future__ import annotations

import tempfile

import slicer
from slicer.i18n import tr as _

_CATEGORY = "CLIPS"
PHANTOM = "CLIPSPhantom"


def register(thumbnail: str) -> None:
    """Offer the phantom in the module Sample Data. thumbnail: a picture for its button."""
    import SampleData

    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):  # since Slicer 5.11
        logic.registerCustomSampleDataCategory(_CATEGORY, title=_("CLIPS: PET/CT"))
    logic.registerCustomSampleDataSource(
        category=_CATEGORY,
        sampleName=PHANTOM,
        uris="",  # nothing to download; None is not accepted
        fileNames=PHANTOM,
        nodeNames=PHANTOM,
        thumbnailFileName=thumbnail,
        customDownloader=lambda _source: load(),
    )


def load(preset: str = "small"):
    """Make a phantom and load it; returns (PET node, CT node)."""
    from CLIPSLib.phantom import write_phantom

    from CLIPSSegmentationLib.Logic import SegmentationLogic

    with tempfile.TemporaryDirectory(prefix="clips-phantom-", dir=slicer.app.temporaryPath) as folder:
        write_phantom(f"{folder}/phantom", preset=preset)
        return SegmentationLogic().loadStudy(f"{folder}/phantom")
