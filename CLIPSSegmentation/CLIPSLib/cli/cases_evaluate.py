"""`clips cases evaluate`: what a model predicted for the cases, against their references."""

from __future__ import annotations

import argparse
from typing import Any

from CLIPSLib.cli.cases_arguments import add_case_action, open_registry
from CLIPSLib.cli.evaluate import add_language, add_options, exit_code, print_evaluation, request_of
from CLIPSLib.cli.output import print_json, reporter_for


def add_actions(actions: Any) -> None:
    evaluate = add_case_action(actions, "evaluate", "compare predicted masks with the references", _evaluate)
    evaluate.add_argument("cases", nargs="*", metavar="CASE", help="(all but unusable ones)")
    evaluate.add_argument("--model", default="", metavar="NAME", help="whose masks, where several models predicted")
    add_options(evaluate)
    evaluate.add_argument("--out", metavar="DIR", help="write evaluation.json and tables there")
    add_language(evaluate)
    evaluate.add_argument("--overwrite", action="store_true", help="replace files that exist")
    evaluate.add_argument("--quiet", action="store_true", help="no progress")


def _evaluate(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.evaluate import require_free, write_evaluation
    from CLIPSLib.tasks.evaluate_registry import evaluate_registry

    if not parsed.overwrite:
        require_free(parsed.out)
    with open_registry(parsed, read_only=True) as registry:
        evaluated = evaluate_registry(
            registry,
            request_of(parsed),
            model=parsed.model,
            case_ids=parsed.cases or None,
            reporter=reporter_for(parsed),
        )
    if parsed.out:
        write_evaluation(parsed.out, evaluated, language=parsed.language, overwrite=parsed.overwrite)
    if parsed.json:
        print_json(evaluated)
    else:
        print_evaluation(evaluated)
    return exit_code(evaluated)
