"""What to draw, from scores, losses and step: curricula for training, pure functions of (state, step, seed)."""

from CLIPSLib.curriculum.catalog import build_curriculum, get_method, list_curricula
from CLIPSLib.curriculum.exposure import Exposure, expected_exposure
from CLIPSLib.curriculum.methods import Method
from CLIPSLib.curriculum.sampling import draw_ids
from CLIPSLib.curriculum.types import Curriculum, CurriculumCase, Description, Draw

__all__ = [
    "Curriculum",
    "CurriculumCase",
    "Description",
    "Draw",
    "Exposure",
    "Method",
    "build_curriculum",
    "draw_ids",
    "expected_exposure",
    "get_method",
    "list_curricula",
]
