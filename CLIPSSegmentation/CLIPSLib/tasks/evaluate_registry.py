"""Evaluate what a model predicted for the cases of a registry against their references. For `clips cases evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSLib.difficulty.masks import tumor_image
from CLIPSLib.errors import Caution, Question, Refusal, UsageError
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.evaluate import EvaluatedCohort, EvaluationRequest, MaskPair, evaluate_cases

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, MaskVersion, Registry


def evaluate_registry(
    registry: Registry,
    request: EvaluationRequest,
    *,
    model: str = "",
    case_ids: Sequence[str] | None = None,
    reporter: Reporter = SILENT,
) -> EvaluatedCohort:
    """Compare the latest mask that `model` predicted for each case with the current reference, tumor only.

    model: "" where the registry knows only one. case_ids: None for all but those whose review says "unusable". A case
    without reference or prediction becomes an outcome.

    Raises:
        Question: several models (key "model"). UsageError: no such model or case; no predicted mask. Cancelled.
    """
    rows = _chosen(registry, case_ids)
    name = _model(registry, model)
    evaluated = evaluate_cases({row.case_id: _reader(registry, row, name) for row in rows}, request, reporter=reporter)
    return replace(evaluated, cautions=_dependent(registry, list(evaluated.evaluations), name))


def _chosen(registry: Registry, case_ids: Sequence[str] | None) -> list[CaseRow]:
    rows = registry.cases()
    if case_ids is None:
        return [row for row in rows if row.status != "unusable"]
    for case_id in case_ids:
        registry.case(case_id)  # an id that is not there is an error, not an empty evaluation
    return [row for row in rows if row.case_id in set(case_ids)]


def _model(registry: Registry, model: str) -> str:
    known = sorted(filter(None, registry.counts().masks_by_model))
    if not known:
        raise UsageError("no-prediction", "No case has a predicted mask", "", "Run 'clips cases masks predict' first.")
    if model and model not in known:
        what = f"No case has a mask predicted by '{model}'; there are masks by {', '.join(known)}"
        raise UsageError("no-such-model", what)
    if not model and len(known) > 1:
        what = f"Masks were predicted by {len(known)} models: {', '.join(known)}"
        raise Question("several-models", what, "", "Name one.", key="model", choices=tuple(known))
    return model or known[0]


def _dependent(registry: Registry, case_ids: Sequence[str], model: str) -> tuple[Caution, ...]:
    """A caution about references that were made from the model's own masks: these agree with it by their making."""
    found = [
        case_id
        for case_id in case_ids
        if any(mask.model == model for mask in registry.lineage(registry.reference(case_id).id))
    ]
    if not found:
        return ()
    what = f"In {len(found)} of {len(case_ids)} cases the reference was accepted or corrected from a mask of '{model}'"
    listed = ", ".join(found[:10]) + (", ..." if len(found) > 10 else "")
    return (Caution("reference-from-prediction", f"{what}: it agrees better than an independent one would", listed),)


def _reader(registry: Registry, row: CaseRow, model: str) -> Callable[[], MaskPair]:
    def read() -> MaskPair:
        reference = registry.reference(row.case_id)
        prediction = _latest(registry, row.case_id, model)
        for what, mask in (("reference", reference), ("prediction", prediction)):
            if mask is None:
                missing = f"The case has no {what}{f' by {model}' if what == 'prediction' else ''}"
                raise Refusal(f"no-{what}", missing, row.case_id, "Add the mask; where nothing is found, an empty one.")
        first, second = registry.read_mask(reference.id), registry.read_mask(prediction.id)
        return MaskPair(
            reference=tumor_image(first),
            prediction=tumor_image(second),
            pet=registry.read_study(row.case_id).pet,
            valid_for=second.valid_for,
            reference_valid_for=first.valid_for,
        )

    return read


def _latest(registry: Registry, case_id: str, model: str) -> MaskVersion | None:
    predicted = [mask for mask in registry.masks(case_id) if mask.model == model]
    return predicted[-1] if predicted else None
