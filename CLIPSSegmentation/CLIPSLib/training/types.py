"""What the parts of a training share: the cases of a run, a batch of patches, and the interfaces between engine, data
and whoever follows the run. Plain data; importing this loads neither numpy nor torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, runtime_checkable

from CLIPSLib.progress import Reporter
from CLIPSLib.schema import Range

if TYPE_CHECKING:
    import torch

TRAIN, VALIDATE = "train", "validate"


@dataclass(frozen=True, kw_only=True)
class TrainingCase:
    """One PET/CT pair with its reference mask, as frozen for a run.

    pet (SUVbw, g/mL), ct (HU, own grid), mask (whole numbers on the PET grid, 0 background): paths, in `cases.json`
    relative to its folder; any image format of SimpleITK. ct: None for PET only. prior: the lesion
    probability of a first stage on the PET grid, for networks that refine one. role: "train" or "validate". weight: of
    its loss. score: difficulty, higher is harder; None: unknown. origin: "reference" (made or accepted by a person) or
    "pseudo" (predicted, unreviewed), with its confidence, 0 to 1. sha256: of the files, by "pet", "ct", "mask",
    "prior".
    """

    case_id: Annotated[str, Range(1, 200)]
    patient_id: Annotated[str, Range(1, 200)]
    pet: str
    mask: str
    ct: str | None = None
    prior: str | None = None
    role: Literal["train", "validate"] = TRAIN
    stratum: str = ""
    weight: Annotated[float, Range(0.0, 1000.0)] = 1.0
    score: float | None = None
    origin: Literal["reference", "pseudo"] = "reference"
    confidence: float | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        """The paths that this case has, by "pet", "ct", "mask", "prior"."""
        paths = {"pet": self.pet, "ct": self.ct, "mask": self.mask, "prior": self.prior}
        return {name: path for name, path in paths.items() if path is not None}


@dataclass(frozen=True, kw_only=True)
class CaseList:
    """The frozen cases of a run (`cases.json`). source: where they come from, in words (registry, split, fold).

    licence_of_data, training_data: for the model card. difficulty: measurer and hash of the table that `score` is from.
    left_out: cases that could have been meant, with the reason why they take no part. folder: in the file, where it
    was written: the images are looked for there when they do not lie where the file is now.
    """

    cases: Annotated[tuple[TrainingCase, ...], Range(1)]
    source: str = ""
    training_data: str = ""
    licence_of_data: str = ""
    difficulty: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""

    def __post_init__(self) -> None:
        ids = [case.case_id for case in self.cases]
        if twice := sorted({name for name in ids if ids.count(name) > 1} if len(set(ids)) < len(ids) else ()):
            raise ValueError(f"the case '{twice[0]}' is listed twice")
        if paths := [name for name in ids if name.startswith(".") or set(name) & set("/\\")]:
            raise ValueError(f"the case '{paths[0]}' cannot name a file: no '/' or '\\', no '.' in front")
        roles: dict[str, str] = {}
        for case in self.cases:
            if roles.setdefault(case.patient_id, case.role) != case.role:
                raise ValueError(f"the patient '{case.patient_id}' has cases both to train and to validate with")
        seen: dict[str, TrainingCase] = {}
        for case in self.cases:
            other = seen.setdefault(case.sha256.get("pet", case.pet), case)
            if other.role != case.role:
                who = f"'{other.case_id}' ({other.role}) and '{case.case_id}' ({case.role})"
                raise ValueError(f"the cases {who} have the same PET, under two names")

    def of_role(self, role: str) -> tuple[TrainingCase, ...]:
        """The cases to train with, or those to validate with, in their order."""
        return tuple(case for case in self.cases if case.role == role)


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """What preprocessing learned about a case, on the network's grid (z, y, x). foreground: voxels of each class."""

    shape: tuple[int, int, int]
    foreground: tuple[int, ...]
    spacing_mm: tuple[float, float, float]

    @property
    def empty(self) -> bool:
        """True when the reference mask holds no lesion."""
        return not any(self.foreground)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Patches of one step, on the CPU.

    images: float32 `(N, C, z, y, x)`, preprocessed and augmented; labels: uint8 `(N, 1, z, y, x)`, class numbers (0 is
    background). case_ids: of the N patches. mixed_labels, mixed_share: where patches were blended with others (mixup):
    the labels of those others, and their share `(N,)` of the image, 0 to 1; the loss is blended likewise.
    """

    images: torch.Tensor
    labels: torch.Tensor
    case_ids: tuple[str, ...]
    mixed_labels: torch.Tensor | None = None
    mixed_share: torch.Tensor | None = None

    def part(self, pieces: slice) -> Batch:
        """Some of the patches."""
        return replace(self._mapped(lambda tensor: tensor[pieces]), case_ids=self.case_ids[pieces])

    def to(self, device: torch.device) -> Batch:
        """The same on a device; from pinned memory without waiting."""
        return self._mapped(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same in memory from which a graphics card copies by itself."""
        return self._mapped(lambda tensor: tensor.pin_memory())

    def _mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        tensors = {name: getattr(self, name) for name in ("images", "labels", "mixed_labels", "mixed_share")}
        return replace(self, **{name: change(tensor) for name, tensor in tensors.items() if tensor is not None})


class PatchSource(Protocol):
    """Preprocessed cases, from which patches are drawn; made by `training.data.open_patches`. Can be pickled: worker
    processes get a copy, and carry no state.

    `batch` is a pure function: the patch at place `i` depends on `(ids[i], step, i, seed, lesion_share)` and nothing
    else (with mixup on the other patches of the batch too), so that any process may compute any step at any time, bit
    by bit the same.
    """

    def facts(self, case_id: str) -> CaseFacts:
        """What is known about a case."""
        ...

    def batch(self, ids: Sequence[str], step: int, seed: int, *, lesion_share: float | None = None) -> Batch:
        """The patches of a step: one for each id, in that order (an id may occur more than once).

        lesion_share: probability that a patch is centered on a lesion, None: the recipe's.

        Raises:
            Failure: a cached file is missing or damaged, with the case named.
        """
        ...

    def plain(self) -> PatchSource:
        """The same source without augmentation."""
        ...


@runtime_checkable
class RunReporter(Reporter, Protocol):
    """What a training run tells, beyond progress, and is asked. `jobs.JobReporter` is one."""

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Replace what is shown about the run right now (step, loss, speed), JSON-ready. Cheap."""

    def event(self, name: str, **fields: Any) -> None:
        """Record something that happened, for good."""

    def take_checkpoint_request(self) -> bool:
        """True once after each time somebody asked for a checkpoint."""

    def take_stop_request(self) -> bool:
        """True once after somebody asked the run to end in good order, with a checkpoint."""
