"""From DICOM folders to studies: find, pair, explain the SUV factor, read.

Headers in, factor and explanation out (`suv`), apart from pixels (`pixels`).
"""

from CLIPSLib.study.answers import Answers
from CLIPSLib.study.explain import explain_suv
from CLIPSLib.study.find import choose_candidate, find_studies, find_studies_in_steps, load_study
from CLIPSLib.study.grouping import group_by_study
from CLIPSLib.study.headers import FrameTiming, PetHeaders
from CLIPSLib.study.read import read_ct, read_study
from CLIPSLib.study.suv import SuvOutcome, derive_suv
from CLIPSLib.study.types import (
    CtChoice,
    FoundStudies,
    PetCtStudy,
    SeriesInfo,
    SkippedSeries,
    StudyCandidate,
    StudyIdentity,
    SuvAlternative,
    SuvFactor,
    SuvInput,
)

__all__ = [
    "Answers",
    "CtChoice",
    "FoundStudies",
    "FrameTiming",
    "PetCtStudy",
    "PetHeaders",
    "SeriesInfo",
    "SkippedSeries",
    "StudyCandidate",
    "StudyIdentity",
    "SuvAlternative",
    "SuvFactor",
    "SuvInput",
    "SuvOutcome",
    "choose_candidate",
    "derive_suv",
    "explain_suv",
    "find_studies",
    "find_studies_in_steps",
    "group_by_study",
    "load_study",
    "read_ct",
    "read_study",
]
