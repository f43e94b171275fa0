"""Installed MONAI models as segmenters: the numbers are those of MONAI run plainly; classes, folds, grids, cautions."""

from __future__ import annotations

import builders_model
import numpy as np
import pytest
import SimpleITK as sitk
from builders_model import BACKGROUND, BRAIN, CT, PET, TUMOR
from builders_volume import image_of, study_of
from CLIPSLib import measure_lesions, segment_study
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError
from CLIPSLib.imaging import array_view
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.segmentation import get_segmenter, list_segmenters

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[networks]'")
pytest.importorskip("monai", reason="MONAI is not installed: pip install '.[networks]'")

SHAPE = (32, 24, 40)
LESION = {**TUMOR, "name": "Lymphoma"}


@pytest.fixture
def study():
    random = np.random.default_rng(3)
    suv = random.gamma(2.0, 1.5, SHAPE).astype(np.float32)
    hu = random.normal(0, 300, SHAPE).astype(np.float32)
    geometry = {"spacing_xyz": (4.0, 4.0, 3.0), "origin": (-80.0, -48.0, 10.0)}
    return study_of(suv, ct=image_of(hu, **geometry), **geometry)


def install(tmp_path, **fields):
    """A small model in the store; gives its networks."""
    folder, networks = builders_model.make(tmp_path / "model", **fields)
    ModelStore().install(folder, overwrite=True)
    return networks


def channels_by_hand(study) -> torch.Tensor:
    suv, hu = array_view(study.pet), array_view(study.ct)
    pet = np.clip(suv, 0, 10) / 10
    ct = (np.clip(hu, -1000, 1000) + 300) / 400
    return torch.from_numpy(np.stack([pet, ct])[None])


def probability_of(segmentation) -> np.ndarray:
    return sitk.GetArrayFromImage(segmentation.probability)


def test_one_tile_gives_what_the_network_gives(study, tmp_path):
    (network,) = install(tmp_path, sliding={"patch": SHAPE})
    with torch.no_grad():
        expected = torch.softmax(network(channels_by_hand(study)), dim=1)[0, 1].numpy()

    segmentation = segment_study(study, "small")

    np.testing.assert_allclose(probability_of(segmentation), expected, atol=1e-6)
    np.testing.assert_array_equal(array_view(segmentation.labels) > 0, expected > 0.5)
    assert 0 < (expected > 0.5).mean() < 1, "the test would show nothing"


def test_tiles_folds_and_several_classes_give_what_monai_gives(study, tmp_path):
    """Three folds, four classes, tiles that overlap by half, weighted alike: MONAI's own inferer."""
    from monai.inferers import SlidingWindowInferer

    labels = (BACKGROUND, LESION, BRAIN, {"channel": 3, "name": "Necrosis", "kind": "tumor"})
    networks = install(
        tmp_path, labels=labels, folds=3, sliding={"patch": [16, 12, 20], "overlap": 0.5, "blend": "constant"}
    )
    inferer = SlidingWindowInferer(roi_size=(16, 12, 20), overlap=0.5, mode="constant")
    with torch.no_grad():
        votes = [
            inferer(channels_by_hand(study), lambda tile, n=network: torch.softmax(n(tile), dim=1))
            for network in networks
        ]
    expected = torch.stack(votes).mean(dim=0)[0].numpy()
    winner = expected.argmax(axis=0)

    segmentation = segment_study(study, "small")

    np.testing.assert_allclose(probability_of(segmentation), expected[1] + expected[3], atol=1e-5)
    found = array_view(segmentation.labels)
    kinds = {lesion.label: (lesion.kind, lesion.name) for lesion in segmentation.lesions}
    in_tumor = np.isin(found, [label for label, (kind, _) in kinds.items() if kind == "tumor"])
    brain = np.isin(found, [label for label, kind in kinds.items() if kind == ("physiological", "Brain")])
    np.testing.assert_array_equal(in_tumor, np.isin(winner, (1, 3)))
    np.testing.assert_array_equal(brain, winner == 2)
    assert brain.any() and in_tumor.any()
    assert segmentation.provenance["network"]["folds"] == 3


def test_physiological_uptake_is_shown_but_not_counted(study, tmp_path):
    install(tmp_path, labels=(BACKGROUND, LESION, BRAIN))
    segmentation = segment_study(study, "small")
    measures = measure_lesions(segmentation, study)
    tumor = [m.volume_ml for m in measures.lesions if m.kind == "tumor"]
    assert any(m.kind == "physiological" and m.name == "Brain" for m in measures.lesions)
    assert measures.patient.tmtv_ml == pytest.approx(sum(tumor))


def test_sigmoid_outputs_are_independent(study, tmp_path):
    labels = ({**TUMOR, "channel": 0}, {**BRAIN, "channel": 1})
    (network,) = install(tmp_path, labels=labels, sliding={"patch": SHAPE, "activation": "sigmoid"})
    with torch.no_grad():
        tumor, brain = torch.sigmoid(network(channels_by_hand(study)))[0].numpy()
    segmentation = segment_study(study, "small")
    counted = [lesion.label for lesion in segmentation.lesions if lesion.kind == "tumor"]
    found = np.isin(array_view(segmentation.labels), counted)
    np.testing.assert_array_equal(found, (tumor > 0.5) & (tumor >= brain))


def test_a_ct_only_model_with_its_own_spacing_orientation_and_axes(study, tmp_path):
    """The network sees the CT as (x, y, z), pointing right-anterior-superior, at 4 mm: resampled here by hand."""
    inputs = {"grid": "ct", "spacing_mm": [4.0, 4.0, 4.0], "orientation": "RAS", "axes": "xyz"}
    (network,) = install(tmp_path, channels=(CT,), inputs=inputs, sliding={"patch": [40, 24, 24]})
    # 32 slices of 3 mm are 24 of 4 mm with the same field of view; x and y are 4 mm already.
    grid = sitk.Image(40, 24, 24, sitk.sitkFloat32)
    grid.SetSpacing((4.0, 4.0, 4.0))
    grid.SetOrigin((-80.0 + 39 * 4, -48.0 + 23 * 4, 10.0 - 1.5 + 2.0))
    grid.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    hu = sitk.GetArrayFromImage(sitk.Resample(study.ct, grid, sitk.Transform(), sitk.sitkLinear, -1024.0))
    tensor = torch.from_numpy((np.clip(hu, -1000, 1000) + 300) / 400).permute(2, 1, 0)[None, None]
    with torch.no_grad():
        probability = torch.softmax(network(tensor), dim=1)[0, 1].permute(2, 1, 0).numpy()
    image = sitk.GetImageFromArray(np.ascontiguousarray(probability))
    image.CopyInformation(grid)
    expected = sitk.GetArrayFromImage(sitk.Resample(image, study.pet, sitk.Transform(), sitk.sitkLinear, 0.0))

    segmentation = segment_study(study, "small")

    np.testing.assert_allclose(probability_of(segmentation), expected, atol=1e-5)
    assert segmentation.labels.GetSize() == study.pet.GetSize()


def test_scaling_by_the_image_itself(study, tmp_path):
    channel = {"name": "PET", "image": "suv", "scaling": "image"}
    (network,) = install(tmp_path, channels=(channel,), sliding={"patch": SHAPE})
    suv = array_view(study.pet)
    tensor = torch.from_numpy((suv - suv.mean(dtype=float)) / suv.std(dtype=float)).float()[None, None]
    with torch.no_grad():
        expected = torch.softmax(network(tensor), dim=1)[0, 1].numpy()
    np.testing.assert_allclose(probability_of(segment_study(study, "small")), expected, atol=1e-5)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("inputs", [{}, {"spacing_mm": [3.5, 5.0, 3.0]}, {"axes": "xyz", "orientation": "RAI"}])
def test_an_suv_threshold_leaves_tiles_out_and_changes_nothing_else(inputs, flipped, tmp_path):
    suv = np.ones(SHAPE, dtype=np.float32)
    suv[3:7, 4:9, 5:12] = 9.0
    direction = (-1.0, 0, 0, 0, 1, 0, 0, 0, -1) if flipped else (1.0, 0, 0, 0, 1, 0, 0, 0, 1)
    study = study_of(suv, spacing_xyz=(4.0, 4.0, 3.0), direction=direction)
    install(tmp_path, channels=(PET,), inputs=inputs, sliding={"patch": [8, 8, 16], "overlap": 0.1})

    everything = segment_study(study, "small")
    limited = segment_study(study, "small", options={"suv_threshold": 4})

    tiles = limited.provenance["network"]["tiles"]
    assert tiles["skipped"] > tiles["run"] > 0
    assert everything.provenance["network"]["tiles"]["skipped"] == 0
    expected = (array_view(everything.labels) > 0) & (suv >= 4)
    np.testing.assert_array_equal(array_view(limited.labels) > 0, expected)
    assert limited.valid_for == "suv >= 4"
    assert everything.valid_for is None
    measure_lesions(limited, study)


def test_a_pet_only_model_needs_no_ct_and_another_says_that_it_does(tmp_path):
    study = study_of(np.full(SHAPE, 2.0, dtype=np.float32))
    install(tmp_path, channels=(PET,))
    assert segment_study(study, "small").labels.GetSize() == study.pet.GetSize()
    install(tmp_path / "other", name="with-ct")
    with pytest.raises(Refusal, match="needs the CT"):
        segment_study(study, "with-ct")


def test_provenance_says_which_weights_on_which_device(study, tmp_path):
    install(tmp_path)
    segmentation = segment_study(study, "small", options={"device": "cpu", "flips": "yes"})
    facts = segmentation.provenance
    assert facts["model"] == "small@1.0"
    assert facts["network"]["device"] == "cpu"
    (digest,) = facts["network"]["sha256"].values()
    assert digest == ModelStore().get("small").description.files[0].sha256
    assert facts["parameters"]["flips"] is True
    assert facts["libraries"]["torch"] == torch.__version__


def test_running_out_of_memory_becomes_a_caution_of_the_result(study, tmp_path, monkeypatch):
    from CLIPSLib.segmentation.sliding_window import engine

    install(tmp_path)
    first_batch = engine.first_batch_size
    monkeypatch.setattr(engine, "first_batch_size", lambda settings, device: 4 * first_batch(settings, device))
    predict = engine.Run._predict

    def scarce(run, starts):
        if len(starts) > 2:
            raise RuntimeError("CUDA out of memory")
        return predict(run, starts)

    monkeypatch.setattr(engine.Run, "_predict", scarce)
    segmentation = segment_study(study, "small")
    assert "out-of-memory" in {caution.code for caution in segmentation.cautions}


def test_cancelling_stops_between_tiles(study, tmp_path):
    install(tmp_path)
    with pytest.raises(Cancelled):
        segment_study(study, "small", reporter=RecordingReporter(cancel_after=4))


def test_installed_models_are_listed_after_the_methods_and_found_by_name_or_version(tmp_path):
    install(tmp_path / "a")
    install(tmp_path / "b", version="1.10")
    names = [description.name for description in list_segmenters()]
    assert names[0] == "suv4"
    assert names[-2:] == ["small@1.10", "small@1.0"]
    assert get_segmenter("small").description.name == "small@1.10"
    assert get_segmenter("small@1.0").description.name == "small@1.0"
    with pytest.raises(UsageError, match="There is no segmenter 'small@2'"):
        get_segmenter("small@2")


def test_a_file_that_was_changed_after_installing_is_named_before_anything_runs(study, tmp_path):
    install(tmp_path)
    path = ModelStore().get("small").folder / "fold_0.pt"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(Failure, match=r"'fold_0.pt' is not the file that was installed"):
        segment_study(study, "small")


@pytest.mark.parametrize(
    ("network", "arguments"),
    [
        ("SegResNet", {"spatial_dims": 3, "init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}),
        (
            "DynUNet",
            {
                "spatial_dims": 3,
                "kernel_size": [3, 3, 3],
                "strides": [1, 2, 2],
                "upsample_kernel_size": [2, 2],
                "filters": [4, 8, 8],
                "deep_supervision": True,
            },
        ),
        ("BasicUNet", {"spatial_dims": 3, "features": [4, 4, 8, 8, 8, 4]}),
        ("SwinUNETR", {"spatial_dims": 3, "feature_size": 12, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1]}),
    ],
)
def test_networks_of_monai_run_as_described(network, arguments, study, tmp_path):
    (made,) = install(tmp_path, network=network, arguments=arguments, sliding={"patch": [32, 32, 64]})
    padded = torch.nn.functional.pad(channels_by_hand(study), (12, 12, 4, 4, 0, 0))
    with torch.no_grad():
        expected = torch.softmax(made(padded), dim=1)[0, 1, :, 4:28, 12:52].numpy()
    np.testing.assert_allclose(probability_of(segment_study(study, "small")), expected, atol=1e-5)
