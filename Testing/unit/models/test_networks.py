"""TMTV-Net's networks: names and shapes of the published weights, and what the original computes with them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import builders_tmtvnet as tmtvnet  # noqa: E402
import numpy as np  # noqa: E402
from CLIPSLib.errors import UsageError  # noqa: E402
from CLIPSLib.models import build_network, load_network, network_names  # noqa: E402


def meta(name: str, **arguments):
    with torch.device("meta"):
        return build_network(name, **arguments)


@pytest.mark.parametrize(
    ("name", "tensors", "values"),
    [
        ("tmtvnet-unet", 66, 21_594_530),
        ("tmtvnet-ensemble", 266, 86_378_130),  # e_latest.model: 4 U-Nets and 10 values that combine them
        ("tmtvnet-refiner", 30, 361_796),  # r_latest.model
    ],
)
def test_networks_have_the_published_number_of_parameters(name, tensors, values):
    state = meta(name).state_dict()
    assert (len(state), sum(value.numel() for value in state.values())) == (tensors, values)


@pytest.mark.parametrize(
    ("name", "key", "shape"),
    [
        ("tmtvnet-ensemble", "base_models.0.model.backbone.init_block.ops.0.ops.0.weight", (32, 5, 3, 3, 3)),
        ("tmtvnet-ensemble", "base_models.1.model.backbone.init_block.ops.1.bias", (32,)),
        ("tmtvnet-ensemble", "base_models.2.model.backbone.downs.3.ops.ops.0.ops.0.weight", (156, 128, 3, 3, 3)),
        ("tmtvnet-ensemble", "base_models.3.model.backbone.middle_block.ops.ops.0.ops.0.weight", (156, 156, 9, 9, 9)),
        ("tmtvnet-ensemble", "base_models.0.model.backbone.ups.0.ops.ops_deconv.ops.1.weight", (128, 156, 3, 3, 3)),
        ("tmtvnet-ensemble", "base_models.0.model.backbone.ups.1.ops.ops_deconv.ops.2.weight", (96,)),
        ("tmtvnet-ensemble", "base_models.0.model.backbone.ups.3.ops.ops_conv.ops.0.ops.0.weight", (32, 64, 3, 3, 3)),
        ("tmtvnet-ensemble", "base_models.0.model.backbone.output.ops.0.ops.0.weight", (2, 32, 3, 3, 3)),
        ("tmtvnet-ensemble", "base_models.0.model.outputs.0.ops.0.ops.0.weight", (2, 128, 1, 1, 1)),
        ("tmtvnet-ensemble", "staking_blocks.weight", (2, 4, 1, 1, 1)),
        ("tmtvnet-refiner", "model.ops.0.ops.0.ops.0.weight", (32, 6, 9, 9, 9)),
        ("tmtvnet-refiner", "model.ops.4.block_2.ops.1.weight", (32,)),
        ("tmtvnet-refiner", "model.ops.5.ops.0.ops.0.weight", (2, 32, 1, 1, 1)),
    ],
)
def test_parameters_are_named_as_in_the_published_files(name, key, shape):
    assert tuple(meta(name).state_dict()[key].shape) == shape


def test_logits_are_those_of_the_original_program():
    ensemble_state, refiner_state = tmtvnet.seeded_states()
    ensemble = load_network("tmtvnet-ensemble", ensemble_state)
    refiner = load_network("tmtvnet-refiner", refiner_state)
    expected = np.load(tmtvnet.golden("net", "logits.npz"))
    with torch.inference_mode():
        x = tmtvnet.network_input("unet")
        for number, member in enumerate(ensemble.base_models):
            np.testing.assert_allclose(member.model(x), expected[f"base{number}_logits"], atol=1e-4)
        np.testing.assert_allclose(ensemble(x), expected["ens_logits"], atol=1e-4)
        np.testing.assert_allclose(refiner(tmtvnet.network_input("refiner")), expected["ref_logits"], atol=1e-4)


def small_unet():
    return build_network("tmtvnet-unet", widths=(4, 6, 8, 10, 12), middle_kernel=3)


def test_training_gives_logits_of_every_level_and_inference_only_the_finest():
    network, x = small_unet(), torch.randn(1, 5, 32, 16, 16)
    levels = network.train()(x)
    assert [tuple(level.shape[2:]) for level in levels] == [(4, 2, 2), (8, 4, 4), (16, 8, 8), (32, 16, 16)]
    torch.testing.assert_close(network.eval()(x), levels[-1])


def test_a_backward_pass_reaches_every_parameter_but_those_of_the_unused_head():
    network = small_unet().train()
    sum(level.square().mean() for level in network(torch.randn(1, 5, 32, 32, 32))).backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == ["backbone.output.ops.0.ops.0.weight", "backbone.output.ops.0.ops.0.bias"]


def test_training_the_ensemble_changes_only_how_members_are_combined():
    network = build_network("tmtvnet-ensemble", members=2, widths=(4, 6, 8), middle_kernel=3).train()
    network(torch.randn(1, 5, 16, 16, 16)).square().mean().backward()
    assert {name for name, parameter in network.named_parameters() if parameter.grad is not None} == {
        "staking_blocks.weight",
        "staking_blocks.bias",
    }


def test_the_refiner_standardizes_the_logits_of_each_tile():
    """Mean 0 and variance 1 before the leaky rectifier; undoing the rectifier shows them."""
    network = build_network("tmtvnet-refiner", width=4, blocks=1, first_kernel=3).eval()
    with torch.inference_mode():
        logits = network(torch.randn(2, 6, 8, 8, 8))
    before = torch.where(logits < 0, logits / 0.01, logits)
    torch.testing.assert_close(before.mean(dim=(2, 3, 4)), torch.zeros(2, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(before.var(dim=(2, 3, 4), correction=0), torch.ones(2, 2), atol=1e-3, rtol=0)


def test_an_unknown_network_or_argument_is_a_usage_error():
    with pytest.raises(UsageError, match=r"no network 'resnet'\. Choose one of: tmtvnet-unet"):
        build_network("resnet")
    with pytest.raises(UsageError, match=r"cannot be built: .*'colour'"):
        build_network("tmtvnet-refiner", colour=1)
    assert "tmtvnet-refiner" in network_names()
