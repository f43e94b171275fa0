"""`write_evaluation_page`: how a model agrees with the references of many cases, as one HTML file. For `tasks`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Caution
from CLIPSLib.evaluation.types import (
    BlandAltman,
    CaseEvaluation,
    CohortEvaluation,
    FailureRule,
    Summary,
    VolumeAgreement,
)
from CLIPSLib.report import charts
from CLIPSLib.report.cautions import caution_list
from CLIPSLib.report.cohort_text import cohort_language, failure_text, matching_text, number, rule_text
from CLIPSLib.report.page import cards, figures, spread_table, table, write_page
from CLIPSLib.report.text import Language

_DEFAULTS = FailureRule()
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
    limits: FailureRule = _DEFAULTS,
    cautions: Sequence[Caution] = (),
    language: str = "en",
    overwrite: bool = False,
) -> Path:
    """Write volumes against volumes, Bland-Altman, spreads, failures and all cases.

    cohort: that of `cases`, with the failures by `limits`; not_evaluated: case id -> why. language: "en" or
    "fr" (errors, and the details of cautions, stay in English).

    Raises:
        UsageError: another language. Refusal: the file exists and `overwrite` is False.
        Failure: the disk does not take it.
    """
    say = cohort_language(language)
    first = next(iter(cases.values()), None)
    rule = rule_text(cohort.rule, limits, say)
    subtitle = "" if first is None else _subtitle(first, say)
    sections = (
        _cards(cohort, not_evaluated, say),
        _cautions(cautions, say),
        figures(say["volumes_overlap"], _charts(cases, cohort.tmtv, say)),
        _agreement(cohort.tmtv, say),
        spread_table(say["spread_measures"], {say[name]: spread for name, spread in cohort.summaries.items()}, say),
        _failures(cases, cohort, not_evaluated, rule, say),
        _cases(cases, say),
    )
    return write_page(path, say["evaluation"], subtitle, sections, language=language, overwrite=overwrite)


def _subtitle(case: CaseEvaluation, say: Language) -> str:
    return say["rule"].format(matching=matching_text(case, say), tolerance=say.plain(case.tolerance_mm))


def _cards(cohort: CohortEvaluation, not_evaluated: Mapping[str, str], say: Language) -> str:
    dice, nsd, tmtv = cohort.summaries["dice"], cohort.summaries["nsd"], cohort.tmtv
    bias = None if tmtv.difference is None else tmtv.difference.bias
    return cards(
        (
            (say["cases"], cohort.cases, say["not_evaluated_count"].format(count=len(not_evaluated))),
            (say["dice"], number(dice.median, say), say["median_of"].format(count=dice.n)),
            (say["nsd"], number(nsd.median, say), say["median_of"].format(count=nsd.n)),
            (say["bias_card"], number(bias, say), say["bias_more"]),
            (say["failed"], len(cohort.failures), say["of_cases"].format(count=cohort.cases)),
        )
    )


def _cautions(cautions: Sequence[Caution], say: Language) -> str:
    listed = caution_list(cautions, say)
    return f"<section><h2>{escape(say['cautions'])}</h2>{listed}</section>" if listed else ""


def _charts(cases: Mapping[str, CaseEvaluation], tmtv: VolumeAgreement, say: Language) -> list[tuple[str, str]]:
    volumes = {case_id: (case.reference_ml, case.prediction_ml) for case_id, case in cases.items()}
    differences = {case_id: ((a + b) / 2, b - a) for case_id, (a, b) in volumes.items()}
    ratios = {case_id: (math.sqrt(a * b), b / a) for case_id, (a, b) in volumes.items() if a > 0 and b > 0}
    dices = {i: (case.reference_ml, case.dice) for i, case in cases.items() if case.dice is not None}

    def points(name: str, values: Mapping[str, tuple[float, float]], x: str, y: str, **how: Any) -> tuple[str, str]:
        return say[name], charts.points(values, say[x], say[y], title=say[name], say=say, **how)

    both = {"log": True, "identity": True}
    found = [
        points("predicted_reference", volumes, "axis_reference", "axis_predicted", **both),
        points("bland_altman", differences, "axis_mean", "axis_difference", levels=_levels(tmtv.difference, say)),
        points(
            "bland_altman_ratio", ratios, "axis_geometric", "axis_ratio", log=True, levels=_levels(tmtv.log_ratio, say)
        ),
        points("dice_volume", dices, "axis_reference", "dice"),
    ]
    for name in ("dice", "nsd", "lesion_recall", "lesion_precision"):
        values = [value for case in cases.values() if (value := getattr(case, name)) is not None]
        found.append((say[name], charts.histogram(values, say[name], say=say)))
    return found


def _levels(found: BlandAltman | None, say: Language) -> dict[str, float]:
    if found is None:
        return {}
    return {say["lower_limit"]: found.lower, say["bias"]: found.bias, say["upper_limit"]: found.upper}


def _agreement(tmtv: VolumeAgreement, say: Language) -> str:
    rows = [
        (say["absolute_error"], tmtv.absolute_error_ml.mean, _sd(tmtv.absolute_error_ml, say)),
        (say["relative_error"], tmtv.relative_error.mean, _sd(tmtv.relative_error, say)),
        (say["pearson"], tmtv.pearson, tmtv.undefined.get("pearson", "")),
        (say["ccc"], tmtv.ccc, tmtv.undefined.get("ccc", "")),
    ]
    for name, found in ((say["difference_ml"], tmtv.difference), (say["ratio"], tmtv.log_ratio)):
        if found is not None:
            left_out = say["left_out"].format(count=found.excluded) if found.excluded else ""
            rows += [
                (say["row_bias"].format(name=name), found.bias, _interval(found.bias_ci, say) + left_out),
                (say["row_lower"].format(name=name), found.lower, _interval(found.lower_ci, say)),
                (say["row_upper"].format(name=name), found.upper, _interval(found.upper_ci, say)),
            ]
    if tmtv.cutoff_ml is not None:
        same_side = say["same_side"].format(cutoff=say.plain(tmtv.cutoff_ml))
        rows.append((same_side, tmtv.same_class, say["kappa"].format(value=number(tmtv.kappa, say))))
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{number(value, say)}</td><td>{escape(more)}</td></tr>"
        for name, value, more in rows
    )
    return table(say["agreement"], ("", say["value"], ""), cells, "first")


def _sd(summary: Summary, say: Language) -> str:
    return say["sd"].format(value=number(summary.sd, say))


def _interval(ends: tuple[float, float], say: Language) -> str:
    interval = say["interval"].format(low=number(ends[0], say), high=number(ends[1], say))
    return say["interval_95"].format(interval=interval)


def _failures(
    cases: Mapping[str, CaseEvaluation],
    cohort: CohortEvaluation,
    not_evaluated: Mapping[str, str],
    rule: str,
    say: Language,
) -> str:
    reasons = {f.case_id: failure_text(cases[f.case_id], f.reasons, say) for f in cohort.failures}
    reasons |= {case_id: say["not_evaluated"].format(why=why) for case_id, why in not_evaluated.items()}
    if not reasons:
        return f"<section><h2>{say['failures']}</h2><p>{escape(say['failures_none'].format(rule=rule))}</p></section>"
    rows = "".join(
        f'<tr><th>{escape(case_id)}</th><td class="problem">{escape(why)}</td></tr>' for case_id, why in reasons.items()
    )
    return table(say["failures_rule"].format(rule=rule), say["failure_head"].split("|"), rows, "cases")


def _cases(cases: Mapping[str, CaseEvaluation], say: Language) -> str:
    """Worst Dice first: what to look at."""
    ordered = sorted(cases.items(), key=lambda item: (item[1].dice is not None, item[1].dice, item[0]))
    rows = "".join(
        f"<tr><th>{escape(case_id)}</th>"
        + "".join(f"<td>{number(getattr(case, name), say)}</td>" for name in _COLUMNS)
        + "</tr>"
        for case_id, case in ordered
    )
    return table(say["lowest_first"], (say["case"], *(say[name] for name in _COLUMNS)), rows, "first")
