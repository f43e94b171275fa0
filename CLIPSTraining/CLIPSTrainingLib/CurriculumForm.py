"""Which curriculum, with which options, and what that does to the patients before anything is trained. Made by
TrainPanel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import qt
from slicer.i18n import tr as _

from CLIPSTrainingLib.Chart import FAINT, Chart, Line
from CLIPSTrainingLib.RecipeForm import valueOf

if TYPE_CHECKING:
    from CLIPSLib.curriculum import Exposure, Method, OptionInfo
    from CLIPSLib.tasks.curriculum import ListedCases

_BINS = 20


class CurriculumForm:
    """onChanged: called after every change by the user."""

    def __init__(self, ui, onChanged: Callable[[], None]) -> None:
        from CLIPSLib.curriculum import list_curricula

        self.ui, self._onChanged = ui, onChanged
        self._fields: dict[str, Any] = {}
        self._layout = qt.QFormLayout(ui.curriculumOptionsArea)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._pool = Chart(ui.poolArea, _("Cases that can be drawn (%)"), _("share of the run (%)"))
        self._draws = Chart(
            ui.drawsArea,
            _("Times as often drawn as without a curriculum"),
            _("cases, from the easiest to the hardest (%)"),
        )
        self._methods = list_curricula()
        for number, method in enumerate(self._methods):
            ui.curriculumSelector.addItem(f"{method.name}: {method.title}", method.name)
            ui.curriculumSelector.setItemData(number, method.what, qt.Qt.ToolTipRole)
        ui.curriculumSelector.connect("currentIndexChanged(int)", lambda _index: self._onMethod())
        self._showMethod()

    @property
    def name(self) -> str:
        """The chosen curriculum."""
        return self.ui.curriculumSelector.currentData

    @property
    def _method(self) -> Method:
        return self._methods[self.ui.curriculumSelector.currentIndex]

    def options(self) -> dict[str, Any]:
        """What was set over the defaults. Raises ValueError: a text that cannot be meant."""
        given = {name: field.text.strip() for name, field in self._fields.items() if field.text.strip()}
        return {name: _optionOf(text, name) for name, text in given.items()}

    def show(self, name: str, options: Mapping[str, Any]) -> None:
        """Choose a curriculum with these options; what is not offered is left out."""
        self.ui.curriculumSelector.currentIndex = max(self.ui.curriculumSelector.findData(name), 0)
        for option, value in options.items():
            if self.name == name and option in self._fields:
                self._fields[option].text = _asText(value)

    def preview(self, listed: ListedCases | None, steps: int, seed: int, batch: int) -> bool:
        """Plot what the chosen curriculum does with these cases, and say it; returns whether it can be had with them.

        What depends on losses, or on the masks of a list that is not read yet, is told by training and may be had.
        """
        from CLIPSLib import ClipsError
        from CLIPSLib.tasks.curriculum import preview_curriculum

        self._pool.show(())
        self._draws.show(())
        if listed is None or not listed.cases:
            self.ui.exposureLabel.text = _("Choose cases to see whom this curriculum would draw when.")
            return False
        try:
            options = {"batch_size": batch, **self.options()}
            found = preview_curriculum(self.name, listed, total_steps=steps, seed=seed, options=options)
        except (ClipsError, ValueError) as error:
            self.ui.exposureLabel.text = str(error)
            return self._isToldByTraining(getattr(error, "code", ""))
        self._show(found.exposure, found.curriculum.description.total_steps, found.scores)
        cautions = [str(each) for each in found.curriculum.description.cautions]
        self.ui.exposureLabel.text = "<br>".join(
            [f"<b>{escape(found.exposure.sentence())}</b>" if self.name != "vanilla" else "", *map(escape, cautions)]
        ).removeprefix("<br>")
        return True

    def _isToldByTraining(self, code: str) -> bool:
        """Whether only the preview lacks something: losses, or the volumes of masks that are read when training."""
        from CLIPSLib.curriculum.ordering import SIZE

        return code == "adaptive" or (code == "no-score" and self._method.ordering == SIZE)

    def forget(self) -> None:
        """The scene is closed."""
        self._pool.forget()
        self._draws.forget()

    def _show(self, exposure: Exposure, steps: int, scores) -> None:
        pool = np.array([*exposure.pool, (steps, exposure.pool[-1][1])])
        x, y = np.repeat(pool[:, 0], 2)[1:], np.repeat(pool[:, 1], 2)[:-1]
        self._pool.show([Line(self.name, 100 * x / steps, 100 * y)], (0, 105))
        order = sorted(exposure.by_case, key=scores.__getitem__) if scores else list(exposure.by_case)
        parts = np.array_split([exposure.by_case[case] for case in order], min(_BINS, len(order)))
        edges = 100 * np.cumsum([0, *map(len, parts)]) / len(order)
        means = np.array([part.mean() for part in parts])
        x, y = np.repeat(edges, 2)[1:-1], np.repeat(means, 2)
        even = Line(_("no curriculum"), np.array([0.0, 100.0]), np.array([1.0, 1.0]), FAINT)
        self._draws.show([Line(self.name, x, y), even], (0, 1.1 * max(1.0, y.max())))

    def _onMethod(self) -> None:
        self._showMethod()
        self._onChanged()

    def _showMethod(self) -> None:
        from CLIPSLib.curriculum import options_of

        method = self._method
        self.ui.curriculumLabel.text = f"{escape(_sentence(method.what))}. <i>{escape(method.source)}</i>"
        pitfalls = "".join(f"<li>{escape(each)}</li>" for each in method.pitfalls)
        self.ui.curriculumLabel.toolTip = f"{escape(method.formula)}<ul>{pitfalls}</ul>"
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._fields = {option.name: self._makeField(option) for option in options_of(method)}
        self.ui.curriculumOptionsBox.collapsed = True

    def _makeField(self, option: OptionInfo):
        field = qt.QLineEdit()
        field.placeholderText = _("needed") if option.required else _asText(option.default)
        label = qt.QLabel(f"{option.name.replace('_', ' ')}:")
        label.toolTip = field.toolTip = f"<p>{escape(option.meaning) or option.name}</p><p><i>{option.name}</i></p>"
        field.connect("textChanged(QString)", lambda _text: self._onChanged())
        self._layout.addRow(label, field)
        return field


def _optionOf(text: str, name: str) -> Any:
    """A text may be written without quotation marks."""
    return (
        text
        if text.replace("-", "").replace("_", "").isalpha() and text not in ("true", "false")
        else valueOf(text, name)
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _asText(value: Any) -> str:
    from CLIPSLib.training.recipe_toml import toml_value

    return (
        _("none")
        if value is None
        else value
        if isinstance(value, str)
        else toml_value(list(value) if isinstance(value, tuple) else value)
    )
