"""Voxel grids of MRML nodes and of the core's images: LPS to RAS and back, without rounding.

Called by volumes and segments. Spacing, origin and directions are handed over one by one, because a combined
matrix taken apart again differs in the last digits; only signs change between LPS and RAS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Refusal

if TYPE_CHECKING:
    import SimpleITK as sitk

_LPS_RAS = np.diag([-1.0, -1.0, 1.0])
_TOLERANCE_MM = 1e-3


def set_grid(node, image: sitk.Image) -> None:
    """Give a volume node the grid (without the size) of an image."""
    direction = _LPS_RAS @ np.array(image.GetDirection()).reshape(3, 3)
    node.SetIJKToRASDirections((direction + 0.0).tolist())  # + 0.0: no negative zeros in saved scenes
    node.SetSpacing(image.GetSpacing())
    node.SetOrigin((_LPS_RAS @ np.array(image.GetOrigin()) + 0.0).tolist())


def copy_grid(image: sitk.Image, node) -> sitk.Image:
    """Give an image the grid of a volume node; returns the image."""
    image.SetDirection((_LPS_RAS @ directions(node) + 0.0).ravel().tolist())
    image.SetSpacing(node.GetSpacing())
    image.SetOrigin((_LPS_RAS @ np.array(node.GetOrigin()) + 0.0).tolist())
    return image


def directions(node) -> np.ndarray:
    """The IJK-to-RAS direction cosines of a volume node, 3 x 3, one column per axis."""
    columns = [[0.0] * 3 for _ in range(3)]
    node.GetIJKToRASDirections(columns)
    return np.array(columns)


def image_from_node(node) -> sitk.Image:
    """The voxels of a volume node as an image in LPS, of the node's voxel type. One copy of the voxels.

    Raises:
        Refusal: the node is empty, or placed by a transform (voxels on the screen would not be those measured).
    """
    import SimpleITK as sitk
    import slicer

    require_voxels_in_place(node)
    return copy_grid(sitk.GetImageFromArray(slicer.util.arrayFromVolume(node)), node)


def require_voxels_in_place(node) -> None:
    """Raise `Refusal` when a volume node is empty or moved by a transform; reads no voxel."""
    if node.GetImageData() is None or node.GetImageData().GetNumberOfPoints() == 0:
        raise Refusal("empty-volume", "The volume holds no voxels", node.GetName(), "Choose another volume.")
    refuse_transform(node)


def matrix(data) -> np.ndarray:
    """The 4 x 4 index-to-RAS matrix (mm) of a volume node or a vtkOrientedImageData."""
    import vtk

    result = vtk.vtkMatrix4x4()
    if data.IsA("vtkMRMLVolumeNode"):
        data.GetIJKToRASMatrix(result)
    else:
        data.GetImageToWorldMatrix(result)
    return np.array([[result.GetElement(row, column) for column in range(4)] for row in range(4)])


def coincide(first: np.ndarray, second: np.ndarray, size: tuple[int, int, int]) -> bool:
    """True when two index-to-RAS matrices put the corners of a grid at the same places, within 0.001 mm."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in size], [1])).reshape(4, -1)
    return bool(np.abs((first - second) @ corners).max() <= _TOLERANCE_MM)


def lies_on_grid(image: sitk.Image, node) -> bool:
    """Whether a volume node has the size and place of an image; one without voxels has not."""
    import slicer

    if node.GetImageData() is None:
        return False
    reference = slicer.vtkMRMLScalarVolumeNode()
    set_grid(reference, image)
    size = node.GetImageData().GetDimensions()
    return tuple(size) == image.GetSize() and coincide(matrix(reference), matrix(node), size)


def refuse_other_grid(image: sitk.Image, node) -> None:
    """Raise `Refusal` unless a volume node that no transform moves has the size and place of an image."""
    refuse_transform(node)
    if not lies_on_grid(image, node):
        size = node.GetImageData().GetDimensions()
        raise Refusal(
            "other-grid",
            f"The mask ({image.GetSize()} voxels) does not lie on the grid of the PET volume ({tuple(size)} voxels)",
            node.GetName(),
            "Choose the PET volume that was segmented.",
        )


def refuse_transform(node) -> None:
    """Raise `Refusal` when a transform moves the node."""
    if node.GetParentTransformNode() is not None:
        raise Refusal(
            "transformed-node",
            f"The node is moved by the transform '{node.GetParentTransformNode().GetName()}'",
            node.GetName(),
            "Take the node out of the transform (module Transforms); CLIPS measures on the scanner's grid.",
        )
