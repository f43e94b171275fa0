"""Cuts a patch out of a case, moved, turned, scaled and bent at random: images linearly, the mask by nearest voxel.

One resampling does everything, from the prepared images, so that nothing is interpolated twice and no border appears
where the body goes on. Called by `patches.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.training.data.prepared import PreparedCase
from CLIPSLib.training.recipe import AugmentationRecipe

if TYPE_CHECKING:
    import SimpleITK as sitk

OUTSIDE = {"suv": 0.0, "hu": -1024.0, "prior": 0.0, "labels": 0, "inside": 0}  # beyond the image
ELASTIC_KNOTS = 5  # control points per axis of the smooth bend


@dataclass(frozen=True, kw_only=True)
class Movement:
    """How a patch is taken: all zero and one is a plain cut. Angles in degrees, shifts in mm, order z, y, x.

    bend: displacement of the control points, [3 (x, y, z), knots, knots, knots] in mm, or None.
    """

    degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0
    bend: np.ndarray | None = None
    ct_shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def plain(self) -> bool:
        """True when no interpolation is needed at all."""
        return not any(self.degrees) and self.scale == 1.0 and self.bend is None and not any(self.ct_shift_mm)


def draw_movement(recipe: AugmentationRecipe, random: np.random.Generator) -> Movement:
    """A random movement. Every number is drawn whatever the probabilities, so that one does not shift the others."""
    chance = random.random(4)
    degrees = random.uniform(-recipe.rotate_degrees, recipe.rotate_degrees, 3)
    scale = random.uniform(*recipe.scale_range)
    shift = random.uniform(-recipe.misalign_mm, recipe.misalign_mm, 3)
    bend = random.uniform(-1, 1, (3, *[ELASTIC_KNOTS] * 3)) * recipe.elastic_mm
    return Movement(
        degrees=tuple(degrees) if chance[0] < recipe.rotate_p else (0.0, 0.0, 0.0),
        scale=scale if chance[1] < recipe.scale_p else 1.0,
        bend=bend if chance[2] < recipe.elastic_p else None,
        ct_shift_mm=tuple(shift) if chance[3] < recipe.misalign_p else (0.0, 0.0, 0.0),
    )


def cut(prepared: PreparedCase, start: tuple[int, ...], size: tuple[int, ...], movement: Movement) -> dict:
    """Arrays of the patch by name: "suv", "hu", "prior" float32, "labels" uint8, those that the case has.

    "inside": bool, where the patch lies in the image.
    """
    arrays = {name: prepared.load(name) for name in ("suv", "hu", "prior", "labels")}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    if movement.plain:
        return _plain_cut(arrays, start, size)
    return _moved_cut(arrays, start, size, movement, prepared.facts.spacing_mm)


def _plain_cut(arrays: dict[str, np.ndarray], start: tuple[int, ...], size: tuple[int, ...]) -> dict:
    shape = next(iter(arrays.values())).shape
    source = tuple(slice(max(0, s), min(n, s + p)) for s, n, p in zip(start, shape, size, strict=True))
    place = tuple(slice(part.start - s, part.stop - s) for part, s in zip(source, start, strict=True))
    patches = {}
    for name, array in arrays.items():
        patches[name] = np.full(size, OUTSIDE[name], np.uint8 if name == "labels" else np.float32)
        patches[name][place] = array[source]
    patches["inside"] = np.zeros(size, bool)
    patches["inside"][place] = True
    return patches


def _moved_cut(
    arrays: dict[str, np.ndarray],
    start: tuple[int, ...],
    size: tuple[int, ...],
    movement: Movement,
    spacing: tuple[float, float, float],
) -> dict:
    import SimpleITK as sitk

    source, first = _source_box(arrays, start, size, movement, spacing)
    target = sitk.Image(size[::-1], sitk.sitkUInt8)
    target.SetSpacing(spacing[::-1])
    target.SetOrigin([s * step for s, step in zip(start[::-1], spacing[::-1], strict=True)])
    transform = _transform(target, movement)
    ct_transform = sitk.CompositeTransform([sitk.TranslationTransform(3, movement.ct_shift_mm[::-1]), transform])
    patches = {}
    for name, array in arrays.items():
        piece = array[source]
        patches[name] = _resample(piece, first, spacing, target, ct_transform if name == "hu" else transform, name)
    whole = np.ones([part.stop - part.start for part in source], np.uint8)
    patches["inside"] = _resample(whole, first, spacing, target, transform, "inside").astype(bool)
    return patches


def _source_box(
    arrays: dict[str, np.ndarray],
    start: tuple[int, ...],
    size: tuple[int, ...],
    movement: Movement,
    spacing: tuple[float, float, float],
) -> tuple[tuple[slice, ...], tuple[float, ...]]:
    """The part of the image that the moved patch can reach, and the position (x, y, z in mm) of its first voxel."""
    shape = next(iter(arrays.values())).shape
    half = np.array(size) * spacing / 2
    turned = any(movement.degrees)
    bent = 0.0 if movement.bend is None else float(np.abs(movement.bend).max())
    half = half + bent  # bent first, then scaled and turned
    reach = (np.full(3, np.linalg.norm(half)) if turned else half) / movement.scale
    reach = reach + np.abs(movement.ct_shift_mm) + 2 * np.array(spacing)
    middle = (np.array(start) + (np.array(size) - 1) / 2) * spacing
    low = np.clip(np.floor((middle - reach) / spacing), 0, np.array(shape) - 1).astype(int)
    high = np.clip(np.ceil((middle + reach) / spacing) + 1, low + 1, shape).astype(int)
    return tuple(map(slice, low, high)), tuple((low * np.array(spacing))[::-1])


def _transform(target: sitk.Image, movement: Movement) -> sitk.Transform:
    """From points of the patch to points of the image (mm): bend, then scale and turn about the middle of the patch."""
    import SimpleITK as sitk

    middle = target.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in target.GetSize()])
    z, y, x = np.deg2rad(movement.degrees)
    turn = sitk.Euler3DTransform(middle, x, y, z)
    similarity = sitk.AffineTransform(3)
    similarity.SetCenter(middle)
    similarity.SetMatrix((np.array(turn.GetMatrix()) / movement.scale).tolist())
    if movement.bend is None:
        return similarity
    return sitk.CompositeTransform([similarity, _bend(target, movement.bend)])


def _bend(target: sitk.Image, knots: np.ndarray) -> sitk.Transform:
    """A smooth displacement over the patch from cubic B-splines (Rueckert et al., IEEE TMI 1999)."""
    import SimpleITK as sitk

    mesh = [ELASTIC_KNOTS - 3] * 3  # order 3: control points = mesh + 3
    spline = sitk.BSplineTransformInitializer(target, mesh, 3)
    spline.SetParameters(knots.ravel().tolist())
    return spline


def _resample(
    array: np.ndarray,
    first: tuple[float, ...],
    spacing: tuple[float, float, float],
    target: sitk.Image,
    transform: sitk.Transform,
    name: str,
) -> np.ndarray:
    import SimpleITK as sitk

    whole_numbers = name in ("labels", "inside")
    image = sitk.GetImageFromArray(np.ascontiguousarray(array, np.uint8 if whole_numbers else np.float32))
    image.SetSpacing(spacing[::-1])
    image.SetOrigin(first)
    interpolator = sitk.sitkNearestNeighbor if whole_numbers else sitk.sitkLinear
    return sitk.GetArrayFromImage(sitk.Resample(image, target, transform, interpolator, OUTSIDE[name]))
