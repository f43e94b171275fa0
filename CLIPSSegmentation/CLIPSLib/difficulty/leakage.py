"""No order by someone who knows the answers: tables whose maker learned from cases that are held back are refused.

Called by tasks where a table is to order the training cases of a fold. Experiments check their designs by the same
entry, `options["trained_with"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from CLIPSLib.difficulty.types import DifficultyTable
from CLIPSLib.errors import Refusal

TRAINED_WITH, COMPLETE = "trained_with", "trained_with_complete"


def learned_together(tables: Sequence[DifficultyTable]) -> dict[str, Any]:
    """The options that say whom the makers of several tables had learned from: all that any of them knew.

    Empty where no table was made by networks.
    """
    told = [table.options for table in tables if TRAINED_WITH in table.options]
    if not told:
        return {}
    known = sorted({case for options in told for case in options[TRAINED_WITH]})
    return {TRAINED_WITH: known, COMPLETE: all(options.get(COMPLETE) is True for options in told)}


def require_unlearned(table: DifficultyTable, held_back: Iterable[str]) -> None:
    """Refuse a table that was made with cases that are tested.

    held_back: case ids of the fold that judges (test or validation).

    Raises:
        Refusal: "leak": the networks that made the table had learned from some of them, which are named.
    """
    leaked = sorted(set(table.options.get(TRAINED_WITH, ())) & set(held_back))
    if leaked:
        named = ", ".join(leaked[:5]) + (", ..." if len(leaked) > 5 else "")
        what = f"The networks behind '{table.measurer}' were trained with {len(leaked)} case(s) that are held back"
        raise Refusal(
            "leak",
            f"{what}: {named}",
            table.measurer,
            "Make one table per fold by cross-review, or take a teacher that saw none of them.",
        )
