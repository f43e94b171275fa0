"""The users' hook: a curriculum for training loops that are not ours."""

from CLIPSLib.curriculum.hook.adapter import curriculum_learning
from CLIPSLib.curriculum.hook.batches import CurriculumBatches
from CLIPSLib.curriculum.hook.recorder import LossRecorder
from CLIPSLib.curriculum.hook.views import DatasetView

__all__ = ["CurriculumBatches", "DatasetView", "LossRecorder", "curriculum_learning"]
