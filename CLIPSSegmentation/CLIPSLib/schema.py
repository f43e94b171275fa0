"""Descriptions and settings from JSON or TOML into frozen dataclasses, checked; and the JSON Schema of such a class.

Ground floor, standard library only: panels open before anything is installed. A class states its rules in its types:

    @dataclass(frozen=True, kw_only=True)
    class Window:
        patch: tuple[Annotated[int, Range(1, 1024)], ...]
        overlap: Annotated[float, Range(0, 0.9), "fraction of a tile"] = 0.5

Types: bool, int, float, str, Literal, tuple, Mapping[str, ...], Any, other such classes, and `X | None`. Rules between
fields belong into `__post_init__`, which raises ValueError.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from CLIPSLib import files
from CLIPSLib.errors import Failure, Refusal

T = TypeVar("T")
_LISTED = 5


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; or a text, list or table with so many characters or entries."""

    low: float | None = None
    high: float | None = None

    def problem(self, value: Any) -> str | None:
        size = value if isinstance(value, int | float) else len(value)
        counted = "" if isinstance(value, int | float) else " characters" if isinstance(value, str) else " entries"
        if self.low is not None and size < self.low:
            return f"it must be at least {self.low:g}{counted}"
        if self.high is not None and size > self.high:
            return f"it must be at most {self.high:g}{counted}"
        return None


@dataclass(frozen=True)
class Pattern:
    """A text that a regular expression matches as a whole. meaning: what it is, for the message."""

    regex: str
    meaning: str

    def problem(self, value: str) -> str | None:
        return None if re.fullmatch(self.regex, value) else f"it must be {self.meaning}"


def from_document(kind: type[T], document: Any, *, where: str = "") -> T:
    """An instance of a dataclass from what JSON or TOML hold (tables, lists, texts, numbers).

    where: the file, for the message.

    Raises:
        Refusal: "invalid-document": unknown or missing keys, wrong types, values out of range; all are named.
    """
    problems: list[str] = []
    value = _read(kind, document, "", problems)
    if problems:
        more = f"; and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
        raise Refusal(
            "invalid-document",
            f"The description is not valid: {'; '.join(problems[:_LISTED])}{more}",
            where,
            "Correct it, or ask whoever made it.",
        )
    return value


def load_json(path: str | os.PathLike, kind: type[T], *, format_name: str, version: int) -> T:
    """A dataclass from a JSON document that names its format and version. Raises as `read_json`, `from_document`."""
    document = files.read_json(path, format_name=format_name, version=version)
    content = {key: value for key, value in document.items() if key not in ("format", "format_version")}
    return from_document(kind, content, where=str(path))


def load_toml(path: str | os.PathLike, kind: type[T], *, left_out: Mapping[str, Any] | None = None) -> T:
    """A dataclass from a TOML file.

    left_out: what stands for values that the file leaves out, table by table (None: the defaults of the dataclass).

    Raises:
        Failure: missing or no TOML. Refusal: as `from_document`.
    """
    source = Path(path)
    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise files.cannot_read(source, error) from error
    except ValueError as error:
        raise Failure("not-toml", f"The file is not valid TOML: {error}", str(source)) from error
    return from_document(kind, _completed(document, left_out or {}), where=str(source))


def _completed(document: Mapping[str, Any], left_out: Mapping[str, Any]) -> dict[str, Any]:
    completed = {**left_out, **document}
    for name, value in document.items():
        if isinstance(value, Mapping) and isinstance(left_out.get(name), Mapping):
            completed[name] = _completed(value, left_out[name])
    return completed


def to_document(value: Any) -> Any:
    """What `from_document` reads back: dataclasses as tables, tuples as lists."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_document(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_document(item) for key, item in value.items()}
    return [to_document(item) for item in value] if isinstance(value, list | tuple) else value


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a dataclass, for editors and for those who write such files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.__name__, **_schema(kind)}


@dataclass(frozen=True)
class _Field:
    name: str
    type: Any
    required: bool
    default: Any


def _fields(kind: type) -> Iterator[_Field]:
    hints = typing.get_type_hints(kind, include_extras=True)
    missing = dataclasses.MISSING
    for field in dataclasses.fields(kind):
        default = field.default_factory() if field.default_factory is not missing else field.default
        yield _Field(field.name, hints[field.name], default is missing, default)


def _unwrap(kind: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """A type without `Annotated` and `| None`; its rules and remarks; whether None is allowed."""
    notes: tuple[Any, ...] = ()
    optional = False
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind, *found = typing.get_args(kind)
            notes += tuple(found)
        elif origin in (typing.Union, types.UnionType):
            (kind,) = (part for part in typing.get_args(kind) if part is not types.NoneType)
            optional = True
        else:
            return kind, notes, optional


def _read(kind: Any, value: Any, path: str, problems: list[str]) -> Any:
    kind, notes, optional = _unwrap(kind)
    if value is None and optional:
        return None
    before = len(problems)
    read = _read_plain(kind, value, path, problems)
    for note in notes:
        if len(problems) == before and not isinstance(note, str) and (problem := note.problem(read)):
            problems.append(f"{_named(path)} is {_shown(value)}; {problem}")
    return read


def _read_plain(kind: Any, value: Any, path: str, problems: list[str]) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _read_table(kind, value, path, problems)
    if origin is typing.Literal:
        choices = typing.get_args(kind)
        return _expect(value in choices, value, path, f"one of: {', '.join(map(str, choices))}", problems)
    if origin is tuple:
        return _read_list(typing.get_args(kind), value, path, problems)
    if origin is Mapping:
        if _expect(isinstance(value, Mapping), value, path, "a table", problems) is None:
            return None
        return {
            str(key): _read(typing.get_args(kind)[1], item, f"{path}.{key}", problems) for key, item in value.items()
        }
    return _read_scalar(kind, value, path, problems)


def _read_scalar(kind: type, value: Any, path: str, problems: list[str]) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _expect(math.isfinite(value), float(value), path, "a finite number", problems)
    meaning = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
    return _expect(type(value) is kind, value, path, meaning, problems)


def _read_list(kinds: tuple[Any, ...], value: Any, path: str, problems: list[str]) -> Any:
    if _expect(isinstance(value, list | tuple), value, path, "a list", problems) is None:
        return None
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if _expect(len(value) == len(kinds), value, path, f"a list of {len(kinds)}", problems) is None:
        return None
    return tuple(
        _read(kind, item, f"{path}[{i}]", problems) for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _read_table(kind: type, value: Any, path: str, problems: list[str]) -> Any:
    if _expect(isinstance(value, Mapping), value, path, "a table", problems) is None:
        return None
    before = len(problems)
    inside = f"{path}." if path else ""
    known = {field.name: field for field in _fields(kind)}
    problems += [f"'{inside}{key}' is unknown (known: {', '.join(sorted(known))})" for key in value if key not in known]
    problems += [
        f"'{inside}{name}' is missing" for name, field in known.items() if field.required and name not in value
    ]
    values = {
        key: _read(known[key].type, item, f"{inside}{key}", problems) for key, item in value.items() if key in known
    }
    if len(problems) > before:
        return None
    try:
        return kind(**values)
    except ValueError as error:
        problems.append(f"{_named(path)}: {error}")
        return None


def _expect(condition: bool, value: Any, path: str, meaning: str, problems: list[str]) -> Any:
    """The value, or None with a problem noted."""
    if condition:
        return value
    problems.append(f"{_named(path)} is {_shown(value)}; it must be {meaning}")
    return None


def _named(path: str) -> str:
    return f"'{path}'" if path else "the document"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def _schema(kind: Any) -> dict[str, Any]:
    kind, notes, optional = _unwrap(kind)
    schema = _schema_plain(kind)
    for note in notes:
        schema |= _schema_of_note(note, schema.get("type"))
    return {"anyOf": [schema, {"type": "null"}]} if optional else schema


def _schema_plain(kind: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return {}
    if dataclasses.is_dataclass(kind):
        return _schema_of_table(kind)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is tuple:
        counts = {"minItems": len(arguments), "maxItems": len(arguments)}
        return {"type": "array", "prefixItems": [_schema(argument) for argument in arguments], **counts}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]}


def _schema_of_table(kind: type) -> dict[str, Any]:
    fields = list(_fields(kind))
    return {
        "type": "object",
        "properties": {
            field.name: _schema(field.type) | ({} if field.required else {"default": to_document(field.default)})
            for field in fields
        },
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _schema_of_note(note: Any, json_type: Any) -> dict[str, Any]:
    if isinstance(note, str):
        return {"description": note}
    if isinstance(note, Pattern):
        return {"pattern": f"^(?:{note.regex})$"}
    low, high = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
        json_type, ("minimum", "maximum")
    )
    return {key: limit for key, limit in ((low, note.low), (high, note.high)) if limit is not None}
