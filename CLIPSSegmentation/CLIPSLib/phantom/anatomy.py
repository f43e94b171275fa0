"""The body of the phantom: a man of 1.72 m, supine, arms at his sides, as analytic parts in painting order.

Coordinates are LPS mm with the vertex at z = 0, the feet towards negative z and the midline at x = 0 (x > 0 is his
left, y > 0 his back). Organ volumes follow the medians of real whole-body FDG PET/CT (liver 1.6 L, spleen 0.22 L,
kidneys 0.3 L, lungs 3 L, heart 0.56 L, bladder 0.12 L). Called by the generator.
"""

from __future__ import annotations

import math

from CLIPSLib.phantom.rendering import Part
from CLIPSLib.phantom.shapes import Ellipsoid, Hollow, Loft, Point, Shape, Tube, along, sphere, tilted
from CLIPSLib.phantom.skeleton import skeleton
from CLIPSLib.phantom.uptake import HU, Uptake

# z, half width, half depth, y of the middle: from the groin up to the root of the neck
TRUNK = (
    (-905.0, 150.0, 82.0, 8.0),
    (-880.0, 172.0, 100.0, 6.0),
    (-830.0, 180.0, 112.0, 6.0),
    (-760.0, 172.0, 112.0, 4.0),
    (-690.0, 155.0, 106.0, 0.0),
    (-630.0, 148.0, 106.0, 0.0),
    (-560.0, 152.0, 110.0, 0.0),
    (-480.0, 160.0, 116.0, 0.0),
    (-400.0, 168.0, 116.0, 2.0),
    (-340.0, 176.0, 104.0, 8.0),
    (-300.0, 168.0, 88.0, 14.0),
    (-270.0, 112.0, 72.0, 16.0),
    (-248.0, 66.0, 60.0, 14.0),
)
BLADDER = Ellipsoid((0.0, -28.0, -822.0), (36.0, 29.0, 29.0))
LV_CENTER: Point = (44.0, -38.0, -424.0)
LV_AXIS: Point = (0.66, -0.56, -0.50)
LIVER = (
    Ellipsoid((-76.0, -4.0, -524.0), (62.0, 74.0, 66.0), tilted(about_y_deg=-14.0), power=2.3),
    Ellipsoid((-6.0, -46.0, -500.0), (66.0, 34.0, 31.0), tilted(about_y_deg=-14.0)),
)
LIVER_SPHERE_CENTER: Point = (-84.0, 0.0, -522.0)  # of the 3 cm reference sphere in the right lobe
SPLEEN = Ellipsoid((104.0, 46.0, -498.0), (27.0, 44.0, 45.0), tilted(about_x_deg=-20.0, about_y_deg=12.0))


def anatomy(uptake: Uptake) -> list[Part]:
    """All parts of a healthy body in painting order."""
    return [
        *_table(),
        *_outline(uptake),
        *_chest(uptake),
        *_abdomen(uptake),
        *skeleton(uptake),
        *_vessels(uptake),
        *_heart(uptake),
        *_urinary(uptake),
        *_head(uptake),
        *_neck_and_groin(uptake),
    ]


def _tissue(name: str, suv: float, hu: str, *shapes: Shape) -> list[Part]:
    return [Part(name=name, kind="background", shape=shape, suv=suv, hu=HU[hu]) for shape in shapes]


def _organ(name: str, suv: float, hu: str, *shapes: Shape) -> list[Part]:
    return [Part(name=name, kind="physiological", shape=shape, suv=suv, hu=HU[hu]) for shape in shapes]


def mirrored(point: Point) -> Point:
    return -point[0], point[1], point[2]


def both_sides(shape: Tube | Ellipsoid) -> tuple[Tube | Ellipsoid, Tube | Ellipsoid]:
    """A shape on the left and its mirror image on the right; ellipsoids must not be rotated."""
    if isinstance(shape, Tube):
        return shape, Tube(tuple(mirrored(p) for p in shape.points), shape.radii)
    return shape, Ellipsoid(mirrored(shape.center), shape.radii, None, shape.power)


def _table() -> list[Part]:
    pad = Ellipsoid((0.0, 142.0, -500.0), (205.0, 14.0, 2000.0), power=4.0)
    return _tissue("table", 0.0, "table", pad)


def _outline(uptake: Uptake) -> list[Part]:
    """Skin and fat first, then the muscle inside, so that no seam of fat crosses the body where parts join."""
    belly = Ellipsoid((0.0, -12.0, -664.0), (106.0, 62.0, 118.0), power=3.0)
    return [
        *_tissue("subcutaneous fat", uptake.fat, "fat", *_silhouette(0.0)),
        *_tissue("muscle", uptake.muscle, "muscle", *_silhouette(12.0)),
        *_tissue("visceral fat", uptake.fat, "fat", belly),
    ]


def _silhouette(inset_mm: float) -> list[Shape]:
    """Trunk, limbs, neck and head, everything `inset_mm` (less where skin is thin) below the surface."""
    legs = Tube(((86.0, 8.0, -860.0), (90.0, 6.0, -1010.0), (84.0, 6.0, -1200.0)), (86.0, 76.0, 60.0))
    arms = Tube(
        ((176.0, 18.0, -306.0), (208.0, 30.0, -430.0), (222.0, 36.0, -600.0), (216.0, 10.0, -850.0)),
        (46.0, 43.0, 37.0, 24.0),
    )
    hands = Tube(((216.0, 10.0, -850.0), (206.0, -6.0, -940.0)), (25.0, 21.0))
    neck = Tube(((0.0, 14.0, -180.0), (0.0, 16.0, -290.0)), (54.0, 62.0))
    thin = 0.4 * inset_mm
    return [
        *both_sides(_thinner(legs, inset_mm)),
        *both_sides(_thinner(arms, 0.6 * inset_mm)),
        *both_sides(_thinner(hands, 0.3 * inset_mm)),
        _thinner(neck, 0.7 * inset_mm),
        Loft(TRUNK, inset_mm=1.3 * inset_mm),
        Ellipsoid((0.0, -2.0, -96.0), (76.0 - thin, 97.0 - thin, 96.0 - thin)),
        Ellipsoid((0.0, -38.0, -165.0), (60.0 - thin, 62.0 - thin, 60.0 - thin)),
        Ellipsoid((0.0, -102.0, -150.0), (12.0 - thin / 2, 14.0 - thin / 2, 24.0 - thin / 2)),
    ]


def _thinner(tube: Tube, inset_mm: float) -> Tube:
    return Tube(tube.points, tuple(r - inset_mm for r in tube.radii))


def _chest(uptake: Uptake) -> list[Part]:
    lungs = (
        Ellipsoid((-80.0, 10.0, -386.0), (53.0, 74.0, 108.0), tilted(about_y_deg=5.0), power=2.3),
        Ellipsoid((82.0, 12.0, -386.0), (50.0, 74.0, 108.0), tilted(about_y_deg=-5.0), power=2.3),
    )
    mediastinum = Ellipsoid((0.0, -8.0, -370.0), (34.0, 70.0, 110.0), power=2.6)
    trachea = Tube(((0.0, -18.0, -225.0), (0.0, 12.0, -355.0)), (8.0,))
    esophagus = Tube(((4.0, 22.0, -260.0), (8.0, 34.0, -440.0), (22.0, 10.0, -490.0)), (8.0,))
    return [
        *_tissue("lungs", uptake.lung, "lung", *lungs),
        *_tissue("mediastinum", 0.9, "soft tissue", mediastinum),
        *_tissue("trachea", 0.2, "lung", trachea),
        *_organ("esophagus", uptake.blood, "soft tissue", esophagus),
    ]


def _abdomen(uptake: Uptake) -> list[Part]:
    stomach = Tube(
        ((60.0, 8.0, -478.0), (66.0, -20.0, -515.0), (48.0, -52.0, -552.0), (4.0, -58.0, -566.0)),
        (33.0, 31.0, 25.0, 16.0),
    )
    colon = Tube(
        (
            (-104.0, 2.0, -742.0),
            (-108.0, 8.0, -620.0),
            (-62.0, -62.0, -612.0),
            (0.0, -76.0, -628.0),
            (62.0, -64.0, -604.0),
            (108.0, 12.0, -590.0),
            (110.0, 14.0, -720.0),
            (72.0, -10.0, -770.0),
            (24.0, 18.0, -768.0),
            (0.0, 52.0, -790.0),
            (0.0, 58.0, -850.0),
        ),
        (22.0, 21.0, 19.0, 18.0, 18.0, 16.0, 15.0, 14.0, 15.0, 17.0, 13.0),
    )
    cecum = Ellipsoid((-102.0, -4.0, -746.0), (24.0, 24.0, 28.0))
    return [
        *_organ("liver", uptake.liver, "liver", *LIVER),
        *_organ("spleen", uptake.spleen, "soft tissue", SPLEEN),
        *_organ("stomach", uptake.stomach, "soft tissue", stomach),
        *_organ("small bowel", uptake.small_bowel, "soft tissue", _small_bowel()),
        *_organ("colon", uptake.colon, "soft tissue", colon),
        *_organ("cecum", uptake.cecum, "soft tissue", cecum),
    ]


def _small_bowel() -> Tube:
    """A loop that winds from side to side down the middle of the abdomen."""
    turns = [i / 40.0 for i in range(41)]
    points = tuple(
        (
            52.0 * math.sin(2.0 * math.pi * 4.0 * t),
            -42.0 + 18.0 * math.cos(2.0 * math.pi * 6.5 * t),
            -636.0 - 132.0 * t,
        )
        for t in turns
    )
    return Tube(points, (10.0,))


def _vessels(uptake: Uptake) -> list[Part]:
    aorta = Tube(
        (
            (-8.0, -26.0, -400.0),
            (-10.0, -30.0, -345.0),
            (8.0, -6.0, -318.0),
            (24.0, 34.0, -335.0),
            (22.0, 44.0, -420.0),
            (12.0, 28.0, -520.0),
            (6.0, 6.0, -640.0),
        ),
        (16.0, 15.0, 14.0, 12.5, 12.0, 11.0, 9.0),
    )
    cava = Tube(((-20.0, -20.0, -430.0), (-22.0, 14.0, -520.0), (-20.0, 8.0, -650.0)), (12.0,))
    upper_cava = Tube(((-24.0, -28.0, -400.0), (-22.0, -26.0, -300.0), (-34.0, -14.0, -215.0)), (10.0, 9.0, 7.0))
    iliac = Tube(((8.0, 6.0, -642.0), (48.0, 8.0, -740.0), (72.0, -52.0, -850.0), (74.0, -40.0, -1010.0)), (8.0,))
    carotid = Tube(((14.0, -6.0, -318.0), (34.0, -4.0, -225.0), (36.0, -8.0, -175.0)), (5.0,))
    vessels = (aorta, cava, upper_cava, *both_sides(iliac), *both_sides(carotid))
    return _organ("blood vessels", uptake.blood, "blood", *vessels)


def _heart(uptake: Uptake) -> list[Part]:
    """The left ventricle is a thick cup whose open end looks to the valves: a horseshoe on the MIP."""
    turn = along((-LV_AXIS[0], -LV_AXIS[1], -LV_AXIS[2]))
    base = tuple(c - 16.0 * a for c, a in zip(LV_CENTER, LV_AXIS, strict=True))
    chambers = Ellipsoid((16.0, -32.0, -412.0), (53.0, 44.0, 56.0))
    cavity = Ellipsoid(base, (18.0, 18.0, 44.0), turn)
    wall = Hollow(Ellipsoid(LV_CENTER, (30.0, 30.0, 44.0), turn), cavity)
    return [
        *_organ("heart chambers", uptake.blood, "blood", chambers),
        *_organ("myocardium", uptake.myocardium, "muscle", wall),
    ]


def _urinary(uptake: Uptake) -> list[Part]:
    left = Ellipsoid((62.0, 46.0, -558.0), (25.0, 25.0, 56.0), tilted(about_y_deg=10.0))
    right = Ellipsoid((-62.0, 46.0, -576.0), (25.0, 25.0, 56.0), tilted(about_y_deg=-10.0))
    calyces = (
        Tube(((58.0, 42.0, -534.0), (48.0, 38.0, -558.0), (62.0, 44.0, -584.0)), (5.5, 7.5, 5.0)),
        Tube(((-58.0, 42.0, -552.0), (-48.0, 38.0, -576.0), (-62.0, 44.0, -602.0)), (5.0, 7.0, 5.5)),
    )
    ureters = (
        Tube(((40.0, 30.0, -600.0), (42.0, 22.0, -640.0)), (2.5,)),
        Tube(((-44.0, 16.0, -690.0), (-46.0, 14.0, -722.0)), (2.5,)),
    )
    return [
        *_organ("kidneys", uptake.kidney, "soft tissue", left, right),
        *_organ("renal pelvis", uptake.renal_pelvis, "fluid", *calyces),
        *_organ("ureters", uptake.ureter, "fluid", *ureters),
        *_organ("bladder", uptake.bladder, "fluid", BLADDER),
    ]


def _head(uptake: Uptake) -> list[Part]:
    gray = Ellipsoid((0.0, -2.0, -84.0), (64.0, 83.0, 60.0))
    white = both_sides(Ellipsoid((25.0, -2.0, -84.0), (20.0, 60.0, 34.0)))
    fissure = Ellipsoid((0.0, -2.0, -62.0), (2.5, 80.0, 36.0))
    ventricles = both_sides(Ellipsoid((9.0, 6.0, -84.0), (6.0, 30.0, 9.0)))
    basal_ganglia = both_sides(Ellipsoid((19.0, -8.0, -98.0), (11.0, 24.0, 13.0)))
    cerebellum = Ellipsoid((0.0, 44.0, -136.0), (50.0, 32.0, 24.0))
    sinuses = Ellipsoid((0.0, -68.0, -140.0), (22.0, 20.0, 22.0))
    return [
        *_tissue("sinuses", 0.5, "lung", sinuses),
        *_organ("cerebellum", uptake.cerebellum, "brain", cerebellum),
        *_organ("brain", uptake.gray_matter, "brain", gray),
        *_organ("brain", uptake.white_matter, "brain", *white),
        *_organ("brain", uptake.gray_matter, "brain", *basal_ganglia),
        *_tissue("cerebrospinal fluid", 0.6, "fluid", fissure, *ventricles),
    ]


def _neck_and_groin(uptake: Uptake) -> list[Part]:
    parotid = both_sides(Ellipsoid((58.0, -2.0, -168.0), (10.0, 16.0, 22.0)))
    submandibular = both_sides(Ellipsoid((30.0, -34.0, -204.0), (9.0, 14.0, 11.0)))
    tonsils = both_sides(Ellipsoid((17.0, -26.0, -184.0), (6.5, 8.0, 10.0)))
    larynx = Hollow(
        Ellipsoid((0.0, -28.0, -226.0), (16.0, 14.0, 14.0)), Ellipsoid((0.0, -24.0, -226.0), (8.0, 8.0, 40.0))
    )
    thyroid = both_sides(Ellipsoid((16.0, -22.0, -250.0), (9.0, 9.0, 20.0)))
    testes = both_sides(Ellipsoid((16.0, -78.0, -912.0), (12.0, 14.0, 20.0)))
    scrotum = Ellipsoid((0.0, -76.0, -908.0), (34.0, 26.0, 32.0))
    return [
        *_organ("salivary glands", uptake.salivary, "soft tissue", *parotid),
        *_organ("salivary glands", uptake.salivary, "soft tissue", *submandibular),
        *_organ("tonsils", uptake.tonsil, "soft tissue", *tonsils),
        *_organ("larynx", uptake.larynx, "soft tissue", larynx),
        *_organ("thyroid", uptake.thyroid, "soft tissue", *thyroid),
        *_tissue("scrotum", uptake.muscle, "soft tissue", scrotum),
        *_organ("testes", uptake.testis, "soft tissue", *testes),
    ]


def liver_sphere() -> Ellipsoid:
    """The 3 cm sphere in the right lobe in which PERCIST measures the liver."""
    return sphere(LIVER_SPHERE_CENTER, 30.0)
