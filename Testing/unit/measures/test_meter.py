"""The meter gives after every edit what a fresh measurement gives, and measures only what changed."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Refusal
from CLIPSLib.measures import LesionMeter, measure_lesions
from CLIPSLib.segmentation import PHYSIOLOGICAL, Lesion, Segmentation
from CLIPSLib.study import PetCtStudy


@pytest.fixture
def study():
    suv = np.random.default_rng(3).uniform(0.5, 9.0, (12, 14, 16)).astype(np.float32)
    pet = sitk.GetImageFromArray(suv)
    pet.SetSpacing((4.0, 4.0, 3.0))
    return PetCtStudy(pet=pet)


def mask(study, lesions, *boxes):
    labels = np.zeros((12, 14, 16), np.uint16)
    for label, box in enumerate(boxes, start=1):
        labels[box] = label
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(study.pet)
    return Segmentation(labels=image, lesions=lesions)


LESIONS = (Lesion(label=1, lesion_id="a", name="First"), Lesion(label=2, lesion_id="b", name="Second"))
ONE, TWO, GROWN = np.s_[1:4, 2:5, 3:6], np.s_[7:9, 8:12, 9:13], np.s_[7:10, 8:12, 9:13]


def test_after_edits_the_numbers_are_those_of_a_fresh_measurement(study):
    meter = LesionMeter(study)
    for boxes in ((ONE, TWO), (ONE, GROWN), (GROWN, ONE), (ONE, TWO), (TWO,), ()):
        segmentation = mask(study, LESIONS, *boxes)
        assert meter.measure(segmentation) == measure_lesions(segmentation, study)


def test_names_and_kinds_are_those_of_now(study):
    meter = LesionMeter(study)
    meter.measure(mask(study, LESIONS, ONE, TWO))
    renamed = (Lesion(label=1, lesion_id="a", name="Brain", kind=PHYSIOLOGICAL), LESIONS[1])
    measures = meter.measure(mask(study, renamed, ONE, TWO))
    assert measures.lesions[0].name == "Brain"
    assert measures.patient.tmtv_ml == measures.lesions[1].volume_ml


def test_only_what_changed_is_measured_again(study, monkeypatch):
    from CLIPSLib.measures import meter as room

    measured = []
    genuine = room.measure_lesion
    monkeypatch.setattr(
        room, "measure_lesion", lambda lesion, *rest: measured.append(lesion.lesion_id) or genuine(lesion, *rest)
    )
    meter = LesionMeter(study)
    meter.measure(mask(study, LESIONS, ONE, TWO))
    meter.measure(mask(study, LESIONS, ONE, GROWN))
    assert measured == ["a", "b", "b"]


def test_a_pet_that_is_no_number_is_refused_before_anything_is_drawn():
    pet = sitk.GetImageFromArray(np.full((2, 2, 2), np.nan, np.float32))
    with pytest.raises(Refusal, match="NaN"):
        LesionMeter(PetCtStudy(pet=pet))


def test_a_lesion_that_breaks_the_condition_of_the_mask_is_named_or_left_out(study):
    suv = sitk.GetArrayViewFromImage(study.pet)
    one, two = suv[ONE].min(), suv[TWO].min()
    least = (one + two) / 2  # one of the two lesions lies above
    bad, good = (0, 1) if one < two else (1, 0)
    segmentation = dataclasses.replace(mask(study, LESIONS, ONE, TWO), valid_for=f"suv >= {least:.6f} and SUV >= 0.1")
    meter = LesionMeter(study)
    with pytest.raises(Refusal, match=f"in '{LESIONS[bad].name}'") as refused:
        meter.measure(segmentation)
    assert refused.value.code == "not-valid-for"
    partial = meter.measure(segmentation, valid_only=True)
    assert [lesion.lesion_id for lesion in partial.lesions] == [LESIONS[good].lesion_id]
    assert partial.patient.tmtv_ml == partial.lesions[0].volume_ml
