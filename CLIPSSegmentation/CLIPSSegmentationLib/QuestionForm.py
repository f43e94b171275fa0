"""Questions as fields: what CLIPS cannot find in a study, a person can type or choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib import Question


class QuestionForm:
    """Fills a widget with one field per question. onChanged: called at every keystroke."""

    def __init__(self, container, onChanged: Callable[[], None]) -> None:
        self._container, self._onChanged = container, onChanged
        self._layout = qt.QFormLayout(container)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._fields: dict[str, Any] = {}
        self.setQuestions(())

    def setQuestions(self, questions: Sequence[Question]) -> None:
        """Show these questions instead of the earlier ones; none hides the form."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._fields = {}
        for question in questions:
            text = qt.QLabel(str(question))
            text.wordWrap = True
            self._layout.addRow(text)
            field = self._choice(question) if question.choices else self._entry(question)
            field.toolTip = question.remedy or question.what
            self._fields[question.key] = field
            self._layout.addRow(qt.QLabel(f"{_title(question)}:"), field)
        self._container.visible = bool(self._fields)

    @property
    def complete(self) -> bool:
        """Whether every field holds something."""
        return all(self.answers().values())

    def answers(self) -> dict[str, str]:
        """What was typed or chosen, by the keys of the questions."""
        return {
            key: (field.currentText if isinstance(field, qt.QComboBox) else field.text).strip()
            for key, field in self._fields.items()
        }

    def field(self, key: str):
        """The widget of a question."""
        return self._fields[key]

    def _choice(self, question: Question):
        field = qt.QComboBox()
        field.addItem("")
        for choice in question.choices:
            field.addItem(choice)
        field.connect("currentIndexChanged(int)", lambda _index: self._onChanged())
        return field

    def _entry(self, question: Question):
        field = qt.QLineEdit()
        field.connect("textChanged(QString)", lambda _text: self._onChanged())
        return field


def _title(question: Question) -> str:
    """What is asked for, in the user's language; a key that is not known here is shown as it is."""
    titles = {
        "weight_kg": _("Body weight"),
        "height_m": _("Body height"),
        "sex": _("Sex"),
        "dose_bq": _("Injected activity"),
        "half_life_s": _("Half-life"),
        "injection_time": _("Time of injection (HHMMSS)"),
        "confirm_long_uptake": _("Is the long uptake time right?"),
        "convert_undecayed": _("Correct for decay?"),
        "pet_series": _("PET series"),
        "ct_series": _("CT series"),
        "liver_center_lps_mm": _("Center of the liver sphere (x y z, LPS mm)"),
    }
    title = titles.get(question.key, question.key)
    return f"{title} ({question.unit})" if question.unit and question.unit not in title else title
