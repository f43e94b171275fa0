"""What a reviewer does besides painting reaches the mask that is measured, and nothing else of it."""

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.imaging import array_view
from CLIPSLib.scene import (
    add_lesion,
    add_segmentation,
    add_study_volumes,
    is_reviewed,
    kind_of,
    segment_mask,
    segmentation_from_node,
    set_kind,
    set_reviewed,
    set_segment_mask,
)
from CLIPSLib.segmentation import PHYSIOLOGICAL, TUMOR, Lesion, Segmentation
from CLIPSLib.study import PetCtStudy
from mrml_scene import slicer_scene

SHAPE = (12, 11, 10)
FIRST, SECOND, ELSEWHERE = np.s_[2:5, 3:6, 4:8], np.s_[7:9, 3:5, 4:6], np.s_[0:2, 8:11, 0:3]


@pytest.fixture
def nodes():
    with slicer_scene():
        labels = np.zeros(SHAPE, np.uint16)
        labels[FIRST], labels[SECOND] = 1, 2
        study = PetCtStudy(pet=image(np.ones(SHAPE, np.float32)))
        pet, _ = add_study_volumes(study)
        lesions = (Lesion(label=1, lesion_id="a", name="One"), Lesion(label=2, lesion_id="b", name="Two"))
        yield add_segmentation(Segmentation(labels=image(labels), lesions=lesions), study, pet), pet


def image(array: np.ndarray) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.SetSpacing((2.0, 2.5, 3.0))
    made.SetOrigin((-30.0, 12.0, 5.0))
    return made


def mask(*boxes) -> sitk.Image:
    array = np.zeros(SHAPE, np.uint8)
    for box in boxes:
        array[box] = 1
    return image(array)


def test_physiological_uptake_stays_as_a_segment_with_its_own_meaning(nodes):
    node, pet = nodes
    set_kind(node, "a", PHYSIOLOGICAL)
    assert [lesion.kind for lesion in segmentation_from_node(node, pet).lesions] == [PHYSIOLOGICAL, TUMOR]
    set_kind(node, "a", TUMOR)
    assert kind_of(node, "a") == TUMOR
    assert segmentation_from_node(node, pet).cautions == ()


def test_the_mask_of_one_segment_is_its_voxels_on_the_pet(nodes):
    node, pet = nodes
    expected = np.zeros(SHAPE, bool)
    expected[SECOND] = True
    assert np.array_equal(segment_mask(node, "b", pet), expected)


@pytest.mark.parametrize("boxes", [(ELSEWHERE,), (np.s_[2:5, 3:6, 4:8], ELSEWHERE), (np.s_[3:4, 4:5, 5:6],), ()])
def test_other_voxels_for_one_segment_leave_the_others_alone(nodes, boxes):
    node, pet = nodes
    set_segment_mask(node, "b", mask(*boxes), pet)
    assert np.array_equal(segment_mask(node, "b", pet), array_view(mask(*boxes)) != 0)
    assert np.count_nonzero(segment_mask(node, "a", pet)) == 36


def test_an_added_lesion_has_an_id_a_free_label_and_a_kind(nodes):
    node, pet = nodes
    added = add_lesion(node, Lesion(label=1, lesion_id="grown", name="Lesion 3"), mask(ELSEWHERE), pet)
    assert added == "grown"
    read = segmentation_from_node(node, pet)
    assert [(lesion.lesion_id, lesion.name, lesion.kind) for lesion in read.lesions][-1] == ("grown", "Lesion 3", TUMOR)
    assert read.cautions == ()
    assert len({lesion.label for lesion in read.lesions}) == 3
    assert np.count_nonzero(array_view(read.labels) == read.lesions[-1].label) == 18


def test_a_second_lesion_with_the_same_id_gets_another(nodes):
    node, pet = nodes
    ids = [add_lesion(node, Lesion(label=1, lesion_id="b", name="x"), mask(ELSEWHERE), pet) for _ in range(2)]
    assert len({"a", "b", *ids}) == 4


def test_the_review_is_said_of_the_node_and_of_every_segment(nodes):
    node, pet = nodes
    set_reviewed(node, True, pet)
    assert is_reviewed(node) and segmentation_from_node(node, pet).reviewed
    set_reviewed(node, False, pet)
    assert not is_reviewed(node) and not segmentation_from_node(node, pet).reviewed
