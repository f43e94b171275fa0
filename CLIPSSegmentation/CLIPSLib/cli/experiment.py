"""`clips experiment`: did a curriculum help? Declared in a file, checked, run in the background, reported."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.progress import format_duration

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job
    from CLIPSLib.tasks.experiment_check import ExperimentCheck

NAME = "experiment"
SUMMARY = "Compare curricula with their controls: declare, check, run, report."
EXAMPLES = """examples:
  clips experiment new mine --cases frozen/cases.json     a folder with experiment.toml and recipe.toml to edit
  clips experiment check mine                             fair? how many runs, what cost, what can it detect?
  clips experiment check mine --pilot quick               with the variances of an experiment that is finished
  clips experiment run mine                               all runs, in the background, then the report
  clips experiment run mine --retry                       also runs that failed
  clips experiment status mine
  clips experiment report mine                            result/report.html, rapport.html and tables, once more
  clips experiment install mine                           the winner's networks of all folds as one model, to segment

Ctrl-C asks the runs to save and stop; the same command goes on from there. See docs/experiments.md.
"""
_LOOK_EVERY_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = add_action(actions, "new", "make a folder with a design and a recipe to edit", _new)
    new.add_argument("folder", metavar="DIR", help="folder of the experiment, which is made")
    new.add_argument(
        "--cases", required=True, metavar="FILE", help="frozen cases (cases.json, see 'clips cases freeze')"
    )
    new.add_argument(
        "--preset", default="standard", metavar="NAME", help="recipe: quick, standard, complete (%(default)s)"
    )
    check = add_action(actions, "check", "is it fair, what does it cost, what can it detect (writes nothing)?", _check)
    check.add_argument("folder", metavar="DIR", help="folder of the experiment")
    check.add_argument("--pilot", metavar="DIR", help="finished experiment whose variances are used")
    check.add_argument("--time", action="store_true", help="measure a few steps, for the hours it will take")
    start = add_action(actions, "run", "start all runs that are not finished, then report", _run)
    start.add_argument("folder", metavar="DIR", help="folder of the experiment")
    start.add_argument("--at-once", type=int, metavar="N", help="runs at the same time (the design's at_once)")
    start.add_argument("--retry", action="store_true", help="also repeat runs that failed, from their last checkpoint")
    start.add_argument("--background", action="store_true", help="start it and return at once")
    install = add_action(actions, "install", "install the networks of the winner, or of another arm", _install)
    install.add_argument("folder", metavar="DIR", help="folder of the experiment")
    install.add_argument(
        "--arm", metavar="ARM", help="this arm (the curriculum that helps most; if none does, vanilla)"
    )
    install.add_argument("--name", metavar="NAME", help="name of the model (EXPERIMENT-ARM)")
    for word, summary, action in (
        ("status", "how the runs stand", _status),
        ("report", "analyze the finished runs and write the pages and tables again", _report),
    ):
        added = add_action(actions, word, summary, action)
        added.add_argument("folder", metavar="DIR", help="folder of the experiment")


def run(parsed: argparse.Namespace) -> int:
    return parsed.action(parsed)


def _new(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment_new import new_experiment

    made = new_experiment(parsed.folder, parsed.cases, preset_name=parsed.preset)
    if parsed.json:
        print_json({"folder": made, "design": made / "experiment.toml", "recipe": made / "recipe.toml"})
    else:
        print(f"{made / 'experiment.toml'} and recipe.toml: edit them, then 'clips experiment check {made}'")
    return 0


def _check(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment import open_experiment
    from CLIPSLib.tasks.experiment_check import check_experiment

    pilot = open_experiment(parsed.pilot) if parsed.pilot else None
    found = check_experiment(
        open_experiment(parsed.folder), pilot=pilot, timed=parsed.time, reporter=reporter_for(parsed)
    )
    print_json(found) if parsed.json else _print_check(found)
    return 0


def _print_check(found: ExperimentCheck) -> None:
    size = found.size
    print(f"Runs         {len(found.runs)}: {found.arm_runs} of arms, {len(found.runs) - found.arm_runs} for scoring")
    print(f"Steps        {found.steps:,} of arms, {found.reviewer_steps:,} for scoring")
    if found.hours is not None:
        print(f"Time         {format_duration(3600 * found.hours)} one after another (without validation)")
    where = "of the pilot" if found.from_pilot else "typical of lesion segmentation; a pilot would tell yours"
    sizes = f"{size.cases} patients, {size.folds} folds, {size.seeds} seeds"
    if found.detectable is None:
        print(f"Detects      unknown for {found.primary} ({sizes}): its variances need a pilot (--pilot)")
    else:
        print(
            f"Detects      a difference of {found.detectable:.3f} in {found.primary} with power 80 %, or "
            f"{found.detectable_corrected:.3f} after the strictest correction ({sizes}; variances {where})"
        )
    for exposure in found.exposures:
        print(f"Arm          {exposure.arm}: {exposure.sentence}")
    for deviation in found.deviations:
        print(f"Deviation    {deviation.what}")
    if found.exploratory:
        print("Exploratory  too few runs for a test: the report will show intervals and no p value.")
    if not found.deviations:
        print("Nothing deviates from a fair comparison.")


def _run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment import open_experiment
    from CLIPSLib.tasks.experiment_job import start_experiment

    experiment = open_experiment(parsed.folder)
    job = start_experiment(experiment, at_once=parsed.at_once, retry_failed=parsed.retry)
    if parsed.background:
        if parsed.json:
            print_json({"folder": experiment.folder, "job": job.folder})
        else:
            print(f"Started; see 'clips experiment status {experiment.folder}'")
        return 0
    _follow(job, quiet=parsed.json)
    status = job.status()
    if parsed.json:
        print_json({"folder": experiment.folder, "state": status.state, "result": status.result, "error": status.error})
    status.raise_for_error()
    if not parsed.json:
        _say_end(experiment.folder, dict(status.result or {}))
    return 0 if (status.result or {}).get("report") else 1


def _say_end(folder: Path, result: dict[str, Any]) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in result.get("runs", {}).items())
    print(f"Runs: {counts}")
    if result.get("report"):
        print(f"Report: {result['report']}")
    else:
        print(f"Not all runs are finished: 'clips experiment status {folder}' says which.")
        print(f"'clips experiment run {folder}' goes on; with --retry also with runs that failed.")


def _follow(job: Job, *, quiet: bool) -> None:
    """Wait for the end and tell the way there; Ctrl-C asks for an end in good order."""
    said = ""
    while not (status := job.status()).ended:
        try:
            line = f"{status.stage} ({100 * status.fraction:.0f} %)"
            if not quiet and line != said:
                sys.stderr.write(f"{line}\n")
                said = line
            time.sleep(_LOOK_EVERY_S)
        except KeyboardInterrupt:
            job.ask_stop()
            sys.stderr.write("The runs save and stop.\n")


def _status(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment import open_experiment
    from CLIPSLib.tasks.experiment_runs import run_states

    states = run_states(open_experiment(parsed.folder))
    if parsed.json:
        print_json(
            [
                {"run": state.run.name, "state": state.state, "done": state.share_done, "error": _problem(state)}
                for state in states
            ]
        )
        return 0
    rows = [[state.run.name, state.state, f"{100 * state.share_done:.0f} %", _problem(state)] for state in states]
    print_table(["Run", "State", "Done", "Problem"], rows)
    return 0


def _problem(state: Any) -> str | None:
    error = state.status.error if state.status is not None else None
    return error["what"] if error else None


def _report(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment import open_experiment
    from CLIPSLib.tasks.experiment_result import write_result

    page = write_result(open_experiment(parsed.folder), reporter=reporter_for(parsed), overwrite=True)
    if parsed.json:
        print_json({"report": page, "result": page.parent / "result.json"})
    else:
        print(page)
    return 0


def _install(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.experiment_winner import install_winner

    model = install_winner(parsed.folder, parsed.arm, name=parsed.name, reporter=reporter_for(parsed))
    if parsed.json:
        print_json({"model": model.model_id, "title": model.description.title, "folder": model.folder})
    else:
        print(f"{model.model_id}: {model.description.title}")
    return 0
