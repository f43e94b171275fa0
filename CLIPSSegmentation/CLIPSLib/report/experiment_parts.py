"""The tables of the page of an experiment. Called by `experiment`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from CLIPSLib.experiments import Analysis, ArmSummary, Contrast, Design, Frozen
from CLIPSLib.experiments.contrasts import VANILLA
from CLIPSLib.progress import format_duration
from CLIPSLib.report.experiment_text import signed
from CLIPSLib.report.page import table
from CLIPSLib.report.text import Language


def arms_table(analysis: Analysis, say: Language) -> str:
    """What each arm reached by itself, and what it cost."""
    name = analysis.primary.name
    heads = ("arm", "mean", "sd_cases", "sd_seeds", "median", "dice_hard", "failure_rate", "area", "target")
    heads += ("tmtv_bias", "cost", "time")
    rows = "".join(_arm_row(arm, name, say) for arm in analysis.arms)
    title = f"{say['arms_title']} – {say[name]}"
    return table(title, [_capital(say[head]) for head in heads], rows, "arms")


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
        limits,
        say.number(cost.steps + cost.review_steps, 0) + scoring,
        format_duration(cost.seconds + cost.review_seconds),
    )
    return f"<tr><th>{escape(arm.arm)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def contrasts_table(analysis: Analysis, say: Language) -> str:
    """Primary and descriptive contrasts; the column of p values only where the design allows a test."""
    heads = ["arm", "endpoint", "versus", "difference", "interval_head", "p_head", "bootstrap", "rank", "overlap"]
    if analysis.exploratory:
        heads.remove("p_head")
    rows = []
    for family in analysis.families:
        every = {analysis.primary.name: family.primary, **family.secondary}
        for name, contrasts in every.items():
            primary = name == analysis.primary.name
            rows += [_contrast_row(family.arm, contrast, analysis, primary, say) for contrast in contrasts.values()]
    body = f'<p class="caption">{escape(say["contrasts_more"])}</p>'
    heads_shown = [say[head] for head in heads]
    return table(say["contrasts_title"], heads_shown, "".join(rows), "contrasts").replace("<table", f"{body}<table", 1)


def _contrast_row(arm: str, contrast: Contrast, analysis: Analysis, primary: bool, say: Language) -> str:
    effect, bootstrap = contrast.effect, contrast.bootstrap
    p = [] if analysis.exploratory else [say.number(effect.adjusted_p, 3)]
    cells = (
        escape(say[contrast.endpoint.name]),
        escape(say[contrast.role]),
        signed(say, effect.mean),
        _interval(effect.low, effect.high, say),
        *p,
        _interval(bootstrap.low, bootstrap.high, say),
        signed(say, contrast.rank.mean),
        say.number(contrast.overlap_factor, 2),
    )
    kind = ' class="total"' if primary else ""
    return f"<tr{kind}><th>{escape(arm)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def changed_table(analysis: Analysis, say: Language) -> str:
    """Patients whose score moved by more than 0.1 against no curriculum, the largest loss first."""
    rows = "".join(
        f"<tr><th>{escape(case)}</th><td>{escape(family.arm)}</td><td>{signed(say, change, 2)}</td></tr>"
        for family in analysis.families
        for case, change in family.primary[VANILLA].changed
    )
    return table(say["changed_title"], (say["patient"], say["arm"], say["difference"]), rows, "cases")


def environment_table(
    design: Design, frozen: Frozen, source: str, environment: Mapping[str, str], say: Language
) -> str:
    """What was decided when, and with which files and programs."""
    rows = {
        say["question"]: escape(design.question or "–"),
        say["source"]: escape(source),
        say["primary"]: escape(f"{say[design.primary]} (± {say.number(design.margin, 3)})"),
        say["frozen"]: escape(frozen.created_utc),
        say["design_hash"]: f'<span class="hash">{frozen.sha256}</span>',
        **{
            say["file_hash"].format(name=name): f'<span class="hash">{sha256}</span>'
            for name, sha256 in frozen.files.items()
        },
        say["software"]: escape(", ".join(f"{name} {value}" for name, value in environment.items())),
    }
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows.items())
    return table(say["environment_title"], ("", ""), cells, "audit")


def _interval(low: float, high: float, say: Language) -> str:
    return f"{signed(say, low)} … {signed(say, high)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
