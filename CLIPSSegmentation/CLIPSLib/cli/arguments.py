"""Command-line options that several subcommands share: answers to questions, series, model options."""

from __future__ import annotations

import argparse
from typing import Any

from CLIPSLib.errors import UsageError

_ANSWERS = {
    "weight_kg": (float, "KG", "body weight, where the header lacks it"),
    "height_m": (float, "M", "body height, where the header lacks it"),
    "sex": (str, "M|F", "sex, where the header lacks it (only lean-body norms need it)"),
    "dose_bq": (float, "BQ", "injected dose, where the header lacks it"),
    "injection_time": (str, "TIME", "HHMMSS, or YYYYMMDDHHMMSS (long-lived tracers need the date)"),
}
OPTION_KEYS = (*_ANSWERS, "pet_series", "ct_series", "roi", "patient_is", "model")  # with an option of their own


def add_answers(parser: argparse.ArgumentParser) -> None:
    """Options that answer questions; what they give is marked as user-entered in every report."""
    group = parser.add_argument_group("answers (marked as user-entered in every report)")
    for key, (kind, metavar, text) in _ANSWERS.items():
        group.add_argument(f"--{key.replace('_', '-')}", dest=key, type=kind, metavar=metavar, help=text)
    group.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="answer any other question by its key (repeatable)",
    )


def add_series(parser: argparse.ArgumentParser) -> None:
    """Options that name series where several would do."""
    parser.add_argument("--pet-series", metavar="UID", help="SeriesInstanceUID of the PET to use")
    parser.add_argument("--ct-series", metavar="UID", help="SeriesInstanceUID of the CT to use")


def add_action(actions: Any, name: str, summary: str, run: Any) -> argparse.ArgumentParser:
    """One of the actions of a subcommand ("clips models show"), which `run` carries out."""
    parser = actions.add_parser(name, help=summary, description=_sentence(summary))
    # Suppressed, so that "models --json show" is not undone by the default of "show".
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
    parser.set_defaults(action=run)
    return parser


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + ("" if summary.endswith("?") else ".")


def answers_of(parsed: argparse.Namespace) -> dict[str, Any]:
    """The answers given on the command line."""
    answers = {key: getattr(parsed, key) for key in _ANSWERS if getattr(parsed, key) is not None}
    answers.update(key_values(parsed.answer, "--answer"))
    return answers


def key_values(items: list[str], option: str) -> dict[str, Any]:
    """`["a=1", "b=x", "c=1,2,3"]` as a dict; numbers become float or int, lists of numbers become lists.

    Raises:
        UsageError: an item without "=".
    """
    result = {}
    for item in items:
        key, equals, text = item.partition("=")
        if not equals or not key:
            raise UsageError("not-key-value", f"{option} takes KEY=VALUE, not '{item}'")
        result[key.strip().replace("-", "_")] = _value(text.strip())
    return result


def _value(text: str) -> Any:
    if "," in text:
        return [_value(part.strip()) for part in text.split(",")]
    if len(text) > 1 and text[0] == "0" and text[1].isdigit():
        return text  # a time of day or an id: leading zeros matter
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
