"""What `Annotated[type, ...]` can say about a parameter; `check` raises ValueError for a value that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Default:
    value: Any


@dataclass(frozen=True)
class Label:
    value: str


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def check(self, value) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"the value must be within [{self.minimum}, {self.maximum}], and is {value}")


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def check(self, value) -> None:
        if value < self.minimum:
            raise ValueError(f"the value must be at least {self.minimum}, and is {value}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def check(self, value) -> None:
        if value > self.maximum:
            raise ValueError(f"the value must be at most {self.maximum}, and is {value}")


class Choice:
    def __init__(self, choices) -> None:
        self.choices = tuple(choices)

    def check(self, value) -> None:
        if value not in self.choices:
            raise ValueError(f"the value must be one of {self.choices}, and is {value!r}")
