"""MRML and the core's objects, both ways: the only room that imports `slicer` and `vtk`, always inside functions.

Coordinates become RAS here and nowhere else. What a file format loses of it is listed in docs/slicer-scene.md.
"""

from CLIPSLib.scene.segments import add_segmentation, segmentation_from_node
from CLIPSLib.scene.tables import add_measures_table
from CLIPSLib.scene.volumes import add_study_volumes, study_from_nodes

__all__ = [
    "add_measures_table",
    "add_segmentation",
    "add_study_volumes",
    "segmentation_from_node",
    "study_from_nodes",
]
