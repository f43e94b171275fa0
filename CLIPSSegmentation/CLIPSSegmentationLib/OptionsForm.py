"""The options of a segmenter as fields, made from what the segmenter says about them. Used by ModelPanel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.segmentation import SegmenterDescription
    from CLIPSLib.segmentation.options import OptionRule

_MACHINE_OPTIONS = ("device",)  # has its own selector


class OptionsForm:
    """Fills a box with a check box, a list or a line per option. onChanged: called after every change by the user."""

    def __init__(self, box, onChanged: Callable[[], None]) -> None:
        self._box, self._onChanged = box, onChanged
        self._layout = qt.QFormLayout(box)
        self._fields: dict[str, Any] = {}
        self._defaults: dict[str, Any] = {}
        self._rules: Mapping[str, OptionRule] = {}

    def setSegmenter(
        self, description: SegmenterDescription, rules: Mapping[str, OptionRule], given: Mapping[str, Any]
    ) -> None:
        """Show the options of a segmenter, with `given` over its defaults."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._rules = rules
        self._defaults = {name: value for name, value in description.options.items() if name not in _MACHINE_OPTIONS}
        self._fields = {}
        for name, default in self._defaults.items():
            rule = rules[name]
            field = self._field(rule, given.get(name, default))
            field.toolTip = _("{meaning}: {allowed}. Default: {default}.").format(
                meaning=rule.meaning, allowed=rule.allowed, default=_asText(default) or _("none")
            )
            self._fields[name] = field
            self._layout.addRow(qt.QLabel(f"{name.replace('_', ' ')}:"), field)
        self._box.visible = bool(self._fields)

    def field(self, name: str):
        """The widget of an option."""
        return self._fields[name]

    def changed(self) -> dict[str, Any]:
        """The options that differ from their defaults, as the segmenter takes them.

        Raises:
            ValueError: one cannot be meant; says which, and what can.
        """
        found = {}
        for name, field in self._fields.items():
            value = self._value(name, field)
            if value != self._defaults[name]:
                found[name] = value
        return found

    def _value(self, name: str, field) -> Any:
        if isinstance(field, qt.QCheckBox):
            return field.checked
        text = (field.currentText if isinstance(field, qt.QComboBox) else field.text).strip()
        if text == _asText(self._defaults[name]):
            return self._defaults[name]
        rule = self._rules[name]
        try:
            return rule.parse(text)
        except (TypeError, ValueError):
            raise ValueError(
                _("{name} = {text} is not possible. {meaning}: {allowed}.").format(
                    name=name, text=text or _("nothing"), meaning=rule.meaning, allowed=rule.allowed
                )
            ) from None

    def _field(self, rule: OptionRule, value: Any):
        if isinstance(value, bool):
            field = qt.QCheckBox()
            field.checked = value
            field.connect("toggled(bool)", lambda _checked: self._onChanged())
        elif rule.choices:
            field = qt.QComboBox()
            for choice in rule.choices:
                field.addItem(_asText(choice))
            field.currentIndex = field.findText(_asText(value))
            field.connect("currentIndexChanged(int)", lambda _index: self._onChanged())
        else:
            field = qt.QLineEdit()
            field.text = _asText(value)
            field.connect("textChanged(QString)", lambda _text: self._onChanged())
        return field


def _asText(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return " ".join(_asText(each) for each in value)
    return str(value)
