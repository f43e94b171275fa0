"""One function per verb, composing the rooms: what the command, panels and background jobs call."""

from CLIPSLib.tasks.measure import measure_mask
from CLIPSLib.tasks.segment import CaseOutcome, SegmentRequest, case_name, segment_folder

__all__ = [
    "CaseOutcome",
    "SegmentRequest",
    "case_name",
    "measure_mask",
    "segment_folder",
]
