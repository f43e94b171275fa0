"""The choices that belong to a scene and are saved with it. Choices of the machine are in Settings."""

from __future__ import annotations

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import parameterNodeWrapper

DEFAULT_MODEL = "suv4"


@parameterNodeWrapper
class CLIPSSegmentationParameterNode:
    """petVolume, ctVolume: what to segment. model: name of the segmenter; options: what was changed of its options,
    as JSON per segmenter. segmentation: the result under review, measured on the PET it was made from.
    """

    petVolume: vtkMRMLScalarVolumeNode
    ctVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    model: str = DEFAULT_MODEL
    options: dict[str, str]
    growMethod: str = DEFAULT_MODEL
