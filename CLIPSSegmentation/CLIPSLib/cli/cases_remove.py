"""`clips cases remove | removed`: a case out for good, as a patient may ask who withdraws consent; and which went."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_author, add_case_action, author_of, case_of, open_registry
from CLIPSLib.cli.output import print_json, print_table

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.tasks.case_removal import RemovedEverywhere


def add_actions(actions: Any) -> None:
    remove = add_case_action(actions, "remove", "delete cases for good, with all that was made of them", _remove)
    remove.add_argument("cases", nargs="+", metavar="CASE", help="case id, UID, pseudonym or patient number")
    remove.add_argument("--reason", required=True, metavar="TEXT", help="why, without names: it is kept")
    remove.add_argument("--discard-drafts", action="store_true", help="also with unfinished work of a reader")
    remove.add_argument(
        "--look-in", action="append", default=[], metavar="DIR", help="search there for lists that name the case"
    )
    add_author(remove)
    add_case_action(actions, "removed", "list when and why cases were removed", _removed)


def _remove(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.case_removal import remove_case

    done = []
    with open_registry(parsed) as registry:
        for case_id in [_case(registry, case) for case in parsed.cases]:
            removed = remove_case(
                registry,
                case_id,
                reason=parsed.reason,
                author=author_of(parsed),
                discard_drafts=parsed.discard_drafts,
                look_in=parsed.look_in,
            )
            done.append(removed)
            if not parsed.json:
                _print(removed)
    if parsed.json:
        print_json(done)
    return 0


def _case(registry: Registry, identifier: str) -> str:
    """The case that is meant; one that is gone already may be given again, to finish what a crash left."""
    return identifier if registry.removal_of(identifier) else case_of(registry, identifier)


def _print(done: RemovedEverywhere) -> None:
    print(f"{done.case_id} {done.removed}")
    for title, names in (
        ("Taken out of difficulty tables", done.tables),
        ("Its id stays in splits", done.splits),
    ):
        if names:
            print(f"  {title}: {', '.join(names)}")
    for path in done.lists:
        print(f"  Still in the frozen list: {path} (masks of it lie beside; networks may have learned from it)")
    for caution in done.cautions:
        print(f"  Caution: {caution}")


def _removed(parsed: argparse.Namespace) -> int:
    with open_registry(parsed, read_only=True) as registry:
        removed = registry.removed()
    if parsed.json:
        print_json(removed)
    else:
        print_table(
            ["Removed", "By", "Reason", "SHA-256 of the id"],
            [[case.removed_utc, case.author, case.reason, case.case_sha256[:12]] for case in removed],
        )
    return 0
