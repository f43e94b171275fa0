"""Training of networks from a frozen list of cases: recipe, engine, checkpoints, result. See docs/training.md."""

from CLIPSLib.training.case_list import hash_files, read_cases, write_cases
from CLIPSLib.training.presets import PRESETS, preset
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.types import (
    TRAIN,
    VALIDATE,
    Batch,
    CaseFacts,
    CaseList,
    PatchSource,
    RunReporter,
    TrainingCase,
)

__all__ = [
    "PRESETS",
    "TRAIN",
    "VALIDATE",
    "Batch",
    "CaseFacts",
    "CaseList",
    "PatchSource",
    "Recipe",
    "RunReporter",
    "TrainingCase",
    "hash_files",
    "preset",
    "read_cases",
    "write_cases",
]
