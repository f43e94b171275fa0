"""3D Slicer's own segmentation file (.seg.nrrd), one segment per lesion. Used by `result` and for import.

Written files span the whole PET grid, which is how Slicer learns the reference geometry. Files from Slicer are
cropped and have layers where segments overlap; they follow the same rules as a segmentation in the scene.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.formats.itk_files import read_image_file, write_image_file
from CLIPSLib.formats.segment_header import header_of, lesions_of, segments_in
from CLIPSLib.imaging.geometry import array_view, image_like, index_to_lps_mm, lps_mm_to_index, same_voxels
from CLIPSLib.imaging.resample import labels_on_grid
from CLIPSLib.segmentation.tags import is_reviewed_content, kind_caution, mask_fields
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, Segmentation

if TYPE_CHECKING:
    import SimpleITK as sitk


def write_seg_nrrd(segmentation: Segmentation, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Write a segmentation so that 3D Slicer opens it with ids, names, colors, terminology and provenance.

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    import SimpleITK as sitk

    labels = sitk.Cast(segmentation.labels, sitk.sitkUInt16)
    return write_image_file(labels, path, metadata=header_of(segmentation), overwrite=overwrite)


def read_seg_nrrd(path: str | os.PathLike, reference: sitk.Image) -> Segmentation:
    """Read a segmentation from 3D Slicer onto the grid of `reference` (the PET).

    Ids, names and labels stay. Where segments overlap, a voxel counts once: for tumor before physiological uptake,
    then for the first segment. Segments on another grid are resampled (nearest neighbor), voxels outside the PET left
    out; cautions say how many voxels each of this concerns. It is reviewed only as far as it is what was reviewed.

    Raises:
        Failure: missing or damaged. Refusal: not a binary .seg.nrrd; all of it outside the PET.
    """
    image = read_image_file(path)
    segments = segments_in({key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}, path)
    lesions = lesions_of(segments)
    layers = [_on_grid(layer, reference) for layer in _layers(image)]
    target = np.zeros(array_view(reference).shape, np.uint16)
    shared = 0
    for place in sorted(range(len(segments)), key=lambda place: segments[place].kind == PHYSIOLOGICAL):
        mask = layers[segments[place].layer].values == segments[place].label_value
        taken = target[mask] > 0
        shared += int(np.count_nonzero(taken))
        target[mask] = np.where(taken, target[mask], lesions[place].label)
    told = [segment.tags for segment in segments]
    fields = mask_fields(told, str(path))
    assumed = [caution for s in segments for caution in kind_caution(s.tags, s.name, s.segment_id)]
    fields["cautions"] += (*assumed, *_cautions(layers, shared, path))
    found = Segmentation(labels=image_like(target, reference), lesions=lesions, **fields)
    return replace(found, reviewed=is_reviewed_content(told, found))


@dataclass(frozen=True)
class _Layer:
    """A layer of the file on the grid of the PET: label values `[z, y, x]`, and how its voxels fitted."""

    values: np.ndarray
    inside: int = 0
    outside: int = 0
    resampled: bool = False


def _layers(image: sitk.Image) -> list[sitk.Image]:
    """The 3D label maps of a file: several when segments overlap (NRRD list axis, read as vector components)."""
    import SimpleITK as sitk

    count = image.GetNumberOfComponentsPerPixel()
    if count == 1:
        return [image]
    return [sitk.VectorIndexSelectionCast(image, index) for index in range(count)]


def _on_grid(layer: sitk.Image, reference: sitk.Image) -> _Layer:
    source, shape = array_view(layer), array_view(reference).shape
    values = np.zeros(shape, source.dtype)
    if source.size == 1:  # a single voxel is how Slicer stores a segmentation without voxels
        return _Layer(values)
    voxels = np.argwhere(source)
    placed = lps_mm_to_index(reference, index_to_lps_mm(layer, voxels))
    nearest = np.rint(placed).astype(int)
    inside = np.all((nearest >= 0) & (nearest < shape), axis=1)
    resampled = not same_voxels(layer, reference)
    if resampled:
        values = array_view(labels_on_grid(layer, reference)).copy()
    else:
        values[tuple(nearest[inside].T)] = source[tuple(voxels[inside].T)]
    count = int(np.count_nonzero(inside))
    return _Layer(values, inside=count, outside=len(voxels) - count, resampled=resampled and len(voxels) > 0)


def _cautions(layers: list[_Layer], shared: int, path: str | os.PathLike) -> tuple[Caution, ...]:
    """What did not fit, in the words that the scene uses for the same.

    Raises:
        Refusal: nothing fits.
    """
    outside, inside = sum(layer.outside for layer in layers), sum(layer.inside for layer in layers)
    if outside and not inside:
        what = f"All {outside} voxels of the segmentation lie outside the PET"
        raise Refusal("outside-pet", what, str(path), "Check that it belongs to this PET series.")
    found = []
    if shared:
        what = f"{shared} voxels belong to several segments; each counts once, for the first tumor that has it"
        found.append(Caution("overlapping-segments", what, str(path)))
    if any(layer.resampled for layer in layers):
        what = "Segments were drawn on another grid than the PET's and are measured on the PET's (nearest neighbor)"
        found.append(Caution("resampled-segments", what, str(path)))
    if outside:
        found.append(Caution("outside-pet", f"{outside} voxels lie outside the PET and are not measured", str(path)))
    return tuple(found)
