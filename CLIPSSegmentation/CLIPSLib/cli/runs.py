"""`clips runs`: training runs listed, shown, stopped, resumed, forked, exported."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action, key_values
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.cli.train import add_values, in_words, started

if TYPE_CHECKING:
    from CLIPSLib.tasks.runs import RunView
    from CLIPSLib.training.run_folder import RunFolder

NAME = "runs"
SUMMARY = "List, show, stop, resume, fork and export training runs."
EXAMPLES = """examples:
  clips runs list                                                   those in ./runs
  clips runs show runs/first
  clips runs stop runs/first                                        save, then stop; 'pause' keeps its memory
  clips runs resume runs/first
  clips runs resume runs/first --set training.steps=40000 --rate restart
  clips runs fork runs/first runs/second --set loss.name=tversky    a new run that goes on from there
  clips runs curves runs/first --out curves.svg                     loss and Dice as a picture, also while it trains
  clips runs export runs/first --out model --install
  clips runs export runs/fold0 runs/fold1 runs/fold2 --out model    three networks that vote
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listed = add_action(actions, "list", "list the runs of a folder", _list)
    listed.add_argument("root", metavar="DIR", nargs="?", default="runs", help="folder of runs (%(default)s)")
    show = add_action(actions, "show", "how a run stands, its recipe's changes, its last validations", _show)
    show.add_argument("folder", metavar="RUN", help="folder of the run")
    for word, summary in (
        ("stop", "ask a run to save and stop"),
        ("pause", "ask a run to wait where it is"),
        ("continue", "ask a paused run to go on"),
        ("checkpoint", "ask a run to save now"),
        ("cancel", "end a run at once; what was not saved is lost"),
    ):
        action = add_action(actions, word, summary, _ask)
        action.add_argument("folder", metavar="RUN", help="folder of the run")
        action.set_defaults(word=word)
    resume = add_action(actions, "resume", "go on with a run from its last checkpoint", _resume)
    resume.add_argument("folder", metavar="RUN", help="folder of the run")
    _add_changes(resume)
    resume.add_argument("--reason", default="", metavar="TEXT", help="why something changes, for the record")
    fork = add_action(actions, "fork", "start a new run from a checkpoint of another", _fork)
    fork.add_argument("folder", metavar="RUN", help="folder of the run to go on from")
    fork.add_argument("new", metavar="NEW", help="folder of the new run")
    fork.add_argument("--cases", metavar="FILE", help="another list of cases")
    fork.add_argument("--step", type=int, metavar="N", help="the newest checkpoint up to this step (the last)")
    _add_changes(fork)
    curves = add_action(actions, "curves", "draw the learning curves of one run, or of several", _curves)
    curves.add_argument("runs", metavar="RUN", nargs="+", help="folders of runs")
    curves.add_argument("--out", metavar="FILE.svg", required=True, help="the picture")
    curves.add_argument("--overwrite", action="store_true", help="replace an existing picture")
    export = add_action(actions, "export", "write the model of one run, or of several as folds", _export)
    export.add_argument("runs", metavar="RUN", nargs="+", help="folders of runs")
    export.add_argument("--out", metavar="DIR", required=True, help="folder of the model")
    export.add_argument("--which", choices=["best", "last"], default="best", help="weights (%(default)s)")
    export.add_argument("--as-version", metavar="VERSION", help="of the model (time, id and step of the run)")
    export.add_argument("--overwrite", action="store_true", help="replace an existing folder")
    export.add_argument("--install", action="store_true", help="also install the model")


def run(parsed: argparse.Namespace) -> int:
    return parsed.action(parsed)


def _add_changes(parser: argparse.ArgumentParser) -> None:
    add_values(parser)
    parser.add_argument("--rate", choices=["keep", "rescale", "restart"], help="learning rate where steps change")
    parser.add_argument("--background", action="store_true", help="start it and return at once")


def _list(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.runs import list_runs

    listing = list_runs(parsed.root)
    for error in listing.damaged:
        sys.stderr.write(f"clips: a run cannot be read: {error}\n")
    if parsed.json:
        print_json([_document(view) for view in listing.runs])
        return 0
    if not listing.runs:
        print(f"No runs in the folder {parsed.root}")
        return 0
    rows = [
        [
            view.folder.name,
            view.state,
            view.status.facts.get("step"),
            view.status.facts.get("best_score"),
            view.identity.created_utc,
        ]
        for view in listing.runs
    ]
    print_table(["Run", "State", "Step", "Best Dice", "Created"], rows)
    return 0


def _show(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.runs import view_run
    from CLIPSLib.training.run_folder import RunFolder
    from CLIPSLib.training.tables import read_table

    view, folder = view_run(parsed.folder), RunFolder(parsed.folder)
    validations = read_table(folder.validation)
    if parsed.json:
        print_json(_document(view) | {"overrides": folder.overrides(), "validation": validations})
        return 0
    _print_state(view, folder)
    if view.identity.parent:
        print(f"Fork of run {view.identity.parent['run_id']} at step {view.identity.parent['step']}")
    for override in folder.overrides():
        for name, (old, new) in override.changes.items():
            print(f"{override.created_utc}: {name} from {old} to {new} {override.reason}".rstrip())
    columns = ["step", "case", "dice", "lesion_f1", "fpv_ml", "fnv_ml"]
    last = [row for row in validations if row["step"] == validations[-1]["step"]]
    if last:
        print_table(columns, [[row[column] or None for column in columns] for row in last])
    return 0


def _print_state(view: RunView, folder: RunFolder) -> None:
    """How far the run is, or how it ended, and what it has to give."""
    facts, going_on = dict(view.status.facts), not view.status.ended and view.state != "waiting"
    print(f"{view.folder}: {view.state}")
    if going_on:
        print(in_words(view.status))
    elif facts.get("step") is not None:
        print(f"{facts['step']} steps of {facts['steps'] or 'as many as wanted'}")
    if facts.get("best_step") is not None:
        print(f"Best: step {facts['best_step']}, running mean of Dice {facts['best_score']:.3f}")
    if view.error:
        print(view.error)
    if view.state == "finished" and folder.model.exists():
        print(f"Model: {view.status.result['model']}; install it: clips models install {folder.model}")


def _ask(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.runs import ask_run

    ask_run(parsed.folder, parsed.word)
    if parsed.json:
        print_json({"run": Path(parsed.folder).absolute(), "asked": parsed.word})
    else:
        print(f"Asked {Path(parsed.folder).name} to {parsed.word}; it answers between two steps.")
    return 0


def _resume(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.runs import resume_run

    values = key_values(parsed.values, "--set")
    return started(resume_run(parsed.folder, values, rate=parsed.rate, reason=parsed.reason), parsed)


def _fork(parsed: argparse.Namespace) -> int:
    from CLIPSLib.jobs import launch_job
    from CLIPSLib.tasks.runs import fork_run
    from CLIPSLib.training import read_cases

    cases = read_cases(parsed.cases) if parsed.cases else None
    values = key_values(parsed.values, "--set")
    job = fork_run(parsed.folder, parsed.new, values, cases=cases, step=parsed.step, rate=parsed.rate)
    launch_job(job)
    return started(job, parsed)


def _curves(parsed: argparse.Namespace) -> int:
    from CLIPSLib.files import write_text
    from CLIPSLib.report.run_curves import read_run_curves, run_curves_svg

    write_text(parsed.out, run_curves_svg([read_run_curves(run) for run in parsed.runs]), overwrite=parsed.overwrite)
    if parsed.json:
        print_json({"runs": parsed.runs, "picture": parsed.out})
    else:
        print(f"{parsed.out}: loss and Dice of {', '.join(Path(run).name for run in parsed.runs)}")
    return 0


def _export(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import ModelStore
    from CLIPSLib.training.export import export_model

    reporter = reporter_for(parsed)
    described = export_model(
        parsed.runs,
        parsed.out,
        which=parsed.which,
        version=parsed.as_version,
        overwrite=parsed.overwrite,
        reporter=reporter,
    )
    if parsed.install:
        ModelStore().install(parsed.out, reporter=reporter)
    weights = [
        {"run_id": run["run_id"], "step": run["step"], "which": run["which"]} for run in _card(parsed.out)["runs"]
    ]
    if parsed.json:
        document = {"model": described.model_id, "folder": Path(parsed.out), "installed": parsed.install}
        print_json({**document, "weights": weights})
    else:
        of = ", ".join(f"step {each['step']} ({each['which']})" for each in weights)
        done = f"installed; use it: clips segment PATH --model {described.model_id}"
        print(f"{described.model_id} in {parsed.out}, weights of {of}" + (f", {done}" if parsed.install else ""))
    return 0


def _card(folder: str) -> dict[str, Any]:
    from CLIPSLib.files import read_json
    from CLIPSLib.training.learned import CARD_FILE, CARD_FORMAT, CARD_VERSION

    return read_json(Path(folder) / CARD_FILE, format_name=CARD_FORMAT, version=CARD_VERSION)


def _document(view: RunView) -> dict[str, Any]:
    return {
        "folder": view.folder,
        "state": view.state,
        "run_id": view.identity.run_id,
        "parent": view.identity.parent,
        "created_utc": view.identity.created_utc,
        "stage": view.status.stage,
        "facts": view.status.facts,
        "error": view.status.error,
        "result": view.status.result,
    }
