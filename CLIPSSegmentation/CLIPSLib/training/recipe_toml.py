"""A recipe as TOML in which every field says what it means: made from the same words that tooltips show.

Called by the run folder, by `clips train --preset` and, for designs of experiments, by `tasks`.
"""

from __future__ import annotations

import inspect
import json
import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from CLIPSLib.schema import json_schema, to_document
from CLIPSLib.training.recipe import Recipe

_WIDTH = 110
_HEADER = """\
# Recipe of a training run. Every line can be changed or left out; left out, a field has its default.
# Check it before hours are spent:  clips train RECIPE --check
"""


def recipe_toml(recipe: Recipe) -> str:
    """The text of a recipe file; `schema.load_toml` reads the same recipe back."""
    return commented_toml(recipe, _HEADER)


def commented_toml(value: Any, header: str, *, leave_out: Sequence[str] = ()) -> str:
    """A dataclass as TOML below a header, each field with its description. leave_out: fields written by others."""
    document, schema = to_document(value), json_schema(type(value))["properties"]
    document = {name: field for name, field in document.items() if name not in leave_out}
    plain = {name: value for name, value in document.items() if not _is_section(schema[name])}
    lines = [header, *_fields(plain, schema)]
    for name, section in document.items():
        if name not in plain:
            lines += ["", *_comment(_about(type(value), name)), f"[{name}]"]
            lines += _fields(section, schema[name]["properties"])
    return "\n".join(lines) + "\n"


def field_schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema of a field ("training.steps"), for forms. KeyError: no such."""
    about = _recipe_schema()
    for part in name.split("."):
        about = about["properties"][part]
    return about


def field_help(name: str) -> str:
    """What a field means ("training.steps"), with its choices and limits: the tooltip of panels. KeyError: no such."""
    return _explanation(field_schema(name))


def field_names() -> tuple[str, ...]:
    """The dotted names of all fields of a recipe, in its order."""
    names: list[str] = []
    for name, about in _recipe_schema()["properties"].items():
        inside = about.get("properties")
        names += [f"{name}.{each}" for each in inside] if inside else [name]
    return tuple(names)


@cache
def _recipe_schema() -> Mapping[str, Any]:
    return json_schema(Recipe)


def _about(kind: type, name: str) -> str:
    """What a section is for: the words of its dataclass."""
    section = typing.get_type_hints(kind)[name]
    return " ".join((inspect.getdoc(section) or "").split())


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False)]


def _fields(values: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield from _comment(_explanation(schema[name]))
        yield f"# {name} =" if value is None else f"{name} = {toml_value(value)}"


def _is_section(about: Mapping[str, Any]) -> bool:
    return bool(about.get("properties"))


def _explanation(about: Mapping[str, Any]) -> str:
    """Description, and the limits that it does not tell itself."""
    about = {**about, **next((one for one in about.get("anyOf", ()) if one != {"type": "null"}), {})}
    parts = [about.get("description", "")]
    if choices := about.get("enum"):
        parts.append(f"Choices: {', '.join(map(str, choices))}.")
    low, high = about.get("minimum"), about.get("maximum")
    if low is not None and high is not None:
        parts.append(f"From {_number(low)} to {_number(high)}.")
    return " ".join(part for part in parts if part)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def toml_value(value: Any) -> str:
    """A value as it stands in a recipe file."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {toml_value(item)}" for name, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)  # texts, whole numbers and truth values look alike in both


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)
