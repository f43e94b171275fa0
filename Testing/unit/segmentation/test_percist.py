"""The liver threshold: arithmetic by hand, where the liver is looked for, when the user is asked."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of, study_of
from CLIPSLib.errors import Question, UsageError
from CLIPSLib.measures import find_liver, liver_at
from CLIPSLib.progress import SILENT
from CLIPSLib.segmentation import segment_study

SPACING = (5.0, 5.0, 5.0)
ORIGIN = (-200.0, -150.0, 0.0)  # 80 x 60 x 60 voxels: the body's middle is x = 0
LIVER = np.s_[20:44, 20:44, 18:36]  # 120 x 120 x 90 mm on the patient's right: x = -110 to -20 mm
SPLEEN = np.s_[20:44, 20:44, 48:66]  # the mirror image
LIVER_CENTER = (-68.0, 8.0, 158.0)


def body(*, liver=2.0, spleen=None, noise=0.1, lesion=9.0) -> np.ndarray:
    rng = np.random.default_rng(7)
    suv = np.zeros((60, 60, 80))
    suv[5:55, 10:50, 10:70] = 0.7
    suv[LIVER] = liver
    if spleen is not None:
        suv[SPLEEN] = spleen
    suv *= 1.0 + noise * rng.standard_normal(suv.shape)
    suv[48:53, 15:20, 15:20] = lesion
    return suv


def study(suv: np.ndarray, **kwargs):
    return study_of(suv, spacing_xyz=SPACING, origin=ORIGIN, **kwargs)


def test_threshold_by_hand():
    # The sphere of 3 voxels' radius holds 123 voxels: 55 of 1.8, 68 of 2.2 on a checkerboard.
    suv = body(noise=0.0)
    center_parity = np.indices(suv.shape).sum(axis=0)[LIVER] + sum(np.rint((np.array(LIVER_CENTER) - ORIGIN) / 5))
    suv[LIVER] = np.where(center_parity % 2, 2.2, 1.8)
    segmentation = segment_study(study(suv), "percist", answers={"liver_center_lps_mm": LIVER_CENTER})
    mean = (55 * 1.8 + 68 * 2.2) / 123
    sd = math.sqrt((55 * (1.8 - mean) ** 2 + 68 * (2.2 - mean) ** 2) / 122)
    assert segmentation.provenance["threshold_suv"] == pytest.approx(1.5 * mean + 2 * sd, rel=1e-6)
    assert segmentation.provenance["liver"]["source"] == "user"
    assert segmentation.provenance["user_entered"] == ["liver_center_lps_mm"]
    assert (sitk.GetArrayFromImage(segmentation.labels) > 0).sum() == 125
    assert segmentation.cautions == ()


def test_the_sphere_of_an_even_liver():
    found = liver_at(study(body(noise=0.0)), LIVER_CENTER)
    assert found.voxel_count == 123  # voxel centers within 15 mm, on a grid of 5 mm
    assert (found.mean_suv, found.sd_suv) == (pytest.approx(2.0), pytest.approx(0.0, abs=1e-6))


def test_the_liver_is_found_on_the_patients_right():
    found = find_liver(study(body(spleen=2.0)), SILENT)
    x, y, z = found.center_lps_mm
    assert -110 <= x <= -20 and -50 <= y <= 70 and 100 <= z <= 220
    assert found.mean_suv == pytest.approx(2.0, rel=0.02)
    assert found.sd_suv / found.mean_suv == pytest.approx(0.1, rel=0.25)


@pytest.mark.parametrize("flip", ["feet first", "left to right"])
def test_the_patients_right_is_known_from_the_geometry_not_from_the_array(flip):
    axis = {"feet first": 0, "left to right": 2}[flip]
    direction = np.eye(3)
    direction[2 - axis, 2 - axis] = -1
    origin = np.array(ORIGIN)
    origin[2 - axis] += 5.0 * ((60, 60, 80)[axis] - 1)
    suv = np.flip(body(spleen=2.0), axis)
    flipped = study_of(suv, spacing_xyz=SPACING, origin=origin.tolist(), direction=direction.ravel().tolist())
    assert find_liver(flipped, SILENT).center_lps_mm[0] < -20


def test_finding_it_is_a_caution_with_the_place_and_the_numbers():
    segmentation = segment_study(study(body()), "percist")
    assert [c.code for c in segmentation.cautions] == ["liver-found"]
    assert "mean SUV 2.0" in str(segmentation.cautions[0])
    assert len(segmentation.lesions) == 1


@pytest.mark.parametrize(
    "suv",
    [
        body(liver=0.7),
        body(liver=0.7, spleen=2.0),
        body(liver=5.0),
        body(noise=0.4),
        body()[30:34],
        np.zeros((60, 60, 80)),
    ],
    ids=["no liver", "spleen alone", "too hot", "too noisy", "thinner than a sphere", "nothing at all"],
)
def test_the_user_is_asked_when_nothing_looks_like_liver(suv):
    with pytest.raises(Question, match="3 cm sphere in healthy liver, right lobe") as asked:
        segment_study(study(suv), "percist")
    assert (asked.value.key, asked.value.unit) == ("liver_center_lps_mm", "mm")


def test_a_crop_does_not_tell_left_from_right_so_the_user_is_asked():
    with pytest.raises(Question):
        segment_study(study(body(liver=0.7, spleen=2.0)[:, :, 40:80][:, :, :30]), "percist")


@pytest.mark.parametrize(("hu", "accepted"), [(55.0, True), (110.0, True), (-100.0, False), (10.0, False)])
def test_a_ct_must_agree(hu, accepted):
    ct = image_of(np.full((60, 60, 80), hu, np.float32), spacing_xyz=SPACING, origin=ORIGIN)
    assert (find_liver(study(body(), ct=ct), SILENT) is not None) == accepted


def test_a_given_sphere_that_is_no_liver_is_used_with_a_caution():
    segmentation = segment_study(study(body()), "percist", options={"liver_center_lps_mm": (68.0, 8.0, 158.0)})
    assert segmentation.cautions[0].code == "liver-implausible"
    assert segmentation.provenance["threshold_suv"] < 2.0


def test_a_sphere_outside_the_pet_is_refused():
    with pytest.raises(UsageError, match=r"around \(-68\.0, 8\.0, 1580\.0\) \(LPS mm\) does not lie within the PET"):
        segment_study(study(body()), "percist", options={"liver_center_lps_mm": (-68.0, 8.0, 1580.0)})


def test_a_sphere_in_air_is_refused():
    with pytest.raises(UsageError, match=r"is 0\.00: this is not in the liver"):
        segment_study(study(body()), "percist", options={"liver_center_lps_mm": (-180.0, -130.0, 100.0)})


def test_lean_body_mass_would_select_the_same_voxels():
    # SUL = SUVbw x (lean mass / weight): scaling the whole image scales liver and threshold alike.
    original = study(body())
    lean = dataclasses.replace(original, pet=sitk.Cast(original.pet * 0.73, sitk.sitkFloat32))
    options = {"liver_center_lps_mm": LIVER_CENTER}
    masks = [sitk.GetArrayFromImage(segment_study(s, "percist", options=options).labels) for s in (original, lean)]
    assert (masks[0] == masks[1]).all()
    assert masks[0].any()
