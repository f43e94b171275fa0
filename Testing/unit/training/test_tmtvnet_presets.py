"""The recipes for TMTV-Net's parts fit an installed TMTV-Net as they are. Seeded weights of the published format."""

import pytest
from CLIPSLib.models import ModelStore, install_tmtvnet
from CLIPSLib.training import preset
from CLIPSLib.training.overrides import with_values

torch = pytest.importorskip("torch")

import builders_tmtvnet  # noqa: E402
from CLIPSLib.training.start import find_start, make_network  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tmtvnet")
    for name, state in zip(("e_latest.model", "r_latest.model"), builders_tmtvnet.seeded_states(), strict=True):
        torch.save(state, folder / name)
    store = ModelStore(folder / "models")
    install_tmtvnet(store, [folder / "e_latest.model", folder / "r_latest.model"])
    return store


@pytest.mark.parametrize("name", ["tmtvnet-unet", "tmtvnet-refiner"])
def test_a_part_begins_from_the_installed_weights_without_a_caution(store, name):
    recipe = preset(name)
    network, cautions = make_network(recipe, find_start(recipe, store))
    ensemble, refiner = builders_tmtvnet.seeded_states()
    prefix, source = ("", refiner) if name.endswith("refiner") else ("base_models.0.model.", ensemble)
    assert all(torch.equal(value, source[prefix + key]) for key, value in network.state_dict().items())
    assert not cautions


def test_other_voxels_than_those_on_which_the_cascade_runs_the_part_are_a_caution(store):
    recipe = with_values(preset("tmtvnet-unet"), {"data.spacing_mm": [4.0, 4.0, 4.0]})
    _, (caution,) = make_network(recipe, find_start(recipe, store))
    assert "voxel size" in caution.what
