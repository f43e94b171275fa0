"""Self-training: predicted masks that nobody reviewed, admitted as labels where the prediction can be trusted.

Called by `freeze_cases`. What is admitted is named, has a weight of its own, and is never validated with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.masks import mask_of
from CLIPSLib.errors import UsageError
from CLIPSLib.imaging import array_view, bounding_box, grow_box, spacing_zyx_mm
from CLIPSLib.progress import SILENT, Reporter

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, MaskVersion, Registry
    from CLIPSLib.segmentation import Segmentation


@dataclass(frozen=True, kw_only=True)
class PseudoOptions:
    """Which predicted masks are trusted. model: whose masks. weight: of their loss (reviewed cases have 1).

    compared_with: another model; confidence then is the Dice of both masks (1 when both are empty). Without it
    confidence is `probability_confidence`. min_confidence: masks below are left out. margin_mm: see there.
    """

    model: str
    compared_with: str = ""
    min_confidence: float = 0.8
    weight: float = 0.5
    margin_mm: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1 or not 0 < self.weight <= 1:
            what = f"confidence {self.min_confidence:g} and weight {self.weight:g} must lie between 0 and 1"
            raise UsageError("pseudo-labels", f"Of pseudo-labels, {what}")


@dataclass(frozen=True, kw_only=True)
class PseudoLabel:
    """A predicted mask that is admitted."""

    case_id: str
    mask: MaskVersion
    confidence: float


def choose_pseudo_labels(
    registry: Registry, rows: Sequence[CaseRow], options: PseudoOptions, *, reporter: Reporter = SILENT
) -> tuple[list[PseudoLabel], dict[str, str]]:
    """Of unreviewed cases those whose latest mask by the model is trusted, and why the others are not.

    Raises:
        UsageError: no mask in the registry was predicted by one of the models. Failure: a mask is damaged. Cancelled.
    """
    _require_models(registry, options)
    admitted, refused = [], {}
    for number, row in enumerate(rows):
        reporter.check()
        reporter.progress("Weighing predicted masks", number / len(rows))
        label = _judge(registry, row.case_id, options)
        if isinstance(label, str):
            refused[row.case_id] = label
        else:
            admitted.append(label)
    reporter.progress("Weighing predicted masks", 1.0)
    return admitted, refused


def probability_confidence(segmentation: Segmentation, margin_mm: float) -> float:
    """How sure a model was of a mask: the lower of its mean probability of tumor inside the mask and its mean
    probability of no tumor around it, within `margin_mm`; of an empty mask, 1 minus the largest probability anywhere.
    """
    from scipy import ndimage

    probability = array_view(segmentation.probability)
    mask = mask_of(segmentation)
    if not mask.any():
        return 1.0 - float(probability.max())
    spacing = spacing_zyx_mm(segmentation.labels)
    box = grow_box(bounding_box(mask), [int(np.ceil(margin_mm / step)) for step in spacing], mask.shape)
    mask, probability = mask[box], probability[box]
    around = (ndimage.distance_transform_edt(~mask, sampling=spacing) <= margin_mm) & ~mask
    outside = 1.0 - float(probability[around].mean()) if around.any() else 1.0
    return min(float(probability[mask].mean()), outside)


def _judge(registry: Registry, case_id: str, options: PseudoOptions) -> PseudoLabel | str:
    mask = _latest(registry, case_id, options.model)
    if mask is None:
        return f"no mask by {options.model}"
    if options.compared_with:
        other = _latest(registry, case_id, options.compared_with)
        if other is None:
            return f"no mask by {options.compared_with} to compare with"
        dice = registry.diff(mask.id, other.id).dice
        confidence = 1.0 if dice is None else dice
    else:
        segmentation = registry.read_mask(mask.id)
        if segmentation.probability is None:
            return f"{options.model} gives no probabilities; compare with another model"
        confidence = probability_confidence(segmentation, options.margin_mm)
    if confidence < options.min_confidence:
        return f"confidence {confidence:.2f} of the mask by {options.model}, below {options.min_confidence:g}"
    return PseudoLabel(case_id=case_id, mask=mask, confidence=confidence)


def _latest(registry: Registry, case_id: str, model: str) -> MaskVersion | None:
    predicted = [mask for mask in registry.masks(case_id) if mask.origin == "predicted" and mask.model == model]
    return predicted[-1] if predicted else None


def _require_models(registry: Registry, options: PseudoOptions) -> None:
    known = sorted(filter(None, registry.counts().masks_by_model))
    for model in filter(None, (options.model, options.compared_with)):
        if model not in known:
            what = f"No case has a mask predicted by '{model}'; there are masks by {', '.join(known) or 'none'}"
            raise UsageError("no-such-model", what, str(registry.folder), "Run 'clips cases masks predict' first.")
