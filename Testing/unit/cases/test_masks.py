"""Mask versions never change; references point at them, with a history; drafts are a slot."""

from __future__ import annotations

from dataclasses import replace

import builders_registry as builders
import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of
from CLIPSLib.errors import Caution, Failure, Refusal, UsageError
from CLIPSLib.imaging import array_view
from CLIPSLib.segmentation import PHYSIOLOGICAL, Lesion

HOT = (slice(2, 4), slice(2, 5), slice(2, 6))  # 24 voxels
HALF = (slice(2, 4), slice(2, 5), slice(4, 8))  # 24 voxels, 12 of them in HOT
BLADDER = (slice(5, 6), slice(0, 1), slice(0, 3))  # 3 voxels


@pytest.fixture
def registry(tmp_path):
    return builders.registry(tmp_path / "cases", cases=2)[0]


@pytest.fixture
def study(registry):
    return registry.read_study("C0001")


def test_a_mask_comes_back_with_labels_lesions_probability_and_provenance(registry, study):
    segmentation = builders.mask(
        study,
        HOT,
        BLADDER,
        kinds={1: "tumor", 2: PHYSIOLOGICAL},
        valid_for="suv >= 4",
        probability=image_of(np.full(builders.SHAPE, 0.25, np.float32)),
        cautions=(Caution("discarded", "2 components below 3 mL were discarded"),),
    )
    segmentation = replace(
        segmentation, provenance={"model": "net", "threshold": np.float32(0.5), "dice": float("nan")}
    )
    version = registry.add_mask("C0001", segmentation, origin="predicted", author="GW", comment="first try")
    back = registry.read_mask(version.id)
    assert np.array_equal(array_view(back.labels), array_view(segmentation.labels))
    assert float(array_view(back.probability).min()) == 0.25
    assert (back.lesions, back.valid_for, back.cautions) == (
        segmentation.lesions,
        segmentation.valid_for,
        segmentation.cautions,
    )
    assert back.provenance == {"model": "net", "threshold": 0.5, "dice": None}
    assert (version.model, version.origin, version.author, version.comment) == ("net", "predicted", "GW", "first try")


def test_volume_and_count_are_of_tumor_and_every_lesion_has_its_own(registry, study):
    version = registry.add_mask(
        "C0001",
        builders.mask(study, HOT, BLADDER, kinds={1: "tumor", 2: PHYSIOLOGICAL}),
        origin="imported",
        author="GW",
    )
    assert (version.volume_ml, version.lesion_count) == (pytest.approx(24 * builders.VOXEL_ML), 1)
    assert [(r.lesion.kind, r.voxel_count) for r in version.lesions] == [("tumor", 24), ("physiological", 3)]


def test_an_empty_mask_is_a_version_too(registry, study):
    empty = replace(builders.mask(study), labels=image_of(np.zeros(builders.SHAPE, np.uint16)), lesions=())
    version = registry.add_mask("C0001", empty, origin="imported", author="GW")
    assert (version.volume_ml, version.lesion_count) == (0.0, 0)
    assert registry.diff(version.id, version.id).dice is None


def test_versions_have_parents_and_stay_in_order(registry, study):
    first = registry.add_mask("C0001", builders.mask(study, HOT), origin="predicted", author="GW")
    second = registry.add_mask("C0001", builders.mask(study, HALF), origin="corrected", author="AB", parent=first.id)
    assert [(v.id, v.parent) for v in registry.masks("C0001")] == [("C0001-m1", None), ("C0001-m2", "C0001-m1")]
    assert second.model == "" and registry.mask(second.parent).model == "suv4"


def test_the_difference_of_two_masks_by_hand(registry, study):
    a = registry.add_mask("C0001", builders.mask(study, HOT), origin="imported", author="GW")
    b = registry.add_mask("C0001", builders.mask(study, HALF), origin="imported", author="GW")
    difference = registry.diff(a.id, b.id)
    assert difference.added_ml == pytest.approx(12 * builders.VOXEL_ML)
    assert difference.removed_ml == pytest.approx(12 * builders.VOXEL_ML)
    assert difference.dice == 2 * 12 / (24 + 24)


def test_calling_a_lesion_physiological_removes_it_from_the_tumor(registry, study):
    a = registry.add_mask("C0001", builders.mask(study, HOT, BLADDER), origin="predicted", author="GW")
    b = registry.add_mask(
        "C0001",
        builders.mask(study, HOT, BLADDER, kinds={1: "tumor", 2: PHYSIOLOGICAL}),
        origin="corrected",
        author="GW",
        parent=a.id,
    )
    assert registry.diff(a.id, b.id).removed_ml == pytest.approx(3 * builders.VOXEL_ML)


def test_an_earlier_reference_is_restored_by_pointing_at_it(registry, study):
    first, second = (
        registry.add_mask("C0001", builders.mask(study, box), origin="imported", author="GW") for box in (HOT, HALF)
    )
    assert registry.reference("C0001") is None
    for mask, author in ((first, "GW"), (second, "AB"), (first, "GW")):
        registry.set_reference("C0001", mask.id, author=author)
    assert registry.reference("C0001") == first
    assert [(c.mask_id, c.author) for c in registry.reference_history("C0001")] == [
        (first.id, "GW"),
        (second.id, "AB"),
        (first.id, "GW"),
    ]


def test_a_mask_on_another_grid_is_refused(registry, study):
    shifted = builders.mask(study)
    shifted.labels.SetOrigin((0.0, 0.0, 1.0))
    with pytest.raises(Refusal, match="not on the grid"):
        registry.add_mask("C0001", shifted, origin="imported", author="GW")
    assert registry.masks("C0001") == []


def test_a_label_without_a_lesion_is_refused(registry, study):
    nameless = replace(builders.mask(study, HOT, BLADDER), lesions=(Lesion(label=1, lesion_id="a", name="A"),))
    with pytest.raises(Refusal, match=r"values without a lesion: \[2\]"):
        registry.add_mask("C0001", nameless, origin="imported", author="GW")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"origin": "drawn"}, "one of imported, predicted, corrected, not 'drawn'"),
        ({"author": "  "}, "author needs a name"),
        ({"parent": "C0001-m9"}, "There is no mask 'C0001-m9'"),
    ],
)
def test_what_a_version_must_say_is_asked_for(registry, study, changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        registry.add_mask("C0001", builders.mask(study), **{"origin": "imported", "author": "GW", **changes})


def test_a_predicted_mask_names_its_model(registry, study):
    with pytest.raises(UsageError, match="must name its model"):
        registry.add_mask("C0001", replace(builders.mask(study), provenance={}), origin="predicted", author="GW")


def test_masks_of_another_case_are_no_parents_references_or_partners(registry, study):
    foreign = registry.add_mask("C0002", builders.mask(study, HOT), origin="imported", author="GW")
    own = registry.add_mask("C0001", builders.mask(study, HOT), origin="imported", author="GW")
    for wrong in (
        lambda: registry.add_mask("C0001", builders.mask(study), origin="corrected", author="GW", parent=foreign.id),
        lambda: registry.set_reference("C0001", foreign.id, author="GW"),
        lambda: registry.review("C0001", status="accepted", reader="GW", mask_id=foreign.id),
        lambda: registry.diff(own.id, foreign.id),
    ):
        with pytest.raises(UsageError, match="belongs to case C000"):
            wrong()


def test_a_mask_file_is_write_protected_and_a_changed_one_is_noticed(registry, study):
    version = registry.add_mask("C0001", builders.mask(study), origin="imported", author="GW")
    path = registry.mask_path(version.id)
    assert not path.stat().st_mode & 0o222
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(Failure, match="SHA-256 differs"):
        registry.read_mask(version.id)
    assert registry.check().changed == (f"masks/{version.sha256}.nii.gz",)
    registry.add_mask("C0001", builders.mask(study), origin="imported", author="AB")  # the same content once more
    assert registry.check().whole


def test_a_missing_mask_file_is_named(registry, study):
    version = registry.add_mask("C0001", builders.mask(study), origin="imported", author="GW")
    registry.mask_path(version.id).unlink()
    with pytest.raises(Failure, match=f"file of {version.id} is missing"):
        registry.read_mask(version.id)
    assert registry.check().missing == (f"masks/{version.sha256}.nii.gz",)


def test_a_draft_is_one_per_case_and_reader_and_leaves_no_file(registry, study):
    assert registry.read_draft("C0001", "GW") is None
    registry.save_draft("C0001", "GW", builders.mask(study, HOT), active_s=12.5, edit_count=3)
    registry.save_draft("C0001", "AB", builders.mask(study, BLADDER))
    registry.save_draft("C0001", "GW", builders.mask(study, HALF), active_s=20.0, edit_count=4)
    draft = registry.read_draft("C0001", "GW")
    assert np.argwhere(array_view(draft.segmentation.labels))[0].tolist() == [2, 2, 4]
    assert (draft.active_s, draft.edit_count) == (20.0, 4)
    for reader in ("GW", "AB", "nobody"):
        registry.discard_draft("C0001", reader)
    assert registry.read_draft("C0001", "GW") is None
    assert list((registry.folder / "drafts").iterdir()) == []


def test_two_readers_with_equal_drafts_do_not_lose_each_others(registry, study):
    for reader in ("GW", "AB"):
        registry.save_draft("C0001", reader, builders.mask(study))
    registry.discard_draft("C0001", "GW")
    assert registry.read_draft("C0001", "AB") is not None


def test_a_mask_of_another_series_on_the_same_grid_is_refused(registry, study):
    mask = builders.mask(study)
    other = replace(mask, provenance={**mask.provenance, "pet_series_uid": "1.2.840.99"})
    with pytest.raises(Refusal, match=r"made on PET series 1\.2\.840\.99"):
        registry.add_mask("C0001", other, origin="predicted", author="GW")
    own = replace(mask, provenance={**mask.provenance, "pet_series_uid": study.identity.pet_series_uid})
    assert registry.add_mask("C0001", own, origin="predicted", author="GW")


def test_a_probability_map_on_another_grid_is_refused(registry, study):
    finer = sitk.Image(4, 4, 4, sitk.sitkFloat32)
    with pytest.raises(Refusal, match=r"The probability map .* is not on the grid"):
        registry.add_mask("C0001", replace(builders.mask(study), probability=finer), origin="predicted", author="GW")


def test_another_origin_is_told_by_where_the_grids_begin(registry, study):
    moved = sitk.Image(builders.mask(study).labels)
    moved.SetOrigin((1.0, 0.0, 0.0))
    with pytest.raises(Refusal, match=r"from \[1.0, 0.0, 0.0\]\) is not on the grid .* from \[0.0, 0.0, 0.0\]"):
        registry.add_mask("C0001", replace(builders.mask(study), labels=moved), origin="imported", author="GW")


@pytest.mark.parametrize("pixel", [sitk.sitkFloat32, sitk.sitkInt16])
def test_labels_that_are_no_whole_numbers_from_0_up_are_refused(registry, study, pixel):
    labels = sitk.Cast(builders.mask(study).labels, pixel) * -1
    with pytest.raises(Refusal, match="whole numbers from 0"):
        registry.add_mask("C0001", replace(builders.mask(study), labels=labels), origin="imported", author="GW")


def test_two_lesions_with_one_label_are_refused_as_their_volume_would_count_twice(registry, study):
    mask = builders.mask(study)
    second = replace(mask.lesions[0], lesion_id="another")
    with pytest.raises(Refusal, match="count twice"):
        registry.add_mask("C0001", replace(mask, lesions=(*mask.lesions, second)), origin="imported", author="GW")
