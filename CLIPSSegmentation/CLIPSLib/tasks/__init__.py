"""One function per verb, composing the rooms: what the command, panels and background jobs call."""

from CLIPSLib.tasks.case_masks import import_mask, predict_masks
from CLIPSLib.tasks.case_sources import ImageNames, StudyChoice
from CLIPSLib.tasks.cases import AddedCase, AddRequest, add_studies
from CLIPSLib.tasks.cohort import summarize_cohort
from CLIPSLib.tasks.measure import measure_mask
from CLIPSLib.tasks.segment import CaseOutcome, case_name, segment_folder
from CLIPSLib.tasks.study_result import SegmentRequest, make_result

__all__ = [
    "AddRequest",
    "AddedCase",
    "CaseOutcome",
    "ImageNames",
    "SegmentRequest",
    "StudyChoice",
    "add_studies",
    "case_name",
    "import_mask",
    "make_result",
    "measure_mask",
    "predict_masks",
    "segment_folder",
    "summarize_cohort",
]
