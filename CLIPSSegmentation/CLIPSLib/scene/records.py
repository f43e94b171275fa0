"""What CLIPS writes into attributes of nodes and tags of segments: names, and JSON to and from the core's types.

Called by volumes, segments and tables. Text is plain ASCII without "|", which separates tags in seg.nrrd headers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.scene.hierarchy import PERSONAL_FIELDS
from CLIPSLib.study import StudyIdentity, SuvAlternative, SuvFactor, SuvInput

if TYPE_CHECKING:
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy

STUDY_ATTRIBUTE = "CLIPS.study"  # PET node: identity without the person, SUV audit trail, cautions
SERIES_ATTRIBUTE = "CLIPS.seriesInstanceUID"  # PET and CT nodes
RESULT = "CLIPS.result"  # segmentation node (attribute) and each segment (tag): provenance and validity
KIND_TAG = "CLIPS.kind"
LABEL_TAG = "CLIPS.label"


def encode(record: Mapping[str, Any]) -> str:
    """One line of JSON that survives node attributes, segment tags and nrrd headers."""
    return json.dumps(record, separators=(",", ":")).replace("|", "\\u007c")


def decode(text: str, where: str) -> dict[str, Any]:
    """The record that `encode` wrote.

    Raises:
        Refusal: somebody changed it by hand and it is no JSON object any more.
    """
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise _unreadable(where)
    return record


def study_record(study: PetCtStudy) -> str:
    """Everything of a study but its images and the person's name, identifier and birth date."""
    personal = dict.fromkeys(PERSONAL_FIELDS, "")
    return encode(
        {
            "identity": {**asdict(study.identity), **personal},
            "suv": asdict(study.suv) if study.suv else None,
            "cautions": [caution.as_dict() for caution in study.cautions],
        }
    )


def study_fields(text: str, where: str) -> dict[str, Any]:
    """The fields `identity`, `suv` and `cautions` of `PetCtStudy` from what `study_record` wrote.

    Raises:
        Refusal: not readable, or written by a newer CLIPS with fields that this one does not know.
    """
    record = decode(text, where)
    try:
        identity = dict(record["identity"])
        identity["user_entered"] = tuple(identity["user_entered"])
        return {
            "identity": StudyIdentity(**identity),
            "suv": _suv_factor(record["suv"]),
            "cautions": _cautions(record["cautions"]),
        }
    except (KeyError, TypeError) as error:
        raise _unreadable(where) from error


def result_record(segmentation: Segmentation) -> str:
    """Everything of a segmentation but its voxels and lesions."""
    return encode(
        {
            "provenance": dict(segmentation.provenance),
            "valid_for": segmentation.valid_for,
            "reviewed": segmentation.reviewed,
            "cautions": [caution.as_dict() for caution in segmentation.cautions],
        }
    )


def result_fields(text: str, where: str) -> dict[str, Any]:
    """The fields of `Segmentation` that `result_record` wrote. Raises as `study_fields`."""
    record = decode(text, where)
    try:
        return {
            "provenance": record["provenance"],
            "valid_for": record["valid_for"],
            "reviewed": record["reviewed"],
            "cautions": _cautions(record["cautions"]),
        }
    except (KeyError, TypeError) as error:
        raise _unreadable(where) from error


def _suv_factor(record: Mapping[str, Any] | None) -> SuvFactor | None:
    if record is None:
        return None
    fields = dict(record)
    fields["inputs"] = tuple(SuvInput(**entry) for entry in fields["inputs"])
    fields["alternatives"] = tuple(SuvAlternative(**entry) for entry in fields["alternatives"])
    fields["slice_factors"] = tuple(fields["slice_factors"]) if fields["slice_factors"] is not None else None
    fields["cautions"] = _cautions(fields["cautions"])
    return SuvFactor(**fields)


def _cautions(records: list[Mapping[str, str]]) -> tuple[Caution, ...]:
    return tuple(Caution(**record) for record in records)


def _unreadable(where: str) -> Refusal:
    return Refusal(
        "unreadable-attribute",
        "What CLIPS wrote about this node cannot be read: it was changed, or written by a newer version",
        where,
        "Load the study again, or update CLIPS.",
    )
