"""`clips cases difficulty teacher | members | cross-review`: difficulty from networks (docs/difficulty-networks.md)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action, key_values
from CLIPSLib.cli.cases_arguments import add_author, add_case_action, author_of, open_registry
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.errors import Refusal, UsageError

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.difficulty import DifficultyTable
    from CLIPSLib.tasks.case_masks import PredictedCase


def add_network_actions(actions: Any) -> None:
    teacher = add_case_action(
        actions, "teacher", "run a model on the cases and score them by how well it does", _teacher
    )
    teacher.add_argument("model", metavar="MODEL", help="installed model or threshold method, see 'clips models'")
    teacher.add_argument("measurers", metavar="MEASURER", nargs="*", help="of the teacher's (teacher)")
    _add_common(teacher)
    members = add_case_action(
        actions, "members", "ask the members of an ensemble one by one: where do they differ?", _members
    )
    members.add_argument("model", metavar="MODEL", help="installed model of several networks")
    members.add_argument("--by", choices=["folds", "flips"], default="folds", help="members, or mirror images")
    _add_common(members)
    review = add_action(actions, "cross-review", "score training cases by networks that did not see them", _review)
    review.add_argument("recipe", metavar="RECIPE.toml", help="recipe, whose cases are those of one outer fold")
    review.add_argument("--out", metavar="DIR", required=True, help="folder of the review; the same one to go on")
    review.add_argument("--folds", type=int, default=4, metavar="K", help="parts of the cases (%(default)s)")
    review.add_argument(
        "--budget", type=float, default=0.25, metavar="SHARE", help="of the recipe's steps (%(default)s)"
    )
    review.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="one repetition each (0)")
    review.add_argument("--measure", choices=["loss", "dice"], default="loss", help="what is scored (%(default)s)")
    review.add_argument("--keep-levels", action="store_true", help="scores as the networks gave them, not at one level")
    review.add_argument("--at-once", type=int, default=1, metavar="N", help="networks at the same time (%(default)s)")
    review.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="of the recipe (repeatable)")
    review.add_argument("--quiet", action="store_true", help="no progress")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", metavar="NAME", help="only the training cases of a split's --fold")
    parser.add_argument("--fold", type=int, default=0, metavar="N", help="counted from 0 (%(default)s)")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of the model (repeatable)")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_author(parser)


def _teacher(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import MeasureSettings, require_unlearned
    from CLIPSLib.tasks.teacher import score_with_teacher

    with open_registry(parsed) as registry:
        fold = _fold(registry, parsed)
        found = score_with_teacher(
            registry,
            parsed.model,
            parsed.measurers or ("teacher",),
            author=author_of(parsed),
            settings=MeasureSettings(cases=fold.train if fold else None),
            label=f"{parsed.split}-{parsed.fold}" if fold else "",
            options=key_values(parsed.option, "--option"),
            reporter=reporter_for(parsed),
        )
        for table in found.tables.values() if fold else ():
            require_unlearned(table, fold.validation)
    return _print(list(found.tables.values()), found.outcomes, parsed)


def _members(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import MeasureSettings, require_unlearned
    from CLIPSLib.models import ModelStore
    from CLIPSLib.tasks.difficulty import measure_tables
    from CLIPSLib.tasks.members import predict_members

    model = ModelStore().get(parsed.model).model_id
    with open_registry(parsed) as registry:
        fold = _fold(registry, parsed)
        cases = fold.train if fold else None
        outcomes = predict_members(
            registry,
            model,
            by=parsed.by,
            author=author_of(parsed),
            case_ids=cases,
            options=key_values(parsed.option, "--option"),
            reporter=reporter_for(parsed),
        )
        tables = measure_tables(
            registry,
            ["disagreement", "volume_variation", "entropy"],
            settings=MeasureSettings(cases=cases, teacher=model, among="members"),
            label=f"{parsed.split}-{parsed.fold}" if fold else "",
            reporter=reporter_for(parsed),
        )
        for table in tables.values() if fold else ():
            require_unlearned(table, fold.validation)
    return _print(list(tables.values()), outcomes, parsed)


def _review(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.cross_review import ReviewOptions, plan_review
    from CLIPSLib.tasks.cross_review_runs import run_review
    from CLIPSLib.tasks.frozen import CASES_FILE, with_scores
    from CLIPSLib.tasks.runs import read_recipe
    from CLIPSLib.training import write_cases

    recipe, cases = read_recipe(parsed.recipe, key_values(parsed.set, "--set"))
    options = ReviewOptions(
        folds=parsed.folds,
        budget=parsed.budget,
        seeds=tuple(parsed.seeds),
        measure=parsed.measure,
        leveled=not parsed.keep_levels,
    )
    reporter = reporter_for(parsed)
    plan_review(parsed.out, recipe, cases, options=options, reporter=reporter)
    table = run_review(parsed.out, recipe, cases, reporter, at_once=parsed.at_once)
    scored = write_cases(Path(parsed.out) / CASES_FILE, with_scores(cases, table), overwrite=True)
    if parsed.json:
        print_json({"table": table, "cases": scored})
        return 0
    _print_order(table)
    print(f"\nThe cases with their scores, to train with: {scored}")
    return 0


def _fold(registry: Registry, parsed: argparse.Namespace) -> Any:
    """The fold that is asked for; None: all cases."""
    if not parsed.split:
        return None
    folds = registry.split(parsed.split).folds
    if not 0 <= parsed.fold < len(folds):
        raise UsageError("no-fold", f"The split '{parsed.split}' has the folds 0 to {len(folds) - 1}")
    return folds[parsed.fold]


def _print(tables: list[DifficultyTable], outcomes: Any, parsed: argparse.Namespace) -> int:
    failed: list[PredictedCase] = [outcome for outcome in outcomes if outcome.error is not None]
    if parsed.json:
        print_json({"tables": tables, "failed": {outcome.case_id: outcome.error for outcome in failed}})
    else:
        for table in tables:
            _print_order(table)
        for outcome in failed:
            print(f"Not segmented: {outcome.case_id}, {outcome.error}")
    return Refusal.exit_code if failed and len(failed) == len(list(outcomes)) else 0


def _print_order(table: DifficultyTable) -> None:
    from CLIPSLib.difficulty import easiest_first

    print(f"{table.measurer}: {table.title}, easiest first")
    print_table(["Case", "Value"], [[case, table.values[case]] for case in easiest_first(table.scores)])
    for case, why in {**table.missing, **table.outside, **table.quarantined}.items():
        print(f"Not ranked: {case}, {why}")
