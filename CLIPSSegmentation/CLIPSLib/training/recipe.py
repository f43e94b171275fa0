"""The recipe of a training run: every choice there is, with what it means, its default and its limits.

One description for all: read from TOML by `schema`, shown as comments in that file and as tooltips in panels. A field
says what it does in words that need no knowledge of programming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from CLIPSLib.errors import Failure
from CLIPSLib.models import Channel
from CLIPSLib.schema import Pattern, Range

Fraction = Range(0.0, 1.0)
Size = tuple[Annotated[int, Range(8, 512)], Annotated[int, Range(8, 512)], Annotated[int, Range(8, 512)]]
Spacing = tuple[Annotated[float, Range(0.5, 20)], Annotated[float, Range(0.5, 20)], Annotated[float, Range(0.5, 20)]]
UNLIMITED = (0, -1)
SCRATCH = "scratch"  # as the start of a network: random weights


@dataclass(frozen=True, kw_only=True)
class ClassRecipe:
    """A kind of tissue to find."""

    name: Annotated[str, Range(1, 100), "Name shown to people."]
    kind: Annotated[
        Literal["tumor", "physiological"],
        "'tumor' counts in the total volume; 'physiological' (brain, bladder) is found so that it is left out.",
    ] = "tumor"
    values: Annotated[
        tuple[Annotated[int, Range(1, 65535)], ...],
        "Values in the reference masks that mean this class. Empty: every value but 0.",
    ] = ()


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """Which images, and how they are prepared before training begins."""

    cases: Annotated[str, "The list of cases (cases.json), relative to this file."] = "cases.json"
    use: Annotated[
        Literal["pet-ct", "pet", "ct", "custom"],
        "Which images the network sees. 'pet-ct': SUV 0 to 30 and 2 to 10, CT windows of soft tissue, fat and lung (as "
        "TMTV-Net); 'pet' and 'ct': those of one image; 'custom': the list 'channels'.",
    ] = "pet-ct"
    channels: Annotated[tuple[Channel, ...], "With use = 'custom': name, image (suv or hu), clip and scaling."] = ()
    prior: Annotated[bool, "Also show the network the lesion probability of a first stage (to train a refiner)."] = (
        False
    )
    spacing_mm: Annotated[
        Spacing | None,
        "Size of the voxels the network works on, in mm: z, y, x. Larger voxels: faster, less memory, small lesions "
        "are lost. Left out: the voxels of each PET as they are.",
    ] = None
    classes: Annotated[
        tuple[ClassRecipe, ...], Range(1, 20), "What to find. Several when the masks tell several kinds apart."
    ] = (ClassRecipe(name="Lesion"),)
    patch: Annotated[
        Size, "Size in voxels (z, y, x) of the pieces shown to the network. Larger: more context and more memory."
    ] = (96, 96, 96)
    lesion_share: Annotated[
        float,
        Fraction,
        "Share of the pieces that are centered on a lesion. The rest lies anywhere in the body. Cases without any "
        "lesion give pieces from anywhere.",
    ] = 0.5
    cache: Annotated[
        str,
        "Folder for prepared images, relative to this file; several runs may share it. Empty: the folder 'cache' "
        "beside the run's folder.",
    ] = ""
    workers: Annotated[
        int,
        Range(0, 64),
        "Helper processes that prepare images before the first step and pieces ahead of the network. Changes speed, "
        "never the result. Of more than 15 the others idle while training, unless the curriculum's 'lag' is larger "
        "than 16.",
    ] = 2

    def __post_init__(self) -> None:
        names = [each.name for each in self.classes]
        if len(set(names)) < len(names):
            raise ValueError("two of the 'classes' have the same name")
        if len(self.classes) > 1 and not all(each.values for each in self.classes):
            raise ValueError("with several 'classes', each must say which 'values' of the masks mean it")
        values = [value for each in self.classes for value in each.values]
        if twice := {value for value in values if values.count(value) > 1}:
            raise ValueError(f"the value {min(twice)} of the masks cannot mean two 'classes'")


@dataclass(frozen=True, kw_only=True)
class AugmentationRecipe:
    """Random changes to each piece, so that the network does not learn scanners and poses by heart.

    PET, CT and mask are always mirrored, turned, scaled and bent together. Fields ending in '_p' say how often a change
    is made: 0 never, 0.5 to every other piece, 1 always.
    """

    flip_p: Annotated[float, Fraction, "How often to mirror a piece, along each axis for itself."] = 0.5
    rotate_p: Annotated[float, Fraction, "How often to turn a piece, by a random angle around each axis."] = 0.2
    rotate_degrees: Annotated[float, Range(0, 180), "Largest angle, in degrees."] = 15.0
    scale_p: Annotated[float, Fraction, "How often to enlarge or shrink a piece."] = 0.2
    scale_range: Annotated[tuple[float, float], "Smallest and largest factor of size."] = (0.9, 1.1)
    elastic_p: Annotated[float, Fraction, "How often to bend the anatomy smoothly. Slow."] = 0.0
    elastic_mm: Annotated[float, Range(0, 50), "Largest displacement when bending, in mm."] = 8.0
    gamma_p: Annotated[
        float, Fraction, "How often to change the contrast: lift or lower the middle values of the PET or the CT."
    ] = 0.15
    gamma_range: Annotated[tuple[float, float], "Smallest and largest exponent; 1 changes nothing."] = (0.7, 1.5)
    noise_p: Annotated[float, Fraction, "How often to add random grain (noise)."] = 0.1
    noise_sd: Annotated[
        float,
        Range(0, 1),
        "Largest standard deviation of the grain, as a share of each input's window (0.02: SUV 0.6 of 0 to 30, 9 HU of "
        "-150 to 300).",
    ] = 0.02
    blur_p: Annotated[float, Fraction, "How often to blur, as a scanner of lower resolution does."] = 0.1
    blur_voxels: Annotated[tuple[float, float], "Smallest and largest width (sigma) of the blur, in voxels."] = (
        0.5,
        1.0,
    )
    low_resolution_p: Annotated[float, Fraction, "How often to reduce to fewer voxels and enlarge again."] = 0.1
    low_resolution_range: Annotated[tuple[float, float], "Smallest and largest factor of that reduction."] = (0.5, 1.0)
    brightness_p: Annotated[
        float, Fraction, "How often to multiply the PET by a factor, as a wrong weight or dose would."
    ] = 0.1
    brightness_range: Annotated[tuple[float, float], "Smallest and largest factor."] = (0.75, 1.25)
    misalign_p: Annotated[float, Fraction, "How often to shift the CT against the PET, as breathing does."] = 0.0
    misalign_mm: Annotated[float, Range(0, 50), "Largest shift along each axis, in mm."] = 6.0
    mixup: Annotated[
        float, Range(0, 10), "Blend pairs of pieces (mixup); the parameter alpha of its Beta distribution. 0: never."
    ] = 0.0

    def __post_init__(self) -> None:
        for name in ("scale_range", "gamma_range", "blur_voxels", "low_resolution_range", "brightness_range"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"'{name}' is {low:g} to {high:g}; it must rise from above 0")


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """The network, and the weights it starts from."""

    name: Annotated[
        Literal["segresnet", "dynunet", "unet", "attention-unet", "swin-unetr", "tmtvnet-unet", "tmtvnet-refiner"],
        "The kind of network. 'segresnet': sound and fast, a good first choice; 'dynunet': as nnU-Net builds it; "
        "'tmtvnet-unet' and 'tmtvnet-refiner': the two stages of TMTV-Net.",
    ] = "segresnet"
    options: Annotated[
        Mapping[str, Any],
        "Settings of that network, such as filters = 16 (its width). Wider: finer, slower, more memory.",
    ] = field(default_factory=dict)
    start: Annotated[
        str,
        "'scratch': random weights. Or an installed model to go on from (NAME or NAME@VERSION, see 'clips models'), or "
        "a weight file (its path relative to this file). Where it finds other classes than asked for, its last layer "
        "begins anew.",
    ] = SCRATCH
    fold: Annotated[
        int, Range(0, 20), "Which of the installed model's networks to start from, when it has several (first: 0)."
    ] = 0
    freeze_encoder_steps: Annotated[
        int, Range(0), "Leave the first half of the network as it is for so many steps, then train all of it."
    ] = 0


def find_start_file(start: str) -> Path | None:
    """The weight file that the start of a network names; None where it names something else.

    Raises:
        Failure: the file is not there.
    """
    path = Path(start)
    if path.is_file():
        return path
    if len(path.parts) > 1:  # no name of a model
        what = f"The weight file '{start}', which training begins with, is not there"
        raise Failure("start-missing", what, "network.start", "Restore it; to go on and to export takes it, too.")
    return None


@dataclass(frozen=True, kw_only=True)
class LossRecipe:
    """What the network is punished for."""

    name: Annotated[
        Literal["dice-ce", "dice-focal", "tversky", "tmtvnet"],
        "'dice-ce': overlap plus error per voxel, the usual choice; 'dice-focal': more weight on voxels in doubt; "
        "'tversky': misses and false alarms weighted apart; 'tmtvnet': as TMTV-Net was trained.",
    ] = "dice-ce"
    focal_gamma: Annotated[float, Range(0, 10), "Of 'dice-focal': how much sure voxels are neglected."] = 2.0
    tversky_misses: Annotated[
        float, Fraction, "Of 'tversky': weight of missed tumor; the rest of 1 is the weight of false alarms."
    ] = 0.7
    sensitivity: Annotated[
        float, Range(0, 10), "Of 'tmtvnet': extra weight on missed tumor (2 for its U-Nets, 0.5 for its refiner)."
    ] = 2.0


@dataclass(frozen=True, kw_only=True)
class OptimizerRecipe:
    """How weights are changed after each step."""

    name: Annotated[Literal["adamw", "sgd"], "'adamw': robust; 'sgd': with momentum, as nnU-Net (rate about 0.01)."] = (
        "adamw"
    )
    learning_rate: Annotated[
        float, Range(1e-8, 1.0), "How large a change is. Too large: training runs wild; too small: it takes forever."
    ] = 3e-4
    weight_decay: Annotated[float, Range(0, 1), "Pulls weights towards 0, against learning by heart."] = 1e-5
    momentum: Annotated[float, Range(0, 0.9999), "Of 'sgd': how much of the last change goes on."] = 0.99
    clip_norm: Annotated[float, Range(0), "Upper limit of a change's size (gradient norm). 0: none."] = 12.0
    schedule: Annotated[
        Literal["cosine", "poly", "constant"],
        "How the rate falls towards 0 over all steps. A run without limit needs 'constant'.",
    ] = "cosine"
    warmup: Annotated[float, Range(0, 0.5), "Share of all steps in which the rate first rises from 0."] = 0.02


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """Length and pace."""

    steps: Annotated[
        int, Range(-1), "How many times the weights are changed. 0 or -1: until somebody stops the run."
    ] = 20000
    batch: Annotated[int, Range(1, 256), "Pieces per step. More: steadier and more memory."] = 2
    accumulate: Annotated[
        int, Range(1, 64), "Do each step in so many parts: the effect of a larger batch with the memory of a small one."
    ] = 1
    seed: Annotated[int, Range(0, 2**31 - 1), "Start of all random numbers: the same seed, the same run."] = 0
    device: Annotated[
        str,
        Pattern(r"auto|cpu|mps|cuda(:\d+)?", "auto, cpu, mps, cuda or cuda:N"),
        "Where to compute. 'auto': the graphics card if there is one.",
    ] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "bf16", "fp16"],
        "Short numbers are faster and need half the memory on graphics cards. 'auto': bf16 where the card has it, else "
        "fp16; float32 on a CPU.",
    ] = "auto"
    ema: Annotated[
        float,
        Range(0, 0.99999),
        "Keep a running mean of the weights, which often does better; how much of it stays at each step. 0: none.",
    ] = 0.0
    deterministic: Annotated[
        bool, "Use only methods of computation that repeat exactly. Slower on graphics cards; without effect on CPUs."
    ] = False
    divergence: Annotated[
        float, Range(0), "Stop when the mean loss rises to so many times its best. 0: never. It always stops at NaN."
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class CurriculumRecipe:
    """Which cases are drawn when."""

    name: Annotated[str, "'vanilla' draws all cases alike. Others begin with easy ones: see docs/curriculum.md."] = (
        "vanilla"
    )
    options: Annotated[Mapping[str, Any], "Settings of that curriculum."] = field(default_factory=dict)
    probe_every: Annotated[
        int,
        Range(0),
        "Of curricula that learn from losses (self-paced): measure all cases every so many steps on fixed crops, "
        "instead of by the patches of training. 0: never; other curricula never measure.",
    ] = 0
    probe_crops: Annotated[int, Range(2, 16), "Crops per case: half of them on a lesion, half anywhere."] = 4


@dataclass(frozen=True, kw_only=True)
class ValidationRecipe:
    """How the run is judged: on whole images of cases that are never trained with."""

    every: Annotated[int, Range(0), "Steps between two validations. 0: only at the end."] = 1000
    cases: Annotated[int, Range(0), "So many of the cases, always the same. 0: all."] = 0
    overlap: Annotated[float, Range(0, 0.9), "How much neighboring tiles overlap. More: better and slower."] = 0.5
    smoothing: Annotated[
        float,
        Range(0, 0.99),
        "The best step is chosen by a running mean of Dice, so that no lucky step wins; how much of the mean stays.",
    ] = 0.5
    patience: Annotated[
        int,
        Range(0),
        "Stop after so many validations without a better one. 0: never (keep it so when runs are compared).",
    ] = 0
    min_gain: Annotated[float, Range(0, 1), "What counts as better: a gain in Dice of at least this."] = 0.001


@dataclass(frozen=True, kw_only=True)
class CheckpointRecipe:
    """When the run is saved, to go on from there after any interruption."""

    minutes: Annotated[float, Range(0), "Save after so many minutes. 0: not by time."] = 10.0
    steps: Annotated[int, Range(0), "Save every so many steps. 0: not by steps."] = 0
    keep_every: Annotated[int, Range(0), "Also keep, for good, a copy every so many steps. 0: none."] = 0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole recipe: what is trained, on what, how, and how it is judged."""

    name: Annotated[
        str,
        Pattern(r"[a-z0-9][a-z0-9.-]{0,63}", "lower-case letters, digits, '-' and '.'"),
        "Name of the model that results.",
    ] = "my-model"
    title: Annotated[str, Range(0, 200), "What it does, in a sentence shown to people."] = ""
    license: Annotated[
        str,
        Range(0, 200),
        "License of the resulting weights, for the model card. A model it starts from may leave no choice.",
    ] = ""
    data: DataRecipe = field(default_factory=DataRecipe)
    augmentation: AugmentationRecipe = field(default_factory=AugmentationRecipe)
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    optimizer: OptimizerRecipe = field(default_factory=OptimizerRecipe)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    curriculum: CurriculumRecipe = field(default_factory=CurriculumRecipe)
    validation: ValidationRecipe = field(default_factory=ValidationRecipe)
    checkpoint: CheckpointRecipe = field(default_factory=CheckpointRecipe)

    def __post_init__(self) -> None:
        if self.unlimited and self.optimizer.schedule != "constant":
            raise ValueError("a run without limit (training.steps = 0) needs optimizer.schedule = 'constant'")
        if self.augmentation.mixup and self.training.batch < 2:
            raise ValueError("'augmentation.mixup' blends pieces of a step, so that training.batch must be at least 2")
        if (self.data.use == "custom") != bool(self.data.channels):
            raise ValueError("'data.channels' belongs to data.use = 'custom', and is needed there")

    @property
    def unlimited(self) -> bool:
        """True when the run goes on until somebody stops it."""
        return self.training.steps in UNLIMITED
