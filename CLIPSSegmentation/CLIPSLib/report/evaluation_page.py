"""`write_evaluation_page`: how a model agrees with the references of many cases, as one HTML file. For `tasks`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path

from CLIPSLib.evaluation.types import BlandAltman, CaseEvaluation, CohortEvaluation, VolumeAgreement
from CLIPSLib.report import charts
from CLIPSLib.report.page import cards, figures, number, spread_table, table, write_page

TITLES = {
    "dice": "Dice",
    "iou": "IoU",
    "nsd": "NSD",
    "hd95_mm": "HD95, mm",
    "mean_surface_distance_mm": "Mean surface distance, mm",
    "mean_distance_reference_to_prediction_mm": "Distance, reference to prediction, mm",
    "mean_distance_prediction_to_reference_mm": "Distance, prediction to reference, mm",
    "lesion_recall": "Lesion recall",
    "lesion_precision": "Lesion precision",
    "lesion_f1": "Lesion F1",
    "fpv_ml": "FPV, mL",
    "fnv_ml": "FNV, mL",
    "reference_ml": "TMTV of the reference, mL",
    "prediction_ml": "TMTV predicted, mL",
    "tmtv_difference_ml": "TMTV difference, mL",
    "d_max_difference_mm": "Dmax difference, mm",
}
_COLUMNS = (
    *("dice", "nsd", "hd95_mm", "lesion_recall", "lesion_precision"),
    *("fpv_ml", "fnv_ml", "reference_ml", "prediction_ml"),
)


def write_evaluation_page(
    path: str | os.PathLike,
    cases: Mapping[str, CaseEvaluation],
    cohort: CohortEvaluation,
    *,
    not_evaluated: Mapping[str, str],
    overwrite: bool = False,
) -> Path:
    """Write volumes against volumes, Bland-Altman, spreads, failures and all cases.

    cohort: that of `cases`; not_evaluated: case id -> why.

    Raises:
        Refusal: the file exists and `overwrite` is False. Failure: the disk does not take it.
    """
    first = next(iter(cases.values()), None)
    rule = "" if first is None else f"{first.matching}; NSD within {first.tolerance_mm:g} mm"
    spreads = {TITLES[name]: spread for name, spread in cohort.summaries.items()}
    sections = (
        _cards(cohort, not_evaluated),
        figures("Volumes and overlap", _charts(cases, cohort.tmtv)),
        _agreement(cohort.tmtv),
        spread_table("How the measures spread", spreads),
        _failures(cohort, not_evaluated),
        _cases(cases),
    )
    return write_page(path, "Evaluation", rule, sections, overwrite=overwrite)


def _cards(cohort: CohortEvaluation, not_evaluated: Mapping[str, str]) -> str:
    dice, nsd, tmtv = cohort.summaries["dice"], cohort.summaries["nsd"], cohort.tmtv
    bias = None if tmtv.difference is None else tmtv.difference.bias
    return cards(
        (
            ("Cases", cohort.cases, f"{len(not_evaluated)} not evaluated"),
            ("Dice", number(dice.median), f"median of {dice.n} cases"),
            ("NSD", number(nsd.median), f"median of {nsd.n} cases"),
            ("TMTV bias", number(bias), "mL, prediction minus reference"),
            ("Failed", len(cohort.failures), f"of {cohort.cases} cases"),
        )
    )


def _charts(cases: Mapping[str, CaseEvaluation], tmtv: VolumeAgreement) -> list[tuple[str, str]]:
    volumes = {case_id: (case.reference_ml, case.prediction_ml) for case_id, case in cases.items()}
    differences = {case_id: ((a + b) / 2, b - a) for case_id, (a, b) in volumes.items()}
    ratios = {case_id: (math.sqrt(a * b), b / a) for case_id, (a, b) in volumes.items() if a > 0 and b > 0}
    found = [
        (
            "TMTV, predicted and reference",
            charts.points(volumes, "reference, mL", "predicted, mL", title="TMTV", log=True, identity=True),
        ),
        (
            "Bland-Altman",
            charts.points(
                differences, "mean, mL", "difference, mL", title="Bland-Altman", levels=_levels(tmtv.difference)
            ),
        ),
        (
            "Bland-Altman of ratios",
            charts.points(
                ratios, "geometric mean, mL", "ratio", title="Ratios", log=True, levels=_levels(tmtv.log_ratio)
            ),
        ),
    ]
    by_volume = {i: (case.reference_ml, case.dice) for i, case in cases.items() if case.dice is not None}
    found.append(("Dice and volume", charts.points(by_volume, "reference, mL", "Dice", title="Dice and volume")))
    for name in ("dice", "nsd", "lesion_recall", "lesion_precision"):
        values = [value for case in cases.values() if (value := getattr(case, name)) is not None]
        found.append((TITLES[name], charts.histogram(values, TITLES[name])))
    return found


def _levels(found: BlandAltman | None) -> dict[str, float]:
    return {} if found is None else {"lower limit": found.lower, "bias": found.bias, "upper limit": found.upper}


def _agreement(tmtv: VolumeAgreement) -> str:
    rows = [
        ("Absolute error, mL", tmtv.absolute_error_ml.mean, f"SD {number(tmtv.absolute_error_ml.sd)}"),
        ("Relative error", tmtv.relative_error.mean, f"SD {number(tmtv.relative_error.sd)}"),
        ("Pearson's r (correlation, not agreement)", tmtv.pearson, tmtv.undefined.get("pearson", "")),
        ("Lin's concordance", tmtv.ccc, tmtv.undefined.get("ccc", "")),
    ]
    for name, found in (("Difference, mL", tmtv.difference), ("Ratio", tmtv.log_ratio)):
        if found is not None:
            left_out = f"; {found.excluded} cases with a volume of 0 left out" if found.excluded else ""
            rows += [
                (f"{name}: bias", found.bias, f"95 % interval {_interval(found.bias_ci)}{left_out}"),
                (f"{name}: lower limit of agreement", found.lower, f"95 % interval {_interval(found.lower_ci)}"),
                (f"{name}: upper limit of agreement", found.upper, f"95 % interval {_interval(found.upper_ci)}"),
            ]
    if tmtv.cutoff_ml is not None:
        rows.append((f"Same side of {tmtv.cutoff_ml:g} mL", tmtv.same_class, f"kappa {number(tmtv.kappa)}"))
    cells = "".join(f"<tr><th>{escape(n)}</th><td>{number(v)}</td><td>{escape(more)}</td></tr>" for n, v, more in rows)
    return table("Agreement of TMTV", ("", "Value", ""), cells, "first")


def _interval(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} to {number(ends[1])}"


def _failures(cohort: CohortEvaluation, not_evaluated: Mapping[str, str]) -> str:
    reasons = {failed.case_id: ", ".join(failed.reasons) for failed in cohort.failures}
    reasons |= {case_id: f"not evaluated: {why}" for case_id, why in not_evaluated.items()}
    if not reasons:
        return f"<section><h2>Failures</h2><p>None ({escape(cohort.rule)}).</p></section>"
    rows = "".join(
        f'<tr><th>{escape(case_id)}</th><td class="problem">{escape(why)}</td></tr>' for case_id, why in reasons.items()
    )
    return table(f"Failures ({cohort.rule})", ("Case", "Why"), rows, "cases")


def _cases(cases: Mapping[str, CaseEvaluation]) -> str:
    """Worst Dice first: what to look at."""
    ordered = sorted(cases.items(), key=lambda item: (item[1].dice is not None, item[1].dice, item[0]))
    rows = "".join(
        f"<tr><th>{escape(case_id)}</th>"
        + "".join(f"<td>{number(getattr(case, name))}</td>" for name in _COLUMNS)
        + "</tr>"
        for case_id, case in ordered
    )
    return table("Cases, lowest Dice first", ("Case", *(TITLES[name] for name in _COLUMNS)), rows, "first")
