"""What to draw, from scores, losses and step: curricula for training, pure functions of (state, step, seed)."""

from CLIPSLib.curriculum.catalog import build_curriculum, list_curricula
from CLIPSLib.curriculum.sampling import draw_ids
from CLIPSLib.curriculum.types import Curriculum, CurriculumCase, Description, Draw

__all__ = ["Curriculum", "CurriculumCase", "Description", "Draw", "build_curriculum", "draw_ids", "list_curricula"]
