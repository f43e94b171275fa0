"""What a segment says about itself and its mask in tags: written here and read back here, for scene and files alike.

Called by `formats` (.seg.nrrd headers) and `scene` (segments, and attributes of segmentation nodes). Tags are the only
thing that Slicer's own files keep, and any segment may be deleted or copied: so each says what is true of the whole
mask, but of what its provenance says per lesion only its own part. The rules are in docs/formats.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging import array_view
from CLIPSLib.provenance import RESEARCH_USE
from CLIPSLib.segmentation.appearance import terminology_entry
from CLIPSLib.segmentation.origins import joined, share_of
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR

if TYPE_CHECKING:
    from CLIPSLib.segmentation.types import Segmentation

TERMINOLOGY_TAG, KIND_TAG, LABEL_TAG = "TerminologyEntry", "CLIPS.Kind", "CLIPS.Label"
REVIEWED_TAG, CONTENT_TAG = "CLIPS.Reviewed", "CLIPS.ReviewedContent"
_VALID_FOR, _PROVENANCE, _CAUTIONS, _USE = "CLIPS.ValidFor", "CLIPS.Provenance", "CLIPS.Cautions", "CLIPS.Use"
MASK_TAGS = (REVIEWED_TAG, CONTENT_TAG, _VALID_FOR, _PROVENANCE, _CAUTIONS)
_WITHOUT_CONDITION = "every measure"
_HIGHEST_LABEL = 65535


def mask_tags(segmentation: Segmentation) -> dict[str, str]:
    """What is true of the whole mask. Values are plain ASCII without "|", by which Slicer separates tags in files."""
    return {
        _VALID_FOR: segmentation.valid_for or _WITHOUT_CONDITION,
        _CAUTIONS: _encoded([caution.as_dict() for caution in segmentation.cautions]),
        _PROVENANCE: _encoded(dict(segmentation.provenance)),
        **review_tags(segmentation, segmentation.reviewed),
    }


def tags_by_lesion(segmentation: Segmentation) -> dict[str, dict[str, str]]:
    """The tags of each lesion's segment, by lesion id."""
    of_mask = mask_tags(segmentation)
    return {
        lesion.lesion_id: {
            TERMINOLOGY_TAG: terminology_entry(lesion.kind),
            KIND_TAG: lesion.kind,
            LABEL_TAG: str(lesion.label),
            **of_mask,
            _PROVENANCE: _encoded(share_of(segmentation.provenance, lesion.lesion_id)),
            _USE: RESEARCH_USE,
        }
        for lesion in segmentation.lesions
    }


def review_tags(segmentation: Segmentation | None, reviewed: bool) -> dict[str, str]:
    """Whether a mask was reviewed, and a digest of what was: what is edited later, in any program, was not."""
    if not reviewed:
        return {REVIEWED_TAG: "false"}
    return {REVIEWED_TAG: "true", CONTENT_TAG: content_digest(segmentation)}


def is_reviewed_content(sources: Sequence[Mapping[str, str]], segmentation: Segmentation) -> bool:
    """Whether all sources that speak of a review say that the mask was reviewed as it is now, names aside."""
    told = [source for source in sources if REVIEWED_TAG in source]
    if not told or any(source[REVIEWED_TAG] != "true" for source in told):
        return False
    return {source.get(CONTENT_TAG) for source in told} == {content_digest(segmentation)}


def content_digest(segmentation: Segmentation) -> str:
    """SHA-256 of the voxels and the kind of each lesion, whatever its label and its name."""
    labels = array_view(segmentation.labels).reshape(-1)
    positions = np.flatnonzero(labels != 0)
    values = labels[positions]
    digest = hashlib.sha256()
    for lesion in sorted(segmentation.lesions, key=lambda lesion: lesion.lesion_id):
        own = positions[values == lesion.label].astype("<i8")
        digest.update(f"{lesion.lesion_id}\n{lesion.kind}\n{own.size}\n".encode())
        digest.update(own.tobytes())
    return digest.hexdigest()


def mask_fields(sources: Iterable[Mapping[str, str]], where: str) -> dict[str, Any]:
    """The fields `provenance`, `valid_for` and `cautions` of a `Segmentation` from the tags of its segments.

    sources: tags of each segment (and attributes of its node); others than `MASK_TAGS` are not looked at. Segments
    that came from another result bring theirs: then the provenance lists all ("sources"), and the mask is valid only
    as far as every part is. A lesion that a person drew says nothing, and takes nothing from what the others say.

    Raises:
        Refusal: a tag is not as it was written.
    """
    told = list(sources)
    try:
        origins = joined(json.loads(text) for text in _texts(told, _PROVENANCE))
        cautions = [Caution(**item) for text in _texts(told, _CAUTIONS) for item in json.loads(text)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refusal(
            "unreadable-tag",
            f"A tag that CLIPS wrote was changed, or is of a newer version, and cannot be read: {error}",
            where,
            "Make the result again, or update CLIPS.",
        ) from error
    conditions = [text for text in _texts(told, _VALID_FOR) if text != _WITHOUT_CONDITION]
    return {
        "provenance": {"sources": origins} if len(origins) > 1 else next(iter(origins), {}),
        "valid_for": " and ".join(conditions) or None,
        "cautions": tuple(dict.fromkeys(cautions)),
    }


def kind_in(tags: Mapping[str, str]) -> str:
    """Tumor unless the segment says that it is physiological uptake."""
    return PHYSIOLOGICAL if tags.get(KIND_TAG) == PHYSIOLOGICAL else TUMOR


def kind_caution(tags: Mapping[str, str], name: str, segment_id: str) -> tuple[Caution, ...]:
    """A caution where a segment does not say its kind."""
    if KIND_TAG in tags:
        return ()
    return (Caution("kind-assumed", f"Segment '{name}' does not say its kind and counts as tumor", segment_id),)


def labels_of(segments: Sequence[tuple[Mapping[str, str], int]]) -> list[int]:
    """The label of each segment (tags, value in its labelmap): the one it was made with, else its value, else (taken:
    a copied segment) the next free one."""
    labels: dict[int, int] = {}
    for place in sorted(range(len(segments)), key=lambda place: not segments[place][0].get(LABEL_TAG)):
        tags, value = segments[place]
        text = tags.get(LABEL_TAG, "")
        label = int(text) if text.isdecimal() else value
        free = 0 < label <= _HIGHEST_LABEL and label not in labels.values()
        labels[place] = label if free else max(labels.values(), default=0) + 1
    return [labels[place] for place in range(len(segments))]


def _texts(sources: Iterable[Mapping[str, str]], name: str) -> list[str]:
    """The different values of a tag, in their order."""
    return list(dict.fromkeys(source[name] for source in sources if source.get(name)))


def _encoded(value: object) -> str:
    return json.dumps(value, default=str, separators=(",", ":")).replace("|", "\\u007c")
