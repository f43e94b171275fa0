"""The uptake measurers over a registry: PET and reference mask of each case, read once, cached by their hashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty.cache import cached
from CLIPSLib.difficulty.evidence import stamped
from CLIPSLib.difficulty.families.each_case import Measured, each_case, nothing
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found, reference_case
from CLIPSLib.difficulty.masks import mask_of, physiological_of
from CLIPSLib.difficulty.organs import organ_file, read_organs
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.difficulty.uptake import measure_uptake
from CLIPSLib.files import sha256_file
from CLIPSLib.imaging import array_view, require_finite
from CLIPSLib.measures import find_liver
from CLIPSLib.measures.inputs import check_validity
from CLIPSLib.progress import Reporter
from CLIPSLib.schema import to_document

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskVersion, Registry


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """All uptake measurers of every case."""
    options = to_document(settings.uptake)

    def measure(case: str) -> Measured:
        reference = registry.reference(case)
        if reference is None:
            return nothing("uptake", "the case has no reference mask"), ""
        organs = organ_file(settings.organs, case)
        seen = [registry.case(case).content_sha256, reference.sha256, organs and sha256_file(organs)]
        evidence = stamped(["uptake", seen, options])
        return cached(cache, evidence, lambda: _measure(registry, reference, settings, reporter)), evidence

    values, evidence = each_case(cases, "uptake", measure, reporter)
    return Findings(values=values, evidence=evidence, scored_on="current reference masks on their PET", options=options)


def _measure(registry: Registry, reference: MaskVersion, settings: MeasureSettings, reporter: Reporter) -> Found:
    study = registry.read_study(reference.case_id)
    segmentation = registry.read_mask(reference.id)
    suv, tumor = array_view(study.pet), mask_of(segmentation)
    path = organ_file(settings.organs, reference.case_id)
    require_finite(suv, "The PET", reference.case_id)
    check_validity(reference.valid_for, [suv[tumor]])
    return measure_uptake(
        reference_case(
            study.pet,
            tumor,
            organs=physiological_of(segmentation, None if path is None else read_organs(path, study.pet)),
            liver=find_liver(study, reporter),
            options=settings.uptake,
        )
    )
