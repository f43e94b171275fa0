"""Lesion voxels in and out of Slicer's shared labelmaps ("layers"). Called by segments only.

Lesions of a fresh mask do not overlap, so all segments share one labelmap cropped to the lesions: one pass over the
voxels, whatever the number of lesions. Edited segments may be spread over several, on other grids, and overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging import array_view
from CLIPSLib.scene import grids

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.segmentation import Lesion


@dataclass(frozen=True, kw_only=True)
class MergedSegments:
    """All segments in one image on the PET grid (uint16), and what had to be decided on the way."""

    labels: sitk.Image
    cautions: tuple[Caution, ...]


def representation_name() -> str:
    """What Slicer calls the labelmap representation of a segment."""
    import slicer

    return slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


def shared_labelmap(labels: sitk.Image, pet_node):
    """A vtkOrientedImageData on the PET node's grid with a copy of the labels, cropped to their bounding box."""
    from vtk.util import numpy_support

    source = array_view(labels)
    box = _bounding_box(source)
    cropped = source[box]
    if cropped.max(initial=0) <= np.iinfo(np.uint8).max:
        cropped = cropped.astype(np.uint8)
    labelmap = _empty_labelmap(pet_node)
    labelmap.SetExtent([edge for axis in reversed(box) for edge in (axis.start, axis.stop - 1)])
    labelmap.AllocateScalars(numpy_support.get_vtk_array_type(cropped.dtype), 1)
    np.copyto(voxels(labelmap), cropped)
    return labelmap


def merge(node, pet_node, lesions: Sequence[Lesion]) -> MergedSegments:
    """One image of all segments; a voxel belongs to the first of `lesions` that has it.

    Works on the lesions' voxels, not on volumes: the cost does not grow with the number of segments.

    Raises:
        Refusal: a segment cannot be turned into a labelmap.
    """
    layers = _layers(node, pet_node)
    merged = np.zeros(tuple(reversed(pet_node.GetImageData().GetDimensions())), np.uint16)
    flat, shared_voxels = merged.reshape(-1), 0
    for lesion in lesions:
        layer = layers[lesion.lesion_id]
        own = layer.positions[layer.values == node.GetSegmentation().GetSegment(lesion.lesion_id).GetLabelValue()]
        taken = flat[own] != 0
        shared_voxels += int(np.count_nonzero(taken))
        flat[own[~taken]] = lesion.label
    return MergedSegments(
        labels=_image(merged, pet_node),
        cautions=tuple(_cautions(node, list({id(layer): layer for layer in layers.values()}.values()), shared_voxels)),
    )


def voxels(labelmap) -> np.ndarray:
    """The voxels of a vtkOrientedImageData as a `[z, y, x]` view."""
    from vtk.util import numpy_support

    shape = tuple(reversed(labelmap.GetDimensions()))
    return numpy_support.vtk_to_numpy(labelmap.GetPointData().GetScalars()).reshape(shape)


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """The voxels of one labelmap that are not background: flat positions on the PET grid, and label values."""

    positions: np.ndarray
    values: np.ndarray
    resampled: bool
    outside: int  # voxels beyond the PET's field of view


def _layers(node, pet_node) -> dict[str, _Layer]:
    """The labelmap of each segment; segments that share one share the `_Layer`."""
    segmentation, name = node.GetSegmentation(), representation_name()
    if segmentation.GetNumberOfSegments() and not segmentation.CreateRepresentation(name):
        raise Refusal(
            "no-labelmap", "The segments cannot be turned into labelmaps", node.GetName(), "Draw them on the PET again."
        )
    found = {}
    for number in range(segmentation.GetNumberOfLayers(name)):
        layer = _read_layer(segmentation.GetLayerDataObject(number, name), pet_node)
        found.update(dict.fromkeys(segmentation.GetSegmentIDsForLayer(number, name), layer))
    return found


def _read_layer(labelmap, pet_node) -> _Layer:
    size = pet_node.GetImageData().GetDimensions()
    resampled = not grids.coincide(grids.matrix(labelmap), grids.matrix(pet_node), size)
    if resampled:
        labelmap = _resample(labelmap, pet_node)
    if labelmap.GetNumberOfPoints() == 0:  # a segment nobody has drawn in yet
        return _Layer(positions=np.zeros(0, int), values=np.zeros(0, np.uint8), resampled=False, outside=0)
    values = voxels(labelmap)
    occupied = np.unravel_index(np.flatnonzero(values != 0), values.shape)
    first = labelmap.GetExtent()[::2]
    indices_zyx = np.stack(occupied) + np.array(first[::-1])[:, None]
    inside = np.all((indices_zyx >= 0) & (indices_zyx < np.array(size[::-1])[:, None]), axis=0)
    return _Layer(
        positions=np.ravel_multi_index(tuple(indices_zyx[:, inside]), size[::-1]),
        values=values[occupied][inside],
        resampled=resampled,
        outside=int(np.count_nonzero(~inside)),
    )


def _resample(labelmap, pet_node):
    """Nearest neighbor on the PET grid."""
    import slicer

    reference = _empty_labelmap(pet_node)
    reference.SetDimensions(pet_node.GetImageData().GetDimensions())
    resampled = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        labelmap, reference, resampled, False
    )
    return resampled


def _empty_labelmap(pet_node):
    """A vtkOrientedImageData without voxels, placed on the PET's grid."""
    import slicer

    labelmap = slicer.vtkOrientedImageData()
    labelmap.SetDirections(grids.directions(pet_node).tolist())
    labelmap.SetSpacing(pet_node.GetSpacing())
    labelmap.SetOrigin(pet_node.GetOrigin())
    return labelmap


def _bounding_box(array: np.ndarray) -> tuple[slice, slice, slice]:
    """The smallest box `[z, y, x]` with all voxels that are not 0; one voxel when there are none."""
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        occupied = np.flatnonzero(array.any(axis=others))
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1) if occupied.size else slice(0, 1))
    return tuple(box)


def _image(labels: np.ndarray, pet_node) -> sitk.Image:
    import SimpleITK as sitk

    return grids.copy_grid(sitk.GetImageFromArray(labels), pet_node)


def _cautions(node, layers: Sequence[_Layer], shared_voxels: int):
    if shared_voxels:
        yield Caution(
            "overlapping-segments",
            f"{shared_voxels} voxels belong to several segments; each counts once, for the first tumor that has it",
            node.GetName(),
        )
    if any(layer.resampled for layer in layers):
        yield Caution(
            "resampled-segments",
            "Segments were drawn on another grid than the PET's and are measured on the PET's (nearest neighbor)",
            node.GetName(),
        )
    outside = sum(layer.outside for layer in layers)
    if outside:
        yield Caution("outside-pet", f"{outside} voxels lie outside the PET and are not measured", node.GetName())
