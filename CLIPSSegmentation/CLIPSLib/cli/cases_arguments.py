"""What the actions of `clips cases` share: the registry, who is speaking, how masks are to be understood."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.formats import MaskReading

DEFAULT_REGISTRY = "clips-cases"


def add_case_action(actions: Any, name: str, summary: str, run: Any) -> argparse.ArgumentParser:
    """An action with the option that names the registry."""
    parser = add_action(actions, name, summary, run)
    parser.add_argument(
        "--registry", metavar="DIR", default=DEFAULT_REGISTRY, help="the folder of the registry (%(default)s)"
    )
    return parser


def open_registry(parsed: argparse.Namespace, *, read_only: bool = False) -> Registry:
    """The registry that the command names; use it in a `with` block."""
    from CLIPSLib.cases import Registry

    return Registry.open(parsed.registry, read_only=read_only)


def case_of(registry: Registry, identifier: str) -> str:
    """The case that an id on the command line means: a case id, a UID, a pseudonym, the hospital's patient number.

    Raises:
        UsageError: no case, or several.
    """
    found = registry.find(identifier)
    if len(found) > 1:
        what = f"'{identifier}' means {len(found)} cases: {', '.join(found)}"
        raise UsageError("several-cases", what, str(registry.folder), "Give the case id.")
    return found[0] if found else registry.case(identifier).case_id


def add_author(parser: argparse.ArgumentParser) -> None:
    """Who imports or chooses; unlike a reader or rater, the login name will do."""
    parser.add_argument("--author", metavar="NAME", help="who does this (the login name)")


def author_of(parsed: argparse.Namespace) -> str:
    """Raises UsageError where the machine does not know who is logged in."""
    if parsed.author:
        return parsed.author
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise UsageError("no-author", "The machine does not know who is logged in", "", "Give --author NAME.") from None


def add_mask_reading(parser: argparse.ArgumentParser) -> None:
    """Options that say what the values and structures of mask files mean."""
    group = parser.add_argument_group("masks")
    group.add_argument(
        "--roi",
        action="append",
        default=[],
        metavar="NAME",
        help="structure of an RTSTRUCT: its name, or a regular expression for whole names (repeatable)",
    )
    group.add_argument(
        "--other-frame", action="store_true", help="structures of another frame of reference do fit (look first)"
    )
    group.add_argument(
        "--labels", metavar="TABLE", default="", help="what label values mean: 1=tumor,2=physiological,3=ignore"
    )
    group.add_argument("--label-is-lesion", action="store_true", help="each label value is one lesion")
    group.add_argument("--split", action="store_true", help="components (26) of structures and segments are lesions")
    group.add_argument(
        "--resample", action="store_true", help="bring masks on another grid onto the PET's (nearest neighbor)"
    )


def mask_reading_of(parsed: argparse.Namespace) -> MaskReading:
    """How the command wants masks to be understood.

    Raises:
        UsageError: the table of labels cannot be read.
    """
    from CLIPSLib.formats import MaskReading

    return MaskReading(
        label_kinds=_label_table(parsed.labels),
        label_is_lesion=parsed.label_is_lesion,
        split=parsed.split,
        resample=parsed.resample,
        rois=tuple(parsed.roi),
        other_frame=parsed.other_frame,
    )


def _label_table(text: str) -> dict[int, str]:
    table: dict[int, str] = {}
    for item in filter(None, text.split(",")):
        value, equals, kind = (part.strip() for part in item.partition("="))
        if not (equals and value.isdecimal()):
            raise UsageError("label-table", f"--labels takes VALUE=KIND,..., not '{item}'")
        if int(value) in table:
            raise UsageError("label-table", f"--labels gives the value {value} twice")
        table[int(value)] = kind
    return table
