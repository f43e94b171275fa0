"""What every segmenter gives and takes: `Segmentation`, `Lesion`, the `Segmenter` interface.

Threshold methods, networks and imported masks all come in this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from CLIPSLib.errors import Caution
from CLIPSLib.measures.types import PHYSIOLOGICAL, TUMOR
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study import PetCtStudy

__all__ = ["PHYSIOLOGICAL", "TUMOR", "Lesion", "Segmentation", "Segmenter", "SegmenterDescription"]


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One lesion of a segmentation: the voxels with value `label`, a stable id, the name shown to people.

    kind: `TUMOR` counts in the totals, `PHYSIOLOGICAL` does not.
    """

    label: int
    lesion_id: str
    name: str
    kind: str = TUMOR


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """A mask on the PET grid.

    labels: uint16, 0 is background, each lesion has its own value. probability: float32 on the same grid, or None.
    provenance: JSON-ready: model, parameters, connectivity, minimum volume, series UIDs, SUV factor, software, time.
    valid_for: None when every measure may be made, else a condition in words ("suv >= 4").
    """

    labels: sitk.Image
    lesions: tuple[Lesion, ...]
    probability: sitk.Image | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    valid_for: str | None = None
    reviewed: bool = False
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SegmenterDescription:
    """What a person needs to choose a segmenter (`clips models`)."""

    name: str  # "suv4"
    title: str  # "SUV >= 4.0"
    rule: str  # one sentence
    source: str  # the publication
    needs_ct: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)  # name -> default


class Segmenter(Protocol):
    """Anything that makes a mask from a study."""

    description: SegmenterDescription

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        """Segment one study.

        Raises:
            UsageError: an option that does not exist or is out of range.
            Question: a value only the user can give (the liver sphere of PERCIST).
            Refusal: the study cannot be segmented this way (CT needed and absent).
            Cancelled: `reporter.check` said so.
        """
        ...
