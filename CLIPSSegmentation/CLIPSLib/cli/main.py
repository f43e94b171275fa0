"""Entry point of `clips`: builds the parser, runs a subcommand, turns errors into sentences and exit codes.

Exit codes: 0 done, 1 failure, 2 usage, 3 refused, 4 question, 5 cancelled.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from CLIPSLib.cli import (
    cases,
    curriculum,
    evaluate,
    experiment,
    measure,
    models,
    phantom,
    runs,
    segment,
    studies,
    train,
)
from CLIPSLib.cli.output import print_error
from CLIPSLib.errors import Cancelled, ClipsError, UsageError, package_missing
from CLIPSLib.provenance import RESEARCH_USE, VERSION

SUBCOMMANDS = (studies, segment, measure, evaluate, models, phantom, cases, curriculum, train, runs, experiment)


def main(arguments: list[str] | None = None) -> int:
    """Run `clips` and return its exit code."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:  # the reader of our output went away ("| head"): nothing to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(words: list[str]) -> int:
    try:
        parsed = build_parser().parse_args(words)
        return parsed.run(parsed)
    except ClipsError as error:
        return print_error(error, as_json="--json" in words)
    except KeyboardInterrupt:
        return print_error(Cancelled(), as_json="--json" in words)
    except ModuleNotFoundError as error:
        if (failure := package_missing(error)) is None:
            raise
        return print_error(failure, as_json="--json" in words)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others: one sentence, exit code 2, JSON where it was asked for."""

    def error(self, message: str) -> NoReturn:
        raise UsageError("command-line", message[:1].upper() + message[1:], "", f"See '{self.prog} --help'.")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line with its help."""
    parser = _Parser(
        prog="clips",
        description="Total metabolic tumor volume on FDG PET/CT: find studies, segment, measure, report.",
        epilog=f"{RESEARCH_USE} Exit codes: 0 done, 1 failure, 2 usage, 3 refused, 4 question, 5 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"clips {VERSION}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in SUBCOMMANDS:
        subparser = subparsers.add_parser(
            module.NAME,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        subparser.set_defaults(run=module.run)
    return parser
