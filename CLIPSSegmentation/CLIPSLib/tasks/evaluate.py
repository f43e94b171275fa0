"""Evaluate many predictions: masks from wherever, one case after the other, then the cohort; and the files of it.

Called by `evaluate_paths` (`clips evaluate`) and by the evaluation of a case registry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure, Refusal
from CLIPSLib.evaluation import (
    CaseEvaluation,
    CohortEvaluation,
    EvaluationOptions,
    FailureRule,
    HospitalCohort,
    HospitalMetrics,
    HospitalOptions,
    evaluate,
    evaluate_cohort,
    evaluate_hospital_cohort,
    hospital_metrics,
)
from CLIPSLib.files import safe_name
from CLIPSLib.formats import (
    StoredEvaluation,
    together,
    write_evaluated_lesions_csv,
    write_evaluation_csv,
    write_evaluation_json,
    write_hospital_csv,
    write_hospital_metrics,
)
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.report.evaluation_page import write_evaluation_page

if TYPE_CHECKING:
    import SimpleITK as sitk

EVALUATION, PAGE = "evaluation.json", "evaluation.html"
CASES, LESIONS, HOSPITAL = "cases.csv", "lesions.csv", "hospital.csv"
_STATES = {"refusal": "refused", "usage": "refused", "question": "question"}


@dataclass(frozen=True, kw_only=True)
class MaskPair:
    """Two masks on one grid, tumor only (0 is background), and their PET in SUVbw; `valid_for` as in `Segmentation`."""

    reference: sitk.Image
    prediction: sitk.Image
    pet: sitk.Image | None = None
    valid_for: str | None = None
    reference_valid_for: str | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What is wanted. cutoff_ml: see `evaluate_cohort`. hospital: its metrics too (they need the PET), or None."""

    options: EvaluationOptions = field(default_factory=EvaluationOptions)
    failures: FailureRule = field(default_factory=FailureRule)
    cutoff_ml: float | None = None
    hospital: HospitalOptions | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluatedCase:
    """What became of one case. state: "done", "refused", "question" or "failed"; the latter with their error."""

    case_id: str
    state: str
    evaluation: CaseEvaluation | None = None
    hospital: HospitalMetrics | None = None
    error: ClipsError | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluatedCohort:
    """All cases in the order asked for, and what the evaluated ones give together. hospital: where it was wanted.

    limits: by which a case counts as failed. cautions: what to know before believing the numbers.
    """

    cases: tuple[EvaluatedCase, ...]
    cohort: CohortEvaluation
    hospital: HospitalCohort | None
    limits: FailureRule = field(default_factory=FailureRule)
    cautions: tuple[Caution, ...] = ()

    @property
    def evaluations(self) -> dict[str, CaseEvaluation]:
        """Case id -> evaluation, of the cases that have one."""
        return {case.case_id: case.evaluation for case in self.cases if case.evaluation is not None}


def evaluate_cases(
    cases: Mapping[str, Callable[[], MaskPair]],
    request: EvaluationRequest,
    *,
    reporter: Reporter = SILENT,
    on_case: Callable[[EvaluatedCase], None] = lambda case: None,
) -> EvaluatedCohort:
    """Evaluate each case in turn: case id -> a function that gives its masks when they are needed.

    A case that cannot be read or compared becomes an outcome, and the next one follows.

    Raises:
        Cancelled.
    """
    found = []
    for number, (case_id, read) in enumerate(cases.items()):
        reporter.check()
        reporter.progress("Evaluating", number / len(cases))
        found.append(_evaluate(case_id, read, request))
        on_case(found[-1])
    reporter.progress("Evaluating", 1.0)
    patients = [case.hospital for case in found if case.hospital is not None]
    evaluations = {case.case_id: case.evaluation for case in found if case.evaluation is not None}
    return EvaluatedCohort(
        cases=tuple(found),
        cohort=evaluate_cohort(evaluations, rule=request.failures, cutoff_ml=request.cutoff_ml),
        hospital=None if request.hospital is None else evaluate_hospital_cohort(patients),
        limits=request.failures,
    )


def require_free(*paths: str | os.PathLike | None) -> None:
    """Refuse before a long evaluation what would be refused after it: files and evaluations that exist.

    Raises:
        Refusal: a file is there, or a folder that holds an evaluation.
    """
    for path in map(Path, filter(None, paths)):
        taken = path / EVALUATION if path.is_dir() else path
        if taken.exists():
            what = "The file exists already and is not overwritten unasked"
            raise Refusal("exists", what, str(taken), "Choose another place, or ask for overwriting.")


def write_evaluation(
    folder: str | os.PathLike, evaluated: EvaluatedCohort, *, language: str = "en", overwrite: bool = False
) -> Path:
    """Write evaluation.json, .html, cases.csv, lesions.csv; where wanted hospital.csv and a metriques-<case>.txt each.

    language: of the page, "en" or "fr".

    Raises:
        Refusal: the folder holds one of these files and `overwrite` is False. Failure: the disk does not take them.
    """
    patients = [case.hospital for case in evaluated.cases if case.hospital is not None]
    texts = {f"metriques-{safe_name(metrics.patient)}.txt": metrics for metrics in patients}
    if len(texts) < len(patients):
        raise Refusal("same-name", "Two cases would have the same file name", str(folder), "Rename one of them.")
    names = (PAGE, CASES, LESIONS, HOSPITAL, *texts, EVALUATION)
    document = stored(evaluated)
    with together(folder, names, overwrite=overwrite) as temporary:
        write_evaluation_csv(temporary / CASES, evaluated.evaluations)
        write_evaluated_lesions_csv(temporary / LESIONS, evaluated.evaluations)
        if patients:
            write_hospital_csv(temporary / HOSPITAL, patients)
        for name, metrics in texts.items():
            write_hospital_metrics(temporary / name, metrics)
        write_evaluation_page(
            temporary / PAGE,
            document.cases,
            evaluated.cohort,
            not_evaluated=document.not_evaluated,
            limits=evaluated.limits,
            cautions=evaluated.cautions,
            language=language,
        )
        write_evaluation_json(temporary / EVALUATION, document)
    return Path(folder)


def stored(evaluated: EvaluatedCohort) -> StoredEvaluation:
    """What evaluation.json holds of it."""
    return StoredEvaluation(
        cases=evaluated.evaluations,
        cohort=evaluated.cohort,
        hospital=evaluated.hospital,
        not_evaluated={case.case_id: str(case.error) for case in evaluated.cases if case.error is not None},
    )


def _evaluate(case_id: str, read: Callable[[], MaskPair], request: EvaluationRequest) -> EvaluatedCase:
    try:
        pair = read()
        evaluation = evaluate(
            pair.reference,
            pair.prediction,
            pet=pair.pet,
            options=request.options,
            valid_for=pair.valid_for,
            reference_valid_for=pair.reference_valid_for,
            where=case_id,
        )
        hospital = None if request.hospital is None else _hospital(case_id, pair, request.hospital)
    except Cancelled:
        raise
    except ClipsError as error:
        return EvaluatedCase(case_id=case_id, state=_STATES.get(error.kind, "failed"), error=error)
    except MemoryError:
        error = Failure("out-of-memory", "There is not enough memory for this case", case_id, "Close other programs.")
        return EvaluatedCase(case_id=case_id, state="failed", error=error)
    return EvaluatedCase(case_id=case_id, state="done", evaluation=evaluation, hospital=hospital)


def _hospital(case_id: str, pair: MaskPair, options: HospitalOptions) -> HospitalMetrics:
    if pair.pet is None:
        what = f"The hospital's metrics compare voxels with SUV > {options.suv_threshold:g} and need the PET"
        raise Refusal("pet-needed", what, case_id, "Give the PET in SUVbw.")
    return hospital_metrics(
        pair.reference,
        pair.prediction,
        pair.pet,
        patient=case_id,
        options=options,
        valid_for=pair.valid_for,
        reference_valid_for=pair.reference_valid_for,
    )
