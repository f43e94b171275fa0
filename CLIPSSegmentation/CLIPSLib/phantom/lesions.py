"""Lymphoma lesions: the awkward ones by name and place, and a scatter of ordinary nodes. Called by presets.

Sizes are chosen for what happens to them at SUV >= 4.0 with a PSF of about 6 mm on voxels of about 4 mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from CLIPSLib.phantom.fitted import CornerPair, FilterEdge
from CLIPSLib.phantom.rendering import Part
from CLIPSLib.phantom.shapes import Ellipsoid, Hollow, Point, Shape, Union, sphere
from CLIPSLib.phantom.uptake import HU


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One lesion. nodules: (center LPS mm, diameters mm) of one or more ellipsoids that make it up.

    core_mm: diameter of a necrotic center (one nodule only). z_anchor "lowest-slice", "highest-slice" or "bed-boundary"
    moves the lesion along z to that place of the scan, wherever the preset's field of view puts it.
    """

    name: str
    suv: float
    nodules: tuple[tuple[Point, Point], ...]
    core_mm: float = 0.0
    z_anchor: str = ""

    def shape(self, shift_z_mm: float = 0.0) -> Shape:
        shapes = [
            Ellipsoid((x, y, z + shift_z_mm), tuple(d / 2.0 for d in diameters))
            for (x, y, z), diameters in self.nodules
        ]
        if self.core_mm:
            return Hollow(shapes[0], sphere(shapes[0].center, self.core_mm))
        return shapes[0] if len(shapes) == 1 else Union(tuple(shapes))

    @property
    def center_mm(self) -> Point:
        return tuple(np.mean([center for center, _ in self.nodules], axis=0).tolist())


def ball(name: str, suv: float, center: Point, diameter_mm: float, **options) -> Lesion:
    return Lesion(name=name, suv=suv, nodules=((center, (diameter_mm,) * 3),), **options)


def node(name: str, suv: float, center: Point, diameters: Point) -> Lesion:
    return Lesion(name=name, suv=suv, nodules=((center, diameters),))


AWKWARD = (
    Lesion(
        name="mediastinal bulk",
        suv=16.0,
        nodules=(
            ((-8.0, -58.0, -336.0), (56.0, 44.0, 60.0)),
            ((22.0, -60.0, -352.0), (44.0, 40.0, 52.0)),
            ((-26.0, -50.0, -362.0), (38.0, 40.0, 48.0)),
            ((6.0, -64.0, -312.0), (40.0, 30.0, 36.0)),
        ),
    ),
    ball("node on the heart apex", 9.0, (81.0, -70.0, -452.0), 22.0),
    ball("node on the bladder", 10.0, (49.0, -30.0, -816.0), 25.0),
    ball("node at the renal hilum", 12.0, (30.0, 28.0, -566.0), 20.0),
    ball("axillary node, SUV 3.9", 3.9, (-140.0, 14.0, -344.0), 28.0),
    ball("axillary node, SUV 4.1", 4.1, (140.0, 14.0, -344.0), 28.0),
    FilterEdge(name="paraspinal nodule of 2.9 mL", near_mm=(-46.0, 71.0, -668.0), volume_ml=2.9),
    FilterEdge(name="paraspinal nodule of 3.1 mL", near_mm=(45.0, 70.0, -690.0), volume_ml=3.1),
    ball("inguinal node, right", 9.0, (-78.0, -72.0, -852.0), 18.0),
    ball("inguinal node, left", 12.0, (80.0, -72.0, -862.0), 20.0),
    ball("necrotic mesenteric mass", 14.0, (-20.0, -30.0, -668.0), 56.0, core_mm=30.0),
    CornerPair(name="gluteal pair", suv=9.0, near_mm=(96.0, 74.0, -852.0), diameter_mm=14.0),
    ball("thigh lesion in the lowest slice", 11.0, (70.0, -30.0, 0.0), 24.0, z_anchor="lowest-slice"),
    ball("skull lesion in the highest slice", 13.0, (40.0, 20.0, 0.0), 22.0, z_anchor="highest-slice"),
    ball("para-aortic node across two beds", 12.0, (22.0, 6.0, -640.0), 22.0, z_anchor="bed-boundary"),
)

ORDINARY = (
    node("cervical node, right", 11.0, (-42.0, 4.0, -206.0), (16.0, 14.0, 26.0)),
    node("cervical node, left", 8.0, (42.0, 10.0, -222.0), (13.0, 12.0, 18.0)),
    node("supraclavicular node, left", 17.0, (56.0, -14.0, -270.0), (26.0, 20.0, 22.0)),
    node("supraclavicular node, right", 13.0, (-52.0, -12.0, -266.0), (18.0, 15.0, 16.0)),
    node("axillary node, right", 10.0, (-136.0, 2.0, -384.0), (20.0, 16.0, 26.0)),
    node("celiac node", 15.0, (6.0, -4.0, -546.0), (28.0, 20.0, 24.0)),
    node("para-aortic node, left", 19.0, (28.0, 10.0, -606.0), (22.0, 22.0, 40.0)),
    node("interaortocaval node", 16.0, (-8.0, 18.0, -622.0), (18.0, 16.0, 30.0)),
    node("iliac node, right", 14.0, (-58.0, 0.0, -764.0), (20.0, 18.0, 32.0)),
    node("splenic focus", 10.0, (108.0, 44.0, -488.0), (24.0, 22.0, 24.0)),
    node("vertebral lesion, L4", 12.0, (0.0, 38.0, -642.0), (26.0, 22.0, 22.0)),
    node("iliac bone lesion", 9.0, (88.0, 40.0, -722.0), (14.0, 30.0, 30.0)),
    node("low-grade node, SUV 2.8", 2.8, (-62.0, -20.0, -320.0), (18.0, 18.0, 18.0)),
)

# Chains along which ordinary nodes are scattered: (start, end) in LPS mm
_CHAINS = (
    ((-40.0, 0.0, -190.0), (-56.0, -8.0, -268.0)),
    ((40.0, 0.0, -190.0), (56.0, -8.0, -268.0)),
    ((-128.0, 0.0, -320.0), (-140.0, 8.0, -420.0)),
    ((128.0, 0.0, -320.0), (140.0, 8.0, -420.0)),
    ((-20.0, -30.0, -300.0), (-10.0, -10.0, -440.0)),
    ((28.0, -20.0, -310.0), (30.0, 20.0, -460.0)),
    ((-22.0, 6.0, -520.0), (-30.0, 10.0, -700.0)),
    ((24.0, 6.0, -520.0), (30.0, 10.0, -700.0)),
    ((-60.0, -55.0, -640.0), (60.0, -55.0, -720.0)),
    ((-48.0, 4.0, -720.0), (-80.0, -56.0, -880.0)),
    ((48.0, 4.0, -720.0), (80.0, -56.0, -880.0)),
    ((-10.0, 50.0, -380.0), (0.0, 44.0, -690.0)),
)


def scattered(count: int, seed: int, taken: list[Shape]) -> list[Lesion]:
    """Up to `count` nodes along the chains, clear of the shapes in `taken` and of each other.

    Volumes are log-normal with a median of 4 mL (0.3 to 30 mL), SUV log-normal with a median of 12 (2.5 to 30).
    """
    generator = np.random.Generator(np.random.PCG64([seed, 2]))
    obstacles, found = list(taken), []
    for _ in range(400 * count):
        if len(found) == count:
            break
        start, end = (np.array(p) for p in _CHAINS[generator.integers(len(_CHAINS))])
        center = start + generator.random() * (end - start) + generator.uniform(-10.0, 10.0, 3)
        volume_ml = float(np.clip(4.0 * np.exp(0.9 * generator.standard_normal()), 0.3, 30.0))
        suv = float(np.clip(12.0 * np.exp(0.6 * generator.standard_normal()), 2.5, 30.0))
        stretch = np.exp(generator.uniform(-0.2, 0.2, 3))
        mean_diameter = 2.0 * (3000.0 * volume_ml / (4.0 * math.pi)) ** (1.0 / 3.0)
        diameters = mean_diameter * stretch / np.prod(stretch) ** (1.0 / 3.0)
        if all(_clearance_mm(other, center) > diameters.max() / 2.0 + 7.0 for other in obstacles):
            lesion = node(
                f"node {len(found) + 1}", round(suv, 1), *(tuple(np.round(v, 1).tolist()) for v in (center, diameters))
            )
            found.append(lesion)
            obstacles.append(lesion.shape())
    return found


def lesion_parts(lesion: Lesion, shift_z_mm: float = 0.0, *, necrosis_suv: float = 0.8) -> list[Part]:
    """The painted parts of a lesion: a necrotic center is background inside the ring."""
    parts = [Part(name=lesion.name, kind="tumor", shape=lesion.shape(shift_z_mm), suv=lesion.suv, hu=HU["lesion"])]
    if lesion.core_mm:
        core = parts[0].shape.core
        parts.insert(0, Part(name="necrosis", kind="background", shape=core, suv=necrosis_suv, hu=HU["fluid"]))
    return parts


def _clearance_mm(shape: Shape, point: np.ndarray) -> float:
    x, y, z = (np.array([v], dtype=np.float32) for v in point)
    return float(np.max(shape.distance_mm(x, y, z)))
