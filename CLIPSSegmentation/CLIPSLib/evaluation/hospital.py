"""The hospital's own evaluation of one patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CLIPSLib.evaluation.types import HospitalMetrics, HospitalOptions

if TYPE_CHECKING:
    import SimpleITK as sitk

_DEFAULTS = HospitalOptions()


def hospital_metrics(
    reference: sitk.Image,
    prediction: sitk.Image,
    pet: sitk.Image,
    *,
    patient: str = "",
    options: HospitalOptions = _DEFAULTS,
    valid_for: str | None = None,
) -> HospitalMetrics:
    """The numbers of the hospital's metriques.txt for one patient; `pet` in SUVbw."""
    raise NotImplementedError
