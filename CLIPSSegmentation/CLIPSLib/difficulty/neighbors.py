"""How near the tumor lies to physiological uptake, and whether a plain threshold finds it. Called by `uptake`."""

from __future__ import annotations

import numpy as np

from CLIPSLib.difficulty.borders import border
from CLIPSLib.difficulty.lesions import Found, Lesion, ReferenceCase, Undefined
from CLIPSLib.evaluation import dice
from CLIPSLib.imaging import at_least, bounding_box, grow_box, label_components, voxels_for_volume

FIXED_RULES_SUV = (2.5, 4.0)
FRACTION_OF_MAX = 0.41
GROWTH_MM = 15.0  # how far beyond a lesion's box the 41 % rule may grow, as a person would cut it there
RULE_CONNECTIVITY = 26


def near_organs(case: ReferenceCase) -> Found:
    """Distance of the tumor to the physiological uptake that was marked, and the share of tumor near it."""
    if case.organs is None:
        reason = Undefined("no physiological uptake is marked in this case")
        return {"organ_distance": reason, "organ_share": reason}
    distance, share = _nearness(case, case.organs)
    return {"organ_distance": distance, "organ_share": share}


def near_hot_regions(case: ReferenceCase) -> Found:
    """The same to all large hot regions outside the reference: a stand-in where nobody marked organs."""
    distance, share = _nearness(case, _hot_regions(case))
    return {"hot_distance": distance, "hot_share": share}


def _nearness(case: ReferenceCase, physiological: np.ndarray) -> tuple[float, float]:
    """Smallest distance between voxel centers, cut off at `far_mm`; share of tumor voxels within `near_mm`."""
    from scipy.spatial import cKDTree

    reach = [int(np.ceil(case.options.far_mm / spacing)) for spacing in case.spacing_mm]
    box = grow_box(bounding_box(case.tumor), reach, case.suv.shape)
    points = np.argwhere(border(physiological[box])) * case.spacing_mm
    if len(points) == 0:
        return case.options.far_mm, 0.0
    tumor = np.argwhere(case.tumor[box]) * case.spacing_mm
    distances, _ = cKDTree(points).query(tumor, distance_upper_bound=case.options.far_mm)  # inf beyond the bound
    nearest = min(float(distances.min()), case.options.far_mm)
    return nearest, float((distances <= case.options.near_mm + 1e-6).mean())


def _hot_regions(case: ReferenceCase) -> np.ndarray:
    """Voxels of SUV >= `hot_suv` outside the reference, in components (26) of at least `hot_min_ml`."""
    components = label_components(at_least(case.suv, case.options.hot_suv) & ~case.tumor, RULE_CONNECTIVITY)
    large = components.sizes >= voxels_for_volume(case.options.hot_min_ml, case.voxel_ml)
    return np.concatenate([[False], large])[components.labels]


def rule_disagreement(case: ReferenceCase) -> Found:
    """1 - Dice of the reference with the best of SUV >= 2.5, SUV >= 4 and 41 % of each lesion's SUVmax."""
    found = [dice(case.tumor, rule) or 0.0 for rule in _rules(case)]
    return {"rule_disagreement": 1.0 - max(found)}


def _rules(case: ReferenceCase) -> list[np.ndarray]:
    allowed = np.ones(case.suv.shape, dtype=bool) if case.organs is None else ~case.organs
    rules = [_fixed_rule(case, threshold, allowed) for threshold in FIXED_RULES_SUV]
    relative = np.zeros(case.suv.shape, dtype=bool)
    for lesion in case.lesions:
        box = case.around(lesion, GROWTH_MM)[0]
        relative[box] |= _grown(case, lesion, box) & allowed[box]
    return [*rules, relative]


def _fixed_rule(case: ReferenceCase, threshold: float, allowed: np.ndarray) -> np.ndarray:
    selected = at_least(case.suv, threshold) & allowed
    if case.options.rule_regions == "everywhere":
        return selected
    components = label_components(selected, RULE_CONNECTIVITY)
    touched = np.bincount(components.labels[case.tumor], minlength=components.count + 1) > 0
    touched[0] = False
    return touched[components.labels]


def _grown(case: ReferenceCase, lesion: Lesion, box) -> np.ndarray:
    """What 41 % of the lesion's SUVmax selects around its hottest voxel, within `box`."""
    suv = case.suv[box]
    components = label_components(at_least(suv, FRACTION_OF_MAX * float(lesion.suv.max())), RULE_CONNECTIVITY)
    corner = [s.start - b.start for s, b in zip(lesion.box, box, strict=True)]
    hottest = np.argwhere(lesion.mask)[lesion.suv.argmax()] + corner
    number = components.labels[tuple(hottest)]
    return (components.labels == number) & (number > 0)
