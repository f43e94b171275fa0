"""Pacing functions: how much of the ordered list is available at a step. One file per family."""

from CLIPSLib.curriculum.pacing.base import FullSet, Growing, Pacing, Progress, pool_size

__all__ = ["FullSet", "Growing", "Pacing", "Progress", "pool_size"]
