"""`clips train RECIPE`: start a training run, or say what it would cost."""

from __future__ import annotations

import argparse
import datetime
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import key_values
from CLIPSLib.cli.output import print_json, reporter_for
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.progress import format_duration

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job, JobStatus
    from CLIPSLib.training import CaseList, Recipe
    from CLIPSLib.training.check import CheckReport

NAME = "train"
SUMMARY = "Train a network from a recipe; or check what that would cost."
EXAMPLES = """examples:
  clips train --preset standard > recipe.toml     a recipe in which every line is explained; edit it
  clips train --preset quick --set data.cases=training/cases.json > recipe.toml
  clips train recipe.toml --check                 read every header; estimate memory, disk and time
  clips train recipe.toml --preview pieces.png    a picture of what the network will see
  clips train recipe.toml                         train in a process of its own, and follow it
  clips train recipe.toml --out runs/first --background
  clips train recipe.toml --set training.steps=5000 --set network.options.filters=32

Ctrl-C asks a followed run to save and stop. Closing the terminal does not stop it: see 'clips runs'.
The recipe names the list of cases (cases.json). See docs/training.md.
"""

_LOOK_EVERY_S = 0.5
_LINE_EVERY_S = 60.0  # in a log file: a line a minute, and one for each new stage
_PREVIEWED = 4  # cases


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", help="recipe file (TOML)")
    parser.add_argument("--out", metavar="DIR", help="folder of the run (runs/NAME-TIME)")
    parser.add_argument(
        "--check", action="store_true", help="only look at headers, memory, disk and time; write nothing"
    )
    parser.add_argument(
        "--preview", metavar="PNG", help="only draw pieces of some cases, as they are and changed at random, with masks"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="print a recipe: quick, standard, complete, tmtvnet-unet, tmtvnet-refiner"
    )
    parser.add_argument("--background", action="store_true", help="start the run and return at once")
    add_values(parser)


def add_values(parser: argparse.ArgumentParser) -> None:
    """Let the user change fields of a recipe."""
    parser.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change the recipe (repeatable)",
    )


def run(parsed: argparse.Namespace) -> int:
    values = key_values(parsed.values, "--set")
    if parsed.preset:
        return _print_preset(parsed, values)
    if not parsed.recipe:
        raise UsageError("no-recipe", "'clips train' needs a recipe", "", "Make one: clips train --preset standard.")
    from CLIPSLib.tasks.runs import create_run, read_recipe

    recipe, cases = read_recipe(parsed.recipe, values)
    folder = Path(parsed.out or f"runs/{recipe.name}-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    if parsed.check:
        from CLIPSLib.training.check import check_recipe

        report = check_recipe(recipe, cases, folder, reporter=reporter_for(parsed))
        print_json(report) if parsed.json else _print_check(report)
        return 3 if report.problems else 0
    if parsed.preview:
        return _preview(recipe, cases, folder, parsed)
    from CLIPSLib.jobs import launch_job

    job = create_run(folder, recipe, cases)
    launch_job(job)
    return started(job, parsed)


def started(job: Job, parsed: argparse.Namespace) -> int:
    """Follow a run that was just launched to its end, or with `--background` only say where it is."""
    if parsed.background:
        if parsed.json:
            print_json({"run": job.folder})
        else:
            print(f"Training in {job.folder}; see 'clips runs show {job.folder}'")
        return 0
    status = _follow(job, quiet=parsed.json)
    if parsed.json:
        print_json({"run": job.folder, "state": status.state, "result": status.result, "error": status.error})
    status.raise_for_error()
    if not parsed.json:
        result = status.result or {}
        print(f"{result.get('state', status.state)} after {result.get('step')} steps: {job.folder}")
        if "model" in result:
            print(f"Model: {result['model']}; install it: clips models install {job.folder / 'model'}")
    return 0


def in_words(status: JobStatus) -> str:
    """Where a run is, in one line."""
    facts = status.facts
    if status.stage != "Training" or not facts:
        return f"{status.stage}, {100 * status.fraction:.0f} %" if status.fraction > 0 else status.stage
    of = f" of {facts['steps']}" if facts.get("steps") else ""
    parts = [f"step {facts['step']}{of}"]
    if facts.get("loss") is not None:
        parts.append(f"loss {facts['loss']:.3f}")
    if facts.get("dice") is not None:
        parts.append(f"Dice {facts['dice']:.3f}")
    if facts.get("steps_per_s"):
        parts.append(f"{facts['steps_per_s']:.2f} steps/s, {100 * facts['data_wait_share']:.0f} % waiting for data")
    if facts.get("seconds_left") is not None:
        parts.append(f"{format_duration(facts['seconds_left'])} left")
    return f"Training: {', '.join(parts)}"


def _follow(job: Job, *, quiet: bool):
    """Wait for the end and tell the way there; Ctrl-C asks the run to save and stop."""
    said, cautions, asked = _Said(), 0, False
    while True:
        try:
            status = job.status()
            for caution in status.cautions[cautions:] if not quiet else ():
                sys.stderr.write(f"Caution: {caution}\n")
            cautions = len(status.cautions)
            if not quiet:
                said = _say(status, said)
            if status.ended:
                return status
            time.sleep(_LOOK_EVERY_S)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            job.ask_stop()
            sys.stderr.write("\nThe run saves and stops; Ctrl-C again to leave it to that.\n")


@dataclass(frozen=True)
class _Said:
    """The last line on the way to the end of a run."""

    line: str = ""
    stage: str = ""
    at_s: float = -math.inf


def _say(status: JobStatus, before: _Said) -> _Said:
    """One line that changes in a terminal; where it cannot change, few lines."""
    line, now = in_words(status), time.monotonic()
    if line == before.line:
        return before
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
    elif status.stage != before.stage or now - before.at_s >= _LINE_EVERY_S:
        sys.stderr.write(f"{line}\n")
    else:
        return before
    sys.stderr.flush()
    return _Said(line, status.stage, now)


def _print_preset(parsed: argparse.Namespace, values: Mapping[str, Any]) -> int:
    from CLIPSLib.schema import to_document
    from CLIPSLib.training import preset
    from CLIPSLib.training.overrides import with_values
    from CLIPSLib.training.recipe_toml import recipe_toml

    recipe = with_values(preset(parsed.preset), values)
    if parsed.json:
        print_json(to_document(recipe))
    else:
        sys.stdout.write(recipe_toml(recipe))
    return 0


def _preview(recipe: Recipe, cases: CaseList, folder: Path, parsed: argparse.Namespace) -> int:
    from CLIPSLib.files import atomic_path
    from CLIPSLib.training.data import open_patches, preview_image
    from CLIPSLib.training.run_folder import RunFolder

    chosen = cases.of_role("train")[:_PREVIEWED]
    if not chosen:
        raise Refusal("no-cases", "No case has the role 'train'", recipe.data.cases, "Freeze the cases again.")
    cache = recipe.data.cache or RunFolder(folder).cache  # what is prepared now need not be prepared by the run
    patches = open_patches(chosen, recipe.data, recipe.augmentation, cache, reporter=reporter_for(parsed))
    ids = [case.case_id for case in chosen]
    with atomic_path(parsed.preview) as temporary:
        preview_image(patches, ids, seed=recipe.training.seed).save(temporary, format="PNG")
    if parsed.json:
        print_json({"picture": parsed.preview, "cases": ids})
    else:
        print(f"{parsed.preview}: a row for each image of {', '.join(ids)}: as it is, then changed at random")
    return 0


def _print_check(report: CheckReport) -> None:
    print(f"Cases        {report.train} to train, {report.validate} to validate")
    print(f"Voxels       {report.voxels[0]:,} in the middle, {report.voxels[1]:,} at most, on the network's grid")
    available = "" if report.device_memory_gb is None else f" of {report.device_memory_gb:.1f} GB"
    print(f"Network      {report.weights:,} weights, on {report.device} in {report.precision}")
    print(f"Memory       about {report.memory_gb:.1f} GB{available} for a step")
    print(f"Disk         about {report.disk_gb:.2g} GB, {report.disk_free_gb:.1f} GB are free")
    if report.seconds_per_step is not None:
        each = f"{report.seconds_per_step:.2f} s per step"
        if report.seconds_per_validation is not None:
            each += f", about {format_duration(report.seconds_per_validation)} per validation"
        total = "" if report.hours is None else f", {format_duration(3600 * report.hours)} in all"
        print(f"Time         {each}{total} (without preparing images)")
    for caution in report.cautions:
        print(f"Caution      {caution}")
    for problem in report.problems:
        print(f"Problem      {problem}")
    print("Nothing stands in the way." if not report.problems else f"{len(report.problems)} problem(s) to solve first.")
