"""Bones of the phantom: skull, spine, ribs, girdles, long bones. Called by anatomy.

Cortex is painted first and marrow into it; red marrow (spine, pelvis, sternum) takes up FDG, yellow marrow does not.
"""

from __future__ import annotations

import itertools
import math

from CLIPSLib.phantom.rendering import Part
from CLIPSLib.phantom.shapes import Ellipsoid, Hollow, Shape, Tube, tilted
from CLIPSLib.phantom.uptake import HU, Uptake

# name, top z, height of one vertebra with its disc, count, half width, half depth
SPINE = (
    ("C", -165.0, 13.5, 6, 13.0, 9.0),
    ("T", -246.0, 22.5, 12, 16.0, 13.5),
    ("L", -516.0, 36.0, 5, 23.0, 17.0),
)
_SPINE_CURVE = ((-165.0, 18.0), (-246.0, 36.0), (-380.0, 66.0), (-516.0, 50.0), (-640.0, 36.0), (-700.0, 48.0))


def skeleton(uptake: Uptake) -> list[Part]:
    """All bones in painting order."""
    return [
        *_skull(uptake),
        *_spine(uptake),
        *_ribs(uptake),
        *_girdles(uptake),
        *_long_bones(uptake),
    ]


def spine_y_mm(z: float) -> float:
    """Where the middle of the vertebral bodies lies at height z (cervical lordosis, thoracic kyphosis, ...)."""
    points = sorted(_SPINE_CURVE)
    for (z0, y0), (z1, y1) in itertools.pairwise(points):
        if z <= z1:
            t = min(max((z - z0) / (z1 - z0), 0.0), 1.0)
            return y0 + (y1 - y0) * (3.0 * t * t - 2.0 * t * t * t)
    return points[-1][1]


def _cortex(shape: Shape, uptake: Uptake, hu: float = HU["cortical bone"]) -> Part:
    return Part(name="cortical bone", kind="background", shape=shape, suv=uptake.cortical_bone, hu=hu)


def _marrow(name: str, shape: Shape, suv: float) -> Part:
    return Part(name=name, kind="physiological", shape=shape, suv=suv, hu=HU["marrow"])


def _skull(uptake: Uptake) -> list[Part]:
    outer = Ellipsoid((0.0, -2.0, -92.0), (71.0, 91.0, 76.0))
    inner = Ellipsoid((0.0, -2.0, -90.0), (65.0, 85.0, 70.0))
    jaw = Tube(
        (
            (-46.0, -6.0, -176.0),
            (-38.0, -40.0, -208.0),
            (0.0, -84.0, -212.0),
            (38.0, -40.0, -208.0),
            (46.0, -6.0, -176.0),
        ),
        (6.0,),
    )
    return [_cortex(Hollow(outer, inner), uptake), _cortex(jaw, uptake)]


def _spine(uptake: Uptake) -> list[Part]:
    bodies, cores, arches = [], [], []
    for _, top, height, count, half_width, half_depth in SPINE:
        for i in range(count):
            z = top - height * (i + 0.5)
            center = (0.0, spine_y_mm(z), z)
            half_height = 0.42 * height
            bodies.append(Ellipsoid(center, (half_width, half_depth, half_height), power=4.0))
            cores.append(Ellipsoid(center, (half_width - 1.5, half_depth - 1.5, half_height - 1.0), power=4.0))
            tip = (0.0, center[1] + 2.3 * half_depth + 14.0, z - 0.5 * height)
            arches.append(Tube(((0.0, center[1] + half_depth + 13.0, z), tip), (4.5,)))
    sacrum = Ellipsoid((0.0, 62.0, -752.0), (42.0, 17.0, 56.0), tilted(about_x_deg=-24.0), power=2.6)
    return [
        *(_cortex(arch, uptake, 500.0) for arch in arches),
        *(_cortex(body, uptake, 450.0) for body in bodies),
        *(_marrow("vertebral marrow", core, uptake.marrow) for core in cores),
        _marrow("pelvic marrow", sacrum, 0.9 * uptake.marrow),
    ]


def _ribs(uptake: Uptake) -> list[Part]:
    """Ten pairs on ellipses around the lungs, falling towards the front; the sternum closes the upper ones."""
    ribs: list[Shape] = []
    for i in range(1, 11):
        z0 = -246.0 - 22.5 * (i - 0.5)
        half_width = 62.0 + 72.0 * math.sin(math.pi / 2.0 * min(i / 5.0, 1.0))
        half_depth = 0.68 * half_width
        y_middle = spine_y_mm(z0) - half_depth + 14.0
        reach = math.radians(165.0 if i <= 7 else 165.0 - 22.0 * (i - 7))
        angles = [reach * k / 11.0 for k in range(1, 12)]
        for side in (-1.0, 1.0):
            points = tuple(
                (side * half_width * math.sin(a), y_middle + half_depth * math.cos(a), z0 - 32.0 * (1.0 - math.cos(a)))
                for a in angles
            )
            ribs.append(Tube(points, (4.5,)))
    sternum = Ellipsoid((0.0, -90.0, -370.0), (17.0, 6.0, 76.0), tilted(about_x_deg=8.0), power=2.6)
    return [
        *(Part(name="ribs", kind="background", shape=rib, suv=0.9, hu=400.0) for rib in ribs),
        _marrow("sternum", sternum, uptake.marrow),
    ]


def _girdles(uptake: Uptake) -> list[Part]:
    parts = []
    for side in (-1.0, 1.0):
        wing = Ellipsoid(
            (side * 84.0, 34.0, -735.0), (11.0, 46.0, 56.0), tilted(about_y_deg=side * 24.0, about_z_deg=side * 28.0)
        )
        hip = Ellipsoid((side * 76.0, 14.0, -806.0), (22.0, 26.0, 32.0))
        pubis = Tube(((side * 70.0, 0.0, -826.0), (side * 10.0, -52.0, -858.0)), (9.0,))
        ischium = Tube(((side * 66.0, 28.0, -826.0), (side * 54.0, 34.0, -880.0)), (14.0,))
        parts += [_marrow("pelvic marrow", bone, 0.9 * uptake.marrow) for bone in (wing, hip, pubis, ischium)]
        scapula = Ellipsoid((side * 108.0, 84.0, -372.0), (36.0, 6.0, 58.0), tilted(about_z_deg=side * -24.0))
        clavicle = Tube(
            ((side * 16.0, -58.0, -292.0), (side * 80.0, -34.0, -284.0), (side * 156.0, 8.0, -288.0)), (6.0,)
        )
        parts += [_cortex(scapula, uptake, 400.0), _cortex(clavicle, uptake, 600.0)]
    return parts


def _long_bones(uptake: Uptake) -> list[Part]:
    parts = []
    for side in (-1.0, 1.0):
        head = (side * 94.0, 4.0, -828.0)
        trochanter = (side * 132.0, 12.0, -852.0)
        neck = Tube((head, trochanter), (15.0, 18.0))
        shaft_points = (trochanter, (side * 118.0, 4.0, -930.0), (side * 104.0, 0.0, -1200.0))
        humerus_points = ((side * 172.0, 16.0, -306.0), (side * 205.0, 30.0, -430.0), (side * 220.0, 38.0, -600.0))
        forearm = Tube((humerus_points[-1], (side * 215.0, 12.0, -850.0)), (11.0, 8.0))
        parts += [
            _cortex(neck, uptake),
            _cortex(Tube(shaft_points, (16.0, 14.0, 14.0)), uptake),
            _cortex(Tube(humerus_points, (22.0, 11.5, 12.0)), uptake),
            _cortex(forearm, uptake),
            _marrow("femoral marrow", Ellipsoid(head, (21.0, 21.0, 21.0)), 0.7 * uptake.marrow),
            _marrow("femoral marrow", Tube(shaft_points, (12.0, 8.0, 8.0)), uptake.fatty_marrow),
            _marrow("humeral marrow", Tube(humerus_points, (19.0, 6.0, 6.0)), 0.6 * uptake.marrow),
        ]
    return parts
