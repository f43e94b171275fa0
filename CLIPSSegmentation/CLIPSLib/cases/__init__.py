"""Cases to train from: a folder of studies with their mask versions, reviews, ratings and splits (docs/cases.md)."""

from CLIPSLib.cases.folding import make_split
from CLIPSLib.cases.registry import Registry
from CLIPSLib.cases.rescue import Rescue, rescue_registry
from CLIPSLib.cases.splits import read_nnunet_splits, write_nnunet_splits
from CLIPSLib.cases.types import (
    ORIGINS,
    RATING_TAGS,
    REVIEW_STATUSES,
    TO_REVIEW,
    CaseCounts,
    CaseFiles,
    CaseQuery,
    CaseRecord,
    CaseRow,
    CheckReport,
    Draft,
    Fold,
    LesionRecord,
    MaskDiff,
    MaskVersion,
    Rating,
    ReferenceChoice,
    Review,
    SavedSplit,
    Split,
)

__all__ = [
    "ORIGINS",
    "RATING_TAGS",
    "REVIEW_STATUSES",
    "TO_REVIEW",
    "CaseCounts",
    "CaseFiles",
    "CaseQuery",
    "CaseRecord",
    "CaseRow",
    "CheckReport",
    "Draft",
    "Fold",
    "LesionRecord",
    "MaskDiff",
    "MaskVersion",
    "Rating",
    "ReferenceChoice",
    "Registry",
    "Rescue",
    "Review",
    "SavedSplit",
    "Split",
    "make_split",
    "read_nnunet_splits",
    "rescue_registry",
    "write_nnunet_splits",
]
