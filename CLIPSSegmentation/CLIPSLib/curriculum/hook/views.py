"""A plain data set in another order: a list for a list, a view for anything with `__len__` and `__getitem__`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DatasetView:
    """The items of a data set at `indices`, without copying or changing it; what torch calls a map-style data set."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = tuple(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Any:
        return self.dataset[self.indices[position]]


def selected(dataset: Any, indices: Sequence[int]) -> Any:
    """A new list where `dataset` is a list or tuple (of paths), else a view."""
    if isinstance(dataset, list | tuple):
        return [dataset[index] for index in indices]
    return DatasetView(dataset, indices)
