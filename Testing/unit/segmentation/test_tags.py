"""Tags of segments: what each says, what is read back when segments were deleted, copied or edited, how they grow."""

import json
from dataclasses import replace

import numpy as np
import pytest
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.segmentation.tags import (
    content_digest,
    is_reviewed_content,
    labels_of,
    mask_fields,
    mask_tags,
    tags_by_lesion,
)
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, Lesion, Segmentation


def mask(count: int = 3, **fields) -> Segmentation:
    """`count` lesions of one voxel each, with a threshold of its own for each."""
    import SimpleITK as sitk

    labels = np.zeros((1, 1, 2 * count), np.uint16)
    labels[0, 0, ::2] = range(1, count + 1)
    lesions = tuple(Lesion(label=n, lesion_id=f"L{n}", name=f"Lesion {n}") for n in range(1, count + 1))
    provenance = {
        "model": "41max",
        "rule": "a|b",
        "thresholds": [{"lesion_id": f"L{n}", "threshold_suv": 2.0 + n / 1000} for n in range(1, count + 1)],
        "lesion_voxels": {f"L{n}": 1 for n in range(1, count + 1)},
    }
    given = {"provenance": provenance, "valid_for": "suv >= 4", "cautions": (Caution("c", "what"),), **fields}
    return Segmentation(labels=sitk.GetImageFromArray(labels), lesions=lesions, **given)


def test_tags_say_kind_label_state_and_origin_without_slicers_separator():
    tags = tags_by_lesion(mask())["L2"]
    assert (tags["CLIPS.Kind"], tags["CLIPS.Label"]) == ("tumor", "2")
    assert (tags["CLIPS.Reviewed"], tags["CLIPS.ValidFor"]) == ("false", "suv >= 4")
    assert all("|" not in value and value.isascii() for value in tags.values())
    assert json.loads(tags["CLIPS.Provenance"])["rule"] == "a|b"


def test_all_segments_together_say_what_the_mask_says():
    one = mask()
    fields = mask_fields(tags_by_lesion(one).values(), "")
    assert fields == {"provenance": one.provenance, "valid_for": one.valid_for, "cautions": one.cautions}
    with_node = mask_fields([mask_tags(one), *tags_by_lesion(one).values()], "")
    assert with_node == fields


def test_tags_grow_with_the_number_of_lesions_and_not_with_its_square():
    def size(count):
        return sum(len(text) for tags in tags_by_lesion(mask(count)).values() for text in tags.values())

    assert size(400) == pytest.approx(4 * size(100), rel=0.02)


def test_files_in_which_each_segment_told_the_whole_provenance_are_read():
    one = mask()
    assert mask_fields([mask_tags(one)] * 3, "")["provenance"] == one.provenance


def test_a_deleted_segment_is_noticed_and_a_copied_one_brings_its_own_origin():
    tags = tags_by_lesion(mask())
    del tags["L2"]
    rest = mask_fields(tags.values(), "")["provenance"]
    assert rest["lesion_voxels"] == {"L1": 1, "L3": 1} and rest["lesion_count"] == 3
    again = replace(mask(), provenance=rest)
    assert mask_fields(tags_by_lesion(again).values(), "")["provenance"] == rest
    other = tags_by_lesion(mask(provenance={"model": "suv4"}, valid_for=None))["L1"]
    both = mask_fields([*tags_by_lesion(mask()).values(), other], "")
    assert both["provenance"] == {"sources": [mask().provenance, {"model": "suv4"}]}
    assert both["valid_for"] == "suv >= 4"


def test_a_mask_of_several_origins_goes_through_tags_again():
    several = {"sources": [mask().provenance, {"model": "suv4", "lesion_voxels": {"L1": 7}}]}
    fields = mask_fields(tags_by_lesion(mask(provenance=several)).values(), "")
    assert fields["provenance"] == several


def test_a_review_holds_for_these_voxels_and_kinds_whatever_the_names():
    reviewed = mask(reviewed=True)
    tags = list(tags_by_lesion(reviewed).values())
    assert is_reviewed_content(tags, reviewed)
    named = replace(reviewed, lesions=tuple(replace(lesion, name="x") for lesion in reviewed.lesions))
    assert is_reviewed_content(tags, named)
    first, *others = reviewed.lesions
    assert not is_reviewed_content(tags, replace(reviewed, lesions=(replace(first, kind=PHYSIOLOGICAL), *others)))
    reviewed.labels[1, 0, 0] = 1
    assert not is_reviewed_content(tags, reviewed)


def test_no_review_without_a_digest_or_with_one_segment_that_says_no():
    reviewed = mask(reviewed=True)
    assert not is_reviewed_content([{"CLIPS.Reviewed": "true"}], reviewed)
    tags = list(tags_by_lesion(reviewed).values())
    assert not is_reviewed_content([*tags, {"CLIPS.Reviewed": "false"}], reviewed)
    assert not is_reviewed_content([], reviewed)
    assert is_reviewed_content([*tags, {"CLIPS.Kind": "tumor"}], reviewed)  # says nothing of a review


def test_the_digest_is_not_that_of_labels():
    one = mask()
    relabeled = replace(one, lesions=tuple(replace(lesion, label=lesion.label + 5) for lesion in one.lesions))
    image = one.labels + 0
    for x in range(0, 6, 2):
        image[x, 0, 0] = one.labels[x, 0, 0] + 5
    assert content_digest(replace(relabeled, labels=image)) == content_digest(one)


@pytest.mark.parametrize(
    "text", ["{broken", "[1]", '{"lesion_voxels": 3}', '{"thresholds": [{}]}', '{"sources": [1]}', '"text"']
)
def test_what_was_changed_by_hand_is_refused(text):
    with pytest.raises(Refusal, match="cannot be read"):
        mask_fields([{"CLIPS.Provenance": text}], "file.seg.nrrd")


def test_labels_stay_and_copies_get_free_ones():
    own, made, copied, unreadable = ({}, 1), ({"CLIPS.Label": "1"}, 9), ({"CLIPS.Label": "1"}, 9), ({}, 0)
    assert labels_of([own, made, copied, unreadable]) == [3, 1, 2, 4]
