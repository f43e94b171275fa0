"""Analytic shapes that organs and lesions are made of. Called by anatomy, lesions and rendering.

Each knows its bounding box and an approximate signed distance (mm, negative inside) that is accurate near its
surface: the implicit function divided by the length of its gradient.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Point = tuple[float, float, float]


class Shape(Protocol):
    """What rendering asks of a shape. Coordinates are LPS mm, arrays that broadcast against each other."""

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner of a box around the shape."""

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance to the surface, negative inside."""


def tilted(about_x_deg: float = 0.0, about_y_deg: float = 0.0, about_z_deg: float = 0.0) -> tuple[float, ...]:
    """Rotation (nine numbers, row by row) about x, then y, then z."""
    cx, sx = math.cos(math.radians(about_x_deg)), math.sin(math.radians(about_x_deg))
    cy, sy = math.cos(math.radians(about_y_deg)), math.sin(math.radians(about_y_deg))
    cz, sz = math.cos(math.radians(about_z_deg)), math.sin(math.radians(about_z_deg))
    rx = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return tuple((rz @ ry @ rx).ravel().tolist())


def along(direction: Point) -> tuple[float, ...]:
    """Rotation that turns the third axis of an ellipsoid into `direction`, without rolling it."""
    target = np.array(direction) / np.linalg.norm(direction)
    cross = np.cross((0.0, 0.0, 1.0), target)
    skew = np.array([[0, -cross[2], cross[1]], [cross[2], 0, -cross[0]], [-cross[1], cross[0], 0]])
    return tuple((np.eye(3) + skew + skew @ skew / (1.0 + target[2])).ravel().tolist())


@dataclass(frozen=True)
class Ellipsoid:
    """(Super)ellipsoid: sum of |q_i / radius_i|^power = 1, q in the rotated frame. power 2 is an ellipsoid."""

    center: Point
    radii: Point
    rotation: tuple[float, ...] | None = None
    power: float = 2.0

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        matrix = np.eye(3) if self.rotation is None else np.array(self.rotation).reshape(3, 3)
        if self.power == 2.0:
            half = np.sqrt(((matrix * np.array(self.radii)) ** 2).sum(axis=1))
        else:
            half = np.abs(matrix * np.array(self.radii)).sum(axis=1)
        return np.array(self.center) - half, np.array(self.center) + half

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        q = [v - np.float32(c) for v, c in zip((x, y, z), self.center, strict=True)]
        if self.rotation is not None:
            m = np.array(self.rotation, dtype=np.float32).reshape(3, 3)
            q = [m[0, j] * q[0] + m[1, j] * q[1] + m[2, j] * q[2] for j in range(3)]
        return _superellipse_distance(q, self.radii, self.power)


@dataclass(frozen=True)
class Tube:
    """Round tube along a polyline; `radii` has one radius per point (tapering between) or one for all."""

    points: tuple[Point, ...]
    radii: tuple[float, ...]

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        points, radii = np.array(self.points), self._radii()[:, None]
        return (points - radii).min(axis=0), (points + radii).max(axis=0)

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        points, radii = np.array(self.points, dtype=np.float32), self._radii()
        nearest = None
        for (start, end), (r0, r1) in zip(itertools.pairwise(points), itertools.pairwise(radii), strict=True):
            step = end - start
            q = [v - c for v, c in zip((x, y, z), start, strict=True)]
            t = sum(a * b for a, b in zip(q, step, strict=True)) / float(step @ step)
            t = np.clip(t, 0.0, 1.0)
            squared = sum((a - t * b) ** 2 for a, b in zip(q, step, strict=True))
            distance = np.sqrt(squared) - (np.float32(r0) + t * np.float32(r1 - r0))
            nearest = distance if nearest is None else np.minimum(nearest, distance)
        return nearest

    def _radii(self) -> np.ndarray:
        return np.broadcast_to(np.array(self.radii, dtype=float), (len(self.points),))


@dataclass(frozen=True)
class Loft:
    """A trunk: superelliptic cross-sections `(z, half_width, half_depth, y_center)`, from low z to high z.

    inset_mm shrinks every section: skin, muscle and cavity are one loft with three insets.
    """

    sections: tuple[tuple[float, float, float, float], ...]
    inset_mm: float = 0.0
    power: float = 2.4

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        z, width, depth, y = np.array(self.sections).T
        low = np.array([-width.max(), (y - depth).min(), z.min()])
        return low + self.inset_mm, np.array([width.max(), (y + depth).max(), z.max()]) - self.inset_mm

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        from scipy.interpolate import PchipInterpolator

        knots = np.array(self.sections)
        inside = np.clip(z, knots[0, 0], knots[-1, 0])
        width, depth, y_center = np.moveaxis(PchipInterpolator(knots[:, 0], knots[:, 1:])(inside), -1, 0)
        radii = [np.maximum(v - self.inset_mm, 1.0).astype(np.float32) for v in (width, depth)]
        across = _superellipse_distance([x, y - y_center.astype(np.float32)], radii, self.power)
        beyond_ends = np.maximum(knots[0, 0] + self.inset_mm - z, z - (knots[-1, 0] - self.inset_mm))
        return np.maximum(across, beyond_ends)


@dataclass(frozen=True)
class Union:
    """Everything that is in at least one of the shapes."""

    shapes: tuple[Shape, ...]

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        lows, highs = zip(*(shape.bounds_mm() for shape in self.shapes), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        distance = self.shapes[0].distance_mm(x, y, z)
        for shape in self.shapes[1:]:
            distance = np.minimum(distance, shape.distance_mm(x, y, z))
        return distance


@dataclass(frozen=True)
class Hollow:
    """`outer` without `core`: a necrotic lesion, an organ with its cavity cut out."""

    outer: Shape
    core: Shape

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        return self.outer.bounds_mm()

    def distance_mm(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.maximum(self.outer.distance_mm(x, y, z), -self.core.distance_mm(x, y, z))


def sphere(center: Point, diameter_mm: float) -> Ellipsoid:
    return Ellipsoid(center, (diameter_mm / 2.0,) * 3)


def _superellipse_distance(q: Sequence[np.ndarray], radii: Sequence, power: float) -> np.ndarray:
    """First-order distance to sum |q_i / r_i|^p = 1: (k - 1) / |grad k| with k the p-norm of q / r.

    Far out, where |grad k| says little, the result is only sure to have the right sign.
    """
    p = np.float32(power)
    u = [np.abs(v) / np.asarray(r, dtype=np.float32) for v, r in zip(q, radii, strict=True)]
    powers = [_raised(v, power) for v in u]
    norm = np.maximum(sum(powers), 1e-6) ** np.float32(1.0 / power)
    slopes = [_raised(v, power - 1.0) / np.asarray(r, np.float32) for v, r in zip(u, radii, strict=True)]
    gradient = np.sqrt(sum(s * s for s in slopes)) * norm ** (1 - p)
    return (norm - 1) / np.maximum(gradient, 1e-6)


def _raised(base: np.ndarray, power: float) -> np.ndarray:
    """base ** power; whole powers by multiplication, which is many times faster."""
    if power not in (1.0, 2.0, 3.0, 4.0):
        return base ** np.float32(power)
    result = base
    for _ in range(int(power) - 1):
        result = result * base
    return result
