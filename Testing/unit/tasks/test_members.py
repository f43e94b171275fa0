"""The members of an ensemble, one by one: their masks, where they differ, and what is refused."""

from __future__ import annotations

import builders_model
import numpy as np
import pytest
from builders_difficulty import box_case
from CLIPSLib.cases import Registry
from CLIPSLib.difficulty import MeasureSettings, measure_difficulties, measure_difficulty
from CLIPSLib.errors import Question, Refusal, UsageError
from CLIPSLib.evaluation import dice, voxel_entropy
from CLIPSLib.imaging import array_view
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks.members import members_of, predict_members

pytest.importorskip("torch")
pytest.importorskip("monai")

MEASURERS = ("disagreement", "volume_variation", "entropy")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """One case; the networks have random weights, and so disagree."""
    monkeypatch.setenv("CLIPS_HOME", str(tmp_path / "home"))
    with Registry.create(tmp_path / "registry") as made:
        box_case(made, 1, (6, 9.0))
        yield made


def _install(folder, folds: int) -> str:
    made, _ = builders_model.make(folder, channels=(builders_model.PET,), folds=folds)
    return ModelStore().install(made)[0].model_id


def test_each_network_makes_a_mask_of_its_own_once(registry, tmp_path):
    model = _install(tmp_path / "model", 3)
    outcomes = predict_members(registry, model, author="Ann")
    assert [outcome.mask.model for outcome in outcomes] == [f"{model} [fold {number}]" for number in range(3)]
    assert len({tuple(outcome.mask.provenance["network"]["sha256"].values()) for outcome in outcomes}) == 3
    assert {outcome.state for outcome in predict_members(registry, model, author="Ann")} == {"kept"}


def test_disagreement_and_entropy_of_members_need_no_reference_and_are_what_they_say(registry, tmp_path):
    model = _install(tmp_path / "model", 2)
    outcomes = predict_members(registry, model, author="Ann")
    settings = MeasureSettings(among="members", teacher=model)
    tables = measure_difficulties(registry, MEASURERS, settings=settings)
    case = registry.cases()[0].case_id
    read = [registry.read_mask(outcome.mask.id) for outcome in outcomes]
    masks = [array_view(mask.labels) > 0 for mask in read]
    shared = dice(*masks)
    assert tables["disagreement"].values[case] == pytest.approx(1 - (1.0 if shared is None else shared))
    assert (masks[0] | masks[1]).any()
    near = _within_10_mm(masks[0] | masks[1])
    mean = np.mean([array_view(mask.probability) for mask in read], axis=0)
    assert tables["entropy"].values[case] == pytest.approx(float(voxel_entropy(mean)[near].mean()), rel=1e-6)


def _within_10_mm(mask: np.ndarray) -> np.ndarray:
    """Voxels of 5 mm: a ball of two voxels around each, by shifting."""
    near = np.zeros(np.array(mask.shape) + 4, dtype=bool)
    for z, y, x in np.argwhere(np.ones((5, 5, 5), dtype=bool)):
        if (z - 2) ** 2 + (y - 2) ** 2 + (x - 2) ** 2 <= 4:
            near[z : z + mask.shape[0], y : y + mask.shape[1], x : x + mask.shape[2]] |= mask
    return near[2:-2, 2:-2, 2:-2]


def test_mirror_images_are_the_members_of_a_single_network(registry, tmp_path):
    model = _install(tmp_path / "model", 1)
    with pytest.raises(Refusal, match="is a single network"):
        predict_members(registry, model, author="Ann")
    names = [member.name for member in members_of(ModelStore().get(model), "flips")]
    assert names == ["as it is", "flip z", "flip y", "flip x"]
    outcomes = predict_members(registry, model, author="Ann", by="flips")
    assert {outcome.state for outcome in outcomes} == {"predicted"}


def test_members_are_no_models_of_their_own(registry, tmp_path):
    model = _install(tmp_path / "model", 2)
    predict_members(registry, model, author="Ann")
    case = registry.cases()[0].case_id
    plain = measure_difficulty(registry, "disagreement", settings=MeasureSettings(among="models"))
    assert plain.missing[case] == "fewer than 2 masks to compare (models)"
    with pytest.raises(UsageError, match="no model has predicted any mask"):
        measure_difficulty(registry, "teacher")


def test_which_ensemble_is_asked_where_there_are_two_and_none_is_an_error(registry, tmp_path):
    settings = MeasureSettings(among="members")
    with pytest.raises(UsageError, match="no member has made any mask"):
        measure_difficulty(registry, "disagreement", settings=settings)
    first = _install(tmp_path / "first", 2)
    made, _ = builders_model.make(tmp_path / "second", channels=(builders_model.PET,), folds=2, name="other")
    second = ModelStore().install(made)[0].model_id
    for model in (first, second):
        predict_members(registry, model, author="Ann")
    with pytest.raises(Question, match="members of several models"):
        measure_difficulty(registry, "disagreement", settings=settings)
