"""The difficulty tables of a registry as percentiles of its cases: what the case list goes by. Used by CasesPanel.

A reader who is to rate a case must not read its difficulty from a number. Tables of the family "uptake" are made from
the images and the reference alone, which he sees with their volumes anyway: they are open. All others rest on networks,
on corrections, on what others said or on nobody knows what: they are hidden until he has rated the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CLIPSLib.cases import Registry
    from CLIPSLib.difficulty import DifficultyTable

_OPEN_FAMILY = "uptake"


@dataclass(frozen=True, kw_only=True)
class DifficultyScores:
    """percents: by case, the hardest case has 100; without a score, None. isOpen: shown before a rating, too."""

    title: str
    percents: Mapping[str, float | None]
    isOpen: bool

    @property
    def query(self) -> dict[str, Any]:
        """The fields of a `CaseQuery`."""
        return {"scores": self.percents, "scores_open": self.isOpen}


class DifficultyTables:
    """Reads a table when it is asked for, and again when its file has changed."""

    def __init__(self) -> None:
        self._read: dict[tuple, DifficultyScores] = {}

    @staticmethod
    def names(registry: Registry) -> list[str]:
        """The tables that the registry keeps."""
        from CLIPSLib.tasks.difficulty import stored_names

        return stored_names(registry)

    def scores(self, registry: Registry, name: str) -> DifficultyScores:
        """A table by its name.

        Raises:
            ClipsError: there is none, it is damaged or a newer version's.
        """
        from CLIPSLib.tasks.difficulty import stored_table, table_path

        path = table_path(registry, name)
        key = (path, path.stat().st_mtime_ns) if path.is_file() else None
        if key not in self._read:
            scores = _scores(stored_table(registry, name))
            self._read = {key: scores}  # one at a time is looked at
        return self._read[key]


def _scores(table: DifficultyTable) -> DifficultyScores:
    from CLIPSLib.difficulty import list_measurers, percentiles

    families = {measurer.name: measurer.family for measurer in list_measurers()}
    percents = {case: None if part is None else 100.0 * part for case, part in percentiles(table.scores).items()}
    isOpen = families.get(table.measurer) == _OPEN_FAMILY
    return DifficultyScores(title=table.title, percents=percents, isOpen=isOpen)
