"""Two runs case by case, from what they wrote when they validated. Knows no scene and no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ComparedDice:
    """A case that both runs validated; None: Dice is undefined (no tumor, and none found)."""

    case_id: str
    a: float | None
    b: float | None

    @property
    def difference(self) -> float | None:
        """B - A."""
        return None if self.a is None or self.b is None else self.b - self.a


def compareRuns(folderA: Path, folderB: Path) -> list[ComparedDice]:
    """The cases that both validated, each run at the step of its model; the lowest Dice first."""
    a, b = diceOfModel(folderA), diceOfModel(folderB)
    rows = [ComparedDice(case_id=case, a=a[case], b=b[case]) for case in a if case in b]
    return sorted(rows, key=lambda row: (min(_known(row)), row.case_id))


def diceOfModel(folder: Path) -> dict[str, float | None]:
    """Dice of each validated case at the step whose weights became the model; {} when nothing was validated."""
    from CLIPSLib.jobs import open_job
    from CLIPSLib.training.run_folder import RunFolder
    from CLIPSLib.training.tables import read_table

    rows = read_table(RunFolder(folder).validation)
    result: Mapping = open_job(folder).status().result or {}
    step = result.get("best_step") or max((int(row["step"]) for row in rows), default=0)
    return {row["case"]: float(row["dice"]) if row["dice"] else None for row in rows if int(row["step"]) == step}


def means(rows: list[ComparedDice]) -> tuple[float, float, int] | None:
    """Mean Dice of A and of B over the cases where both are defined, and how many; None without such a case."""
    pairs = [(row.a, row.b) for row in rows if row.difference is not None]
    if not pairs:
        return None
    return sum(a for a, _b in pairs) / len(pairs), sum(b for _a, b in pairs) / len(pairs), len(pairs)


def _known(row: ComparedDice) -> list[float]:
    return [value for value in (row.a, row.b) if value is not None] or [1.0]
