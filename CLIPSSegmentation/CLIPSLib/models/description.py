"""What `model.json` says: what a model takes and gives, under which licences, how good and how costly it is.

Plain data, checked by `schema`; read by the store, the segmenters and the command. Field by field: docs/models.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from CLIPSLib.provenance import RESEARCH_USE
from CLIPSLib.schema import Pattern, Range, load_json

FORMAT = "clips-model"
VERSION = 1
DESCRIPTION_FILE = "model.json"

CASCADE = "tmtvnet-cascade"
SLIDING_WINDOW = "monai-sliding-window"

Name = Annotated[str, Pattern(r"[a-z0-9][a-z0-9.-]{0,63}", "lower-case letters, digits, '-' and '.'")]
Version = Annotated[str, Pattern(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", "letters, digits, '-' and '.'")]
FileName = Annotated[str, Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "a file name without folders")]
Hash = Annotated[str, Pattern(r"[0-9a-f]{64}", "a SHA-256 as 64 hexadecimal digits")]
Text = Annotated[str, Range(1, 2000)]
Extent = Annotated[int, Range(1, 1024)]

NetworkName = Literal[
    "AttentionUnet",
    "BasicUNet",
    "DynUNet",
    "MedNeXt",
    "SegResNet",
    "SegResNetDS",
    "SwinUNETR",
    "UNETR",
    "UNet",
    "VNet",
    "tmtvnet-unet",
    "tmtvnet-refiner",
]
_COUNTS = {"tmtvnet": ("channels_in", "classes")}  # the words of a network for what goes in and comes out


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One file of the model's folder. role: "ensemble" and "refiner" of TMTV-Net, "fold" of other models, or "text"."""

    name: FileName
    role: Literal["ensemble", "refiner", "fold", "text"]
    sha256: Hash
    size_bytes: Annotated[int, Range(1, 8 * 2**30)]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One input of the network: SUV (g/mL) or CT (HU), clipped, then scaled. "prior": the lesion probability of a
    first stage, which only training and cascades have.

    scaling: "unit": `clip` becomes 0 to 1; "standard": minus `mean`, divided by `sd`; "image": minus the mean of this
    image, divided by its standard deviation; "none".
    """

    name: Text
    image: Literal["suv", "hu", "prior"]
    clip: tuple[float, float] | None = None
    scaling: Literal["none", "unit", "standard", "image"] = "none"
    mean: float | None = None
    sd: Annotated[float, Range(1e-9)] | None = None

    def __post_init__(self) -> None:
        if self.clip is not None and self.clip[0] >= self.clip[1]:
            raise ValueError(f"the clip {self.clip[0]:g} to {self.clip[1]:g} is empty")
        if self.scaling == "unit" and self.clip is None:
            raise ValueError("scaling 'unit' needs 'clip'")
        if (self.scaling == "standard") != (self.mean is not None and self.sd is not None):
            raise ValueError("'mean' and 'sd' belong to scaling 'standard'")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The channels, in the network's order, and the grid they lie on.

    grid: the image whose field of view is taken. spacing_mm: None: that image's own. orientation: where the axes
    point, in DICOM letters ("LPS", "RAS"). axes: order of the network's axes; `spacing_mm` is in the same order.
    """

    channels: Annotated[tuple[Channel, ...], Range(1, 32)]
    grid: Literal["pet", "ct"] = "pet"
    spacing_mm: tuple[Annotated[float, Range(0.2, 20)], ...] | None = None
    orientation: Annotated[str, Pattern("[LR][AP][SI]", "three letters such as LPS or RAS")] = "LPS"
    axes: Literal["zyx", "xyz"] = "zyx"

    def __post_init__(self) -> None:
        if self.spacing_mm is not None and len(self.spacing_mm) != 3:
            raise ValueError("'spacing_mm' must be a list of 3")

    @property
    def needs_ct(self) -> bool:
        return self.grid == "ct" or any(channel.image == "hu" for channel in self.channels)


@dataclass(frozen=True, kw_only=True)
class Label:
    """One output channel of the network. kind: "physiological" is shown and stays out of the totals."""

    channel: Annotated[int, Range(0, 255)]
    name: Text
    kind: Literal["background", "tumor", "physiological"]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of `monai.networks.nets`, or one of TMTV-Net's, with the arguments it was trained with, and how it is
    slid over a volume.

    patch: tile size in voxels, in the order of `Inputs.axes`. blend: the weight of a tile's voxels where tiles overlap.
    """

    name: NetworkName
    arguments: Mapping[str, Any]
    patch: tuple[Extent, Extent, Extent]
    overlap: Annotated[float, Range(0, 0.9), "fraction of a tile"] = 0.5
    blend: Literal["gaussian", "constant"] = "gaussian"
    activation: Literal["softmax", "sigmoid"] = "softmax"


@dataclass(frozen=True, kw_only=True)
class Licence:
    """Under what something may be used. terms: in one sentence."""

    name: Text
    terms: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportedResult:
    """A result that somebody published or measured. source: where it can be read."""

    measure: Text
    value: Text
    cohort: Text
    source: Text


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time and memory measured on one machine."""

    machine: Text
    image: Text
    seconds: Annotated[float, Range(0)]
    memory_gb: Annotated[float, Range(0)]


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """A whole `model.json`. rule: what the model does, in a sentence; source: the publication to cite."""

    name: Name
    version: Version
    kind: Literal["tmtvnet-cascade", "monai-sliding-window"]
    title: Text
    rule: Text
    source: Text
    inputs: Inputs
    labels: Annotated[tuple[Label, ...], Range(2, 256)]
    files: Annotated[tuple[ModelFile, ...], Range(1, 50)]
    licence_of_weights: Licence
    licence_of_data: Licence
    training_data: Text
    network: Network | None = None
    reported_results: tuple[ReportedResult, ...] = ()
    measured: tuple[Cost, ...] = ()
    use: Text = RESEARCH_USE

    def __post_init__(self) -> None:
        names = [file.name for file in self.files]
        if len(set(names)) < len(names) or DESCRIPTION_FILE in names:
            raise ValueError(f"'files' must have different names, other than {DESCRIPTION_FILE}")
        if [label.channel for label in self.labels] != list(range(len(self.labels))):
            raise ValueError("'labels' must describe the channels 0, 1, 2, ... in this order")
        if not any(label.kind == "tumor" for label in self.labels):
            raise ValueError("'labels' must hold one of kind 'tumor'")
        roles = sorted(file.role for file in self.files if file.role != "text")
        if self.kind == CASCADE and roles != ["ensemble", "refiner"]:
            raise ValueError("a cascade has one file with the role 'ensemble' and one with the role 'refiner'")
        if self.kind == SLIDING_WINDOW:
            _check_network(self, roles)

    @property
    def model_id(self) -> str:
        """Name and version as people write them: "tmtvnet@1.0"."""
        return f"{self.name}@{self.version}"

    def weight_files(self, role: str) -> tuple[ModelFile, ...]:
        """The files with a role, in the order of the description."""
        return tuple(file for file in self.files if file.role == role)


def read_description(path: Path) -> ModelDescription:
    """A `model.json`, checked.

    Raises:
        Failure: missing or not JSON. Refusal: no model description, of a newer version, or not valid.
    """
    return load_json(path, ModelDescription, format_name=FORMAT, version=VERSION)


def _check_network(model: ModelDescription, roles: list[str]) -> None:
    network = model.network
    if network is None or set(roles) != {"fold"}:
        raise ValueError("a sliding-window model has a 'network' and files with the role 'fold', one per fold")
    if network.activation == "softmax" and model.labels[0].kind != "background":
        raise ValueError("with activation 'softmax', channel 0 is the background")
    if any(channel.image == "prior" for channel in model.inputs.channels):
        raise ValueError("a channel 'prior' is for networks within a cascade")
    names = _COUNTS.get(network.name.partition("-")[0], ("in_channels", "out_channels"))
    for argument, count in zip(names, (len(model.inputs.channels), len(model.labels)), strict=True):
        if network.arguments.get(argument) != count:
            raise ValueError(f"'network.arguments.{argument}' must be {count}, the number described")
