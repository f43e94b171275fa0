"""The filters of the case list, as boxes to choose from. Used by CasesPanel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from CLIPSTrainingLib.texts import stateName

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseCounts


class CaseFilters:
    """ui: stateFilter, readerFilter, modelFilter, difficultyFilter, and measureSelector, which says what difficulty is.

    onChanged(): another choice by the user.
    """

    def __init__(self, ui, onChanged: Callable[[], None]) -> None:
        self._onChanged = onChanged
        self._state = _Filter(ui.stateFilter, _("Any state"), onChanged)
        self._difficulty = _Filter(ui.difficultyFilter, _("Any difficulty"), onChanged)
        self._reader = _Filter(ui.readerFilter, _("Any reader"), onChanged)
        self._model = _Filter(ui.modelFilter, _("Any model"), onChanged)
        self._measure = _Filter(ui.measureSelector, _("by mean rating"), self._onMeasure)
        self._difficulty.offer(_ratings())

    def offer(self, counts: CaseCounts, tables: Iterable[str]) -> None:
        """Offer what there is in a registry, also these difficulty tables; what was chosen stays chosen."""
        self._measure.offer((_("by {table}").format(table=name), {"table": name}) for name in tables)
        self._difficulty.offer(_thirds() if self.table else _ratings())
        self._state.offer(_states(counts.by_status))
        self._reader.offer((f"{name} ({n})", {"reader": name}) for name, n in counts.reviews_by_reader.items())
        self._model.offer((f"{name} ({n})", {"model": name}) for name, n in counts.masks_by_model.items())

    @property
    def table(self) -> str:
        """The difficulty table that the list is to show, "" for the mean rating."""
        return self._measure.chosen.get("table", "")

    @property
    def narrowsDifficulty(self) -> bool:
        """Whether cases of unknown difficulty are left out."""
        return bool(self._difficulty.chosen)

    @property
    def query(self) -> dict[str, Any]:
        """The fields of a `CaseQuery` that were chosen, without the scores of `table`."""
        return {**self._state.chosen, **self._difficulty.chosen, **self._reader.chosen, **self._model.chosen}

    def _onMeasure(self) -> None:
        self._difficulty.offer(_thirds() if self.table else _ratings())
        self._onChanged()


class _Filter:
    """A box whose first entry is no filter; each other entry stands for fields of a `CaseQuery`."""

    def __init__(self, combo, anything: str, onChanged: Callable[[], None]) -> None:
        self._combo = combo
        self._choices: list[tuple[str, dict[str, Any]]] = [(anything, {})]
        combo.addItem(anything)
        combo.connect("currentIndexChanged(int)", lambda _index: onChanged())

    @property
    def chosen(self) -> dict[str, Any]:
        return self._choices[max(0, self._combo.currentIndex)][1]

    def offer(self, choices: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Offer these entries, (text, fields of the query) each."""
        chosen = self.chosen
        self._choices = [self._choices[0], *choices]
        self._combo.blockSignals(True)
        self._combo.clear()
        for text, _fields in self._choices:
            self._combo.addItem(text)
        self._combo.currentIndex = next((n for n, each in enumerate(self._choices) if each[1] == chosen), 0)
        self._combo.blockSignals(False)


def _states(counts: Mapping[str, int]) -> list[tuple[str, dict[str, Any]]]:
    from CLIPSLib.cases import REVIEW_STATUSES, TO_REVIEW

    states = [(TO_REVIEW, {"status": TO_REVIEW}), ("flagged", {"flagged": True})]
    states += [(status, {"status": status}) for status in REVIEW_STATUSES if status != "flagged"]
    named = [
        (f"{stateName(status)} ({counts[status]})" if counts.get(status) else stateName(status), fields)
        for status, fields in states
    ]
    return [*named, (_("not rated by me"), {"rated": False})]


def _ratings() -> list[tuple[str, dict[str, Any]]]:
    """Bounds of the mean rating; ratings of others count for cases that the reader has rated."""
    return [
        (_("hard (4 to 5)"), {"difficulty": (3.5, None)}),
        (_("moderate (3)"), {"difficulty": (2.5, 3.5)}),
        (_("easy (1 to 2)"), {"difficulty": (None, 2.5)}),
    ]


def _thirds() -> list[tuple[str, dict[str, Any]]]:
    """Bounds of the percentile in a difficulty table."""
    third = 100.0 / 3.0
    return [
        (_("hardest third"), {"difficulty": (2.0 * third, None)}),
        (_("middle third"), {"difficulty": (third, 2.0 * third)}),
        (_("easiest third"), {"difficulty": (None, third)}),
    ]
