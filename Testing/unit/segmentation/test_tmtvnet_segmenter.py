"""TMTV-Net as a segmenter: options, post-processing, provenance, and clean ends. Networks are small stand-ins."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

torch = pytest.importorskip("torch")

import builders_tmtvnet as tmtvnet  # noqa: E402
import reference_data  # noqa: E402
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError  # noqa: E402
from CLIPSLib.measures import measure_lesions  # noqa: E402
from CLIPSLib.models import build_network  # noqa: E402
from CLIPSLib.progress import SILENT, RecordingReporter  # noqa: E402
from CLIPSLib.segmentation.tmtvnet import cascade, segmenter  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.options import TMTVNET  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.segmenter import TmtvNetSegmenter, TmtvNetWeights, read_weights  # noqa: E402
from CLIPSLib.study import PetCtStudy  # noqa: E402

SHA = {"e_latest.model": "e" * 64, "r_latest.model": "r" * 64}


def study(*, ct=True):
    """A hot block and a smaller, warm one; stored head first with flipped x."""
    suv = np.full((24, 20, 22), 0.5, np.float32)
    suv[4:12, 5:12, 6:12] = 8.0
    suv[16:18, 14:16, 15:17] = 3.0
    pet = sitk.GetImageFromArray(suv)
    pet.SetSpacing((4.0, 4.0, 4.0))
    pet.SetDirection((-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    hu = sitk.GetImageFromArray(np.where(suv > 1, 60, 20).astype(np.int16))
    hu.CopyInformation(pet)
    return PetCtStudy(pet=pet, ct=hu if ct else None)


@pytest.fixture
def small(monkeypatch):
    """A segmenter whose networks are small and whose second stage calls warm voxels lesions."""
    monkeypatch.setattr(cascade, "ENSEMBLE_TILE", (8, 8, 8))
    monkeypatch.setattr(cascade, "REFINER_TILE", (8, 8, 8))
    ensemble = build_network("tmtvnet-ensemble", members=1, widths=(4, 6, 8), middle_kernel=3)
    refiner = WarmIsLesion()
    monkeypatch.setattr(segmenter, "load_network", lambda name, state, **_: ensemble if "ensemble" in name else refiner)
    return TmtvNetSegmenter(lambda: TmtvNetWeights({}, {}, SHA))


class WarmIsLesion(torch.nn.Module):
    """Logits that prefer class 1 from SUV 2 on (channel 1 is SUV / 30)."""

    def forward(self, x):
        score = (x[:, 1:2] * 30 - 2) * 4
        return torch.cat((torch.zeros_like(score), score), dim=1)


def voxels(segmentation):
    return np.count_nonzero(sitk.GetArrayViewFromImage(segmentation.labels))


def test_by_default_only_voxels_from_suv_4_on_are_kept_and_other_measures_are_refused(small):
    found = small.segment(study(), {}, SILENT)
    assert (len(found.lesions), voxels(found), found.valid_for) == (1, 8 * 7 * 6, "suv >= 4")
    assert measure_lesions(found, study()).patient.tmtv_ml == pytest.approx(8 * 7 * 6 * 0.064)
    assert found.provenance["parameters"]["suv_threshold"] == 4.0


def test_without_a_threshold_the_mask_is_the_networks_and_measures_are_free(small):
    found = small.segment(study(), {"suv_threshold": None}, SILENT)
    assert (len(found.lesions), voxels(found), found.valid_for) == (2, 8 * 7 * 6 + 8, None)
    assert [lesion.name for lesion in found.lesions] == ["Lesion 1", "Lesion 2"]


def test_original_fidelity_keeps_the_whole_mask_and_leaves_out_no_tile(small):
    found = small.segment(study(), {"fidelity": "original"}, SILENT)
    assert found.valid_for is None
    assert {counts["skipped"] for counts in found.provenance["tiles"].values()} == {0}


def test_small_components_go_when_a_minimum_volume_is_asked_for(small):
    found = small.segment(study(), {"suv_threshold": "none", "min_volume_ml": 1.0}, SILENT)
    assert (len(found.lesions), found.provenance["min_volume_ml"]) == (1, 1.0)


def test_provenance_is_json_and_says_what_was_run_on_what(small):
    facts = json.loads(json.dumps(small.segment(study(), {"device": "cpu"}, SILENT).provenance))
    assert facts["weights_sha256"] == SHA
    assert (facts["model"], facts["device"], facts["precision"]) == ("tmtvnet", "cpu", "float32")
    assert facts["tiles"]["refiner"]["run"] > 0
    assert "torch" in facts["libraries"]


def test_the_probability_lies_on_the_pet_grid(small):
    probability = small.segment(study(), {"suv_threshold": None}, SILENT).probability
    assert probability.GetPixelID() == sitk.sitkFloat32
    assert probability.GetDirection() == study().pet.GetDirection()
    values = sitk.GetArrayFromImage(probability)
    assert values[6, 8, 8] > 0.99 > 0.01 > values[0, 0, 0]


def test_mirror_images_vote_when_asked_for(small, monkeypatch):
    seen = []
    monkeypatch.setattr(cascade, "slide", lambda job, settings, reporter: seen.append(settings.flips) or stop())

    def stop():
        raise Cancelled

    for flips in (False, True):
        with pytest.raises(Cancelled):
            small.segment(study(), {"flips": flips}, SILENT)
    assert [len(flips) for flips in seen] == [1, 8]


def test_an_empty_result_is_said(small):
    found = small.segment(study(), {"suv_threshold": 20.0}, SILENT)
    assert [str(caution) for caution in found.cautions] == ["TMTV-Net found no lesion with SUV >= 20"]


def test_a_study_without_ct_is_refused(small):
    with pytest.raises(Refusal, match="TMTV-Net needs the CT"):
        small.segment(study(ct=False), {}, SILENT)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("fidelity", "exact", "fidelity = 'exact' is not possible"),
        ("suv_threshold", -1, "suv_threshold = -1 is not possible"),
        ("treshold", 4, "has no option 'treshold'"),
        ("device", "cuda:7", "device = 'cuda:7' is not possible"),
    ],
)
def test_options_are_checked_before_weights_are_read(option, value, sentence):
    def unread():
        raise AssertionError("weights were read")

    with pytest.raises(UsageError, match=sentence):
        TmtvNetSegmenter(unread).segment(study(), {option: value}, SILENT)


def test_a_cancelled_run_ends_between_tiles(small):
    with pytest.raises(Cancelled):
        small.segment(study(), {}, RecordingReporter(cancel_after=5))


def test_running_out_of_memory_ends_with_a_sentence(small, monkeypatch):
    def no_memory(self, x):
        raise MemoryError

    monkeypatch.setattr(WarmIsLesion, "forward", no_memory)
    with pytest.raises(Failure, match="There is not enough memory for one tile"):
        small.segment(study(), {}, SILENT)


def test_weights_of_another_network_are_refused():
    with pytest.raises(Refusal, match=r"not those of the network 'tmtvnet-ensemble': .* is missing.*first stage"):
        TmtvNetSegmenter(lambda: TmtvNetWeights({}, {}, SHA)).segment(study(), {}, SILENT)


def test_the_same_options_are_listed_as_checked():
    from CLIPSLib.segmentation.tmtvnet.options import TMTVNET_RULES

    assert set(TMTVNET.options) <= set(TMTVNET_RULES)
    assert all(TMTVNET_RULES[name].parse(default) == default for name, default in TMTVNET.options.items())


@pytest.mark.slow
def test_the_whole_path_on_a_real_patient(tmp_path):
    """With random weights the result means nothing; the path from DICOM to measures does."""
    from CLIPSLib import load_study

    for name, state in zip(("e_latest.model", "r_latest.model"), tmtvnet.seeded_states(), strict=True):
        torch.save(state, tmp_path / name)
    patient = load_study(reference_data.path("sts", "STS_002"))
    network = TmtvNetSegmenter(lambda: read_weights(tmp_path / "e_latest.model", tmp_path / "r_latest.model"))
    reporter = RecordingReporter()
    found = network.segment(patient, {"speed": "fast", "device": "cpu"}, reporter)
    assert reporter.stages[-1][1] == 1.0
    assert measure_lesions(found, patient).patient.lesion_count == len(found.lesions)
    assert found.provenance["pet_series_uid"] == patient.identity.pet_series_uid
