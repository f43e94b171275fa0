"""The voxel grid that a phantom is painted on: size, spacing, direction, and the patient orientations on offer.

Called by rendering (where is this voxel?), presets and the generator. Everything is LPS millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """How the image axes lie in the patient, and from which end the scanner numbers its images.

    row, column: direction cosines of Image Orientation (Patient), (0020,0037); slices are stacked along their cross
    product. patient_position: (0018,5100). first_image: which end of the patient has InstanceNumber 1.
    """

    patient_position: str
    row: tuple[float, float, float]
    column: tuple[float, float, float]
    first_image: str = "head"

    @property
    def direction(self) -> tuple[float, ...]:
        """SimpleITK direction: nine numbers, row by row, whose columns are the axes x, y and z of the image."""
        axes = np.array([self.row, self.column, np.cross(self.row, self.column)])
        return tuple(float(v) + 0.0 for v in axes.T.ravel())  # + 0.0 turns -0.0 into 0.0


def _rotated(about_z_deg: float, about_x_deg: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Row and column of an axial image that is turned in its plane and then tipped about the left-right axis."""
    cz, sz = math.cos(math.radians(about_z_deg)), math.sin(math.radians(about_z_deg))
    cx, sx = math.cos(math.radians(about_x_deg)), math.sin(math.radians(about_x_deg))
    return (cz, sz * cx, sz * sx), (-sz, cz * cx, cz * sx)


_OBLIQUE_ROW, _OBLIQUE_COLUMN = _rotated(7.0, 5.0)

ORIENTATIONS = {
    "head-first": Orientation(patient_position="HFS", row=(1, 0, 0), column=(0, 1, 0)),
    "feet-first": Orientation(patient_position="FFS", row=(-1, 0, 0), column=(0, 1, 0)),
    "prone": Orientation(patient_position="HFP", row=(-1, 0, 0), column=(0, -1, 0)),
    "flipped": Orientation(patient_position="HFS", row=(1, 0, 0), column=(0, -1, 0), first_image="feet"),
    "oblique": Orientation(patient_position="HFS", row=_OBLIQUE_ROW, column=_OBLIQUE_COLUMN),
}


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A voxel grid. size and spacing_mm in x, y, z order; center_mm: LPS point at the middle of the volume."""

    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    center_mm: tuple[float, float, float]
    direction: tuple[float, ...] = ORIENTATIONS["head-first"].direction

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape `[z, y, x]`."""
        return self.size[::-1]

    @property
    def voxel_ml(self) -> float:
        return math.prod(self.spacing_mm) / 1000.0

    @property
    def axes_mm(self) -> np.ndarray:
        """3 x 3: column j is the LPS step of one voxel along image axis j (x, y, z)."""
        return np.array(self.direction).reshape(3, 3) * np.array(self.spacing_mm)

    @property
    def origin_mm(self) -> np.ndarray:
        """LPS centre of the first voxel."""
        return np.array(self.center_mm) - self.axes_mm @ ((np.array(self.size) - 1) / 2.0)

    def padded(self, slices: int) -> Grid:
        """The same grid with `slices` more at either end."""
        return replace(self, size=(self.size[0], self.size[1], self.size[2] + 2 * slices))

    def box(self, low_mm: np.ndarray, high_mm: np.ndarray) -> tuple[slice, slice, slice] | None:
        """The `[z, y, x]` slices that hold every voxel touched by an LPS box; None when it lies outside."""
        corners = np.array(np.meshgrid(*zip(low_mm, high_mm, strict=True))).reshape(3, -1)
        index = np.linalg.solve(self.axes_mm, corners - self.origin_mm[:, None])
        first = np.maximum(np.floor(index.min(axis=1)).astype(int) - 1, 0)
        last = np.minimum(np.ceil(index.max(axis=1)).astype(int) + 2, self.size)
        if np.any(first >= last):
            return None
        return tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))

    def coordinates_mm(self, box: tuple[slice, slice, slice]) -> list[np.ndarray]:
        """LPS x, y, z of the voxel centres in a box, each broadcastable to the box's `[z, y, x]` shape.

        Axes that do not contribute stay of length 1, so upright grids cost three short vectors.
        """
        ranges = [np.arange(s.start, s.stop, dtype=np.float32) for s in reversed(box)]
        steps = [r.reshape([-1 if axis == 2 - j else 1 for axis in range(3)]) for j, r in enumerate(ranges)]
        coordinates = []
        for row, start in zip(self.axes_mm, self.origin_mm, strict=True):
            terms = [np.float32(a) * step for a, step in zip(row, steps, strict=True) if abs(a) > 1e-9]
            coordinates.append(sum(terms, start=np.float32(start)))
        return coordinates

    def nearest_voxel_corner_mm(self, point_mm: tuple[float, float, float]) -> np.ndarray:
        """The LPS point nearest to `point_mm` where eight voxels meet."""
        index = np.linalg.solve(self.axes_mm, np.array(point_mm) - self.origin_mm)
        return self.axes_mm @ (np.floor(index) + 0.5) + self.origin_mm

    def image(self, array: np.ndarray) -> sitk.Image:
        """A SimpleITK image of `array` (`[z, y, x]`, shape of this grid)."""
        import SimpleITK as sitk

        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing_mm)
        image.SetOrigin(tuple(float(v) for v in self.origin_mm))
        image.SetDirection(self.direction)
        return image
