"""The tumor of a segmentation, and what is tagged physiological in it, as arrays. Called by the families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.measures import PHYSIOLOGICAL, TUMOR

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.cases import MaskVersion
    from CLIPSLib.measures.inputs import MeasurableSegmentation

_MEMBER = " ["


def mask_of(segmentation: MeasurableSegmentation, kind: str = TUMOR) -> np.ndarray:
    """The voxels of all lesions of a kind, bool `[z, y, x]`."""
    labels = array_view(segmentation.labels)
    wanted = [lesion.label for lesion in segmentation.lesions if lesion.kind == kind]
    return np.isin(labels, wanted)


def physiological_of(segmentation: MeasurableSegmentation, organs: np.ndarray | None = None) -> np.ndarray | None:
    """The voxels that somebody tagged physiological, and those of organs; None where neither is known."""
    tagged = mask_of(segmentation, PHYSIOLOGICAL)
    if organs is not None:
        return tagged | organs
    return tagged if tagged.any() else None


def tumor_image(segmentation: MeasurableSegmentation) -> sitk.Image:
    """The labels of the tumor alone, on the grid of the segmentation."""
    labels = array_view(segmentation.labels)
    return image_like(np.where(mask_of(segmentation), labels, 0).astype(labels.dtype), segmentation.labels)


def made_of(mask: MaskVersion) -> list[Any]:
    """What a mask and its probabilities follow from: voxels, model, hashes of its weights, options. JSON-ready.

    The hash of the mask alone says nothing of its probabilities.
    """
    return [mask.sha256, mask.model, weights_of(mask), mask.provenance.get("options", {})]


def weights_of(mask: MaskVersion) -> Mapping[str, str]:
    """SHA-256 by file of the weights that a predicted mask was made with; empty for threshold methods."""
    told = mask.provenance.get("network", {}).get("sha256") or mask.provenance.get("weights_sha256")
    return told or {}


def member_name(model: str, member: str) -> str:
    """The name under which the mask of one member of an ensemble is kept: "mine@1.0 [fold 2]"."""
    return f"{model}{_MEMBER}{member}]"


def member_of(model: str) -> str | None:
    """The ensemble whose member a mask is from; None: it is from a whole model."""
    whole, found, _ = model.partition(_MEMBER)
    return whole if found else None
