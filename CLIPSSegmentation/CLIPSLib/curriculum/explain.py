"""The options of a curriculum with meaning and default, for `clips curriculum explain` and for panels."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any

from CLIPSLib.curriculum.methods import Method
from CLIPSLib.curriculum.pacing import PACINGS
from CLIPSLib.curriculum.self_paced import REGULARIZERS


@dataclass(frozen=True, kw_only=True)
class OptionInfo:
    """An option as people read it. required: it has no default."""

    name: str
    meaning: str
    default: Any = None
    required: bool = False


def options_of(method: Method) -> tuple[OptionInfo, ...]:
    """The options that `build_curriculum` takes for a method, with its default pacing function and regularizer."""
    found: list[OptionInfo] = []
    parts: list[type] = [method.options, PACINGS[method.pacing]]
    if not method.pacing_fixed:
        meaning = "pacing function; with another one, its options replace those listed last"
        found.append(OptionInfo(name="pacing", meaning=meaning, default=method.pacing))
    if "regularizer" in method.defaults:
        parts.append(REGULARIZERS[method.defaults["regularizer"]])
        found.append(OptionInfo(name="regularizer", meaning=f"from losses to weights: {', '.join(REGULARIZERS)}"))
    found += [option for part in parts for option in options_of_part(part)]
    return tuple(
        dataclasses.replace(option, default=method.defaults.get(option.name, option.default)) for option in found
    )


def options_of_part(part: type) -> tuple[OptionInfo, ...]:
    """The options of a pacing function or a regularizer: the fields of its class."""
    hints = typing.get_type_hints(part, include_extras=True)
    return tuple(
        OptionInfo(
            name=field.name,
            meaning="; ".join(_remarks(hints[field.name])[:1]),
            default=None if field.default is dataclasses.MISSING else field.default,
            required=field.default is dataclasses.MISSING,
        )
        for field in dataclasses.fields(part)
    )


def _remarks(hint: Any) -> list[str]:
    """The texts in `Annotated[...]`, also inside `... | None`."""
    here = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, str)]
    return here or [text for inner in typing.get_args(hint) for text in _remarks(inner)]
