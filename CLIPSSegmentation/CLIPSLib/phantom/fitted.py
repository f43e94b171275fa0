"""Lesions whose place or uptake is fitted to the voxel grid, to sit on an edge of a method. Called by lesions."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from CLIPSLib.phantom.grid import Grid
from CLIPSLib.phantom.rendering import FWHM_PER_SIGMA, Part, blur, coverage
from CLIPSLib.phantom.shapes import Ellipsoid, Point, sphere
from CLIPSLib.phantom.uptake import HU

_THRESHOLD_SUV = 4.0


@dataclass(frozen=True, kw_only=True)
class CornerPair:
    """Two nodes whose voxels >= SUV 4.0 meet in one corner only: one lesion with 26 neighbors, two with 18 or 6."""

    name: str
    suv: float
    near_mm: Point
    diameter_mm: float

    def parts(self, grid: Grid, psf_fwhm_mm: float, background_suv: float) -> list[Part]:
        """Two spheres on the diagonal through a voxel corner, so far apart that only the two voxels there reach 4.0.

        The voxel beside the corner is set to SUV 4.15, which leaves the other six at that corner below the threshold.
        """
        corner = grid.nearest_voxel_corner_mm(self.near_mm)
        diagonal = grid.axes_mm @ np.ones(3)
        length, radius = float(np.linalg.norm(diagonal)), self.diameter_mm / 2.0
        sigma = _sigma_on_grid_mm(grid, psf_fwhm_mm)

        def suv_beside_corner(apart_mm: float) -> float:
            both = sum(blurred_sphere(abs(apart_mm + s * length / 2.0), radius, sigma) for s in (-1.0, 1.0))
            return background_suv + (self.suv - background_suv) * both

        apart = next(d for d in np.arange(radius, 5.0 * radius, 0.05) if suv_beside_corner(d) < 1.0375 * _THRESHOLD_SUV)
        ends = (corner + sign * apart * diagonal / length for sign in (-1.0, 1.0))
        return [
            _tumor(f"{self.name} {letter}", tuple(end.tolist()), self.diameter_mm, self.suv)
            for letter, end in zip("ab", ends, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class FilterEdge:
    """A sphere whose volume at SUV >= 4.0 equals its true volume to the voxel, just below or above a filter's limit."""

    name: str
    near_mm: Point
    volume_ml: float

    def parts(self, grid: Grid, psf_fwhm_mm: float, background_suv: float) -> list[Part]:
        """The sphere, its SUV halfway between letting the last wanted voxel reach 4.0 and the first unwanted one.

        Within a voxel of `near_mm` it lies where these two differ most: on a symmetric place many voxels are equal.
        """
        diameter = 2.0 * (3000.0 * self.volume_ml / (4.0 * math.pi)) ** (1.0 / 3.0)
        wanted = round(self.volume_ml / grid.voxel_ml)
        choices = []
        for fraction in itertools.product((0.07, 0.31), repeat=3):
            center = tuple((np.array(self.near_mm) + grid.axes_mm @ np.array(fraction)).tolist())
            shares = _blurred_shares(sphere(center, diameter), grid, psf_fwhm_mm)
            if shares is None:
                return []
            last, first = (float(v) for v in shares[wanted - 1 : wanted + 1])
            choices.append((last - first, (last + first) / 2.0, center))
        _, share, center = max(choices)
        suv = background_suv + (_THRESHOLD_SUV - background_suv) / share
        return [_tumor(self.name, center, diameter, suv)]


def blurred_sphere(distance_mm: float, radius_mm: float, sigma_mm: float) -> float:
    """A unit sphere convolved with a 3D Gaussian, at a distance from its center (closed form)."""
    r, s = max(distance_mm, 1e-6), sigma_mm * math.sqrt(2.0)
    inner = 0.5 * (math.erf((radius_mm - r) / s) + math.erf((radius_mm + r) / s))
    edge = math.exp(-(((radius_mm - r) / s) ** 2)) - math.exp(-(((radius_mm + r) / s) ** 2))
    return inner - sigma_mm / (r * math.sqrt(2.0 * math.pi)) * edge


def _blurred_shares(shape: Ellipsoid, grid: Grid, psf_fwhm_mm: float) -> np.ndarray | None:
    """How much of each voxel's blurred value stems from a shape, largest first; None when it is outside the grid."""
    covered = coverage(shape, grid)
    if covered is None:
        return None
    margin = [math.ceil(1.5 * psf_fwhm_mm / step) for step in reversed(grid.spacing_mm)]
    fraction = np.pad(covered[1], [(m, m) for m in margin])
    return np.sort(blur(fraction, grid, psf_fwhm_mm), axis=None)[::-1]


def _sigma_on_grid_mm(grid: Grid, psf_fwhm_mm: float) -> float:
    """The PSF widened by averaging over a voxel (variance of a box: width^2 / 12, mean over the axes)."""
    return math.sqrt((psf_fwhm_mm / FWHM_PER_SIGMA) ** 2 + float(np.mean(np.square(grid.spacing_mm))) / 12.0)


def _tumor(name: str, center: Point, diameter_mm: float, suv: float) -> Part:
    return Part(name=name, kind="tumor", shape=sphere(center, diameter_mm), suv=suv, hu=HU["lesion"])
