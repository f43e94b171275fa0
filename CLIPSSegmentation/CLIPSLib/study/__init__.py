"""From DICOM folders to studies: find, pair, explain the SUV factor, read.

Headers in, factor and explanation out (`suv`), apart from pixels (`pixels`).
"""

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
    "CtChoice",
    "FoundStudies",
    "PetCtStudy",
    "SeriesInfo",
    "SkippedSeries",
    "StudyCandidate",
    "StudyIdentity",
    "SuvAlternative",
    "SuvFactor",
    "SuvInput",
]
