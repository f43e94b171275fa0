"""One function per verb, composing the rooms: what the command, panels and background jobs call."""

from CLIPSLib.tasks.measure import measure_mask
from CLIPSLib.tasks.segment import CaseOutcome, case_name, segment_folder
from CLIPSLib.tasks.study_result import SegmentRequest, make_result

__all__ = [
    "CaseOutcome",
    "SegmentRequest",
    "case_name",
    "make_result",
    "measure_mask",
    "segment_folder",
]
