"""MRML and the core's objects, both ways: the only room that imports `slicer` and `vtk`, always inside functions.

Coordinates become RAS here and nowhere else. What a file format loses of it is listed in docs/slicer-scene.md.
"""

from CLIPSLib.scene.edits import (
    add_lesion,
    is_reviewed,
    kind_of,
    segment_mask,
    set_kind,
    set_reviewed,
    set_segment_mask,
)
from CLIPSLib.scene.grids import lies_on_grid, require_voxels_in_place
from CLIPSLib.scene.records import SERIES_ATTRIBUTE
from CLIPSLib.scene.segments import add_segmentation, segmentation_from_node
from CLIPSLib.scene.tables import add_measures_table, clear_measures_table, update_measures_table
from CLIPSLib.scene.volumes import (
    add_ct_volume,
    add_pet_volume,
    add_study_volumes,
    ct_cautions,
    pet_state,
    require_suvbw,
    study_facts,
    study_from_nodes,
)

__all__ = [
    "SERIES_ATTRIBUTE",
    "add_ct_volume",
    "add_lesion",
    "add_measures_table",
    "add_pet_volume",
    "add_segmentation",
    "add_study_volumes",
    "clear_measures_table",
    "ct_cautions",
    "is_reviewed",
    "kind_of",
    "lies_on_grid",
    "pet_state",
    "require_suvbw",
    "require_voxels_in_place",
    "segment_mask",
    "segmentation_from_node",
    "set_kind",
    "set_reviewed",
    "set_segment_mask",
    "study_facts",
    "study_from_nodes",
    "update_measures_table",
]
