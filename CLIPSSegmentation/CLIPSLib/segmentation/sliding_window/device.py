"""Where a network runs and with which arithmetic: device choice, precision, what running out of memory looks like."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from CLIPSLib.errors import UsageError

DEVICES = ("auto", "cuda", "cpu", "mps")
PRECISIONS = ("float32", "mixed")
ALL_FLIPS = tuple(axes for count in range(4) for axes in itertools.combinations(range(3), count))
_BATCH_ON_ACCELERATOR = 4
_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc", "std::bad_alloc")


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How tiles are run.

    device: one of `DEVICES`, or "cuda:N"; "auto" takes CUDA where there is one, else the CPU, never MPS. precision:
    "float32", or "mixed" (convolutions in half precision: float16 on CUDA and MPS, bfloat16 on the CPU). batch_size:
    tiles at a time, None: as suits the device. flips: the axes (0 z, 1 y, 2 x) of each test-time flip over which
    probabilities are averaged; `()` is the tile as it is, `ALL_FLIPS` are all eight. optimized: False runs every
    layer as PyTorch has it, for bit-exact comparisons.
    """

    device: str = "auto"
    precision: str = "float32"
    batch_size: int | None = None
    flips: tuple[tuple[int, ...], ...] = ((),)
    optimized: bool = True


def choose_device(name: str) -> torch.device:
    """The device that a name stands for; "cuda:1" is the second graphics card.

    Raises:
        UsageError: no such device ("unknown-device"), or not on this machine ("device-absent").
    """
    kind, _, index = name.partition(":")
    if kind not in DEVICES or (index and not (kind == "cuda" and index.isdigit())):
        choices = f"{', '.join(DEVICES)}; cuda:1 for the second graphics card"
        raise UsageError("unknown-device", f"There is no device '{name}'", "", f"Choose one of: {choices}.")
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        return torch.device("cuda" if present["cuda"] else "cpu")
    if not present[kind] or (index and int(index) >= torch.cuda.device_count()):
        raise UsageError(
            "device-absent",
            f"The device '{name}' is not available to PyTorch {torch.__version__} on this machine",
            "",
            "Choose 'auto' or 'cpu', or install the PyTorch build for this device.",
        )
    return torch.device(name)


def first_batch_size(settings: EngineSettings, device: torch.device) -> int:
    """Tiles at a time to begin with. One on a CPU: larger batches only take memory there."""
    return settings.batch_size or (1 if device.type == "cpu" else _BATCH_ON_ACCELERATOR)


@contextlib.contextmanager
def arithmetic(device: torch.device, precision: str) -> Iterator[None]:
    """Deterministic kernels; full float32 (no TF32) unless the precision is "mixed"."""
    mixed = precision == "mixed"
    half = torch.bfloat16 if device.type == "cpu" else torch.float16
    with (
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=mixed),
        torch.autocast(device.type, dtype=half, enabled=mixed),
    ):
        yield


def is_out_of_memory(error: BaseException) -> bool:
    """True for every way in which PyTorch says that memory is used up, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _MEMORY_WORDS)


def free_cached_memory(device: torch.device) -> None:
    """Hand back what PyTorch keeps for reuse."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
