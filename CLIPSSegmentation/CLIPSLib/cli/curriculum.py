"""`clips curriculum`: which curricula there are, what each does and costs, plots, and who would be drawn when."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import key_values
from CLIPSLib.cli.output import option_value, print_json, print_table
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.curriculum import Method
    from CLIPSLib.tasks.curriculum import Preview

NAME = "curriculum"
SUMMARY = "Curricula for training: list, explain and plot them, and see who would be drawn when."
EXAMPLES = """examples:
  clips curriculum                                  what there is
  clips curriculum explain transfer-teacher         formula, source, cost, pitfalls, options
  clips curriculum explain root-p                   the same for a pacing function or a regularizer
  clips curriculum plot linear root-p --out pacing.svg
  clips curriculum plot --regularizers --out weights.svg
  clips curriculum preview difficulty.json --curriculum transfer-teacher --steps 50000
  clips curriculum preview table.csv --curriculum curriculum --steps 50000 --option pacing=linear --option full_at=0.3

docs/curriculum.md explains them all.
"""

_LISTED = 12
_POINTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    _action(actions, "list", "list curricula, pacing functions and regularizers (the default)", _list)
    explain = _action(actions, "explain", "formula, source, cost, pitfalls and options of one of them", _explain)
    explain.add_argument("name", metavar="NAME", help="a curriculum, a pacing function or a regularizer")
    plot = _action(actions, "plot", "plot schedules, or the weights of regularizers, as SVG", _plot)
    plot.add_argument("names", metavar="NAME", nargs="*", help="curricula and pacing functions (all pacing functions)")
    plot.add_argument("--regularizers", action="store_true", help="plot regularizers of self-paced learning instead")
    plot.add_argument("--out", required=True, metavar="FILE.svg")
    plot.add_argument("--overwrite", action="store_true", help="replace the file")
    _add_options(plot)
    preview = _action(actions, "preview", "who would be drawn when, and how often the hardest cases", _preview)
    preview.add_argument(
        "cases", metavar="CASES", help="cases.json of a run, a difficulty table (.json), a table (.csv), a list (.txt)"
    )
    preview.add_argument("--curriculum", required=True, metavar="NAME", help="as 'clips curriculum' lists it")
    preview.add_argument("--steps", required=True, type=int, metavar="N", help="optimizer steps of the run")
    preview.add_argument("--seed", type=int, default=0, help="of the order (%(default)s)")
    preview.add_argument("--id-column", default="case", metavar="NAME", help="of a .csv (%(default)s)")
    preview.add_argument("--value-column", default="score", metavar="NAME", help="of a .csv (%(default)s)")
    preview.add_argument("--all", action="store_true", help="list every case")
    _add_options(preview)


def _action(actions: Any, name: str, summary: str, run: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
    parser.set_defaults(action=run)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="of the curriculum (repeatable)"
    )


def run(parsed: argparse.Namespace) -> int:
    return parsed.action(parsed)


def _list(parsed: argparse.Namespace) -> int:
    from CLIPSLib.curriculum import PACINGS, REGULARIZERS, list_curricula

    methods = list_curricula()
    if parsed.json:
        print_json(
            {
                "curricula": [_told(method) for method in methods],
                "pacing_functions": {name: _texts(kind) for name, kind in PACINGS.items()},
                "regularizers": {name: _texts(kind) for name, kind in REGULARIZERS.items()},
            }
        )
        return 0
    for title, chosen in (("Presets", True), ("Plain methods and controls", False)):
        print(f"{title}:")
        for method in methods:
            if method.preset is chosen:
                print(_wrapped(f"{method.name + '  ':<20}{method.what}", "  ", 22))
    print(_wrapped(f"Pacing functions: {', '.join(PACINGS)}", "", 2))
    print(_wrapped(f"Regularizers of self-paced learning: {', '.join(REGULARIZERS)}", "", 2))
    return 0


def _explain(parsed: argparse.Namespace) -> int:
    from CLIPSLib.curriculum import PACINGS, REGULARIZERS, list_curricula, options_of, options_of_part

    methods = {method.name: method for method in list_curricula()}
    found = []
    if parsed.name in methods:
        method = methods[parsed.name]
        found.append({"kind": "curriculum", **_told(method), "options": options_of(method)})
    for kind, table in (("pacing function", PACINGS), ("regularizer", REGULARIZERS)):
        if parsed.name in table:
            part = table[parsed.name]
            found.append({"kind": kind, "name": parsed.name, **_texts(part), "options": options_of_part(part)})
    if not found:
        _refuse_name(parsed.name, [*methods, *PACINGS, *REGULARIZERS])
    if parsed.json:
        print_json(found)
        return 0
    for entry in found:
        _print_entry(entry)
    return 0


def _print_entry(entry: dict[str, Any]) -> None:
    print(f"{entry['name']} ({entry['kind']})")
    for key, value in entry.items():
        if key not in ("name", "kind", "options"):
            text = "; ".join(value) if isinstance(value, tuple) else value
            print(_wrapped(f"{key + ':':<13}{text}", "  ", 15))
    if entry["options"]:
        print("  options:")
    for option in entry["options"]:
        default = "required" if option.required else option_value(option.default)
        print(_wrapped(f"{option.name} = {default}  ({option.meaning})", "    ", 8))


def _refuse_name(name: str, known: list[str]) -> None:
    from CLIPSLib.curriculum.names import suggestion

    raise UsageError("unknown-name", f"There is nothing called '{name}' to explain", "", suggestion(name, known))


def _plot(parsed: argparse.Namespace) -> int:
    from CLIPSLib.curriculum import PACINGS, REGULARIZERS
    from CLIPSLib.curriculum.names import choose
    from CLIPSLib.files import write_text
    from CLIPSLib.report.schedules import regularizers_svg, schedules_svg
    from CLIPSLib.tasks.curriculum import example_schedule

    options = key_values(parsed.option, "--option")
    if parsed.regularizers:
        names = parsed.names or list(REGULARIZERS)
        svg = regularizers_svg({name: choose(name, REGULARIZERS, "regularizer")() for name in names})
    else:
        names = parsed.names or [name for name in PACINGS if name not in ("performance-gated", "replayed")]
        svg = schedules_svg([example_schedule(name, options) for name in names])
    path = write_text(parsed.out, svg, overwrite=parsed.overwrite)
    if parsed.json:
        print_json({"file": path, "plotted": names})
    else:
        print(f"Plotted {', '.join(names)} into {path}")
    return 0


def _preview(parsed: argparse.Namespace) -> int:
    from CLIPSLib.curriculum import get_method
    from CLIPSLib.curriculum.ordering import SIZE
    from CLIPSLib.tasks.curriculum import preview_curriculum, read_listed_cases

    by_size = get_method(parsed.curriculum).ordering == SIZE
    columns = {"id_column": parsed.id_column, "value_column": parsed.value_column}
    listed = read_listed_cases(parsed.cases, **columns, volumes=by_size)
    options = key_values(parsed.option, "--option")
    preview = preview_curriculum(parsed.curriculum, listed, total_steps=parsed.steps, seed=parsed.seed, options=options)
    if parsed.json:
        print_json({**vars(preview.curriculum.description), "exposure": preview.exposure, "scores": preview.scores})
        return 0
    _print_plan(preview, parsed.steps)
    _print_cases(preview, everyone=parsed.all)
    return 0


def _print_plan(preview: Preview, steps: int) -> None:
    described, exposure = preview.curriculum.description, preview.exposure
    given = ", ".join(
        f"{name}={option_value(value)}" for name, value in described.options.items() if value not in (None, ())
    )
    print(_wrapped(f"{described.name}: {given}", "", 2))
    print(f"Plan {described.fingerprint[:12]}, {len(described.order)} ranked cases", end="")
    print(f", {len(described.quarantined)} in quarantine" if described.quarantined else "")
    for caution in described.cautions:
        print(_wrapped(f"Caution: {caution}", "", 2))
    print(exposure.sentence() + "\n")
    rows = []
    for share in _POINTS:
        step = min(steps - 1, round(share * steps))
        draw = preview.curriculum.plan(step)
        ranked = sum(case_id in exposure.by_case for case_id in draw.ids)
        new = sum(first <= step for first in exposure.available_from.values())
        rows.append([step, ranked, 100.0 * ranked / len(described.order), len(draw.ids) - ranked, new])
    print_table(["Step", "Ranked cases", "%", "Lesion-free", "Seen so far"], rows)


def _print_cases(preview: Preview, *, everyone: bool) -> None:
    exposure, order = preview.exposure, preview.curriculum.description.order
    cut = [*order[: _LISTED // 2], *order[-_LISTED // 2 :]] if len(order) > _LISTED and not everyone else order
    print()
    rows = [
        [order.index(case_id) + 1, case_id, (preview.scores or {}).get(case_id), exposure.available_from.get(case_id),
         exposure.by_case[case_id]]
        for case_id in cut
    ]  # fmt: skip
    print_table(["Place", "Case", "Score", "From step", "Draws relative to vanilla"], rows)
    if len(cut) < len(order):
        print(f"... first and last {_LISTED // 2} of {len(order)}; all with --all")


def _told(method: Method) -> dict[str, Any]:
    words = ("name", "title", "what", "formula", "source", "cost", "pitfalls", "conditions", "ordering")
    needs = tuple(need for need, asked in (("scores", method.needs_scores), ("losses", method.needs_losses)) if asked)
    return {**{word: getattr(method, word) for word in words}, "needs": needs or ("nothing",)}


def _texts(kind: type) -> dict[str, str]:
    return {word: getattr(kind, word) for word in ("title", "formula", "source", "pitfall") if hasattr(kind, word)}


def _wrapped(text: str, indent: str, hanging: int) -> str:
    return textwrap.fill(
        text,
        110,
        initial_indent=indent,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
