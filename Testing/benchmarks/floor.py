"""How fast this machine could be at best: operations of a piece of work, and the rate of a large matrix product.

Called by the benchmarks, which report what they reach of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

Clock = Callable[[], float]


def fastest(work: Callable[[], object], runs: int, clock: Clock = time.perf_counter) -> float:
    """Seconds of the fastest run, after one that warms up."""
    work()
    seconds = []
    for _ in range(runs):
        started = clock()
        work()
        seconds.append(clock() - started)
    return min(seconds)


def matrix_product(size: int = 4096, clock: Clock = time.perf_counter, device: str = "cpu") -> float:
    """GFLOP/s of a float32 matrix product."""
    a = torch.randn(size, size, device=device)

    def multiply() -> float:
        return float((a @ a)[0, 0])  # read: a graphics card has finished by then

    return 2 * size**3 / fastest(multiply, 3, clock) / 1e9


def gflop(work: Callable[[], object]) -> float:
    """Multiplications and additions of convolutions and matrix products, there and back, as PyTorch counts them."""
    counter = FlopCounterMode(display=False)
    with counter:
        work()
    return counter.get_total_flops() / 1e9
