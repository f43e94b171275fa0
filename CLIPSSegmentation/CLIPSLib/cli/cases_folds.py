"""`clips cases out-of-fold`: what the runs of a cross-validation find in the cases that each of them held back."""

from __future__ import annotations

import argparse
from typing import Any

from CLIPSLib.cli.arguments import key_values
from CLIPSLib.cli.cases_arguments import add_author, add_case_action, author_of, open_registry
from CLIPSLib.cli.cases_masks import print_predicted, print_problem
from CLIPSLib.cli.output import reporter_for


def add_actions(actions: Any) -> None:
    folds = add_case_action(
        actions, "out-of-fold", "keep what each run of a cross-validation finds in the cases it held back", _folds
    )
    folds.add_argument("runs", metavar="RUN", nargs="+", help="folders of finished runs, one of each fold")
    folds.add_argument(
        "--which",
        choices=["best", "last"],
        default="best",
        help="weights (%(default)s); the best step was chosen on these very cases, the last by nothing",
    )
    folds.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the model (repeatable)"
    )
    add_author(folds)


def _folds(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.out_of_fold import predict_out_of_fold

    with open_registry(parsed) as registry:
        outcomes = predict_out_of_fold(
            registry,
            parsed.runs,
            author=author_of(parsed),
            which=parsed.which,
            options=key_values(parsed.option, "--option"),
            reporter=reporter_for(parsed),
            on_outcome=lambda outcome: None if parsed.json else print_problem(outcome),
        )
    return print_predicted(outcomes, as_json=parsed.json)
