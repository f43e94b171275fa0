"""What CLIPS writes into attributes of nodes and tags of segments: names, and JSON to and from the core's types.

Called by volumes, segments and tables. Text is plain ASCII without "|", which separates tags in seg.nrrd headers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging import array_view
from CLIPSLib.scene.hierarchy import PERSONAL_FIELDS
from CLIPSLib.segmentation import Lesion
from CLIPSLib.segmentation.appearance import segment_tags
from CLIPSLib.study import StudyIdentity, SuvAlternative, SuvFactor, SuvInput

if TYPE_CHECKING:
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy

STUDY_ATTRIBUTE = "CLIPS.Study"  # PET node: identity without the person, SUV audit trail, cautions
SERIES_ATTRIBUTE = "CLIPS.SeriesInstanceUID"  # PET and CT nodes
KIND_TAG = "CLIPS.Kind"
LABEL_TAG = "CLIPS.Label"
_REVIEWED, _VALID_FOR, _PROVENANCE, _CAUTIONS = RESULT_TAGS = (
    "CLIPS.Reviewed",
    "CLIPS.ValidFor",
    "CLIPS.Provenance",
    "CLIPS.Cautions",
)
DIGEST_TAG = "CLIPS.ReviewedContent"  # digest of what was reviewed; node and segments
_WITHOUT_CONDITION = "every measure"  # how `segment_tags` writes that `valid_for` is None


def study_record(study: PetCtStudy) -> str:
    """Everything of a study but its images and the person's name, identifier and birth date."""
    personal = dict.fromkeys(PERSONAL_FIELDS, "")
    return _encode(
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
    try:
        record = json.loads(text)
        identity = dict(record["identity"])
        identity["user_entered"] = tuple(identity["user_entered"])
        return {
            "identity": StudyIdentity(**identity),
            "suv": _suv_factor(record["suv"]),
            "cautions": _cautions(record["cautions"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(where) from error


def result_tags(segmentation: Segmentation) -> dict[str, str]:
    """What is true of a whole mask, as attributes of its node and tags of each segment (`RESULT_TAGS`)."""
    of_any_lesion = segment_tags(segmentation, Lesion(label=0, lesion_id="", name=""))
    tags = {name: of_any_lesion[name] for name in (_REVIEWED, _VALID_FOR, _PROVENANCE)}
    tags[_CAUTIONS] = _encode([caution.as_dict() for caution in segmentation.cautions])
    return {**tags, **review_tags(segmentation, segmentation.reviewed)}


def review_tags(segmentation: Segmentation | None, reviewed: bool) -> dict[str, str]:
    """Whether a mask was reviewed, and a digest of what was: what is edited later, in any module, was not."""
    if not reviewed:
        return {_REVIEWED: "false"}
    return {_REVIEWED: "true", DIGEST_TAG: _content_digest(segmentation)}


def is_reviewed_content(sources: Sequence[Mapping[str, str]], segmentation: Segmentation) -> bool:
    """Whether all sources (attributes or tags) say that a mask was reviewed as it is now, names aside."""
    if not sources or any(source.get(_REVIEWED, "true") != "true" for source in sources):
        return False
    digests = {source[DIGEST_TAG] for source in sources if DIGEST_TAG in source}
    return bool(digests) and digests == {_content_digest(segmentation)}


def _content_digest(segmentation: Segmentation) -> str:
    """SHA-256 of the voxels and the kind of each lesion, whatever its label and its name."""
    labels = array_view(segmentation.labels).reshape(-1)
    positions = np.flatnonzero(labels)
    values = labels[positions]
    digest = hashlib.sha256()
    for lesion in sorted(segmentation.lesions, key=lambda lesion: lesion.lesion_id):
        own = positions[values == lesion.label].astype("<i8")
        digest.update(f"{lesion.lesion_id}\n{lesion.kind}\n{own.size}\n".encode())
        digest.update(own.tobytes())
    return digest.hexdigest()


def result_fields(tags: Mapping[str, str], where: str) -> dict[str, Any]:
    """The fields `provenance`, `valid_for`, `cautions` of `Segmentation` from such attributes or tags.

    Raises:
        Refusal: not readable.
    """
    valid_for = tags.get(_VALID_FOR, _WITHOUT_CONDITION)
    try:
        return {
            "provenance": dict(json.loads(tags.get(_PROVENANCE, "{}"))),
            "valid_for": None if valid_for == _WITHOUT_CONDITION else valid_for,
            "cautions": _cautions(json.loads(tags.get(_CAUTIONS, "[]"))),
        }
    except (TypeError, ValueError) as error:
        raise _unreadable(where) from error


def tag(segment, name: str) -> str:
    """The value of a segment's tag, "" when it has none."""
    import vtk

    value = vtk.reference("")
    return value.get() if segment.GetTag(name, value) else ""


def _encode(record: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(record, separators=(",", ":")).replace("|", "\\u007c")


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
