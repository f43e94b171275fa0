"""Tables for spreadsheets and statistics: lesions.csv (a row per lesion and one for the patient) and summary.csv.

One number per cell, units in the column names. UTF-8 with "." and ","; `FRENCH_EXCEL` opens by double click in an
Excel that is set to French. Used by `result` and by the main job.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Caution
from CLIPSLib.files import write_text
from CLIPSLib.measures.norms import SUL
from CLIPSLib.measures.types import LesionMeasures, Measures
from CLIPSLib.provenance import VERSION
from CLIPSLib.segmentation.types import Segmentation
from CLIPSLib.study.types import PetCtStudy, StudyIdentity

TOTAL = "TOTAL"
_LESION_COLUMNS = (
    *("lesion", "lesion_id", "label", "kind", "voxel_count", "volume_ml"),
    *("suv_max", "suv_mean", "suv_peak", "suv_peak_local", "tlg_g"),
    *("sul_max", "sul_mean", "sul_peak"),
    "threshold_suv",
    *("centroid_left_mm", "centroid_posterior_mm", "centroid_superior_mm", "max_diameter_mm"),
    *("lesion_count", "lesion_count_3ml", "d_max_mm", "sd_max_per_m"),  # these four in the TOTAL row only
)
_SUMMARY_MEASURES = (
    *("method", "reviewed", "tmtv_ml", "tlg_g", "lesion_count", "lesion_count_3ml"),
    *("suv_max", "suv_mean", "suv_peak", "d_max_mm", "sd_max_per_m", "connectivity"),
)
_EMPTY = dict.fromkeys(_LESION_COLUMNS)  # gives both kinds of rows the same columns in the same order


@dataclass(frozen=True, kw_only=True)
class CsvStyle:
    """How numbers and columns are written. byte_order_mark: Excel needs it to see that a file is UTF-8."""

    separator: str = ","
    decimal: str = "."
    byte_order_mark: bool = False


PLAIN = CsvStyle()
FRENCH_EXCEL = CsvStyle(separator=";", decimal=",", byte_order_mark=True)


def write_lesions_csv(
    path: str | os.PathLike,
    study: PetCtStudy,
    segmentation: Segmentation,
    measures: Measures,
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write a row per lesion and a TOTAL row (tumor lesions only: TMTV, total TLG, Dmax).

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    who, how = _who(study.identity), _how(study, segmentation, measures)
    thresholds = {t["lesion_id"]: t["threshold_suv"] for t in segmentation.provenance.get("thresholds") or ()}
    cells = [{**_lesion_cells(row), "threshold_suv": thresholds.get(row.lesion_id)} for row in measures.lesions]
    cells.append(_total_cells(measures))
    rows = [{**who, **_EMPTY, **row, **_sul_cells(row, measures), **how} for row in cells]
    return write_table(path, rows, style=style, overwrite=overwrite)


def summary_row(
    *,
    case: str,
    state: str,
    identity: StudyIdentity,
    model: str,
    measures: Measures | None = None,
    cautions: Sequence[Caution] = (),
    reason: str = "",
    anonymous: bool = False,
) -> dict[str, Any]:
    """One study of a cohort as a row of summary.csv: its totals, or the reason why there are none.

    anonymous: patient and date stay empty, and so does the place that a caution names; give a `reason` that tells none.
    """
    from CLIPSLib.formats.anonymous import Scrubber

    if anonymous:
        scrubber = Scrubber(identity)
        reason, cautions = scrubber.text(reason), scrubber.cautions(tuple(cautions))
    patient = measures.patient if measures else None
    return {
        "case": case,
        "state": state,
        "patient_id": "" if anonymous else identity.patient_id,
        "study_date": "" if anonymous else identity.study_date,
        "model": model,
        **{name: getattr(patient, name) if patient else None for name in _SUMMARY_MEASURES},
        "cautions": _joined(cautions),
        "reason": reason,
        "software": f"CLIPS {VERSION}",
    }


def write_summary_csv(
    path: str | os.PathLike,
    rows: Sequence[Mapping[str, Any]],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write the table of a cohort, whole or not at all; rewrite it after each study and nothing is ever lost.

    rows: made by `summary_row`. Raises as `write_lesions_csv`.
    """
    return write_table(path, rows, style=style, overwrite=overwrite)


def write_table(
    path: str | os.PathLike,
    rows: Sequence[Mapping[str, Any]],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write rows of any columns, whole or not at all; what a row lacks stays empty. Raises as `write_lesions_csv`."""
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in reversed(rows) for column in row))  # the newest row knows them all
    writer = csv.writer(text, delimiter=style.separator, lineterminator="\r\n")  # RFC 4180
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column), style) for column in columns])
    mark = "\ufeff" if style.byte_order_mark else ""
    return write_text(path, mark + text.getvalue(), overwrite=overwrite)


def _who(identity: StudyIdentity) -> dict[str, Any]:
    return {
        "patient_id": identity.patient_id,
        "study_date": identity.study_date,
        "pet_series_uid": identity.pet_series_uid,
    }


def _how(study: PetCtStudy, segmentation: Segmentation, measures: Measures) -> dict[str, Any]:
    """Columns that are equal in all rows, so that the rows of many files can be put into one table."""
    identity = study.identity
    parameters = segmentation.provenance.get("parameters") or {}
    return {
        "method": measures.patient.method,
        "parameters": "; ".join(f"{name}={value}" for name, value in sorted(parameters.items())),
        "connectivity": measures.patient.connectivity,
        "reviewed": measures.patient.reviewed,
        "weight_kg": identity.weight_kg,
        "height_m": identity.height_m,
        "injected_dose_mbq": None if identity.injected_dose_bq is None else identity.injected_dose_bq / 1e6,
        "uptake_min": identity.uptake_min,
        "suv_factor": study.suv.factor if study.suv else None,
        "user_entered": "; ".join(identity.user_entered),
        "cautions": _joined((*study.cautions, *segmentation.cautions)),
        "software": f"CLIPS {VERSION}",
    }


def _lesion_cells(lesion: LesionMeasures) -> dict[str, Any]:
    left, posterior, superior = lesion.centroid_lps_mm or (None, None, None)
    return {
        "lesion": lesion.name,
        "lesion_id": lesion.lesion_id,
        "label": lesion.label,
        "kind": lesion.kind,
        "voxel_count": lesion.voxel_count,
        "volume_ml": lesion.volume_ml,
        "suv_max": lesion.suv_max,
        "suv_mean": lesion.suv_mean,
        "suv_peak": lesion.suv_peak,
        "suv_peak_local": lesion.suv_peak_local,
        "tlg_g": lesion.tlg_g,
        "centroid_left_mm": left,
        "centroid_posterior_mm": posterior,
        "centroid_superior_mm": superior,
        "max_diameter_mm": lesion.max_diameter_mm,
    }


def _sul_cells(row: Mapping[str, Any], measures: Measures) -> dict[str, float | None]:
    """SUL by Janmahasatian beside each SUV of a row; empty where weight, height or sex is not known."""
    factor = next((norm.factor for norm in measures.norms if norm.name == SUL), None)
    pairs = (("sul_max", "suv_max"), ("sul_mean", "suv_mean"), ("sul_peak", "suv_peak"))
    return {sul: None if factor is None or row[suv] is None else factor * row[suv] for sul, suv in pairs}


def _total_cells(measures: Measures) -> dict[str, Any]:
    patient = measures.patient
    return {
        "lesion": TOTAL,
        "volume_ml": patient.tmtv_ml,
        "suv_max": patient.suv_max,
        "suv_mean": patient.suv_mean,
        "suv_peak": patient.suv_peak,
        "tlg_g": patient.tlg_g,
        "lesion_count": patient.lesion_count,
        "lesion_count_3ml": patient.lesion_count_3ml,
        "d_max_mm": patient.d_max_mm,
        "sd_max_per_m": patient.sd_max_per_m,
    }


def _cell(value: Any, style: CsvStyle) -> str:
    """Ten digits are more than any measure has, and hide the noise of binary fractions. No value: an empty cell."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", style.decimal)
    text = str(value)
    # Text from a DICOM header must not become a formula when a spreadsheet opens the table.
    return "'" + text if isinstance(value, str) and text[:1] in "=+-@\t\r" and text else text


def _joined(cautions: Iterable[Caution]) -> str:
    return " | ".join(str(caution) for caution in cautions)
