"""`clips cases priors | out-of-fold`: what goes from a model back into the cases it is trained or judged with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from CLIPSLib.cli.arguments import add_action, key_values
from CLIPSLib.cli.cases_arguments import add_author, add_case_action, author_of, open_registry
from CLIPSLib.cli.cases_masks import print_predicted, print_problem
from CLIPSLib.cli.output import print_json, reporter_for


def add_actions(actions: Any) -> None:
    priors = add_action(
        actions, "priors", "run the first stage of a cascade on the cases of a list, to train a refiner", _priors
    )
    priors.add_argument("cases", metavar="CASES", help="cases.json")
    priors.add_argument("--model", metavar="NAME", required=True, help="an installed cascade, such as tmtvnet")
    priors.add_argument("--out", metavar="FILE", help="the new list (cases-priors.json beside the old one)")
    priors.add_argument("--device", default="auto", help="auto, cpu, cuda, mps (%(default)s)")
    priors.add_argument("--overwrite", action="store_true", help="replace an existing list")
    folds = add_case_action(
        actions, "out-of-fold", "keep what each run of a cross-validation finds in the cases it held back", _folds
    )
    folds.add_argument("runs", metavar="RUN", nargs="+", help="folders of finished runs, one of each fold")
    folds.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the model (repeatable)"
    )
    add_author(folds)


def _priors(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.first_stage import add_priors

    out = Path(parsed.out) if parsed.out else Path(parsed.cases).with_name("cases-priors.json")
    listed = add_priors(
        parsed.cases,
        out,
        model=parsed.model,
        device=parsed.device,
        overwrite=parsed.overwrite,
        reporter=reporter_for(parsed),
    )
    if parsed.json:
        print_json({"file": out, "cases": len(listed.cases)})
    else:
        print(f"{len(listed.cases)} cases with the first stage's probability: {out}; recipe: data.prior = true")
    return 0


def _folds(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.out_of_fold import predict_out_of_fold

    with open_registry(parsed) as registry:
        outcomes = predict_out_of_fold(
            registry,
            parsed.runs,
            author=author_of(parsed),
            options=key_values(parsed.option, "--option"),
            reporter=reporter_for(parsed),
            on_outcome=lambda outcome: None if parsed.json else print_problem(outcome),
        )
    return print_predicted(outcomes, as_json=parsed.json)
