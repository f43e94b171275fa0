"""What the sections "Train", "Runs" and "Compare" say about runs, checks and cases, in one place for translators."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSTrainingLib.RunComparison import Comparison

_NAMED = 5  # cases that were left out


def state(status: JobStatus) -> str:
    """How a run stands, in a word or two."""
    if status.state == "done":
        stopped = (status.result or {}).get("state") == "stopped"
        return _("stopped") if stopped else _("finished")
    if status.state == "running":
        return {"Training": _("training"), "Validating": _("validating")}.get(status.stage, _("preparing"))
    return {
        "waiting": _("waiting"),
        "paused": _("paused"),
        "failed": _("failed"),
        "refused": _("refused"),
        "question": _("needs an answer"),
        "cancelled": _("cancelled"),
        "lost": _("ended without a word"),
    }[status.state]


def facts(status: JobStatus) -> dict[str, str]:
    """What a run tells about itself: step, loss, dice, speed, wait, left; "" where it does not."""
    told: Mapping[str, Any] = status.facts
    step, steps = told.get("step"), told.get("steps")
    ofAll = "" if step is None else str(step) if steps is None else _("{n} of {total}").format(n=step, total=steps)
    wait = told.get("data_wait_share")
    return {
        "step": ofAll,
        "loss": _number(told.get("loss"), 3),
        "dice": _number(told.get("dice"), 3),
        "speed": _number(told.get("steps_per_s"), 2),
        "wait": "" if wait is None else f"{100 * wait:.0f} %",
        "left": "" if status.ended else duration(told.get("seconds_left")),
    }


def stage(status: JobStatus) -> str:
    """What a run does now, or how it ended, in a sentence."""
    if status.error is not None:
        from CLIPSLib.jobs.status import error_from

        return str(error_from(status.error))
    if status.state == "done":
        return _ended(status.result or {})
    if status.state == "waiting":
        return _("It waits until another run has ended.")
    cautions = [str(caution) for caution in status.cautions]
    return " ".join([f"{status.stage}.", *cautions[-1:]])


def duration(seconds: float | None) -> str:
    from CLIPSLib.progress import format_duration

    return "" if seconds is None else format_duration(seconds)


def cases(train: int, validate: int, leftOut: Mapping[str, str]) -> str:
    """Who takes part."""
    text = _("{train} cases train, {validate} validate.").format(train=train, validate=validate)
    if leftOut:
        named = "; ".join(f"{case}: {why}" for case, why in list(leftOut.items())[:_NAMED])
        more = ", …" if len(leftOut) > _NAMED else ""
        text += " " + _("Left out: {n} ({named}{more}).").format(n=len(leftOut), named=named, more=more)
    return text


def comparison(found: Comparison, runCount: int, same: bool) -> str:
    """How two runs differ, what that does not prove, and which cases are not compared."""
    if runCount < 2 or same:
        return _("Choose two finished runs.") if runCount > 1 else _("Two finished runs are needed to compare.")
    if found.means is not None:
        a, b, count = found.means
        text = _(
            "Mean Dice of {n} cases: A {a:.3f}, B {b:.3f}; B − A is {difference}. Two single runs differ by luck "
            "alone; an experiment tells whether a difference is real."
        ).format(n=count, a=a, b=b, difference=signed(b - a))
    elif found.rows:
        text = _("Dice is undefined for every case that both validated: there is no tumor.")
    else:
        text = _("No case was validated by both runs: they held back different cases.")
    if found.unlike:
        more = ", …" if len(found.unlike) > _NAMED else ""
        text += " " + _("Not compared, since images or reference masks differ: {cases}{more}.").format(
            cases=", ".join(found.unlike[:_NAMED]), more=more
        )
    return text


def dice(value: float | None) -> str:
    """Dice of a case."""
    return _("no tumor") if value is None else f"{value:.3f}"


def signed(value: float) -> str:
    """A difference, with the typographic minus."""
    return f"{value:+.3f}".replace("-", "−")


def check(report: Mapping[str, Any]) -> str:
    """What a check found (rich text). report: the fields of `CheckReport`."""
    memory = _("{gb:.1f} GB").format(gb=report["memory_gb"])
    if report["device_memory_gb"] is not None:
        memory = _("{needed:.1f} of {gb:.1f} GB").format(needed=report["memory_gb"], gb=report["device_memory_gb"])
    rows = [
        (_("Cases"), cases(report["train"], report["validate"], {})),
        (_("Network"), _("{n} weights, on {device} in {precision}").format(
            n=f"{report['weights']:,}", device=report["device"], precision=report["precision"])),
        (_("Memory"), memory),
        (_("Disk"), _("{needed:.1f} GB, {free:.0f} GB are free").format(
            needed=report["disk_gb"], free=report["disk_free_gb"])),
        (_("Time"), _time(report)),
        *((_("Note"), _sentence(caution)) for caution in report["cautions"]),
        *((f"<b>{_('Problem')}</b>", _sentence(problem)) for problem in report["problems"]),
    ]  # fmt: skip
    verdict = _("Nothing stands in the way.") if not report["problems"] else _("Solve the problems first.")
    lines = "".join(f"<tr><td>{name}&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>" for name, text in rows if text)
    return f"<table>{lines}</table><b>{verdict}</b>"


def _time(report: Mapping[str, Any]) -> str:
    each = report["seconds_per_step"]
    if each is None:
        return ""
    text = _("{seconds:.2f} s a step").format(seconds=each)
    if report["hours"] is not None:
        text += ", " + _("{time} in all, validations included").format(time=duration(3600 * report["hours"]))
    return text


def _ended(result: Mapping[str, Any]) -> str:
    if result.get("state") == "stopped":
        return _("Stopped and saved after {n} steps.").format(n=result.get("step"))
    text = _("Finished after {n} steps.").format(n=result.get("step"))
    if result.get("best_score") is not None:
        text += " " + _("Best at step {n}: mean Dice {dice:.3f}.").format(
            n=result["best_step"], dice=result["best_score"]
        )
    return text


def _sentence(caution: Mapping[str, str]) -> str:
    return f"{caution['what']} ({caution['where']})" if caution.get("where") else caution["what"]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
