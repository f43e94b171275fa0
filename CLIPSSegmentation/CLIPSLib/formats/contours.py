"""Closed contours to voxels on the PET grid. Called by `rtstruct`; knows points and grids, no DICOM.

A voxel belongs to a structure when its center lies inside: inside an odd number of the contours of its plane, so that
a contour within another is a hole, and a keyhole contour (one line out and back to the hole) has one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging.geometry import lps_mm_to_index

if TYPE_CHECKING:
    import SimpleITK as sitk

_LEAN_SLICES = 0.1  # how far the points of a contour may leave their plane, in slices
_SAME_PLANE_MM = 0.05  # DICOM rounds coordinates; planes closer than this are one
_WIDEST_SLAB_SLICES = 2.5  # planes farther apart are neighbors by chance: different lesions, not a coarser drawing


@dataclass(frozen=True)
class Plane:
    """The contours of one plane. height_mm: from the center of the first slice; polygons: `(n, 2)` in rows, columns."""

    height_mm: float
    polygons: tuple[np.ndarray, ...]


def fill_contours(
    contours: Sequence[np.ndarray], grid: sitk.Image, *, name: str
) -> tuple[np.ndarray, tuple[Caution, ...]]:
    """The voxels (bool, `[z, y, x]`) inside closed contours (each `(n, 3)`, LPS mm), and what did not fit.

    Each plane of contours stands for a slab as thick as the planes are apart (the median distance; a lone plane: one
    slice), and a slice takes the plane in whose slab its center lies, the nearest of several. Contours drawn on the
    slices themselves thus fill exactly their slices; those drawn on the slices of a CT keep their volume.

    name: of the structure, for sentences.

    Raises:
        Refusal: a contour is not parallel to the slices, or none encloses a place inside the image.
    """
    spacing_mm = grid.GetSpacing()[2]
    unique = list({contour.tobytes(): contour for contour in contours}.values())
    planes = _planes([lps_mm_to_index(grid, contour) for contour in unique], spacing_mm, name)
    thickness_mm = _slab_mm(planes, spacing_mm)
    x, y, z = grid.GetSize()
    mask = np.zeros((z, y, x), dtype=bool)
    used: set[int] = set()
    for index in range(z):
        place = _plane_at(index * spacing_mm, planes, thickness_mm)
        if place is not None:
            used.add(place)
            mask[index] = fill_polygons(planes[place].polygons, (y, x))
    if not used or not any(_reaches(plane, (y, x)) for plane in planes):
        raise Refusal(
            "outside-pet",
            f"All {len(contours)} contours of '{name}' lie outside the PET",
            name,
            "Check that the structure set belongs to this PET series.",
        )
    cautions = _cautions(planes, thickness_mm, spacing_mm, (z, y, x), name)
    if copies := len(contours) - len(unique):
        what = f"{copies} contours of '{name}' stand there twice; each counts once"
        cautions = (*cautions, Caution("contour-twice", what, name))
    return mask, cautions


def fill_polygons(polygons: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The pixels `[row, column]` whose centers lie inside an odd number of polygons (each `(n, 2)`: rows, columns).

    A center exactly on an edge belongs to the side of higher rows and columns: polygons that share an edge never
    share a pixel, nor leave one out.
    """
    rows, columns = shape
    crossings = np.zeros((rows, columns + 1), dtype=np.int32)  # where a row enters or leaves a polygon
    for polygon in polygons:
        (y1, x1), (y2, x2) = polygon.T, np.roll(polygon, -1, axis=0).T
        first = np.clip(np.ceil(np.minimum(y1, y2)), 0, rows).astype(int)
        last = np.clip(np.ceil(np.maximum(y1, y2)), 0, rows).astype(int)
        edge = np.repeat(np.arange(len(polygon)), last - first)  # each edge once for every row that it spans
        row = np.arange(len(edge)) - np.repeat(np.cumsum(last - first) - last, last - first)
        x = x1[edge] + (row - y1[edge]) * (x2 - x1)[edge] / (y2 - y1)[edge]
        np.add.at(crossings, (row, np.clip(np.ceil(x), 0, columns).astype(int)), 1)
    return np.cumsum(crossings[:, :columns], axis=1) % 2 == 1


def _planes(contours: Sequence[np.ndarray], spacing_mm: float, name: str) -> list[Plane]:
    """Contours `(n, 3)` in index coordinates gathered by plane, lowest first."""
    heights = []
    for contour in contours:
        lean = float(np.ptp(contour[:, 0]))
        if lean > _LEAN_SLICES:
            raise Refusal(
                "contour-not-parallel",
                f"A contour of '{name}' is not parallel to the slices of the PET: it crosses {lean:.1f} slices",
                name,
                "Draw or export the structures on planes parallel to the PET slices, or export a label map.",
            )
        heights.append(float(contour[:, 0].mean()) * spacing_mm)
    planes: list[Plane] = []
    for place in np.argsort(heights, kind="stable"):
        polygon = contours[place][:, 1:]
        if planes and heights[place] - planes[-1].height_mm <= _SAME_PLANE_MM:
            planes[-1] = Plane(planes[-1].height_mm, (*planes[-1].polygons, polygon))
        else:
            planes.append(Plane(heights[place], (polygon,)))
    return planes


def _slab_mm(planes: Sequence[Plane], spacing_mm: float) -> float:
    gaps = np.diff([plane.height_mm for plane in planes])
    near = gaps[gaps <= _WIDEST_SLAB_SLICES * spacing_mm]
    return float(np.median(near)) if near.size else spacing_mm


def _plane_at(height_mm: float, planes: Sequence[Plane], thickness_mm: float) -> int | None:
    """Which plane a slice takes: the nearest whose slab holds it. A slice on the border of two takes the upper."""
    above = height_mm - np.array([plane.height_mm for plane in planes])
    half = thickness_mm / 2
    holds = (above >= -half - 2 * _SAME_PLANE_MM) & (above < half - _SAME_PLANE_MM)
    if not holds.any():
        return None
    return int(np.where(holds, np.abs(above), np.inf).argmin())


def _reaches(plane: Plane, shape: tuple[int, int]) -> bool:
    """True when a polygon of the plane comes near the image, whose pixels end half a pixel beyond their centers."""
    return any(
        bool(np.all(polygon.max(axis=0) >= -0.5) and np.all(polygon.min(axis=0) <= np.array(shape) - 0.5))
        for polygon in plane.polygons
    )


def _cautions(
    planes: Sequence[Plane], thickness_mm: float, spacing_mm: float, shape: tuple[int, int, int], name: str
) -> tuple[Caution, ...]:
    found = []
    heights = np.array([plane.height_mm for plane in planes])
    last = (shape[0] - 1) * spacing_mm
    outside = int(np.count_nonzero((heights < -spacing_mm / 2) | (heights > last + spacing_mm / 2)))
    if outside:
        what = f"{outside} of {len(planes)} planes of '{name}' lie outside the PET and are left out"
        found.append(Caution("contours-outside-pet", what, name))
    off = float(np.abs(heights / spacing_mm - np.rint(heights / spacing_mm)).max())
    apart = len(planes) > 1 and abs(thickness_mm - spacing_mm) > 2 * _SAME_PLANE_MM
    if off > _LEAN_SLICES or apart:
        what = (
            f"The contours of '{name}' lie on planes {thickness_mm:.2f} mm apart, the slices of the PET are "
            f"{spacing_mm:.2f} mm apart; each slice takes the nearest plane"
        )
        found.append(Caution("contours-between-slices", what, name))
    beyond = sum(
        bool(np.any(polygon < -0.5) or np.any(polygon > np.array(shape[1:]) - 0.5))
        for plane in planes
        for polygon in plane.polygons
    )
    if beyond:
        what = f"{beyond} contours of '{name}' reach beyond the edge of the PET slices and are cut there"
        found.append(Caution("contours-cut", what, name))
    return tuple(found)
