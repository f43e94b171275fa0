"""`clips cases difficulty ACTION`: which cases are hard, by what, and how far to trust it (docs/difficulty.md)."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action, key_values
from CLIPSLib.cli.cases_arguments import add_case_action, open_registry
from CLIPSLib.cli.cases_difficulty_files import add_columns, add_file_actions, given_dice, ids_in_file
from CLIPSLib.cli.cases_difficulty_networks import add_network_actions
from CLIPSLib.cli.output import print_json, print_table, reporter_for

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.difficulty import DifficultyTable, MeasureSettings


def add_actions(actions: Any) -> None:
    difficulty = add_action(actions, "difficulty", "measure, import, combine and judge how hard cases are", None)
    inner = difficulty.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_action(inner, "measurers", "list the measurers, with definition and caveat", _measurers)
    _add_measure(inner)
    add_network_actions(inner)
    add_file_actions(inner)
    combine = add_case_action(inner, "combine", "one table from several: weighted mean of percentiles", _combine)
    combine.add_argument("name", metavar="NAME", help="of the new table")
    combine.add_argument("parts", nargs="+", metavar="TABLE[=WEIGHT]", help="weights are 1 where not given")
    combine.add_argument("--overwrite", action="store_true", help="replace a table of this name")
    show = add_case_action(inner, "show", "the order of the cases in a table, or the list of tables", _show)
    show.add_argument("name", nargs="?", metavar="TABLE")
    show.add_argument("--seed", type=int, default=0, help="orders equal scores (%(default)s)")
    show.add_argument("--ties", action="append", default=[], metavar="TABLE", help="orders equal scores first")
    _add_validity(inner)


def _add_measure(inner: Any) -> None:
    measure = add_case_action(inner, "measure", "measure the cases of the registry", _measure)
    measure.add_argument("measurers", nargs="*", metavar="MEASURER", help="without any: the whole --family")
    measure.add_argument(
        "--family",
        default="uptake",
        choices=["uptake", "rating", "effort", "teacher", "disagreement"],
        help="all measurers of a kind (%(default)s)",
    )
    measure.add_argument("--model", default="", metavar="NAME", help="the teacher: whose predicted masks are judged")
    measure.add_argument("--suv-threshold", type=float, metavar="SUV", help="judge the teacher above this SUV alone")
    measure.add_argument(
        "--among", default="all", choices=["all", "models", "readers", "members"], help="whose masks disagree"
    )
    measure.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of uptake (repeatable)")
    measure.add_argument("--organs", default="", metavar="DIR", help="organ masks on the PET grid, CASE.nii.gz")
    measure.add_argument("--quarantine", metavar="FILE", help="list of ids that take part in nothing")
    measure.add_argument("--split", metavar="NAME", help="only the training cases of a split's --fold")
    measure.add_argument("--fold", type=int, default=0, metavar="N", help="counted from 0 (%(default)s)")
    measure.add_argument("--quiet", action="store_true", help="no progress")


def _add_validity(inner: Any) -> None:
    check = add_case_action(inner, "validity", "does a table foretell Dice? Spearman's rho and interval", _validity)
    check.add_argument("names", nargs="*", metavar="TABLE", help="without any: all tables")
    check.add_argument("--model", default="", metavar="NAME", help="Dice of its masks; it never trained on these cases")
    check.add_argument("--dice", metavar="FILE.csv", help="out-of-fold Dice from a table instead")
    check.add_argument("--quiet", action="store_true", help="no progress")
    add_columns(check, value="dice")


def _measurers(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import list_measurers

    measurers = list_measurers()
    if parsed.json:
        print_json({"measurers": measurers})
        return 0
    print_table(
        ["Measurer", "Family", "Hard when", "Unit", "Definition", "Caveat"],
        [[m.name, m.family, m.hard_when, m.unit, m.rule, m.caveat] for m in measurers],
    )
    return 0


def _measure(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import list_measurers
    from CLIPSLib.tasks.difficulty import measure_tables

    names = parsed.measurers or [m.name for m in list_measurers() if m.family == parsed.family]
    with open_registry(parsed) as registry:
        settings, unknown = _settings(registry, parsed)
        label = f"{parsed.split}-{parsed.fold}" if parsed.split else ""
        tables = measure_tables(registry, names, settings=settings, label=label, reporter=reporter_for(parsed))
    if parsed.json:
        print_json({"tables": list(tables.values()), "unknown_quarantined_ids": unknown})
        return 0
    _print_tables(list(tables.values()))
    if unknown:
        print(f"\nIn the quarantine list, but no case: {', '.join(unknown)}")
    return 0


def _settings(registry: Registry, parsed: argparse.Namespace) -> tuple[MeasureSettings, tuple[str, ...]]:
    """What the options ask for, and the ids of the quarantine list that are no case."""
    from CLIPSLib.difficulty import AUTOPET, MeasureSettings, UptakeOptions
    from CLIPSLib.errors import UsageError
    from CLIPSLib.schema import from_document

    quarantined, unknown = ids_in_file(registry, parsed.quarantine) if parsed.quarantine else ((), ())
    cases = None
    if parsed.split:
        folds = registry.split(parsed.split).folds
        if not 0 <= parsed.fold < len(folds):
            raise UsageError("no-fold", f"The split '{parsed.split}' has the folds 0 to {len(folds) - 1}")
        cases = folds[parsed.fold].train
    settings = MeasureSettings(
        cases=cases,
        quarantine=dict.fromkeys(quarantined, f"listed in {parsed.quarantine}"),
        uptake=from_document(UptakeOptions, key_values(parsed.option, "--option"), where="--option"),
        organs=parsed.organs,
        teacher=parsed.model,
        evaluation=replace(AUTOPET, suv_threshold=parsed.suv_threshold),
        among=parsed.among,
    )
    return settings, unknown


def _print_tables(tables: list[DifficultyTable]) -> None:
    from CLIPSLib.difficulty import easiest_first

    rows = []
    for table in tables:
        order = easiest_first(table.scores)
        counts = (len(order), len(table.missing), len(table.outside), len(table.quarantined))
        rows.append([table.measurer, table.hard_when, *counts, order[-1] if order else None])
    print_table(["Table", "Hard when", "Scored", "Missing", "Lesion-free", "Quarantined", "Hardest"], rows)


def _combine(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.difficulty import combine_tables

    weights = key_values([part if "=" in part else f"{part}=1" for part in parsed.parts], "TABLE")
    with open_registry(parsed) as registry:
        table = combine_tables(registry, weights, name=parsed.name, overwrite=parsed.overwrite)
    if parsed.json:
        print_json(table)
    else:
        _print_tables([table])
    return 0


def _show(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import easiest_first, percentiles
    from CLIPSLib.tasks.difficulty import stored_names, stored_table

    with open_registry(parsed, read_only=True) as registry:
        if parsed.name is None:
            tables = [stored_table(registry, name) for name in stored_names(registry)]
            print_json({"tables": [t.measurer for t in tables]}) if parsed.json else _print_tables(tables)
            return 0
        table = stored_table(registry, parsed.name)
        ties = [stored_table(registry, name).scores for name in parsed.ties]
    order = easiest_first(table.scores, seed=parsed.seed, tie_breakers=ties)
    if parsed.json:
        print_json({"easiest_first": order, "table": table})
        return 0
    ranks = percentiles(table.scores)
    print(f"{table.title}: hard when {table.hard_when}. {table.caveat}\nScored on: {table.scored_on}\n")
    unit = f"Value {table.unit}".strip()
    print_table(["Case", unit, "Percentile"], [[case, table.values[case], ranks[case]] for case in order])
    for heading, cases in (
        ("No score", table.missing),
        ("Outside the ranking", table.outside),
        ("Quarantined", table.quarantined),
    ):
        for case, why in cases.items():
            print(f"{heading}: {case}, {why}")
    return 0


def _validity(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.difficulty import dice_of_model, stored_names, stored_table, table_validity

    with open_registry(parsed) as registry:
        model, unknown = "", ()
        if parsed.dice:
            dice, unknown = given_dice(registry, parsed)
        else:
            dice, model = dice_of_model(registry, parsed.model, reporter=reporter_for(parsed))
        names = parsed.names or stored_names(registry)
        found = {name: table_validity(stored_table(registry, name), dice, model=model) for name in names}
    if parsed.json:
        print_json({"validity": found, "unknown_ids": unknown})
        return 0
    rows = [[n, v.rho, v.low, v.high, v.bootstrap_low, v.bootstrap_high, v.n, v.warning] for n, v in found.items()]
    rows.sort(key=lambda row: (row[1] is None, row[1]))
    print_table(["Table", "rho", "from", "to", "bootstrap", "to", "n", "Remark"], rows)
    if found:
        print(f"\n{next(iter(found.values())).method}.\nNegative: the harder a case is called, the lower its Dice.")
    if unknown:
        print(f"In {parsed.dice}, but no case: {', '.join(unknown)}")
    return 0
