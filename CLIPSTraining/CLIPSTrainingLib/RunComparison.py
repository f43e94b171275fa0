"""Two runs case by case, from what they wrote when they validated. Knows no scene and no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CLIPSLib.training import TrainingCase

_TRUTH = ("pet", "mask")  # what must be the same for two values of Dice to be about the same thing


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


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """rows: the cases that can be compared, the lowest Dice first. unlike: ids that name another patient, other images
    or another reference mask in B than in A, and are therefore left out."""

    rows: tuple[ComparedDice, ...] = ()
    unlike: tuple[str, ...] = ()

    @property
    def means(self) -> tuple[float, float, int] | None:
        """Mean Dice of A and of B over the cases where both are defined, and how many; None without such a case."""
        pairs = [(row.a, row.b) for row in self.rows if row.difference is not None]
        if not pairs:
            return None
        return sum(a for a, _b in pairs) / len(pairs), sum(b for _a, b in pairs) / len(pairs), len(pairs)


def compareRuns(folderA: Path, folderB: Path) -> Comparison:
    """The cases that both validated, each run at the step of its model.

    Raises:
        ClipsError: the list of cases of a run is damaged.
    """
    a, b = diceOfModel(folderA), diceOfModel(folderB)
    both = [case for case in a if case in b]
    casesA, casesB = _cases(folderA), _cases(folderB)
    unlike = [case for case in both if not _sameTruth(casesA[case], casesB[case])]
    rows = [ComparedDice(case_id=case, a=a[case], b=b[case]) for case in both if case not in unlike]
    return Comparison(rows=tuple(sorted(rows, key=lambda row: (min(_known(row)), row.case_id))), unlike=tuple(unlike))


def diceOfModel(folder: Path) -> dict[str, float | None]:
    """Dice of each validated case at the step whose weights became the model; {} when nothing was validated."""
    from CLIPSLib.jobs import open_job
    from CLIPSLib.training.run_folder import RunFolder
    from CLIPSLib.training.tables import read_table

    rows = read_table(RunFolder(folder).validation)
    result: Mapping = open_job(folder).status().result or {}
    step = result.get("best_step") or max((int(row["step"]) for row in rows), default=0)
    return {row["case"]: float(row["dice"]) if row["dice"] else None for row in rows if int(row["step"]) == step}


def _cases(folder: Path) -> dict[str, TrainingCase]:
    from CLIPSLib.training.run_folder import RunFolder

    return {case.case_id: case for case in RunFolder(folder).cases().cases}


def _sameTruth(a: TrainingCase, b: TrainingCase) -> bool:
    """By the hashes that were taken when the lists were frozen; a file without one is known by its path."""
    return all(
        a.sha256[kind] == b.sha256[kind]
        if kind in a.sha256 and kind in b.sha256
        else getattr(a, kind) == getattr(b, kind)
        for kind in _TRUTH
    )


def _known(row: ComparedDice) -> list[float]:
    return [value for value in (row.a, row.b) if value is not None] or [1.0]
