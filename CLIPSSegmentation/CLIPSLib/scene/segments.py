"""Masks as segmentation nodes and segmentation nodes as masks. Called by the module's logic.

One segment per lesion; the segment's id is the lesion's id and never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Refusal, UsageError
from CLIPSLib.scene import grids, labelmaps, records
from CLIPSLib.scene.hierarchy import place_beside, series_uid
from CLIPSLib.scene.volumes import scene_or_default
from CLIPSLib.segmentation import PHYSIOLOGICAL, Lesion, Segmentation
from CLIPSLib.segmentation.appearance import segment_color
from CLIPSLib.segmentation.tags import (
    MASK_TAGS,
    is_reviewed_content,
    kind_caution,
    kind_in,
    labels_of,
    mask_fields,
    mask_tags,
    tags_by_lesion,
)

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy


def add_segmentation(segmentation: Segmentation, study: PetCtStudy, pet_node, scene=None):
    """Show a mask: one segment per lesion, on the grid of the PET node, beside it in the subject hierarchy.

    Kind, label and provenance are tags of each segment, because tags survive a seg.nrrd file; the provenance is also
    an attribute of the node, because a mask without lesions has one too.

    Returns:
        The vtkMRMLSegmentationNode.

    Raises:
        Refusal: the PET node shows another series, lies on another grid, or is moved by a transform.
        UsageError: the mask has voxels that belong to no lesion.
    """
    _refuse_other_series(study.identity.pet_series_uid, pet_node)
    grids.refuse_other_grid(segmentation.labels, pet_node)
    scene = scene_or_default(scene)
    shared = labelmaps.shared_labelmap(segmentation.labels, pet_node)
    _require_listed_labels(shared, segmentation)
    node = scene.CreateNodeByClass("vtkMRMLSegmentationNode")  # with the user's defaults, e.g. for smooth surfaces
    node.UnRegister(None)
    node.SetName(scene.GenerateUniqueName(f"{pet_node.GetName()} lesions"))
    for name, value in mask_tags(segmentation).items():
        node.SetAttribute(name, value)
    scene.AddNode(node)
    node.SetReferenceImageGeometryParameterFromVolumeNode(pet_node)
    node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), pet_node.GetID())
    tags = tags_by_lesion(segmentation)
    for lesion in segmentation.lesions:
        node.GetSegmentation().AddSegment(_segment(lesion, tags[lesion.lesion_id], shared), lesion.lesion_id)
    node.CreateDefaultDisplayNodes()
    place_beside(node, pet_node)
    return node


def segmentation_from_node(node, pet_node) -> Segmentation:
    """The mask that a segmentation node holds, whatever a person did to it since it was made.

    Segments keep their ids, and their labels where they had one; new segments get free labels. The core gives each
    voxel to one lesion: where segments overlap, tumor goes before physiological uptake, then the first in the list,
    and a caution says how many voxels that were. A segment without a kind counts as tumor, with a caution. That the
    mask was made on this PET is known by its series, or because the node refers to it; else that is a caution too.

    It counts as reviewed only while voxels and kinds are those that were reviewed.

    Raises:
        Refusal: the mask was made from another PET series, a node is moved by a transform, or the segments cannot be
            turned into labelmaps.
    """
    grids.refuse_transform(node)
    grids.refuse_transform(pet_node)
    segmentation = node.GetSegmentation()
    segments = {segment_id: segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()}
    tags = {segment_id: records.tags(segment) for segment_id, segment in segments.items()}
    told = [_attributes(node, MASK_TAGS), *tags.values()]
    fields = mask_fields(told, node.GetName())
    sources = fields["provenance"].get("sources", [fields["provenance"]])
    known = [_refuse_other_series(provenance.get("pet_series_uid"), pet_node) for provenance in sources]
    labels = labels_of([(tags[segment_id], segment.GetLabelValue()) for segment_id, segment in segments.items()])
    lesions = tuple(
        Lesion(label=label, lesion_id=segment_id, name=segment.GetName(), kind=kind_in(tags[segment_id]))
        for label, (segment_id, segment) in zip(labels, segments.items(), strict=True)
    )
    merged = labelmaps.merge(node, pet_node, sorted(lesions, key=lambda lesion: lesion.kind == PHYSIOLOGICAL))
    assumed = [c for lesion in lesions for c in kind_caution(tags[lesion.lesion_id], lesion.name, lesion.lesion_id)]
    unverified = () if all(known) or _refers_to(node, pet_node) else (_unverified_pet(node, pet_node),)
    fields["cautions"] = (*fields["cautions"], *unverified, *assumed, *merged.cautions)
    found = Segmentation(labels=merged.labels, lesions=lesions, **fields)
    return replace(found, reviewed=is_reviewed_content(told, found))


def _segment(lesion: Lesion, tags: Mapping[str, str], shared_labelmap):
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName(lesion.name)
    segment.SetNameAutoGenerated(False)
    segment.SetColor(segment_color(lesion.label - 1, lesion.kind))
    segment.SetColorAutoGenerated(False)
    segment.SetLabelValue(lesion.label)
    segment.AddRepresentation(labelmaps.representation_name(), shared_labelmap)
    for name, value in tags.items():
        segment.SetTag(name, value)
    return segment


def _refuse_other_series(expected: str | None, pet_node) -> bool:
    """Whether the series is known to be the expected one, False when it cannot be told; other ones are refused."""
    found = pet_node.GetAttribute(records.SERIES_ATTRIBUTE) or series_uid(pet_node)
    if expected and found and expected != found:
        raise Refusal(
            "other-series",
            f"The mask was made from the PET series {expected}, the PET volume shows the series {found}",
            pet_node.GetName(),
            "Choose the PET volume of the same study.",
        )
    return bool(expected and found)


def _refers_to(node, pet_node) -> bool:
    """Whether a segmentation node was made in this scene on this PET."""
    return node.GetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole()) == pet_node.GetID()


def _unverified_pet(node, pet_node) -> Caution:
    return Caution(
        "pet-unverified",
        f"That the mask was made on the PET volume '{pet_node.GetName()}' is not known; it is measured there",
        node.GetName(),
    )


def _require_listed_labels(labelmap, segmentation: Segmentation) -> None:
    """A voxel that belongs to no segment would be invisible and yet be written to files."""
    found = np.unique(labelmaps.voxels(labelmap)).tolist()
    unlisted = set(found) - {0} - {lesion.label for lesion in segmentation.lesions}
    if unlisted:
        raise UsageError("unlisted-label", f"The labels {sorted(unlisted)} of the mask belong to no lesion")


def _attributes(node, names: Iterable[str]) -> dict[str, str]:
    """Those of the attributes that a node has."""
    values = {name: node.GetAttribute(name) for name in names}
    return {name: value for name, value in values.items() if value}
