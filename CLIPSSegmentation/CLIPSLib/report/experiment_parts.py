"""The tables of the page of an experiment. Called by `experiment`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from CLIPSLib.experiments import Analysis, ArmSummary, Contrast, Design, Effect, Endpoint, Frozen, endpoint
from CLIPSLib.experiments.contrasts import VANILLA
from CLIPSLib.progress import format_duration
from CLIPSLib.report.experiment_text import signed
from CLIPSLib.report.experiment_verdict import difference, margin_text
from CLIPSLib.report.page import table
from CLIPSLib.report.text import Language


def arms_table(analysis: Analysis, say: Language) -> str:
    """What each arm reached by itself, and what it cost."""
    name = analysis.primary.name
    heads = ("arm", "mean", "sd_cases", "sd_seeds", "median", "dice_hard", "failure_rate", "area", "target")
    heads += ("nothing_found", "tmtv_bias", "cost", "time")
    rows = "".join(_arm_row(arm, name, say) for arm in analysis.arms)
    title = f"{say['arms_title']} – {_in_own_unit(analysis.primary, say)}"
    return table(title, [_capital(say[head]) for head in heads], rows, "arms")


def _in_own_unit(endpoint: Endpoint, say: Language) -> str:
    """What an arm reached is told in mL, also where arms are compared by factors."""
    if endpoint.scale == "log1p":
        return f"{say[endpoint.name].partition(' (')[0]}, mL"
    return f"{say[endpoint.name]}, {endpoint.unit}" if endpoint.unit else say[endpoint.name]


def _arm_row(arm: ArmSummary, name: str, say: Language) -> str:
    spread, tmtv, cost = arm.endpoints[name], arm.tmtv, arm.cost
    reached = "" if arm.reached is None else f" ({arm.reached}/{arm.runs})"
    quartiles = f"{say.number(spread.median, 3)} ({say.number(spread.q1, 2)}–{say.number(spread.q3, 2)})"
    limits = say.number(None)
    if tmtv is not None:
        limits = f"{signed(say, tmtv.bias, 1)} ({signed(say, tmtv.lower, 0)} … {signed(say, tmtv.upper, 0)})"
    scoring = f" ({say.number(cost.review_steps, 0)})" if cost.review_steps else ""
    hard, failures = arm.endpoints.get("dice_hard"), arm.endpoints.get("failure_rate")
    cells = (
        say.number(spread.mean, 3),
        say.number(spread.sd_cases, 3),
        say.number(spread.sd_seeds, 3),
        quartiles,
        say.number(hard and hard.mean, 3),
        say.number(failures and 100 * failures.mean, 0, "%"),
        say.number(arm.curve_area, 3),
        say.number(arm.steps_to_target, 0) + reached,
        f"{arm.nothing_found}/{arm.tests}",
        limits,
        say.number(cost.steps + cost.review_steps, 0) + scoring,
        format_duration(cost.seconds + cost.review_seconds),
    )
    return f"<tr><th>{escape(arm.arm)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def contrasts_table(analysis: Analysis, say: Language) -> str:
    """Primary and descriptive contrasts; the column of p values only where the design allows a test."""
    heads = ["arm", "endpoint", "versus", "count", "difference", "interval_head", "p_head", "bootstrap", "rank"]
    heads.append("overlap")
    if analysis.exploratory:
        heads.remove("p_head")
    rows = []
    for family in analysis.families:
        every = {analysis.primary.name: family.primary, **family.secondary}
        for name, contrasts in every.items():
            primary = name == analysis.primary.name
            rows += [_contrast_row(family.arm, contrast, analysis, primary, say) for contrast in contrasts.values()]
    without = sorted({name for family in analysis.families for name in family.undefined})
    missing = [say["undefined"].format(endpoint=say[name]) for name in without]
    body = f'<p class="caption">{escape(" ".join((say["contrasts_more"], *missing)))}</p>'
    heads_shown = [say[head] for head in heads]
    return table(say["contrasts_title"], heads_shown, "".join(rows), "contrasts").replace("<table", f"{body}<table", 1)


def _contrast_row(arm: str, contrast: Contrast, analysis: Analysis, primary: bool, say: Language) -> str:
    effect, bootstrap = contrast.effect, contrast.bootstrap
    p = [] if analysis.exploratory else [say.number(effect.adjusted_p, 3)]
    cells = (
        escape(say[contrast.endpoint.name]),
        escape(say[contrast.role]),
        str(effect.case_count),
        difference(contrast.endpoint, effect.mean, say),
        _interval(contrast.endpoint, effect, say),
        *p,
        _interval(contrast.endpoint, bootstrap, say),
        _bare(contrast.endpoint, contrast.rank.mean, say),
        say.number(contrast.overlap_factor, 2),
    )
    kind = ' class="total"' if primary else ""
    return f"<tr{kind}><th>{escape(arm)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def changed_table(analysis: Analysis, say: Language) -> str:
    """Patients whose primary score moved notably against no curriculum, the largest loss first; nothing for endpoints
    without such a limit."""
    if analysis.primary.notable is None:
        return ""
    rows = "".join(
        f"<tr><th>{escape(case)}</th><td>{escape(family.arm)}</td><td>{signed(say, change, 2)}</td></tr>"
        for family in analysis.families
        for case, change in family.primary[VANILLA].changed
    )
    rows = rows or f"<tr><th>{escape(say['nobody'])}</th><td></td><td></td></tr>"
    title = say["changed_title"].format(least=say.number(analysis.primary.notable, 1))
    return table(title, (say["patient"], say["arm"], say["difference"]), rows, "cases")


def environment_table(
    design: Design, frozen: Frozen, source: str, environment: Mapping[str, str], say: Language
) -> str:
    """What was decided when, and with which files and programs."""
    rows = {
        say["question"]: escape(design.question or "–"),
        say["source"]: escape(source),
        say["primary"]: escape(f"{say[design.primary]} (±{margin_text(endpoint(design.primary), design.margin, say)})"),
        say["frozen"]: escape(_moment(frozen.created_utc, say)),
        say["design_hash"]: f'<span class="hash">{frozen.sha256}</span>',
        **{
            say["file_hash"].format(name=name): f'<span class="hash">{sha256}</span>'
            for name, sha256 in frozen.files.items()
        },
        say["software"]: escape(", ".join(f"{name} {value}" for name, value in environment.items())),
    }
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows.items())
    return table(say["environment_title"], ("", ""), cells, "audit")


def _interval(endpoint: Endpoint, effect: Effect, say: Language) -> str:
    low, high = (_bare(endpoint, edge, say) for edge in (effect.low, effect.high))
    return f"{low} … {high}"


def _bare(endpoint: Endpoint, value: float, say: Language) -> str:
    """Without the unit, which stands with the difference in the same row."""
    return difference(endpoint, value, say).removesuffix(f" {endpoint.unit or say['points']}")


def _moment(utc: str, say: Language) -> str:
    """2026-01-02T03:04:05Z as people write it."""
    day, _, time = utc.partition("T")
    return f"{say.date(day.replace('-', ''))} {time[:5]} UTC"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
