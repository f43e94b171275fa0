"""Patches: prepared once, drawn as a pure function of (case, step, seed), paired with their masks."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from builders_training import write_case
from builders_volume import image_of
from CLIPSLib.errors import Refusal
from CLIPSLib.training import TrainingCase, hash_files
from CLIPSLib.training.data import network_inputs, network_labels, open_patches, preview_image, tmtvnet_datasets
from CLIPSLib.training.data.patches import Patches
from CLIPSLib.training.data.spatial import Movement, cut
from CLIPSLib.training.recipe import AugmentationRecipe, ClassRecipe, DataRecipe

torch = pytest.importorskip("torch")

DATA = DataRecipe(patch=(12, 12, 12), spacing_mm=None)
STILL = AugmentationRecipe(
    **{f"{name}_p": 0.0 for name in ("flip", "rotate", "scale", "gamma", "noise", "blur", "low_resolution")},
    brightness_p=0.0,
)
EVERYTHING = AugmentationRecipe(
    **{f"{name}_p": 1.0 for name in ("rotate", "scale", "elastic", "gamma", "noise", "blur", "low_resolution")},
    brightness_p=1.0,
    misalign_p=1.0,
)


def patches_of(tmp_path, *cases, data=DATA, augmentation=None) -> Patches:
    return open_patches(cases, data, augmentation, tmp_path / "cache")


def test_a_patch_on_a_lesion_holds_the_lesion_and_its_suv(tmp_path):
    patches = patches_of(tmp_path, write_case(tmp_path))
    batch = patches.batch(["007"], 0, 1, lesion_share=1.0)
    assert batch.images.shape == (1, 5, 12, 12, 12)
    assert batch.labels.sum() == 27
    suv = batch.images[0, 1] * 30  # channel "suv": 0 to 30 became 0 to 1
    inside = batch.labels[0, 0].bool()
    assert suv[inside].min() > 7 > 2 > suv[~inside].max()


def test_channels_are_those_of_segmentation(tmp_path):
    """The same voxels through training and through the tiles that inference reads."""
    from CLIPSLib.formats import read_image
    from CLIPSLib.imaging import array_view
    from CLIPSLib.segmentation.installed.channels import ChannelTiles
    from CLIPSLib.segmentation.sliding_window.tiles import covering_grid

    case = write_case(tmp_path, shape=(12, 12, 12), lesions=())
    images = patches_of(tmp_path, case).batch(["007"], 0, 0).images[0]
    volumes = {"suv": np.array(array_view(read_image(case.pet))), "hu": np.array(array_view(read_image(case.ct)))}
    grid = covering_grid((12, 12, 12), (12, 12, 12), overlap=0.5)
    tile = ChannelTiles(grid, volumes, network_inputs(DATA).channels).read(grid.starts[0])
    assert torch.allclose(images, tile, atol=2e-3)  # prepared images are kept with 11 bits


def test_a_volume_smaller_than_the_patch_is_centered_and_padded_with_nothing(tmp_path):
    case = write_case(tmp_path, shape=(6, 30, 8), lesions=((slice(2, 4), slice(3, 5), slice(3, 5)),))
    batch = patches_of(tmp_path, case).batch(["007"], 0, 0, lesion_share=1.0)
    assert batch.labels.sum() == 8
    assert batch.images[0, :, :3].abs().max() == 0
    assert batch.images[0, 1, 3:9, :, 2:10].min() > 0


def test_a_case_without_lesions_gives_patches_of_the_body(tmp_path):
    batch = patches_of(tmp_path, write_case(tmp_path, lesions=())).batch(["007"] * 3, 5, 1, lesion_share=1.0)
    assert batch.labels.sum() == 0
    assert patches_of(tmp_path, write_case(tmp_path, lesions=())).facts("007").empty


def test_the_share_of_patches_on_lesions_is_what_was_asked_for(tmp_path):
    small = replace(DATA, patch=(8, 8, 8))
    corner = ((slice(0, 2), slice(0, 2), slice(0, 2)),)
    patches = patches_of(tmp_path, write_case(tmp_path, shape=(40, 40, 40), lesions=corner), data=small)
    hits = [bool(patches.batch(["007"], step, 3, lesion_share=0.4).labels.any()) for step in range(400)]
    # Binomial, n = 400, p = .4 and a little from patches that meet the corner by chance: 0.4 +- 4 standard errors
    assert 0.30 < np.mean(hits) < 0.51


def test_classes_are_drawn_alike_however_large(tmp_path):
    lesions = ((slice(0, 2),) * 3, (slice(14, 30), slice(14, 30), slice(14, 30)))
    case = write_case(tmp_path, shape=(32, 32, 32), lesions=lesions, values=(1, 2))
    classes = (ClassRecipe(name="Lesion", values=(1,)), ClassRecipe(name="Brain", kind="physiological", values=(2,)))
    patches = patches_of(tmp_path, case, data=replace(DATA, patch=(8, 8, 8), classes=classes))
    first = [bool((patches.batch(["007"], s, 0, lesion_share=1.0).labels == 1).any()) for s in range(200)]
    assert 0.36 < np.mean(first) < 0.64
    assert [label.kind for label in network_labels(patches.data)] == ["background", "tumor", "physiological"]


@pytest.mark.parametrize("augmentation", [None, AugmentationRecipe(), EVERYTHING, replace(EVERYTHING, mixup=0.4)])
def test_any_process_makes_the_same_patch_at_any_time(tmp_path, augmentation):
    cases = [write_case(tmp_path, "a", seed=1), write_case(tmp_path, "b", seed=2)]
    patches = patches_of(tmp_path, *cases, augmentation=augmentation)
    elsewhere = pickle.loads(pickle.dumps(patches))
    later = elsewhere.batch(["b", "b", "a"], 7, 5)
    elsewhere.batch(["a"], 8, 5)
    again = patches.batch(["b", "b", "a"], 7, 5)
    assert torch.equal(later.images, again.images)
    assert torch.equal(later.labels, again.labels)
    assert not torch.equal(again.images[0], again.images[1])  # the same case twice gives two patches
    assert not torch.equal(again.images, patches.batch(["b", "b", "a"], 8, 5).images)
    assert not torch.equal(again.images, patches.batch(["b", "b", "a"], 7, 6).images)


@pytest.mark.parametrize(
    "movement",
    [
        Movement(degrees=(20.0, -10.0, 5.0)),
        Movement(scale=1.1),
        Movement(bend=np.random.default_rng(3).uniform(-6, 6, (3, 5, 5, 5))),
    ],
)
def test_image_and_mask_move_together(tmp_path, movement):
    """The lesion is SUV 8 in a body of SUV 1: after any movement the mask still lies on it."""
    case = write_case(tmp_path, shape=(32, 32, 32), lesions=((slice(13, 19), slice(14, 20), slice(12, 18)),))
    prepared = patches_of(tmp_path, case).prepared["007"]
    patch = cut(prepared, (4, 4, 4), (24, 24, 24), movement)
    hot = patch["suv"] > 4.5
    overlap = 2 * (hot & (patch["labels"] > 0)).sum() / (hot.sum() + (patch["labels"] > 0).sum())
    assert overlap > 0.9
    assert patch["labels"].sum() > 100


def test_a_turn_by_a_right_angle_is_the_turned_array(tmp_path):
    case = write_case(tmp_path, shape=(21, 21, 21), lesions=((slice(3, 6), slice(10, 14), slice(12, 15)),))
    prepared = patches_of(tmp_path, case).prepared["007"]
    plain = cut(prepared, (0, 0, 0), (21, 21, 21), Movement())
    turned = cut(prepared, (0, 0, 0), (21, 21, 21), Movement(degrees=(90.0, 0.0, 0.0)))  # about the z axis
    assert np.array_equal(turned["labels"], np.rot90(plain["labels"], 1, axes=(1, 2))) or np.array_equal(
        turned["labels"], np.rot90(plain["labels"], -1, axes=(1, 2))
    )


def test_no_border_appears_where_the_body_goes_on(tmp_path):
    prepared = patches_of(tmp_path, write_case(tmp_path, shape=(40, 40, 40))).prepared["007"]
    patch = cut(prepared, (14, 14, 14), (12, 12, 12), Movement(degrees=(45.0, 0.0, 0.0), scale=0.8))
    assert patch["inside"].all()
    assert patch["suv"].min() > 0.4


def test_ct_can_be_shifted_against_the_pet(tmp_path):
    prepared = patches_of(tmp_path, write_case(tmp_path, shape=(24, 24, 24))).prepared["007"]
    plain = cut(prepared, (6, 6, 6), (12, 12, 12), Movement())
    shifted = cut(prepared, (6, 6, 6), (12, 12, 12), Movement(ct_shift_mm=(8.0, 0.0, 0.0)))
    assert np.allclose(shifted["suv"], plain["suv"], atol=1e-3)
    assert np.allclose(shifted["hu"][:-2], plain["hu"][2:], atol=0.1)  # 8 mm are two voxels


def test_augmented_values_stay_numbers(tmp_path):
    patches = patches_of(tmp_path, write_case(tmp_path), augmentation=EVERYTHING)
    for step in range(10):
        assert torch.isfinite(patches.batch(["007"], step, 0).images).all()


def test_mixup_blends_by_the_share_that_it_reports(tmp_path):
    cases = [write_case(tmp_path, "a", seed=1), write_case(tmp_path, "b", seed=2)]
    augmentation = AugmentationRecipe(mixup=1.0)
    mixed = patches_of(tmp_path, *cases, augmentation=augmentation).batch(["a", "b"], 0, 0, lesion_share=1.0)
    unmixed = patches_of(tmp_path, *cases, augmentation=replace(augmentation, mixup=0.0))
    alone = unmixed.batch(["a", "b"], 0, 0, lesion_share=1.0)
    for index in range(2):
        other = next(j for j in range(2) if torch.equal(mixed.mixed_labels[index], alone.labels[j]))
        share = float(mixed.mixed_share[index])
        blended = (1 - share) * alone.images[index] + share * alone.images[other]
        assert torch.allclose(mixed.images[index], blended, atol=1e-6)


def test_without_ct_a_pet_recipe_works_and_a_pet_ct_recipe_is_refused(tmp_path):
    case = write_case(tmp_path, ct=False)
    assert patches_of(tmp_path, case, data=replace(DATA, use="pet")).batch(["007"], 0, 0).images.shape[1] == 2
    with pytest.raises(Refusal, match="Case '007' has no CT"):
        patches_of(tmp_path, case)


def test_a_refiner_gets_the_prior_as_its_last_channel(tmp_path):
    case = write_case(tmp_path)
    prior = replace(case, prior=case.mask, sha256={})
    batch = patches_of(tmp_path, prior).batch(["007"], 0, 0, lesion_share=1.0)
    assert batch.images.shape[1] == 6
    assert torch.equal(batch.images[:, 5], batch.labels[:, 0].float())


def test_the_original_trainer_of_tmtvnet_gets_the_batches_it_expects(tmp_path):
    cases = [write_case(tmp_path, name, seed=i) for i, name in enumerate("abcde")]
    patches = patches_of(tmp_path, *cases, augmentation=AugmentationRecipe())
    datasets = tmtvnet_datasets(patches, {"train": list("abc"), "valid": list("de")}, batch_size=2)
    first, second = (list(datasets["clips"]["train"]) for _ in range(2))
    assert [len(batch["uid"]) for batch in first] == [2, 1]
    assert sorted(name for batch in first for name in batch["uid"]) == list("abc")
    for name in ("ct", "suv", "ct_lung", "ct_soft", "suv_hot"):
        assert first[0][name].shape == (2, 1, 12, 12, 12)
        assert first[0][name].dtype == torch.float32
    assert first[0]["seg"].dtype == torch.int64
    assert not torch.equal(first[0]["suv"], second[0]["suv"])
    assert [batch["uid"] for batch in datasets["clips"]["valid"]] == [["d", "e"]]


def test_the_original_trainer_without_a_train_split_or_with_other_channels_is_refused(tmp_path):
    patches = patches_of(tmp_path, write_case(tmp_path))
    with pytest.raises(Refusal, match="no split 'train'"):
        tmtvnet_datasets(patches, {"valid": ["007"]}, batch_size=1)
    pet_only = patches_of(tmp_path, write_case(tmp_path), data=replace(DATA, use="pet"))
    with pytest.raises(Refusal, match="five channels"):
        tmtvnet_datasets(pet_only, {"train": ["007"]}, batch_size=1)


def test_the_preview_shows_pet_and_ct_of_each_case_with_its_mask_outlined_on_both(tmp_path):
    cases = [write_case(tmp_path, "a"), write_case(tmp_path, "b", lesions=())]
    patches = patches_of(tmp_path, *cases, augmentation=EVERYTHING)
    picture = np.asarray(preview_image(patches, ["a", "b"], columns=4, scale=2))
    red = [(part == (230, 40, 40)).all(axis=2).sum() for part in np.array_split(picture, 4)]
    assert red[0] > 0 and red[1] > 0 and red[2:] == [0, 0]


@pytest.mark.parametrize(("use", "rows"), [("pet", 1), ("ct", 1), ("pet-ct", 2)])
def test_the_preview_shows_what_the_network_sees(tmp_path, use, rows):
    patches = patches_of(tmp_path, write_case(tmp_path), data=replace(DATA, use=use))
    assert preview_image(patches, ["007"], columns=2, scale=1).size == (4 + 2 * (12 + 4), 4 + rows * (12 + 4))


@pytest.mark.parametrize("movement", [Movement(degrees=(10.0, 20.0, -15.0)), Movement(scale=0.5)])
def test_turns_are_in_mm_where_voxels_are_longer_than_wide(tmp_path, movement):
    """A ball of 20 mm stays one on voxels of 2 x 2 x 6 mm (scaled to half its size: 10 mm), whichever way it turns."""
    shape, spacing = (16, 48, 48), np.array([6.0, 2.0, 2.0])
    points = (np.indices(shape).T - (np.array(shape) - 1) / 2) * spacing
    ball = (np.linalg.norm(points, axis=-1) <= 20.0).T
    case = ball_case(tmp_path, ball, spacing_xyz=(2.0, 2.0, 6.0))
    prepared = patches_of(tmp_path, case).prepared["ball"]
    found = cut(prepared, (0, 0, 0), shape, movement)["labels"] > 0
    extent = [np.ptp(np.argwhere(found)[:, axis]) * spacing[axis] for axis in range(3)]
    assert extent == pytest.approx([40.0 * movement.scale - spacing[0] / 2] + [40.0 * movement.scale] * 2, abs=6.5)


def ball_case(tmp_path, ball: np.ndarray, spacing_xyz):
    images = {"pet": 1.0 + 7.0 * ball, "ct": -50.0 + 0.0 * ball, "mask": ball}
    paths = {name: str(tmp_path / f"ball_{name}.nii.gz") for name in images}
    for name, array in images.items():
        kind = np.uint8 if name == "mask" else np.float32
        sitk.WriteImage(image_of(array.astype(kind), spacing_xyz=spacing_xyz), paths[name])
    return hash_files(TrainingCase(case_id="ball", patient_id="ball", **paths))


def test_a_strong_bend_of_a_shrunken_patch_meets_no_border_where_the_body_goes_on(tmp_path):
    """Bent by up to 12 mm in the patch is up to 30 mm in the image when 0.4 of the size is shown."""
    prepared = patches_of(tmp_path, write_case(tmp_path, shape=(50, 50, 50))).prepared["007"]
    bend = np.full((3, 5, 5, 5), 12.0)
    assert cut(prepared, (19, 19, 19), (12, 12, 12), Movement(scale=0.4, bend=bend))["inside"].all()


def test_beyond_the_image_every_channel_is_nothing_whatever_was_changed(tmp_path):
    """As in segmentation: grain and contrast there would be a sign that training alone has."""
    case = write_case(tmp_path, shape=(6, 30, 8), lesions=())
    images = (
        patches_of(tmp_path, case, augmentation=replace(STILL, noise_p=1.0, gamma_p=1.0)).batch(["007"], 0, 0).images
    )
    assert images[0, :, :3].abs().max() == 0 and images[0, :, 3:9, :, 2:10].std() > 0


def test_contrast_keeps_the_lowest_and_highest_value_and_the_order(tmp_path):
    case = write_case(tmp_path)
    plain, gamma = (
        patches_of(tmp_path, case, augmentation=replace(STILL, gamma_p=p)).batch(["007"], 0, 0).images[0, 1]
        for p in (0.0, 1.0)
    )
    assert not torch.equal(plain, gamma)
    assert torch.allclose(plain.aminmax().min, gamma.aminmax().min) and torch.allclose(plain.max(), gamma.max())
    assert torch.equal(plain.flatten().argsort(stable=True), gamma.flatten().argsort(stable=True))
