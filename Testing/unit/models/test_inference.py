"""The faster equivalents of layers, each against PyTorch's own in double precision or on the reference vectors."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import builders_tmtvnet as tmtvnet  # noqa: E402
import numpy as np  # noqa: E402
from CLIPSLib.models import build_network, load_network  # noqa: E402
from CLIPSLib.models.networks.frequency_conv import FrequencyConv3d  # noqa: E402
from CLIPSLib.models.networks.inference import for_inference  # noqa: E402
from CLIPSLib.models.networks.normalize import normalize_  # noqa: E402
from CLIPSLib.models.networks.upsampled_conv import UpsampledConv3d  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def without_gradients():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("shape", [(24, 24, 24), (25, 5, 40)])  # whole blocks; a bit more, less and much more
@pytest.mark.parametrize("kernel", [7, 9])
def test_frequency_convolution_equals_the_direct_one(shape, kernel):
    conv = nn.Conv3d(3, 5, kernel, padding=kernel // 2)
    x = torch.randn(2, 3, *shape)
    found = FrequencyConv3d(conv)(x)
    expected = conv.double()(x.double())
    torch.testing.assert_close(found.double(), expected, atol=5e-6, rtol=0)


@pytest.mark.parametrize(
    ("suits", "conv"),
    [
        (True, nn.Conv3d(6, 32, 9, padding=4)),
        (False, nn.Conv3d(6, 32, 3, padding=1)),  # small kernels are faster directly
        (False, nn.Conv3d(156, 156, 9, padding=4, device="meta")),  # many channels: too large spectra
        (False, nn.Conv3d(6, 32, 9)),
        (False, nn.Conv3d(6, 32, 9, padding=4, stride=2)),
    ],
)
def test_only_large_kernels_on_few_channels_go_through_frequencies(suits, conv):
    assert FrequencyConv3d.suits(conv) is suits


@pytest.mark.parametrize("shape", [(4, 6, 5), (1, 2, 3)])
def test_upsampled_convolution_equals_upsampling_then_convolution(shape):
    conv = nn.Conv3d(3, 4, 3, padding=1, bias=False)
    x = torch.randn(2, 3, *shape)
    found = UpsampledConv3d(conv)(x, torch.empty(2, 4, *(2 * extent for extent in shape)))
    upsampled = functional.interpolate(x.double(), scale_factor=2, mode="trilinear", align_corners=False)
    torch.testing.assert_close(found.double(), conv.double()(upsampled), atol=1e-5, rtol=0)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last_3d])
def test_norm_and_rectifier_in_one_equal_the_two_layers(memory):
    norm = nn.InstanceNorm3d(3, affine=True)
    norm.weight.copy_(torch.tensor([1.0, -0.5, 2.0]))
    norm.bias.copy_(torch.tensor([0.0, 0.3, -1.0]))
    x = (torch.randn(2, 3, 5, 6, 7) + 20).contiguous(memory_format=memory)
    other = torch.randn(2, 3, 5, 6, 7)
    expected = functional.leaky_relu(norm.double()(x.double()) + other, 0.01)
    found = normalize_(x, norm.float(), slope=0.01, residual=other)
    torch.testing.assert_close(found.double(), expected, atol=2e-5, rtol=0)


def test_faster_networks_give_the_original_logits():
    ensemble_state, refiner_state = tmtvnet.seeded_states()
    expected = np.load(tmtvnet.golden("net", "logits.npz"))
    for name, state, key in (
        ("unet", ensemble_state, "ens_logits"),
        ("refiner", refiner_state, "ref_logits"),
    ):
        plain = load_network("tmtvnet-ensemble" if name == "unet" else "tmtvnet-refiner", state)
        found = for_inference(plain, CPU)(tmtvnet.network_input(name))
        np.testing.assert_allclose(found, expected[key], atol=1e-4)


def test_half_precision_is_near():
    network = build_network("tmtvnet-unet", widths=(8, 12, 16), middle_kernel=3).eval()
    x = torch.rand(1, 5, 16, 16, 16)
    exact, half = torch.softmax(network(x), 1), torch.softmax(for_inference(network, CPU, half=True)(x).float(), 1)
    assert 0 < (exact - half).abs().max() < 0.05


def test_making_a_network_faster_leaves_it_as_it_was():
    network = build_network("tmtvnet-unet", widths=(4, 6, 8), middle_kernel=3).eval()
    keys, x = list(network.state_dict()), torch.rand(2, 5, 8, 8, 8)
    before = network(x)
    torch.testing.assert_close(for_inference(network, CPU)(x), before, atol=1e-4, rtol=0)
    assert list(network.state_dict()) == keys
    assert torch.equal(network(x), before)


def test_networks_without_these_blocks_run_as_they_are():
    network = nn.Sequential(nn.Conv3d(1, 2, 3), nn.BatchNorm3d(2))
    assert for_inference(network, CPU) is network
    assert not network.training
