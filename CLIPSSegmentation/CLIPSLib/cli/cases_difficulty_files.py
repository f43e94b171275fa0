"""`clips cases difficulty import` and `export`: difficulty from other people's files, and into a spreadsheet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_case_action, open_registry
from CLIPSLib.cli.output import print_json, print_table
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.formats.difficulty_lists import GivenValues
    from CLIPSLib.tasks.difficulty import ImportedDifficulty


def add_file_actions(actions: Any) -> None:
    take = add_case_action(actions, "import", "a list of ids, a column of a table, or metriques.txt files", _import)
    take.add_argument("source", metavar="PATH", help="list (.txt), table (.csv), or folder of metriques.txt files")
    take.add_argument("--name", required=True, help="of the new table")
    take.add_argument("--hard-when", choices=["high", "low"], help="which values of the column mean a hard case")
    take.add_argument("--others-unknown", action="store_true", help="cases that a list does not name get no score")
    take.add_argument("--matching", choices=["dice", "nsd"], help="how the lesions in metriques.txt were matched")
    take.add_argument("--overwrite", action="store_true", help="replace a table of this name")
    add_columns(take, value=None)
    export = add_case_action(actions, "export", "tables as .csv (a row per case), or one table as .json", _export)
    export.add_argument("path", metavar="FILE")
    export.add_argument("names", nargs="*", metavar="TABLE", help="without any: all tables")
    export.add_argument("--french-excel", action="store_true", help="';' and decimal comma")
    export.add_argument("--overwrite", action="store_true", help="replace the file")


def add_columns(parser: argparse.ArgumentParser, *, value: str | None) -> None:
    """Which columns of a table are meant."""
    parser.add_argument("--id-column", default="case", metavar="NAME", help="of the ids (%(default)s)")
    default = " (%(default)s)" if value else ""
    parser.add_argument("--value-column", default=value, metavar="NAME", help=f"of the numbers{default}")


def ids_in_file(registry: Registry, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cases that a list of ids means, and the ids that mean none."""
    from CLIPSLib.formats.difficulty_lists import read_id_list
    from CLIPSLib.tasks.case_ids import match_ids

    matched = match_ids(registry, list(read_id_list(path).values))
    return tuple(dict.fromkeys(case for cases in matched.cases.values() for case in cases)), matched.unknown


def given_dice(registry: Registry, parsed: argparse.Namespace) -> tuple[dict[str, float | None], tuple[str, ...]]:
    """Dice by case from the table that the command names, and its ids that mean no case."""
    from CLIPSLib.formats.difficulty_lists import read_csv_values
    from CLIPSLib.tasks.difficulty import dice_of_cases

    given = read_csv_values(parsed.dice, id_column=parsed.id_column, value_column=parsed.value_column)
    return dice_of_cases(registry, given)


def _import(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.difficulty import import_table

    given, hard_when = _read(parsed)
    is_list = not parsed.value_column
    with open_registry(parsed) as registry:
        imported = import_table(
            registry,
            given,
            name=parsed.name,
            hard_when=hard_when,
            unlisted=0.0 if is_list and not parsed.others_unknown else None,
            overwrite=parsed.overwrite,
        )
    if parsed.json:
        print_json({"imported": imported, "cautions": given.cautions})
        return 0
    _print(imported, given, listed_are_hard=is_list)
    return 0


def _read(parsed: argparse.Namespace) -> tuple[GivenValues, Any]:
    """The numbers of the file, and which of them mean a hard case."""
    from CLIPSLib.formats.difficulty_lists import (
        HOSPITAL_VALUES,
        read_csv_values,
        read_hospital_values,
        read_id_list,
    )

    if Path(parsed.source).is_dir():
        value = parsed.value_column or "dice"
        parsed.value_column = value
        given = read_hospital_values(parsed.source, value, matching=parsed.matching)
        return given, parsed.hard_when or HOSPITAL_VALUES[value]
    if not parsed.value_column:
        return read_id_list(parsed.source), "high"
    if not parsed.hard_when:
        what = f"It is not said whether high or low values of '{parsed.value_column}' mean a hard case"
        raise UsageError("no-direction", what, parsed.source, "Give --hard-when high or --hard-when low.")
    given = read_csv_values(parsed.source, id_column=parsed.id_column, value_column=parsed.value_column)
    return given, parsed.hard_when


def _print(imported: ImportedDifficulty, given: GivenValues, *, listed_are_hard: bool) -> None:
    table = imported.table
    print_table(
        ["Table", "Scored", "Missing", "Unknown ids", "Repeated ids", "Cases not in the file"],
        [
            [
                table.measurer,
                len(table.ranked),
                len(table.missing),
                len(imported.unknown_ids),
                len(imported.repeated_ids),
                len(imported.unlisted_cases),
            ]
        ],
    )
    if listed_are_hard and not table.missing:
        print("\nListed cases are hard (1), all others easy (0).")
    for heading, ids in (("No case has these ids", imported.unknown_ids), ("Repeated ids", imported.repeated_ids)):
        if ids:
            print(f"{heading}: {', '.join(ids)}")
    for caution in given.cautions:
        print(f"Caution: {caution}")


def _export(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import write_difficulty
    from CLIPSLib.formats import FRENCH_EXCEL, PLAIN
    from CLIPSLib.tasks.difficulty import stored_names, stored_table
    from CLIPSLib.tasks.difficulty_export import write_difficulty_csv

    with open_registry(parsed, read_only=True) as registry:
        tables = [stored_table(registry, name) for name in parsed.names or stored_names(registry)]
        if not tables:
            raise UsageError("no-table", "The registry has no difficulty table yet", str(registry.folder))
        if Path(parsed.path).suffix == ".json":
            if len(tables) > 1:
                what = f"A .json file holds one table, and {len(tables)} are asked for"
                raise UsageError("one-table", what, parsed.path, "Name one, or write a .csv.")
            write_difficulty(parsed.path, tables[0], overwrite=parsed.overwrite)
        else:
            style = FRENCH_EXCEL if parsed.french_excel else PLAIN
            write_difficulty_csv(parsed.path, registry, tables, style=style, overwrite=parsed.overwrite)
    if parsed.json:
        print_json({"written": parsed.path, "tables": [table.measurer for table in tables]})
    else:
        print(f"{len(tables)} table{'s' * (len(tables) != 1)} in {parsed.path}")
    return 0
