"""One case: a predicted mask against its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CLIPSLib.evaluation.types import CaseEvaluation, EvaluationOptions

if TYPE_CHECKING:
    import SimpleITK as sitk

_DEFAULTS = EvaluationOptions()


def evaluate(
    reference: sitk.Image,
    prediction: sitk.Image,
    *,
    pet: sitk.Image | None = None,
    options: EvaluationOptions = _DEFAULTS,
    valid_for: str | None = None,
    where: str = "",
) -> CaseEvaluation:
    """Compare a prediction with its reference, two label maps on one grid (0 is background)."""
    raise NotImplementedError
