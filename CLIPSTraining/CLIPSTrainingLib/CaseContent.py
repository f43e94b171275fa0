"""What a case consists of while it is open, and which of its masks is looked at first. Knows no scene and no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CLIPSLib import Segmentation
    from CLIPSLib.cases import CaseRecord, Draft, MaskVersion
    from CLIPSLib.study import PetCtStudy


@dataclass(frozen=True, kw_only=True)
class CaseContent:
    """A case as it was when it was opened.

    masks: all versions, oldest first. base: the version that is shown, None where there is none or where it is newly
    drawn; segmentation: its lesions, or none. draft: the reader's unfinished work, which is shown instead of `base`;
    damaged: what is to be said of unfinished work that could not be read, "" where there is none.
    """

    record: CaseRecord
    study: PetCtStudy
    masks: tuple[MaskVersion, ...]
    reference: MaskVersion | None
    base: MaskVersion | None
    segmentation: Segmentation
    draft: Draft | None = None
    damaged: str = ""

    @property
    def shown(self) -> Segmentation:
        """What the reader sees first."""
        return self.draft.segmentation if self.draft else self.segmentation


def firstMask(masks: Sequence[MaskVersion], reference: MaskVersion | None) -> MaskVersion | None:
    """The mask to review: the reference, else the newest prediction, else the newest of all."""
    predicted = [mask for mask in masks if mask.origin == "predicted"]
    return reference or next(iter([*reversed(predicted), *reversed(masks)]), None)


def maskToCompare(masks: Sequence[MaskVersion], base: MaskVersion | None) -> MaskVersion | None:
    """What is compared with the shown mask first: the newest prediction, else its parent, else the newest other."""
    others = [mask for mask in masks if base is None or mask.id != base.id]
    predicted = [mask for mask in others if mask.origin == "predicted"]
    parents = [mask for mask in others if base is not None and mask.id == base.parent]
    return next(iter([*reversed(predicted), *parents, *reversed(others)]), None)


def withoutLesions(study: PetCtStudy) -> Segmentation:
    """A mask to draw into."""
    from CLIPSLib import Segmentation
    from CLIPSLib.imaging import array_view, image_like

    empty = image_like(np.zeros(array_view(study.pet).shape, dtype=np.uint16), study.pet)
    return Segmentation(labels=empty, lesions=())


def sameLesions(first: Segmentation, second: Segmentation) -> bool:
    """Whether two masks on one grid have the same voxels, names and kinds, lesion by lesion."""
    from CLIPSLib.imaging import array_view

    return set(first.lesions) == set(second.lesions) and np.array_equal(
        array_view(first.labels), array_view(second.labels)
    )
