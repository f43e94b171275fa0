"""What to draw, from scores, losses and step: curricula for training, pure functions of (state, step, seed)."""

from CLIPSLib.curriculum.catalog import build_curriculum, get_method, list_curricula
from CLIPSLib.curriculum.cohort import without_held_back
from CLIPSLib.curriculum.explain import OptionInfo, options_of, options_of_part
from CLIPSLib.curriculum.exposure import Exposure, expected_exposure
from CLIPSLib.curriculum.hook import CurriculumBatches, DatasetView, LossRecorder, curriculum_learning
from CLIPSLib.curriculum.methods import Method
from CLIPSLib.curriculum.ordering import difficulty_ranks
from CLIPSLib.curriculum.pacing import PACINGS, Pacing, Progress
from CLIPSLib.curriculum.pacing.buckets import jenks_boundaries
from CLIPSLib.curriculum.sampling import draw_epoch, draw_ids
from CLIPSLib.curriculum.self_paced import REGULARIZERS, Regularizer
from CLIPSLib.curriculum.trace import DrawTrace, TraceRow
from CLIPSLib.curriculum.types import Curriculum, CurriculumCase, Description, Draw

__all__ = [
    "PACINGS",
    "REGULARIZERS",
    "Curriculum",
    "CurriculumBatches",
    "CurriculumCase",
    "DatasetView",
    "Description",
    "Draw",
    "DrawTrace",
    "Exposure",
    "LossRecorder",
    "Method",
    "OptionInfo",
    "Pacing",
    "Progress",
    "Regularizer",
    "TraceRow",
    "build_curriculum",
    "curriculum_learning",
    "difficulty_ranks",
    "draw_epoch",
    "draw_ids",
    "expected_exposure",
    "get_method",
    "jenks_boundaries",
    "list_curricula",
    "options_of",
    "options_of_part",
    "without_held_back",
]
