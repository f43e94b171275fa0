"""First weights: random by the seed, from an installed model or a file, a new head, a still encoder."""

from __future__ import annotations

import builders_model
import pytest
from builders_run import TINY
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.models import ModelStore
from CLIPSLib.training.overrides import with_values

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.start import describe_network, find_start, freeze_encoder, make_network  # noqa: E402

SEGRESNET = {"spatial_dims": 3, "init_filters": 8, "blocks_down": [1, 2, 2, 4], "blocks_up": [1, 1, 1]}
HOT = {"name": "Hot", "image": "suv", "clip": [2, 10], "scaling": "unit"}
PET = {"name": "PET", "image": "suv", "clip": [0, 30], "scaling": "unit"}
TWO_CLASSES = [{"name": "Lesion", "values": [1]}, {"name": "Brain", "kind": "physiological", "values": [2]}]


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


@pytest.fixture
def installed(store, tmp_path):
    folder, networks = builders_model.make(
        tmp_path / "source", channels=(PET, HOT), network="SegResNet", arguments=SEGRESNET, folds=2
    )
    store.install(folder)
    return [network.state_dict() for network in networks]


def recipe(**values):
    return with_values(TINY, {name.replace("__", "."): value for name, value in values.items()})


def network_of(chosen, store):
    return make_network(chosen, find_start(chosen, store))


def test_the_seed_gives_the_first_weights(store):
    first, again = (network_of(TINY, store)[0].state_dict() for _ in range(2))
    other = network_of(recipe(training__seed=1), store)[0].state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_an_installed_model_gives_the_weights_of_the_chosen_fold(store, installed):
    network, cautions = network_of(recipe(network__start="small", network__fold=1), store)
    assert all(torch.equal(value, installed[1][name]) for name, value in network.state_dict().items())
    assert not cautions


def test_other_classes_get_a_new_head_and_keep_the_rest(store, installed):
    network, cautions = network_of(recipe(network__start="small", data__classes=TWO_CLASSES), store)
    state = network.state_dict()
    kept = {name for name in state if name in installed[0] and torch.equal(state[name], installed[0][name])}
    assert set(state) - kept == {"conv_final.2.conv.weight", "conv_final.2.conv.bias"}
    assert [caution.code for caution in cautions] == ["new-head"]


def test_a_weight_file_is_a_start_too(store, installed, tmp_path):
    torch.save({"state_dict": installed[0]}, tmp_path / "mine.pt")
    network, _ = network_of(recipe(network__start=str(tmp_path / "mine.pt")), store)
    assert torch.equal(network.state_dict()["convInit.conv.weight"], installed[0]["convInit.conv.weight"])


def test_other_images_than_the_model_was_trained_with_are_a_caution(store, installed):
    _, cautions = network_of(recipe(network__start="small", data__spacing_mm=[4.0, 4.0, 4.0]), store)
    assert "voxel size" in cautions[0].what


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"network__start": "nothing"}, UsageError, "not installed"),
        ({"network__start": "small", "network__name": "unet"}, Refusal, "the model 'small@1.0' is a SegResNet"),
        ({"network__start": "small", "network__fold": 2}, Refusal, "has 2 network"),
        ({"network__start": "small", "data__use": "ct"}, Refusal, "takes 2 channels, the recipe gives 3"),
        ({"data__patch": [20, 20, 20]}, Refusal, "multiple of 8"),
        ({"network__options": {"filters": 9}}, UsageError, "multiple of 8"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_computed(store, installed, values, error, words):
    with pytest.raises(error, match=words):
        network_of(recipe(**values), store)


def test_weights_of_a_wider_network_are_refused(store, installed, tmp_path):
    torch.save(installed[0], tmp_path / "mine.pt")
    with pytest.raises(Refusal, match="not those of the network 'segresnet'"):
        network_of(recipe(network__start=str(tmp_path / "mine.pt"), network__options={"filters": 16}), store)


def test_a_still_encoder_learns_nothing_until_it_is_freed(store):
    network, _ = network_of(TINY, store)
    freeze_encoder(network, "segresnet", frozen=True)
    still = {name for name, weight in network.named_parameters() if not weight.requires_grad}
    assert still and all(name.startswith(("convInit", "down_layers")) for name in still)
    freeze_encoder(network, "segresnet", frozen=False)
    assert all(weight.requires_grad for weight in network.parameters())


def test_the_description_holds_what_the_model_will_be_built_from(store):
    described = describe_network(TINY, find_start(TINY, store))
    assert (described.name, described.arguments["init_filters"], described.patch) == ("SegResNet", 8, (16, 16, 16))
