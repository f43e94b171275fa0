"""The networks that can be trained: their few plain options, and what the trainer must know of their parts.

Turns "segresnet, 16 filters" into the class and the arguments that a model's description holds. Loads no torch; called
by `build_network` and by `training`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from CLIPSLib import schema
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.schema import Range

Filters = Annotated[int, Range(1, 256), "channels of the first level; each deeper one has twice as many"]
Levels = Annotated[int, Range(2, 7), "levels of resolution"]
Dropout = Annotated[float, Range(0.0, 0.9), "share of features left out at random during training"]
_INSTANCE = ["instance", {"affine": True}]


@dataclass(frozen=True, kw_only=True)
class SegResNetOptions:
    filters: Annotated[int, Range(8, 256), "channels of the first level (a multiple of 8)"] = 16
    dropout: Dropout = 0.0

    def __post_init__(self) -> None:
        if self.filters % 8:
            raise ValueError(f"'filters' is {self.filters}; it must be a multiple of 8")

    def arguments(self) -> dict[str, Any]:
        blocks = {"blocks_down": [1, 2, 2, 4], "blocks_up": [1, 1, 1]}
        return {"init_filters": self.filters, "dropout_prob": self.dropout or None, **blocks}

    @property
    def divisor(self) -> int:
        return 8


@dataclass(frozen=True, kw_only=True)
class DynUNetOptions:
    filters: Filters = 32
    levels: Levels = 5
    largest: Annotated[int, Range(1, 1024), "channels that no level exceeds"] = 320
    deep_supervision: Annotated[bool, "judge coarse levels too during training, as nnU-Net does"] = True

    def arguments(self) -> dict[str, Any]:
        strides = [1] + [2] * (self.levels - 1)
        heads = min(2, self.levels - 2)
        return {
            "kernel_size": [3] * self.levels,
            "strides": strides,
            "upsample_kernel_size": strides[1:],
            "filters": [min(self.filters * 2**level, self.largest) for level in range(self.levels)],
            "deep_supervision": self.deep_supervision and heads > 0,
            "deep_supr_num": max(heads, 1),
        }

    @property
    def divisor(self) -> int:
        return 2 ** (self.levels - 1)


@dataclass(frozen=True, kw_only=True)
class UNetOptions:
    filters: Filters = 16
    levels: Levels = 5
    dropout: Dropout = 0.0

    def arguments(self) -> dict[str, Any]:
        return {**_levels(self.filters, self.levels), "num_res_units": 2, "norm": _INSTANCE, "dropout": self.dropout}

    @property
    def divisor(self) -> int:
        return 2 ** (self.levels - 1)


@dataclass(frozen=True, kw_only=True)
class AttentionUnetOptions(UNetOptions):
    def arguments(self) -> dict[str, Any]:
        return {**_levels(self.filters, self.levels), "dropout": self.dropout}


@dataclass(frozen=True, kw_only=True)
class SwinUnetrOptions:
    filters: Annotated[int, Range(12, 96), "channels of the first level (a multiple of 12)"] = 24

    def __post_init__(self) -> None:
        if self.filters % 12:
            raise ValueError(f"'filters' is {self.filters}; it must be a multiple of 12")

    def arguments(self) -> dict[str, Any]:
        return {"feature_size": self.filters}

    @property
    def divisor(self) -> int:
        return 32


@dataclass(frozen=True, kw_only=True)
class TmtvNetUNetOptions:
    widths: Annotated[tuple[Annotated[int, Range(1, 512)], ...], Range(2, 6), "channels of each level"] = (
        32,
        64,
        96,
        128,
        156,
    )
    middle_kernel: Annotated[int, Range(1, 15), "kernel size at the bottom"] = 9

    def arguments(self) -> dict[str, Any]:
        return {"widths": list(self.widths), "middle_kernel": self.middle_kernel}

    @property
    def divisor(self) -> int:
        return 2 ** (len(self.widths) - 1)


@dataclass(frozen=True, kw_only=True)
class TmtvNetRefinerOptions:
    width: Annotated[int, Range(1, 256), "channels"] = 32
    blocks: Annotated[int, Range(1, 16), "residual blocks"] = 4
    first_kernel: Annotated[int, Range(1, 15), "size of the first kernel"] = 9

    def arguments(self) -> dict[str, Any]:
        return {"width": self.width, "blocks": self.blocks, "first_kernel": self.first_kernel}

    @property
    def divisor(self) -> int:
        return 1


@dataclass(frozen=True)
class Architecture:
    """class_name: as a model's description names it. options: the plain ones. channels, classes: its own words for
    these. encoder, head: regular expressions for the names of weights in the first half, and of those whose shape
    depends on the classes."""

    class_name: str
    options: Callable[..., Any]
    encoder: str
    head: str
    channels: str = "in_channels"
    classes: str = "out_channels"


_SKIPS = r"model(\.1\.submodule)*"  # MONAI nests its U-Nets level within level
ARCHITECTURES: Mapping[str, Architecture] = {
    "segresnet": Architecture("SegResNet", SegResNetOptions, r"(convInit|down_layers)\.", r"conv_final\.2\."),
    "dynunet": Architecture(
        "DynUNet",
        DynUNetOptions,
        r"(input_block|downsamples|bottleneck)\.",
        r"(output_block|deep_supervision_heads|skip_layers\.(.+\.)?super_head)\.",
    ),
    "unet": Architecture("UNet", UNetOptions, rf"{_SKIPS}\.(0|conv|residual)\.", r"model\.2\."),
    "attention-unet": Architecture("AttentionUnet", AttentionUnetOptions, rf"{_SKIPS}\.(0|conv)\.", r"model\.2\."),
    "swin-unetr": Architecture("SwinUNETR", SwinUnetrOptions, r"(swinViT|encoder\d+)\.", r"out\."),
    "tmtvnet-unet": Architecture(
        "tmtvnet-unet",
        TmtvNetUNetOptions,
        r"backbone\.(init_block|downs|middle_block)\.",
        r"(backbone\.output|outputs)\.",
        "channels_in",
        "classes",
    ),
    "tmtvnet-refiner": Architecture(
        "tmtvnet-refiner",
        TmtvNetRefinerOptions,
        r"model\.ops\.(0|1\.block_\d)\.",
        r"model\.ops\.[1-9]\d*\.ops\.",
        "channels_in",
        "classes",
    ),
}


def architecture(name: str) -> Architecture:
    """What is known of a network.

    Raises:
        UsageError: there is none of this name ("unknown-network").
    """
    if name not in ARCHITECTURES:
        names = ", ".join(ARCHITECTURES)
        raise UsageError("unknown-network", f"There is no network '{name}' to train", "", f"Choose one of: {names}.")
    return ARCHITECTURES[name]


def network_arguments(name: str, *, channels_in: int, classes: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the network's class, JSON-ready, as `Network.arguments` of a description holds them.

    Raises:
        UsageError: no such network, or an option that it does not have or that is out of range ("network-argument").
    """
    known = architecture(name)
    described = {known.channels: channels_in, known.classes: classes, **_options(name, options).arguments()}
    return described if known.class_name == name else {"spatial_dims": 3, **described}


def patch_divisor(name: str, options: Mapping[str, Any]) -> int:
    """The number that every side of a patch must be a multiple of. Raises as `network_arguments`."""
    return _options(name, options).divisor


def _options(name: str, options: Mapping[str, Any]) -> Any:
    try:
        return schema.from_document(architecture(name).options, dict(options))
    except Refusal as refusal:
        raise UsageError("network-argument", f"The network '{name}' cannot be built: {refusal.what}") from refusal


def _levels(filters: int, levels: int) -> dict[str, Any]:
    return {"channels": [filters * 2**level for level in range(levels)], "strides": [2] * (levels - 1)}
