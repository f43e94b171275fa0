"""Provenance taken apart by lesion and put together again. Called by `tags` only.

A provenance says something of each lesion ("lesion_voxels", "thresholds"). Said with each segment, that would grow with
the square of their number; each segment carries its own part, and parts of one origin are known by all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_VOXELS, _THRESHOLDS, _COUNT = "lesion_voxels", "thresholds", "lesion_count"


def share_of(provenance: Mapping[str, Any], lesion_id: str | None) -> dict[str, Any]:
    """A provenance with, of what it says per lesion, only this lesion's part (None: nobody's).

    "lesion_count" says how many lesions had voxels, so that a missing part is noticed.
    """
    if "sources" in provenance:
        return {**provenance, "sources": [share_of(source, lesion_id) for source in provenance["sources"]]}
    share = dict(provenance)
    if _VOXELS in share:
        share.setdefault(_COUNT, len(share[_VOXELS]))
        share[_VOXELS] = {name: count for name, count in share[_VOXELS].items() if name == lesion_id}
    if _THRESHOLDS in share:
        share[_THRESHOLDS] = [each for each in share[_THRESHOLDS] if each["lesion_id"] == lesion_id]
    return share


def joined(provenances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The origins of a mask from what its segments say: parts or, as in older files, each the whole.

    A part that is missing (its segment was deleted) leaves "lesion_count" in the origin: the mask was edited.
    """
    origins: dict[str, dict[str, Any]] = {}
    for provenance in provenances:
        for part in provenance.get("sources", [provenance]):
            if not part:
                continue
            common = share_of(part, None)
            origin = origins.setdefault(json.dumps(common, sort_keys=True), common)
            if _VOXELS in part:
                origin[_VOXELS] |= part[_VOXELS]
            if _THRESHOLDS in part:
                known = {each["lesion_id"] for each in origin[_THRESHOLDS]}
                origin[_THRESHOLDS] += [each for each in part[_THRESHOLDS] if each["lesion_id"] not in known]
    return [_without_count(origin) for origin in origins.values()]


def _without_count(origin: dict[str, Any]) -> dict[str, Any]:
    if _VOXELS in origin and origin[_COUNT] == len(origin[_VOXELS]):
        del origin[_COUNT]
    return origin
