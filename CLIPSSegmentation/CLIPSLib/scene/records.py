"""What CLIPS writes into attributes of volume nodes, and the tags of segments as Python has them.

Called by volumes, segments and edits. What tags mean is in `segmentation.tags`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSLib.errors import Refusal
from CLIPSLib.scene.hierarchy import PERSONAL_FIELDS
from CLIPSLib.segmentation.tags import KIND_TAG, LABEL_TAG, MASK_TAGS
from CLIPSLib.study.records import StudyRecord, read_study_record, study_record

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

STUDY_ATTRIBUTE = "CLIPS.Study"  # PET node: identity without the person, SUV audit trail, cautions
SERIES_ATTRIBUTE = "CLIPS.SeriesInstanceUID"  # PET and CT nodes


def study_text(study: PetCtStudy) -> str:
    """Everything of a study but its images and the person's name, identifier and birth date."""
    impersonal = replace(study.identity, **dict.fromkeys(PERSONAL_FIELDS, ""))
    record = study_record(replace(study, identity=impersonal))
    return json.dumps(record, separators=(",", ":")).replace("|", "\\u007c")


def read_study_text(text: str, where: str) -> StudyRecord:
    """What `study_text` wrote.

    Raises:
        Refusal: not readable, or written by a newer CLIPS with fields that this one does not know.
    """
    try:
        return read_study_record(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(
            "unreadable-attribute",
            "What CLIPS wrote about this node cannot be read: it was changed, or written by a newer version",
            where,
            "Load the study again, or update CLIPS.",
        ) from error


def tags(segment) -> dict[str, str]:
    """Those tags of a segment that the core reads and that say something."""
    import vtk

    found = {}
    for name in (KIND_TAG, LABEL_TAG, *MASK_TAGS):
        value = vtk.reference("")
        if segment.GetTag(name, value) and value.get():
            found[name] = value.get()
    return found
