"""Fields of a training recipe as widgets, made from what the recipe says about itself. Used by TrainPanel."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.training import Recipe


class RecipeForm:
    """names: fields by dotted name ("training.steps") with their titles. choices: (value, text) pairs of fields that
    are texts in the recipe and a list here. onChanged: called after every change by the user.
    """

    def __init__(
        self,
        area,
        names: Mapping[str, str],
        onChanged: Callable[[], None],
        choices: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        from CLIPSLib.training.recipe_toml import field_help

        self._names, self._onChanged, self._choices = dict(names), onChanged, dict(choices or {})
        self._fields: dict[str, Any] = {}
        self.labels: list = []
        layout = qt.QFormLayout(area)
        layout.setContentsMargins(0, 0, 0, 0)
        for name, title in self._names.items():
            self._fields[name] = self._makeField(name)
            label = qt.QLabel(f"{title}:")
            label.toolTip = self._fields[name].toolTip = f"<p>{escape(field_help(name))}</p><p><i>{name}</i></p>"
            layout.addRow(label, self._fields[name])
            self.labels.append(label)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of this form."""
        return tuple(self._names)

    def field(self, name: str):
        """The widget of a field."""
        return self._fields[name]

    def show(self, recipe: Recipe) -> None:
        """Show the values of a recipe."""
        from CLIPSLib.schema import to_document

        document = to_document(recipe)
        for name, field in self._fields.items():
            field.blockSignals(True)
            self._setValue(field, _at(document, name))
            field.blockSignals(False)

    def values(self) -> dict[str, Any]:
        """All fields by dotted name, as `with_values` takes them.

        Raises:
            ValueError: a text that cannot be meant; names the field.
        """
        return {name: self._value(name, field) for name, field in self._fields.items()}

    def _makeField(self, name: str):
        from CLIPSLib.training.recipe_toml import field_schema

        about = field_schema(name)
        if about.get("type") == "boolean":
            field = qt.QCheckBox()
            field.connect("toggled(bool)", lambda _on: self._onChanged())
        elif name in self._choices or about.get("enum"):
            field = qt.QComboBox()
            field.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
            field.minimumContentsLength = 12
            for value, text in self._choices.get(name) or [(each, each) for each in about["enum"]]:
                field.addItem(text, value)
            field.connect("currentIndexChanged(int)", lambda _index: self._onChanged())
        else:
            field = qt.QLineEdit()
            field.connect("textChanged(QString)", lambda _text: self._onChanged())
        return field

    def _setValue(self, field, value: Any) -> None:
        if isinstance(field, qt.QCheckBox):
            field.checked = value
        elif isinstance(field, qt.QComboBox):
            if field.findData(value) < 0:
                field.addItem(value, value)
            field.currentIndex = field.findData(value)
        else:
            field.text = _asText(value)

    def _value(self, name: str, field) -> Any:
        from CLIPSLib.training.recipe_toml import field_schema

        if isinstance(field, qt.QCheckBox):
            return field.checked
        if isinstance(field, qt.QComboBox):
            return field.currentData
        if field_schema(name).get("type") == "string":
            return field.text
        return valueOf(field.text, self._names[name])


def valueOf(text: str, title: str) -> Any:
    """A number, a list or a table as a recipe file writes it; nothing is None. Raises ValueError, with the title."""
    if not text.strip():
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        raise ValueError(_("{field}: “{text}” cannot be read.").format(field=title, text=text)) from None


def _at(document: Mapping[str, Any], name: str) -> Any:
    for part in name.split("."):
        document = document[part]
    return document


def _asText(value: Any) -> str:
    from CLIPSLib.training.recipe_toml import toml_value

    return "" if value is None else value if isinstance(value, str) else toml_value(value)
