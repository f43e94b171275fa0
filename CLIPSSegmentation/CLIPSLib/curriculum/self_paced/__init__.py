"""Self-paced learning: the regularizers, the age, diversity, priors, and the curriculum made of them."""

from CLIPSLib.curriculum.self_paced.curriculum import SelfPacedCurriculum
from CLIPSLib.curriculum.self_paced.regularizers import REGULARIZERS, Regularizer

__all__ = ["REGULARIZERS", "Regularizer", "SelfPacedCurriculum"]
