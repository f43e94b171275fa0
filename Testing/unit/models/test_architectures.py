"""Networks to train, in one call: shapes, divisors, and which weights belong to the encoder and to the head."""

from __future__ import annotations

import re

import pytest
from CLIPSLib.errors import UsageError
from CLIPSLib.models import architecture, build_network, network_arguments, network_names, patch_divisor

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

SMALL = {
    "segresnet": {"filters": 8},
    "dynunet": {"filters": 4, "levels": 3},
    "unet": {"filters": 4, "levels": 3},
    "attention-unet": {"filters": 4, "levels": 3},
    "tmtvnet-unet": {"widths": (4, 6, 8), "middle_kernel": 3},
    "tmtvnet-refiner": {"width": 4, "blocks": 1, "first_kernel": 3},
}


def small(name: str, *, classes: int = 3):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(name, channels_in=2, classes=classes, **SMALL[name])


@pytest.mark.parametrize("name", SMALL)
def test_one_call_builds_a_network_that_keeps_the_size_of_a_patch(name):
    side = 2 * patch_divisor(name, SMALL[name]) if patch_divisor(name, SMALL[name]) > 4 else 16
    with torch.no_grad():
        assert small(name).eval()(torch.zeros(1, 2, side, side, side)).shape == (1, 3, side, side, side)


@pytest.mark.parametrize("name", SMALL)
def test_the_head_is_what_changes_shape_with_the_number_of_classes(name):
    two, three = (small(name, classes=count).state_dict() for count in (2, 3))
    changed = {key for key in two if two[key].shape != three[key].shape}
    head = re.compile(architecture(name).head)
    assert changed and all(head.match(key) for key in changed)


@pytest.mark.parametrize("name", SMALL)
def test_the_encoder_is_a_part_of_the_network_without_the_head(name):
    known, network = architecture(name), small(name)
    names = [key for key, _ in network.named_parameters()]
    encoder = [key for key in names if re.match(known.encoder, key)]
    assert 0 < len(encoder) < len(names)
    assert not any(re.match(known.head, key) for key in encoder)


@pytest.mark.parametrize("name", ["unet", "attention-unet"])
def test_of_nested_unets_the_encoder_is_every_level_on_the_way_down(name):
    """Depth 3 of MONAI's nesting: 'model.0', 'model.1.submodule.0' and the bottom; nothing of the way up ('2')."""
    known = architecture(name)
    encoder = [key for key, _ in small(name).named_parameters() if re.match(known.encoder, key)]
    assert {re.sub(r"\.(conv|residual|0\.conv|0\.residual).*", "", key) for key in encoder} == {
        "model",
        "model.1.submodule",
        "model.1.submodule.1.submodule",
    }
    assert not any(part in key for key in encoder for part in (".2.", "attention", "merge", "upconv"))


def test_arguments_are_those_of_the_described_class():
    arguments = network_arguments("segresnet", channels_in=5, classes=2, options={"filters": 16})
    assert arguments["spatial_dims"] == 3
    assert (arguments["in_channels"], arguments["out_channels"], arguments["init_filters"]) == (5, 2, 16)
    assert "spatial_dims" not in network_arguments("tmtvnet-unet", channels_in=5, classes=2, options={})


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("segresnet", {"filters": 12}, "multiple of 8"),
        ("segresnet", {"width": 16}, "'width' is unknown"),
        ("dynunet", {"levels": 1}, "at least 2"),
        ("resnet", {}, "no network 'resnet'"),
    ],
)
def test_what_cannot_be_built_is_said_in_a_sentence(name, options, words):
    with pytest.raises(UsageError, match=words):
        network_arguments(name, channels_in=1, classes=2, options=options)


def test_every_architecture_is_listed_with_the_networks():
    assert set(SMALL) <= set(network_names())
