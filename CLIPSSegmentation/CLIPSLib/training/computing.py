"""Precision, determinism and random numbers of a run. Called by the engine and by `clips train --check`."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator

import torch

from CLIPSLib.errors import UsageError
from CLIPSLib.training.recipe import TrainingRecipe


def choose_precision(recipe: TrainingRecipe, device: torch.device) -> torch.dtype:
    """The type of numbers in which the network runs.

    Raises:
        UsageError: fp16 on a CPU, where it is not computed.
    """
    if recipe.precision == "fp16" and device.type == "cpu":
        raise UsageError(
            "precision", "Precision 'fp16' needs a graphics card", "training.precision", "Choose 'bf16' or 'float32'."
        )
    if recipe.precision == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float32
    return {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[recipe.precision]


@contextlib.contextmanager
def arithmetic(recipe: TrainingRecipe, device: torch.device) -> Iterator[None]:
    """Fast kernels, or with `deterministic` only those that repeat exactly; as before when the block ends."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    if recipe.deterministic and device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(recipe.deterministic, warn_only=True)
    exact = recipe.deterministic
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=not exact, deterministic=exact, allow_tf32=not exact):
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def seed_step(seed: int, step: int, purpose: str = "step") -> None:
    """Seed PyTorch's random numbers (dropout, first weights) by what is to be done: nothing carries over from before,
    so a run that was interrupted needs no memory of them."""
    digest = hashlib.blake2b(f"{purpose}/{seed}/{step}".encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest, "little") >> 1)
