"""Projections look the same whatever the direction cosines of the PET, and show values as they are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.report.mip import project
from CLIPSLib.segmentation.types import Lesion, Segmentation

RIGHT_HAND, HEAD, NOSE = 20.0, 30.0, 25.0
SPACING = (4.0, 5.0, 6.0)


def patient():
    """LPS array `[z, y, x]`: a body of SUV 1 with a hot right hand, a hot crown of the head, a hot nose."""
    body = np.zeros((14, 9, 11), np.float32)
    body[2:12, 2:7, 2:9] = 1.0
    body[4, 4, 2] = RIGHT_HAND  # small x: patient's right
    body[11, 4, 5] = HEAD  # large z: head
    body[9, 2, 5] = NOSE  # small y: front
    return body


def image(array, *, axes=(0, 1, 2), flips=(False, False, False)):
    """The patient as an image whose index axes run along other patient axes, possibly backwards; same place."""
    upright = sitk.GetImageFromArray(array)
    upright.SetSpacing(SPACING)
    upright.SetOrigin((-20.0, -15.0, 100.0))
    return sitk.Flip(sitk.PermuteAxes(upright, axes), flips)


def views(pet, labels=None, lesions=()):
    labels = labels if labels is not None else pet * 0
    return project(pet, Segmentation(labels=sitk.Cast(labels, sitk.sitkUInt16), lesions=tuple(lesions)))


def place(projection, value):
    ((row, column),) = np.argwhere(projection.suv == value)
    height, width = projection.suv.shape
    return row / height, column / width


def test_anterior_view_has_the_head_up_and_the_patients_right_on_the_viewers_left():
    anterior, _ = views(image(patient()))
    assert place(anterior, HEAD)[0] < 0.2
    row, column = place(anterior, RIGHT_HAND)
    assert row > 0.6 and column < 0.3


def test_left_lateral_view_has_the_head_up_and_the_face_to_the_viewers_left():
    _, lateral = views(image(patient()))
    assert place(lateral, HEAD)[0] < 0.2
    assert place(lateral, NOSE)[1] < 0.4


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(False, False, False), (True, True, False), (False, False, True)])
def test_every_orientation_of_the_grid_gives_the_same_pictures(axes, flips):
    expected = views(image(patient()))
    found = views(image(patient(), axes=axes, flips=flips))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine.suv, theirs.suv)
        assert mine.pixel_mm == pytest.approx(theirs.pixel_mm)


def test_pixels_keep_the_proportions_of_the_patient():
    anterior, lateral = views(image(patient()))
    assert anterior.pixel_mm == (6.0, 4.0)  # height: z spacing; width: x spacing
    assert lateral.pixel_mm == (6.0, 5.0)


def test_an_oblique_grid_is_turned_upright():
    oblique = image(patient())
    c, s = np.cos(0.2), np.sin(0.2)
    oblique.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1))
    anterior, lateral = views(oblique)
    assert anterior.suv[:, : anterior.suv.shape[1] // 2].max() > 0.3 * RIGHT_HAND  # interpolated, still there
    assert np.unravel_index(anterior.suv.argmax(), anterior.suv.shape)[0] < 0.3 * anterior.suv.shape[0]
    assert lateral.suv.max() <= HEAD


def test_shadows_of_lesions_lie_where_their_voxels_are():
    labels = np.zeros(patient().shape, np.uint16)
    labels[4, 4, 2] = 7
    labels[9:12, 2:4, 5] = 3
    lesions = [Lesion(label=7, lesion_id="a", name="hand"), Lesion(label=3, lesion_id="b", name="face")]
    for flips in ((False, False, False), (True, False, True)):
        anterior, lateral = views(image(patient(), flips=flips), image(labels, flips=flips), lesions)
        for view in (anterior, lateral):
            assert [shadow.lesion.label for shadow in view.lesions] == [3, 7]  # largest first
            hand = view.lesions[1]
            assert (hand.mask.shape, view.suv[hand.row, hand.column]) == ((1, 1), RIGHT_HAND)
        face = anterior.lesions[0]
        assert (face.mask.shape, anterior.suv[face.row, face.column]) == ((3, 1), HEAD)
        assert lateral.lesions[0].mask.shape == (3, 2)
        assert face.center == (face.row + 1.5, face.column + 0.5)


def test_the_picture_is_cut_to_the_body_but_never_through_a_lesion():
    wide = np.zeros((14, 9, 200), np.float32)
    wide[:, :, 90:101] = patient()
    labels = np.zeros(wide.shape, np.uint16)
    labels[5, 5, 10] = 1
    lesion = Lesion(label=1, lesion_id="a", name="far out")
    alone, _ = views(image(wide))
    assert alone.suv.shape[1] < 20
    with_lesion, _ = views(image(wide), image(labels), [lesion])
    shadow = with_lesion.lesions[0]
    assert 0 <= shadow.column < with_lesion.suv.shape[1]


def test_an_empty_image_is_shown_whole():
    anterior, _ = views(image(patient() * 0))
    assert anterior.suv.shape == (14, 11)


def test_a_lesion_without_voxels_has_no_shadow():
    lesion = Lesion(label=5, lesion_id="a", name="erased")
    anterior, _ = views(image(patient()), None, [lesion])
    assert anterior.lesions == ()
