"""The uptake measurers of one case: small masks calculated by hand, and the sarcoma patients' independent numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders_volume import study_of
from CLIPSLib.difficulty import UptakeOptions
from CLIPSLib.difficulty.lesions import Undefined, reference_case
from CLIPSLib.difficulty.ranking import significant
from CLIPSLib.difficulty.uptake import measure_uptake
from CLIPSLib.measures import LiverReference

SPACING = (5.0, 5.0, 5.0)  # 0.125 mL a voxel
DEFAULTS = UptakeOptions()


def measured(suv, tumor, *, options: UptakeOptions = DEFAULTS, **given):
    pet = study_of(suv, spacing_xyz=SPACING).pet
    return measure_uptake(reference_case(pet, tumor, options=options, **given))


def scene(*boxes, shape=(40, 20, 20), background=1.0):
    """A PET of one SUV with boxes of others, and the mask of the boxes: `((slices), suv)`."""
    suv = np.full(shape, background, dtype=np.float32)
    tumor = np.zeros(shape, dtype=bool)
    for box, value in boxes:
        suv[box], tumor[box] = value, True
    return suv, tumor


# 4 x 4 x 4 voxels = 8 mL of SUV 8, centroid index (5.5, 5.5, 5.5); 1 x 2 x 4 = 1 mL of SUV 3, centroid (30, 5.5, 5.5)
LARGE, SMALL = np.s_[4:8, 4:8, 4:8], np.s_[30:31, 5:7, 4:8]
TWO = scene((LARGE, 8.0), (SMALL, 3.0))


def test_volumes_counts_and_distances_by_hand():
    found = measured(*TWO)
    assert found["tmtv"] == pytest.approx(9.0)
    assert found["lesion_count"] == 2
    assert found["smallest_lesion"] == pytest.approx(1.0)
    assert found["median_lesion"] == pytest.approx(4.5)
    assert found["small_lesions"] == pytest.approx(0.5)
    assert found["d_max"] == pytest.approx(24.5 * 5)
    # centroid of the volume 1/9 of the way: distances d/9 and 8d/9, d = 122.5 mm
    assert found["spread"] == pytest.approx(122.5 * math.sqrt(((1 / 9) ** 2 + (8 / 9) ** 2) / 2))


def test_equal_patients_are_equal_wherever_they_lie():
    """Rounding errors of coordinates must not order cases."""
    found = []
    for z in range(4, 30, 5):
        suv, tumor = scene((np.s_[z : z + 4, 4:8, 4:8], 8.0))
        suv[z : z + 4, 4:8, 9:16] = 5.0
        pet = study_of(suv, spacing_xyz=(5.46875, 5.46875, 3.27)).pet
        values = measure_uptake(reference_case(pet, tumor, options=DEFAULTS))
        found.append({name: v if isinstance(v, Undefined) else significant(v) for name, v in values.items()})
    assert found[0]["spread"] == found[0]["d_max"] == 0.0
    assert all(other == found[0] for other in found)


def test_uptake_by_hand():
    found = measured(*TWO)
    assert found["suv_max"] == 8.0
    assert found["suv_mean"] == pytest.approx((8.0 * 64 + 3.0 * 8) / 72)
    assert found["weakest_lesion"] == 3.0
    # 5 mm voxels: the 1 cm3 sphere holds a voxel and its 6 face neighbors, all in the large lesion
    assert found["suv_peak"] == pytest.approx(8.0)


def test_components_below_the_least_volume_are_no_lesions():
    suv, tumor = scene((LARGE, 8.0), (SMALL, 3.0))
    found = measured(suv, tumor, options=UptakeOptions(min_lesion_ml=1.5))
    assert found["lesion_count"] == 1
    assert found["weakest_lesion"] == 8.0
    assert found["tmtv"] == pytest.approx(9.0)  # the mask's volume, whatever counts as a lesion
    none = measured(suv, tumor, options=UptakeOptions(min_lesion_ml=20.0))
    assert none["lesion_count"] == 0
    assert none["d_max"] == Undefined("no component of the reference reaches 20 mL")


def test_the_connectivity_decides_what_one_lesion_is():
    suv, tumor = scene((np.s_[4:8, 4:8, 4:8], 8.0), (np.s_[8:12, 8:12, 4:8], 8.0))  # they share an edge
    assert measured(suv, tumor)["lesion_count"] == 1
    assert measured(suv, tumor, options=UptakeOptions(connectivity=6))["lesion_count"] == 2


def test_contrast_to_the_ring_by_hand():
    suv, tumor = scene((LARGE, 8.0))
    suv[:, :, 12:] = 3.0  # no ring voxel lies there: 15 mm from x index 7 ends at index 10
    found = measured(suv, tumor)
    assert found["tumor_to_background"] == pytest.approx(8.0)
    assert found["contrast_to_noise"] == "the background around each lesion has no spread or no uptake"
    suv[:, 9:, :12] = 20.0  # a hot organ fills less than half of the ring: the median does not see it
    assert measured(suv, tumor)["tumor_to_background"] == pytest.approx(8.0)
    noise = np.random.default_rng(0).normal(1.0, 0.25, suv.shape).astype(np.float32)
    noise[tumor] = 8.0
    assert measured(noise, tumor)["contrast_to_noise"] == pytest.approx(7.0 / 0.25, rel=0.05)


def test_other_lesions_are_no_background():
    near = np.s_[4:8, 4:8, 10:14]  # 15 mm to the right
    suv, tumor = scene((LARGE, 8.0), (near, 8.0))
    assert measured(suv, tumor)["tumor_to_background"] == pytest.approx(8.0)


def test_the_patients_value_is_the_median_or_the_hardest_of_the_lesions():
    median = measured(*TWO)["tumor_to_background"]
    hardest = measured(*TWO, options=UptakeOptions(across_lesions="hardest"))["tumor_to_background"]
    assert (median, hardest) == (pytest.approx(5.5), pytest.approx(3.0))


def test_the_liver_ratio_closest_to_1_is_the_hardest():
    liver = LiverReference(center_lps_mm=(0.0, 0.0, 0.0), mean_suv=2.5, sd_suv=0.25, voxel_count=100, source="found")
    found = measured(*TWO, liver=liver, options=UptakeOptions(across_lesions="hardest"))
    assert found["liver_ratio"] == pytest.approx(3.0 / 2.5)
    assert found["liver_noise"] == pytest.approx(0.1)
    assert measured(*TWO)["liver_ratio"] == "no liver was found in the PET"


def ball(radius_mm: float, shape=(30, 30, 30)) -> np.ndarray:
    z, y, x = np.indices(shape)
    center = np.array(shape) / 2 - 0.5
    return 25.0 * ((z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2) <= radius_mm**2


def test_a_ball_is_round_and_a_long_ellipsoid_is_not():
    sphere = ball(50.0)
    found = measured(np.where(sphere, 8.0, 1.0).astype(np.float32), sphere)
    assert found["sphericity"] == pytest.approx(1.0, abs=0.03)
    assert found["surface_to_volume"] == pytest.approx(3 / 50.0, rel=0.05)
    z, y, x = np.indices((60, 20, 20)) * 5.0
    a, c = 30.0, 120.0
    ellipsoid = ((x - 50) ** 2 + (y - 50) ** 2) / a**2 + (z - 150) ** 2 / c**2 <= 1.0
    eccentricity = math.sqrt(1 - (a / c) ** 2)
    surface = 2 * math.pi * a**2 * (1 + c / (a * eccentricity) * math.asin(eccentricity))  # of a prolate spheroid
    exact = math.pi ** (1 / 3) * (6 * 4 / 3 * math.pi * a * a * c) ** (2 / 3) / surface
    found = measured(np.where(ellipsoid, 8.0, 1.0).astype(np.float32), ellipsoid)
    assert found["sphericity"] == pytest.approx(exact, rel=0.05)  # 0.77


def test_lesions_of_few_voxels_have_no_shape():
    suv, tumor = scene((np.s_[4:5, 4:6, 4:6], 8.0))
    assert measured(suv, tumor)["sphericity"] == "no lesion has 8 voxels"
    assert measured(suv, tumor)["boundary_sharpness"] == "no lesion has 8 voxels"


def test_sharpness_of_a_step_by_hand():
    # Every border voxel of a 2 x 2 x 2 lesion is a corner: on each axis SUV goes 1, 8, 8: the slope is 7 / 10 mm.
    suv, tumor = scene((np.s_[10:12, 10:12, 10:12], 8.0))
    assert measured(suv, tumor)["boundary_sharpness"] == pytest.approx(math.sqrt(3) * 0.7 / 8.0)


def test_smooth_borders_are_less_sharp():
    from scipy import ndimage

    sphere = ball(40.0)
    sharp = np.where(sphere, 8.0, 1.0).astype(np.float32)
    smooth = ndimage.gaussian_filter(sharp, 1.5)
    assert measured(smooth, sphere)["boundary_sharpness"] < measured(sharp, sphere)["boundary_sharpness"]


def test_distance_to_marked_uptake_and_the_share_near_it_by_hand():
    suv, tumor = scene((LARGE, 8.0))
    organ = np.zeros(suv.shape, dtype=bool)
    organ[4:8, 4:8, 9:12] = True  # centers 10 mm from the lesion's last column, which is a quarter of it
    found = measured(suv, tumor, organs=organ)
    assert (found["organ_distance"], found["organ_share"]) == (pytest.approx(10.0), pytest.approx(0.25))
    assert measured(suv, tumor)["organ_distance"] == "no physiological uptake is marked in this case"


def test_hot_regions_outside_the_reference_stand_in_for_organs():
    suv, tumor = scene((LARGE, 8.0))
    assert (measured(suv, tumor)["hot_distance"], measured(suv, tumor)["hot_share"]) == (100.0, 0.0)
    suv[4:8, 4:8, 9:16] = 5.0  # 14 mL
    found = measured(suv, tumor)
    assert (found["hot_distance"], found["hot_share"]) == (pytest.approx(10.0), pytest.approx(0.25))
    suv[4:8, 4:8, 10:16] = 1.0  # 2 mL are left: too few
    assert measured(suv, tumor)["hot_distance"] == 100.0


def test_a_case_that_a_threshold_solves_is_easy():
    suv, tumor = scene((LARGE, 8.0))
    assert measured(suv, tumor)["rule_disagreement"] == pytest.approx(0.0)


def test_a_perfect_click_leaves_other_regions_out_unless_everything_counts():
    suv, tumor = scene((LARGE, 3.0))  # SUV >= 2.5 outlines it, 41 % (1.23) too
    suv[20:24, 4:8, 4:8] = 9.0
    assert measured(suv, tumor)["rule_disagreement"] == pytest.approx(0.0)
    suv[9:, :, :] = np.maximum(suv[9:, :, :], 1.5)
    suv[:8] = np.where(tumor[:8], 3.0, 1.5)  # now 41 % selects all around: only SUV >= 2.5 is left
    everywhere = measured(suv, tumor, options=UptakeOptions(rule_regions="everywhere"))["rule_disagreement"]
    assert everywhere == pytest.approx(1 - 2 * 64 / (64 + 128))
    organ = suv == 9.0
    given = measured(suv, tumor, organs=organ, options=UptakeOptions(rule_regions="everywhere"))
    assert given["rule_disagreement"] == pytest.approx(0.0)


def test_faint_tumor_defeats_every_threshold():
    suv, tumor = scene((LARGE, 1.2))
    assert measured(suv, tumor)["rule_disagreement"] > 0.7


@pytest.mark.parametrize("field", ["ring_outer_mm", "far_mm"])
def test_options_that_contradict_each_other_are_refused(field):
    with pytest.raises(ValueError, match=field):
        UptakeOptions(**{field: 5.0})
