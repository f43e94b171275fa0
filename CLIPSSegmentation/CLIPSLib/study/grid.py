"""Where a stack of slices lies in space: order, spacing, gaps, tilt. Called by `series`; used by `pairing`, `pixels`.

Coordinates are LPS millimeters. The third axis is the cross product of the first two (a right-handed frame), and
slices are sorted along it, so that feet-first, flipped, and oblique acquisitions keep their own direction cosines.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.headers import SliceHeader

JITTER_MM = 0.1  # real scanners round table positions: 3.27, 3.29, 3.19
_ROUNDING_MM = 5e-3  # positions are decimal text of few digits: a step of 3.37 - 3.27 is 0.1 by intent
_DRIFT_MM = 0.5  # by which a slice may lie off the regular grid
_SAME_POSITION_MM = 0.01
_COSINE_ERROR = 0.01


@dataclass(frozen=True)
class Grid:
    """origin: center of the first voxel; spacing (x, y, z); axes: unit vectors of x, y, z; shape (columns, rows, n).

    shear_mm: how far each next slice is displaced along x and y, for a tilted gantry; (0, 0) otherwise.
    """

    origin: tuple[float, float, float]
    spacing: tuple[float, float, float]
    axes: tuple[tuple[float, float, float], ...]
    shape: tuple[int, int, int]
    shear_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def direction(self) -> tuple[float, ...]:
        """Row-major 3 x 3 direction cosines as ITK wants them: the axes are the columns."""
        return tuple(float(value) for value in np.array(self.axes).T.ravel())

    @property
    def is_sheared(self) -> bool:
        return self.shear_mm != (0.0, 0.0)


Found = tuple[list[SliceHeader], Grid | None, list[Caution], list[Refusal]]


def find_grid(slices: list[SliceHeader], where: str) -> Found:
    """The slices in order along their normal, their grid, and what is wrong with it (then there is no grid)."""
    axes = _axes(slices[0].orientation)
    unplaced = [header for header in slices if header.position is None]
    if axes is None or unplaced or slices[0].pixel_spacing is None:
        file = (unplaced or slices)[0]
        what = (
            f"ImagePositionPatient (0020,0032) = {file.position}, ImageOrientationPatient (0020,0037) = "
            f"{file.orientation}: where the slices lie is unknown"
        )
        return slices, None, [], [Refusal("no-geometry", what, str(file.path), "Export the series again.")]
    if not slices[0].rows or not slices[0].columns:
        return slices, None, [], []  # refused as a property of the file
    normal = axes[2]
    ordered = sorted(slices, key=lambda header: float(np.dot(header.position, normal)))
    positions = np.array([header.position for header in ordered])
    heights = positions @ normal
    problem = _duplicate_positions(ordered, heights, where) or _uneven(heights, where)
    if problem is not None:
        return ordered, None, [], [problem]
    return _checked_grid(ordered, positions, heights, axes, where)


def _axes(orientation: tuple[float, ...] | None) -> np.ndarray | None:
    """Orthonormal x, y, z axes (rows), or None when the cosines are none."""
    if orientation is None:
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(float(row @ column))) > _COSINE_ERROR:
        return None
    row = row / lengths[0]
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    return np.array([row, np.cross(normal, row), normal])


def _duplicate_positions(ordered: list[SliceHeader], heights: np.ndarray, where: str) -> Refusal | None:
    same = np.flatnonzero(np.diff(heights) < _SAME_POSITION_MM)
    if same.size == 0:
        return None
    counts = Counter(np.round(heights, 1).tolist())
    frames = max(counts.values())
    a, b = ordered[same[0]], ordered[same[0] + 1]
    what = (
        f"{frames} images lie at the same position ({heights[same[0]]:.2f} mm along the normal): {a.path.name}, "
        f"{b.path.name}; the series holds several frames, gates or reconstructions"
    )
    return Refusal("several-frames", what, where, "Export one frame as its own series.")


def _uneven(heights: np.ndarray, where: str) -> Refusal | None:
    """A gap or uneven spacing beyond a scanner's rounding; averaging it would move anatomy."""
    steps = np.diff(heights)
    usual = float(np.median(steps))
    off = np.flatnonzero(np.abs(steps - usual) > JITTER_MM + _ROUNDING_MM)
    remedy = "Copy the missing slices, or export the series again."
    if off.size:
        gaps = ", ".join(f"{heights[i]:.2f} to {heights[i + 1]:.2f} mm" for i in off[:3])
        more = f" and {off.size - 3} more" if off.size > 3 else ""
        kind = "slices are missing" if steps[off].max() > 1.5 * usual else "slice spacing is uneven"
        what = f"The {kind}: {gaps}{more} along the normal, elsewhere {usual:.2f} mm apart"
        code = "slice-gap" if kind.startswith("slices") else "uneven-spacing"
        return Refusal(code, what.replace("The slices", "Slices"), where, remedy)
    regular = np.linspace(heights[0], heights[-1], len(heights))
    if len(heights) > 1 and float(np.abs(heights - regular).max()) > _DRIFT_MM:
        return Refusal("uneven-spacing", f"The slice spacing drifts around {usual:.2f} mm", where, remedy)
    return None


def _checked_grid(
    ordered: list[SliceHeader], positions: np.ndarray, heights: np.ndarray, axes: np.ndarray, where: str
) -> Found:
    first = ordered[0]
    count = len(ordered)
    step_mm = float(heights[-1] - heights[0]) / (count - 1)
    in_plane = (positions - positions[0]) @ axes[:2].T
    shear = in_plane[-1] / (count - 1)
    cautions: list[Caution] = []
    off_line = np.abs(in_plane - np.arange(count)[:, None] * shear).max()
    if off_line > _DRIFT_MM:
        what = f"Slices are displaced in their plane by up to {off_line:.1f} mm without order"
        return ordered, None, [], [Refusal("slices-displaced", what, where, "Export the series again.")]
    tilted = float(np.abs(in_plane).max()) > _DRIFT_MM
    if tilted:
        what = _tilt_sentence(first, shear, step_mm)
        if first.modality == "PT":
            remedy = "Export the PET reconstructed without tilt."
            return ordered, None, [], [Refusal("gantry-tilt", what, where, remedy)]
        cautions.append(Caution("gantry-tilt", f"{what}; it is straightened by interpolation", where))
    grid = Grid(
        origin=tuple(float(value) for value in positions[0]),
        spacing=(first.pixel_spacing[1], first.pixel_spacing[0], step_mm),
        axes=tuple(tuple(float(value) for value in axis) for axis in axes),
        shape=(first.columns or 0, first.rows or 0, count),
        shear_mm=(float(shear[0]), float(shear[1])) if tilted else (0.0, 0.0),
    )
    return ordered, grid, cautions, []


def _tilt_sentence(first: SliceHeader, shear: np.ndarray, step_mm: float) -> str:
    degrees = float(np.degrees(np.arctan2(np.linalg.norm(shear), step_mm)))
    stated = f", GantryDetectorTilt (0018,1120) = {first.gantry_tilt_deg:g}" if first.gantry_tilt_deg else ""
    return f"The slices are stacked {degrees:.1f} degrees off their normal (tilted gantry{stated})"
