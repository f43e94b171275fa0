"""The result of an experiment as tables (CSV) and as a JSON document. Called by `experiment_result.py`."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from CLIPSLib.experiments import Analysis, ArmSummary, CaseScore, Contrast, Curve, PlannedRun
from CLIPSLib.report.experiment_subgroups import CaseFacts
from CLIPSLib.report.experiment_text import experiment_language
from CLIPSLib.report.experiment_verdict import reasons
from CLIPSLib.schema import to_document
from CLIPSLib.training.traces import RunTrace

_RUN = ("arm", "fold", "seed")


def result_tables(
    scores: Sequence[CaseScore],
    curves: Sequence[Curve],
    traces: Mapping[PlannedRun, RunTrace],
    analysis: Analysis,
    facts: Mapping[str, CaseFacts],
    hard_cases: Collection[str],
) -> dict[str, str]:
    """File name -> text, of everything that the page shows: enough to repeat the analysis elsewhere."""
    metrics = sorted({name for score in scores for name in score.scores})
    contrasts = [row for family in analysis.families for row in _family_rows(family)]
    return {
        "scores.csv": _table(
            (*_RUN, "case", *metrics),
            ([s.arm, s.fold, s.seed, s.case_id, *(s.scores.get(name) for name in metrics)] for s in scores),
        ),
        "contrasts.csv": _table(tuple(contrasts[0]), (row.values() for row in contrasts)) if contrasts else "",
        "arms.csv": _arms(analysis.arms),
        "costs.csv": _costs(analysis.arms),
        "cases.csv": _table(
            ("case", "hard", "difficulty", "lesions", "stratum"),
            ([c, int(c in hard_cases), f.difficulty, f.lesion_count, f.stratum] for c, f in sorted(facts.items())),
        ),
        "curves.csv": _table(
            (*_RUN, "step", "dice"),
            ([c.arm, c.fold, c.seed, *pair] for c in curves for pair in zip(c.steps, c.scores, strict=True)),
        ),
        "draws.csv": _table(
            (*_RUN, "case", "patches"),
            ([r.arm, r.fold, r.seed, *pair] for r, trace in traces.items() for pair in sorted(trace.draws.items())),
        ),
    }


def analysis_document(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON values; single scores are in the tables."""
    return {
        "exploratory": analysis.exploratory,
        "finished": analysis.finished,
        "primary": analysis.primary.name,
        "margin": analysis.margin,
        "seeds": list(analysis.seeds),
        "incomplete_seeds": list(analysis.incomplete),
        "target_dice": analysis.target,
        "arms": [to_document(arm) for arm in analysis.arms],
        "curricula": [
            {
                "arm": family.arm,
                "verdict": str(family.judgement.verdict),
                "reasons": reasons(family, analysis, experiment_language("en")),
                "reasons_fr": reasons(family, analysis, experiment_language("fr")),
                "undefined": dict(family.undefined),
                "contrasts": list(_family_rows(family)),
            }
            for family in analysis.families
        ],
    }


def _family_rows(family) -> Iterable[dict[str, Any]]:
    for kind, by_endpoint in (("primary", {"": family.primary}), ("secondary", family.secondary)):
        for contrasts in by_endpoint.values():
            yield from (_contrast_row(family.arm, kind, contrast) for contrast in contrasts.values())


def _contrast_row(arm: str, kind: str, contrast: Contrast) -> dict[str, Any]:
    effect = asdict(contrast.effect)
    return {
        "arm": arm,
        "against": contrast.paired.control,
        "role": contrast.role,
        "endpoint": contrast.endpoint.name,
        "kind": kind,
        "scale": contrast.endpoint.scale,
        "higher_is_better": contrast.endpoint.higher_is_better,
        **{name: effect[name] for name in ("mean", "low", "high", "se", "df", "p", "adjusted_p", "method")},
        "cases": effect["case_count"],
        "runs": effect["run_count"],
        "bootstrap_low": contrast.bootstrap.low,
        "bootstrap_high": contrast.bootstrap.high,
        "rank_median": contrast.rank.mean,
        "rank_low": contrast.rank.low,
        "rank_high": contrast.rank.high,
        "rank_p": contrast.rank.p,
        "overlap_factor": contrast.overlap_factor,
    }


def _arms(arms: Sequence[ArmSummary]) -> str:
    columns = ("arm", "endpoint", "mean", "sd_over_cases", "sd_over_seeds", "median", "q1", "q3", "cases")
    rows = (
        [arm.arm, name, s.mean, s.sd_cases, s.sd_seeds, s.median, s.q1, s.q3, s.cases]
        for arm in arms
        for name, s in arm.endpoints.items()
    )
    return _table(columns, rows)


def _costs(arms: Sequence[ArmSummary]) -> str:
    """A row per arm of all that is known of it once: learning, agreement of TMTV, cost."""
    limits = ("bias", "lower", "upper")
    agreements = (*(f"tmtv_{name}_ml" for name in limits), *(f"tmtv_{name}_ratio" for name in limits))
    columns = ("arm", "runs", "curve_area", "steps_to_target", "runs_at_target", "nothing_found", "tests", *agreements)
    costs = ("steps", "seconds", "review_steps", "review_seconds")
    rows = (
        [arm.arm, arm.runs, arm.curve_area, arm.steps_to_target, arm.reached, arm.nothing_found, arm.tests]
        + [getattr(found, name, None) for found in (arm.tmtv, arm.tmtv_ratio) for name in limits]
        + [getattr(arm.cost, name) for name in costs]
        for arm in arms
    )
    return _table((*columns, *costs), rows)


def _table(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else value
