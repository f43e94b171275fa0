"""The teacher's measurers: a model's predicted masks against the references (transfer teacher, cross-review).

No network runs here: the predictions are mask versions of the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty.cache import cached
from CLIPSLib.difficulty.combination import mean_percentiles
from CLIPSLib.difficulty.evidence import digest, stamped
from CLIPSLib.difficulty.families.each_case import Measured, each_case, nothing
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.masks import made_of, mask_of, member_of, tumor_image
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.errors import Question, UsageError
from CLIPSLib.evaluation import evaluate, probability_loss
from CLIPSLib.imaging import array_view
from CLIPSLib.progress import Reporter
from CLIPSLib.schema import to_document

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK as sitk

    from CLIPSLib.cases import MaskVersion, Registry

_DERIVED = "its reference was made from a mask of this model, and agrees with it too well"
PARTS = ("teacher_dice", "teacher_missed", "teacher_false_positive")


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """The teacher's errors in every case, and their mean percentile over these cases.

    Raises:
        UsageError: no mask was predicted, or none by `settings.teacher`.
        Question: "teacher", where several models predicted masks and none is named.
    """
    model = teacher_model(registry, settings.teacher)
    options = {"teacher": model, "evaluation": to_document(settings.evaluation)}

    def measure(case: str) -> Measured:
        named = settings.masks.get(case)
        predicted = registry.mask(named) if named else latest_prediction(registry, case, model)
        reference = registry.reference(case)
        if reference is None or predicted is None:
            lacking = "reference mask" if reference is None else f"mask predicted by '{model}'"
            return nothing("teacher", f"the case has no {lacking}"), ""
        content = registry.case(case).content_sha256
        made_by = made_of(predicted)
        evidence = stamped(["teacher", content, reference.sha256, made_by, options["evaluation"]])
        return cached(cache, evidence, lambda: _measure(registry, reference, predicted, settings)), evidence

    values, evidence = each_case(cases, "teacher", measure, reporter)
    mean, lacking = _mean_of_parts(values)
    derived = {case: _DERIVED for case in cases if _made_from(registry, registry.reference(case), model)}
    lacks = {case: f"mean of the others, without {', '.join(parts)}" for case, parts in lacking.items()}
    together = digest(sorted(evidence.items()))  # a mean percentile depends on all cases
    return Findings(
        values={case: {**found, "teacher": mean[case]} for case, found in values.items()},
        evidence={case: found and digest([found, together]) for case, found in evidence.items()},
        scored_on=f"masks predicted by '{model}' against the current reference masks",
        options=options,
        remarks={**dict.fromkeys((*PARTS, "teacher_loss"), derived), "teacher": _joined(derived, lacks)},
    )


def teacher_model(registry: Registry, named: str) -> str:
    """The model whose masks are judged. Raises as `find`."""
    models = sorted(model for model in registry.counts().masks_by_model if model and member_of(model) is None)
    if not models or (named and named not in models):
        there_are = f"there are masks of: {', '.join(models)}" if models else "no model has predicted any mask"
        what = f"No mask of the model '{named}'" if named else "No mask to judge"
        raise UsageError("no-teacher", f"{what}; {there_are}", str(registry.folder), "Segment the cases first.")
    if not named and len(models) > 1:
        what = f"Masks of several models are in the registry: {', '.join(models)}"
        raise Question("which-teacher", what, str(registry.folder), key="teacher", choices=tuple(models))
    return named or models[0]


def latest_prediction(registry: Registry, case: str, model: str) -> MaskVersion | None:
    """The newest mask that a model predicted for a case."""
    found = [mask for mask in registry.masks(case) if mask.origin == "predicted" and mask.model == model]
    return found[-1] if found else None


def _made_from(registry: Registry, reference: MaskVersion | None, model: str) -> bool:
    """Whether a reference was accepted or corrected from a mask of the model, with which it then agrees too well."""
    return reference is not None and any(mask.model == model for mask in registry.lineage(reference.id))


def _joined(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Both remarks on a case that has two."""
    both = {case: f"{first[case]}; {second[case]}" for case in first.keys() & second.keys()}
    return {**first, **second, **both}


def _measure(registry: Registry, reference: MaskVersion, predicted: MaskVersion, settings: MeasureSettings) -> Found:
    true, guessed = registry.read_mask(reference.id), registry.read_mask(predicted.id)
    found = evaluate(
        tumor_image(true),
        tumor_image(guessed),
        pet=registry.read_study(reference.case_id).pet,
        options=settings.evaluation,
        valid_for=predicted.valid_for,
        where=reference.case_id,
    )
    undefined = {name: Undefined(why) for name, why in found.undefined.items()}
    return {
        "teacher_dice": undefined["dice"] if found.dice is None else 1.0 - found.dice,
        "teacher_missed": undefined["lesion_recall"] if found.lesion_recall is None else 1.0 - found.lesion_recall,
        "teacher_false_positive": found.fpv_ml,
        "teacher_loss": _loss(guessed.probability, mask_of(true)),
    }


def _loss(probability: sitk.Image | None, true: np.ndarray) -> float | Undefined:
    if probability is None:
        return Undefined("the predicted mask has no probabilities")
    return probability_loss(array_view(probability), true)


def _mean_of_parts(values: dict[str, Found]) -> tuple[dict[str, float | Undefined], dict[str, tuple[str, ...]]]:
    """The mean percentile of the parts that each case has; and the parts that it lacks."""
    parts = {
        part: {case: None if isinstance(found[part], Undefined) else found[part] for case, found in values.items()}
        for part in PARTS
    }
    mean, lacking = mean_percentiles(parts, dict.fromkeys(PARTS, 1.0))
    return {case: values[case][PARTS[0]] if score is None else score for case, score in mean.items()}, lacking
