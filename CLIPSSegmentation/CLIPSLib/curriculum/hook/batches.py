"""A stream of batches, thinned to the distribution of a draw: the way into a data pipeline that cannot be re-ordered.

TMTV-Net's trainer takes iterables of batches that a reservoir fills in the background: it may hold up to 192 samples
loaded under the list of before. Whatever arrives is therefore looked at again here, and samples of cases that are not
to be drawn now never reach the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.curriculum.sampling import uniform_numbers
from CLIPSLib.curriculum.types import Draw
from CLIPSLib.errors import Refusal

Batch = Mapping[str, Any]


class CurriculumBatches:
    """As many batches as one pass over `source` gives, of the size of its first, with the cases of `draw`.

    A sample of case i passes with probability p_i / max p: draws follow `draw` where the source gives all cases
    alike. `source` is iterated again until enough has passed; it is not changed. For pools of a few cases that costs
    loading: rebuild the source instead (`rebuild` of `curriculum_learning`).
    """

    def __init__(
        self, source: Any, draw: Draw, *, id_key: str, case_of: Callable[[Any], str], epoch: int, seed: int
    ) -> None:
        """id_key: under which a batch lists its ids. case_of: from such an id to the case id."""
        self._source = source
        self._passes = dict(zip(draw.ids, draw.probabilities / draw.probabilities.max(), strict=True))
        self._id_key, self._case_of = id_key, case_of
        self._epoch, self._seed = epoch, seed

    def __iter__(self) -> Iterator[Batch]:
        wanted, size, given, seen = None, 0, 0, 0
        waiting: list[Batch] = []
        while wanted is None or given < wanted:
            passed = batches = 0
            for batch in self._source:
                batches += 1
                ids = self._ids(batch)
                size = size or len(ids)
                kept = self._kept(ids, seen)
                seen, passed = seen + len(ids), passed + len(kept)
                waiting += [_sample(batch, position, len(ids)) for position in kept]
                while len(waiting) >= size and (wanted is None or given < wanted):
                    yield _joined(waiting[:size])
                    waiting, given = waiting[size:], given + 1
            wanted = batches if wanted is None else wanted
            if not passed and given < wanted:
                self._refuse(batches)

    def _ids(self, batch: Batch) -> list[str]:
        if self._id_key not in batch:
            what = f"A batch has no '{self._id_key}', so its cases are unknown (it has: {', '.join(map(str, batch))})"
            raise Refusal("no-case-ids", what, "", "Put the case ids into the batch, or name their key with 'id_key'.")
        return [self._case_of(case_id) for case_id in batch[self._id_key]]

    def _kept(self, ids: Sequence[str], seen: int) -> list[int]:
        """Which samples of a batch pass; one random number per sample, by its number in the epoch."""
        numbers = uniform_numbers(f"hook/{self._epoch}", seen, self._seed, len(ids))
        return [k for k, case_id in enumerate(ids) if numbers[k] < self._passes.get(case_id, 0.0)]

    def _refuse(self, batches: int) -> None:
        named = ", ".join(list(self._passes)[:3])
        raise Refusal(
            "no-case-to-draw",
            f"None of the {len(self._passes)} cases to draw in epoch {self._epoch} ({named}, ...) came in "
            f"{batches} batches",
            "",
            "Are these the ids that batches carry? If the source only holds a part of the cases, rebuild it.",
        )


def _sample(batch: Batch, position: int, size: int) -> Batch:
    """One sample of a batch; what is not one entry per sample stays as it is."""
    return {key: _entry(value, position, size) for key, value in batch.items()}


def _entry(value: Any, position: int, size: int) -> Any:
    if getattr(value, "shape", ())[:1] == (size,):
        return value[position : position + 1]
    if isinstance(value, list | tuple) and len(value) == size:
        return value[position : position + 1]
    return value


def _joined(samples: Sequence[Batch]) -> Batch:
    """One batch of single samples."""
    return {key: _together([sample[key] for sample in samples]) for key in samples[0]}


def _together(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, np.ndarray) and first.ndim:
        return np.concatenate(values)
    if hasattr(first, "new_empty") and first.shape:  # a torch tensor, without importing torch
        joined = first.new_empty((len(values), *first.shape[1:]))
        for row, value in enumerate(values):
            joined[row] = value[0]
        return joined
    if isinstance(first, list | tuple):
        return [entry for value in values for entry in value]
    return first
