"""Evaluations as files: one JSON document that is read back, CSV tables of cases, lesions and hospital metrics.

Used by tasks and the command. The hospital's text file is in `hospital_metrics`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from CLIPSLib.evaluation.types import (
    CaseEvaluation,
    CohortEvaluation,
    EvaluationOptions,
    HospitalCohort,
    HospitalMetrics,
    LesionEvaluation,
)
from CLIPSLib.files import read_json, write_json
from CLIPSLib.formats.documents import origin
from CLIPSLib.formats.tables import PLAIN, CsvStyle, write_table
from CLIPSLib.schema import from_document, to_document

FORMAT, VERSION = "clips-evaluation", 1


@dataclass(frozen=True, kw_only=True)
class StoredEvaluation:
    """What evaluation.json holds: case id -> evaluation; the cohort; the hospital's statistics where they were wanted.

    not_evaluated: case id -> why, in a sentence.
    """

    cases: Mapping[str, CaseEvaluation]
    cohort: CohortEvaluation | None = None
    hospital: HospitalCohort | None = None
    not_evaluated: Mapping[str, str] = field(default_factory=dict)


def write_evaluation_json(path: str | os.PathLike, evaluation: StoredEvaluation, *, overwrite: bool = False) -> Path:
    """Write every case with its lesions, options and reasons, and the cohort.

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    content = {**origin(), **to_document(evaluation)}
    return write_json(path, content, format_name=FORMAT, version=VERSION, overwrite=overwrite)


def read_evaluation_json(path: str | os.PathLike) -> StoredEvaluation:
    """Read what `write_evaluation_json` wrote.

    Raises:
        Failure: missing, no JSON. Refusal: another format, a newer version, fields that do not belong there.
    """
    document = read_json(path, format_name=FORMAT, version=VERSION)
    content = {field.name: document.get(field.name) for field in fields(StoredEvaluation)}
    return from_document(StoredEvaluation, content, where=str(path))


def write_evaluation_csv(
    path: str | os.PathLike,
    cases: Mapping[str, CaseEvaluation],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write a row per case: all measures, the options, and why measures are missing. Raises as the JSON document."""
    rows = [{"case": case_id, **_case_cells(case)} for case_id, case in cases.items()]
    return write_table(path, rows, style=style, overwrite=overwrite)


def write_evaluated_lesions_csv(
    path: str | os.PathLike,
    cases: Mapping[str, CaseEvaluation],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write a row per lesion of reference and prediction. Raises as the JSON document."""
    rows = [{"case": case_id, **_lesion_cells(lesion)} for case_id, case in cases.items() for lesion in case.lesions]
    return write_table(path, rows, style=style, overwrite=overwrite)


def write_hospital_csv(
    path: str | os.PathLike,
    patients: Sequence[HospitalMetrics],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write a row per patient with everything that its metriques.txt holds. Raises as the JSON document."""
    return write_table(path, [_hospital_cells(metrics) for metrics in patients], style=style, overwrite=overwrite)


def _case_cells(case: CaseEvaluation) -> dict[str, Any]:
    cells = _plain(case, but=("lesions", "undefined", "options"))
    options = {f.name: getattr(case.options, f.name) for f in fields(EvaluationOptions)}
    return {
        **{f"option_{name}": value for name, value in options.items()},
        **cells,
        "undefined": _reasons(case.undefined),
    }


def _lesion_cells(lesion: LesionEvaluation) -> dict[str, Any]:
    cells = _plain(lesion, but=("centroid_lps_mm", "partners"))
    left, posterior, superior = lesion.centroid_lps_mm
    return {
        **cells,
        "partners": " ".join(map(str, lesion.partners)),
        "centroid_left_mm": left,
        "centroid_posterior_mm": posterior,
        "centroid_superior_mm": superior,
    }


def _hospital_cells(metrics: HospitalMetrics) -> dict[str, Any]:
    cells = _plain(metrics, but=("options", "strict", "union", "undefined"))
    options = {f"option_{name}": value for name, value in to_document(metrics.options).items()}
    counts = {
        f"{approach}_{name}": value
        for approach in ("strict", "union")
        for name, value in to_document(getattr(metrics, approach)).items()
    }
    return {**cells, **counts, **options, "undefined": _reasons(metrics.undefined)}


def _plain(record: Any, *, but: Sequence[str]) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record) if field.name not in but}


def _reasons(undefined: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in undefined.items())
