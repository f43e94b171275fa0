"""How a value of each type is written into a vtkMRMLScriptedModuleNode and read back. Used by `wrapper`.

The names follow Slicer: a list `x` is `x.len`, `x.0`, ...; a union stores under the number of the type that fits; a
node is a node reference, with an empty parameter that tells "set to None" from "never set".
"""

from __future__ import annotations

import collections.abc
import enum
import pathlib
import types
import typing

import slicer


class Text:
    """Numbers, texts, truth values, enums (by name) and paths: one parameter each."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.accepted = (int, float) if kind is float else (kind,)

    def default(self):
        return next(iter(self.kind)) if issubclass(self.kind, enum.Enum) else self.kind()

    def accepts(self, value) -> bool:
        return isinstance(value, self.accepted) and not (isinstance(value, bool) and self.kind is not bool)

    def is_in(self, node, name: str) -> bool:
        return bool(node.HasParameter(name))

    def write(self, node, name: str, value) -> None:
        node.SetParameter(name, value.name if isinstance(value, enum.Enum) else str(value))

    def read(self, node, name: str):
        text = node.GetParameter(name)
        if self.kind is bool:
            return text == "True"
        return self.kind[text] if issubclass(self.kind, enum.Enum) else self.kind(text)

    def remove(self, node, name: str) -> None:
        node.UnsetParameter(name)


class Nothing(Text):
    def __init__(self) -> None:
        super().__init__(types.NoneType)

    def read(self, node, name: str) -> None:
        return None


class Node(Text):
    def default(self):
        return None

    def accepts(self, value) -> bool:
        return value is None or value.IsA(self.kind.__name__)

    def write(self, node, name: str, value) -> None:
        node.SetParameter(name, "")
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node, name: str):
        return node.GetNodeReference(name)

    def remove(self, node, name: str) -> None:
        super().remove(node, name)
        node.RemoveNodeReferenceIDs(name)


class Tuple:
    def __init__(self, elements: list) -> None:
        self.elements = elements

    def default(self) -> tuple:
        return tuple(element.default() for element in self.elements)

    def accepts(self, value) -> bool:
        return (
            isinstance(value, tuple)
            and len(value) == len(self.elements)
            and all(element.accepts(each) for element, each in zip(self.elements, value, strict=True))
        )

    def is_in(self, node, name: str) -> bool:
        return self.elements[0].is_in(node, f"{name}.0")

    def write(self, node, name: str, value) -> None:
        for index, (element, each) in enumerate(zip(self.elements, value, strict=True)):
            element.write(node, f"{name}.{index}", each)

    def read(self, node, name: str) -> tuple:
        return tuple(element.read(node, f"{name}.{index}") for index, element in enumerate(self.elements))

    def remove(self, node, name: str) -> None:
        for index, element in enumerate(self.elements):
            element.remove(node, f"{name}.{index}")


class List:
    def __init__(self, element) -> None:
        self.element, self.length = element, Text(int)

    def default(self) -> list:
        return []

    def accepts(self, value) -> bool:
        return isinstance(value, (list, StoredList)) and all(self.element.accepts(each) for each in value)

    def is_in(self, node, name: str) -> bool:
        return self.length.is_in(node, f"{name}.len")

    def write(self, node, name: str, value) -> None:
        before = self.length.read(node, f"{name}.len") if self.is_in(node, name) else 0
        values = list(value)
        for index, each in enumerate(values):
            self.element.write(node, f"{name}.{index}", each)
        self.length.write(node, f"{name}.len", len(values))
        for index in range(len(values), before):
            self.element.remove(node, f"{name}.{index}")

    def read(self, node, name: str):
        count = self.length.read(node, f"{name}.len")
        values = [self.element.read(node, f"{name}.{index}") for index in range(count)]
        return StoredList(values, lambda changed: self.write(node, name, changed))

    def remove(self, node, name: str) -> None:
        self.write(node, name, [])
        self.length.remove(node, f"{name}.len")


class Dict(List):
    """A list of (key, value)."""

    def default(self) -> dict:
        return {}

    def accepts(self, value) -> bool:
        return isinstance(value, (dict, StoredDict)) and all(self.element.accepts(each) for each in value.items())

    def write(self, node, name: str, value) -> None:
        super().write(node, name, dict(value).items())

    def read(self, node, name: str):
        return StoredDict(dict(super().read(node, name)), lambda changed: self.write(node, name, changed))


class Union:
    """`A | None`, or nodes of several classes."""

    def __init__(self, members: list) -> None:
        self.members = members

    def default(self):
        return None if isinstance(self.members[-1], Nothing) else self.members[0].default()

    def accepts(self, value) -> bool:
        return any(member.accepts(value) for member in self.members)

    def is_in(self, node, name: str) -> bool:
        return any(member.is_in(node, f"{name}.{index}") for index, member in enumerate(self.members))

    def write(self, node, name: str, value) -> None:
        self.remove(node, name)
        none_first = sorted(enumerate(self.members), key=lambda each: not isinstance(each[1], Nothing))
        index, member = next(each for each in none_first if each[1].accepts(value))
        member.write(node, f"{name}.{index}", value)

    def read(self, node, name: str):
        for index, member in enumerate(self.members):
            if member.is_in(node, f"{name}.{index}"):
                return member.read(node, f"{name}.{index}")
        raise KeyError(name)

    def remove(self, node, name: str) -> None:
        for index, member in enumerate(self.members):
            member.remove(node, f"{name}.{index}")


class StoredList(collections.abc.MutableSequence):
    """A list whose changes go back into the parameter node."""

    def __init__(self, values: list, write) -> None:
        self._values, self._write = values, write

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index):
        return self._values[index]

    def __setitem__(self, index, value) -> None:
        self._values[index] = value
        self._write(self._values)

    def __delitem__(self, index) -> None:
        del self._values[index]
        self._write(self._values)

    def insert(self, index, value) -> None:
        self._values.insert(index, value)
        self._write(self._values)

    def __eq__(self, other) -> bool:
        return self._values == list(other)

    def __repr__(self) -> str:
        return repr(self._values)


class StoredDict(collections.abc.MutableMapping):
    """A dict whose changes go back into the parameter node. As Slicer's, `get` and `pop` take no default."""

    def __init__(self, values: dict, write) -> None:
        self._values, self._write = values, write

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self):
        return iter(self._values)

    def __getitem__(self, key):
        return self._values[key]

    def __setitem__(self, key, value) -> None:
        self._values[key] = value
        self._write(self._values)

    def __delitem__(self, key) -> None:
        del self._values[key]
        self._write(self._values)

    def get(self, key):
        return self._values.get(key)

    def pop(self, key):
        value = self._values.pop(key)
        self._write(self._values)
        return value

    def __repr__(self) -> str:
        return repr(self._values)


def storage_for(hint):
    """The storage of a type, as `typing` describes it; TypeError for one that Slicer could not keep either."""
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return Union([storage_for(each) for each in arguments])
    if origin is list:
        return List(storage_for(arguments[0]))
    if origin is dict:
        return Dict(Tuple([storage_for(each) for each in arguments]))
    if origin is tuple:
        return Tuple([storage_for(each) for each in arguments])
    if hint is types.NoneType:
        return Nothing()
    if isinstance(hint, type) and issubclass(hint, slicer.vtkMRMLNode):
        return Node(hint)
    if isinstance(hint, type) and issubclass(hint, (int, float, str, bool, enum.Enum, pathlib.PurePath)):
        return Text(hint)
    raise TypeError(f"a parameter node cannot keep {hint}")


def node_classes(hint) -> list[str] | None:
    """The MRML classes that a hint allows, None when it is about something else."""
    if typing.get_origin(hint) is typing.Annotated:
        return node_classes(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [node_classes(each) for each in typing.get_args(hint) if each is not types.NoneType]
        return None if None in members else [name for member in members for name in member]
    is_node = isinstance(hint, type) and issubclass(hint, slicer.vtkMRMLNode)
    return [hint.__name__] if is_node else None
