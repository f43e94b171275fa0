"""Drawing the cases of a batch: a pure function of (draw, step, seed). Called by the trainer and by the hook."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from CLIPSLib.curriculum.types import Draw

_DOUBLE = 2.0**-53  # 53 random bits make a double in [0, 1)


def draw_ids(draw: Draw, step: int, seed: int, batch_size: int) -> tuple[str, ...]:
    """The `batch_size` cases of step `step`, drawn independently (with replacement) with `draw.probabilities`.

    The same arguments give the same cases on every machine and with any number of workers: the random numbers come
    from Philox, a counter-based generator (Salmon et al., SC 2011), whose key is the seed and whose counter the step.
    Only its raw bits are used, which numpy keeps stable from version to version.
    """
    uniform = uniform_numbers("draw", step, seed, batch_size)
    cumulative = np.cumsum(draw.probabilities)
    positions = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return tuple(draw.ids[position] for position in positions)


def uniform_numbers(purpose: str, step: int, seed: int, count: int) -> np.ndarray:
    """`count` numbers in [0, 1), float64; another purpose, step or seed gives independent ones."""
    generator = np.random.Philox(key=_key(purpose, seed), counter=[0, 0, 0, step])
    return (generator.random_raw(count) >> np.uint64(11)) * _DOUBLE


@lru_cache(maxsize=64)
def _key(purpose: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{purpose}/{seed}".encode(), digest_size=16).digest(), "little")


def draw_epoch(draw: Draw, epoch: int, seed: int, length: int) -> tuple[str, ...]:
    """An epoch of `length` samples in random order, each case as often as its probability says, up to one.

    For loops that count epochs: the number of samples stays the same while the pool grows, so that no arm gets fewer
    updates. Systematic sampling: under uniform probabilities and a length of len(draw.ids), each case comes once.
    """
    offset, *keys = uniform_numbers("epoch", epoch, seed, length + 1)
    cumulative = np.cumsum(draw.probabilities)
    points = (np.arange(length) + offset) / length
    positions = np.searchsorted(cumulative, points * cumulative[-1], side="right")
    return tuple(draw.ids[position] for position in positions[np.argsort(keys)])
