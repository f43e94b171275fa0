"""From analytic parts to voxels: partial volumes, scanner resolution (PSF), noise. Called by the generator.

Parts are painted in order, a later one over an earlier one. Only voxels near a surface are supersampled; that gives
what averaging a finer volume would give, at a small part of its cost.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from CLIPSLib.phantom.grid import Grid
from CLIPSLib.phantom.shapes import Shape

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_SUBDIVISIONS = ((15.0, 9), (60.0, 5))  # shapes up to this size (mm): samples per voxel edge; larger ones need 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """One painted shape. kind: "background", "physiological" or "tumor"; suv in g/mL and hu before blurring."""

    name: str
    kind: str
    shape: Shape
    suv: float
    hu: float


def coverage(shape: Shape, grid: Grid) -> tuple[tuple[slice, slice, slice], np.ndarray] | None:
    """The part of each voxel that a shape fills (float32, 0 to 1) and the `[z, y, x]` box it is given for."""
    box = grid.box(*shape.bounds_mm())
    if box is None:
        return None
    coordinates = grid.coordinates_mm(box)
    extent = tuple(s.stop - s.start for s in box)
    distance = np.broadcast_to(shape.distance_mm(*coordinates), extent)
    fraction = (distance <= 0.0).astype(np.float32)
    edge = np.nonzero(np.abs(distance) <= 0.6 * float(np.linalg.norm(grid.spacing_mm)))
    points = [np.broadcast_to(c, extent)[edge] for c in coordinates]
    fraction[edge] = _supersampled(shape, points, grid)
    return box, fraction


def paint(grid: Grid, parts: Iterable[Part], value: Callable[[Part], float], background: float) -> np.ndarray:
    """The parts' `value` on the grid: float32 `[z, y, x]`, partial volumes included, not blurred."""
    volume = np.full(grid.shape, background, dtype=np.float32)
    for part in parts:
        covered = coverage(part.shape, grid)
        if covered is not None:
            box, fraction = covered
            region = volume[box]
            region += fraction * (np.float32(value(part)) - region)
    return volume


def label_voxels(grid: Grid, parts: Iterable[Part], labels: dict[str, int]) -> np.ndarray:
    """The label of the topmost part at each voxel centre, 0 where that part has none: uint16 `[z, y, x]`."""
    volume = np.zeros(grid.shape, dtype=np.uint16)
    for part in parts:
        box = grid.box(*part.shape.bounds_mm())
        if box is not None:
            inside = part.shape.distance_mm(*grid.coordinates_mm(box)) <= 0.0
            volume[box][np.broadcast_to(inside, volume[box].shape)] = labels.get(part.name, 0)
    return volume


def blur(volume: np.ndarray, grid: Grid, fwhm_mm: float) -> np.ndarray:
    """Convolution with a Gaussian of the given FWHM, the scanner's point spread function; float32."""
    from scipy import ndimage

    sigma = [fwhm_mm / FWHM_PER_SIGMA / step for step in reversed(grid.spacing_mm)]
    return ndimage.gaussian_filter(volume, sigma, mode="nearest", truncate=4.0)


def pet_image(grid: Grid, parts: list[Part], psf_fwhm_mm: float) -> np.ndarray:
    """Noise-free SUV as the scanner sees it; what lies just outside the first and last slice spills in."""
    margin = math.ceil(1.5 * psf_fwhm_mm / grid.spacing_mm[2])
    wide = grid.padded(margin)
    return blur(paint(wide, parts, lambda part: part.suv, 0.0), wide, psf_fwhm_mm)[margin:-margin].copy()


def correlated_noise(grid: Grid, seed: int, fwhm_mm: float = 5.5) -> np.ndarray:
    """Gaussian noise of unit variance with the correlation of a reconstructed PET image; depends on the seed only."""
    generator = np.random.Generator(np.random.PCG64(seed))
    noise = blur(generator.standard_normal(grid.shape, dtype=np.float32), grid, fwhm_mm)
    impulse = np.zeros((65, 65, 65), dtype=np.float32)
    impulse[32, 32, 32] = 1.0
    return noise / np.float32(np.sqrt(np.sum(blur(impulse, grid, fwhm_mm) ** 2, dtype=np.float64)))


def add_pet_noise(suv: np.ndarray, grid: Grid, seed: int, *, liver_suv: float, liver_cov: float) -> np.ndarray:
    """SUV with noise of SD `liver_cov * sqrt(SUV * liver SUV)`, so that the liver has the COV asked for; never < 0."""
    deviation = np.sqrt(np.maximum(suv, 0.0) * np.float32(liver_suv)) * np.float32(liver_cov)
    return np.maximum(suv + deviation * correlated_noise(grid, seed), 0.0)


def _supersampled(shape: Shape, points: list[np.ndarray], grid: Grid) -> np.ndarray:
    low, high = shape.bounds_mm()
    size = float(np.max(high - low))
    divisions = next((n for limit, n in _SUBDIVISIONS if size <= limit), 3)
    steps = (np.arange(divisions) + 0.5) / divisions - 0.5
    shifts = (np.array(list(itertools.product(steps, repeat=3))) @ grid.axes_mm.T).astype(np.float32)
    samples = (p[:, None] + s[None, :] for p, s in zip(points, shifts.T, strict=True))
    return np.mean(shape.distance_mm(*samples) <= 0.0, axis=1, dtype=np.float32)
