"""Geometry, components, spheres, distances, resampling: arithmetic on images that knows nothing of medicine."""

from CLIPSLib.imaging.components import (
    CONNECTIVITIES,
    Box,
    Components,
    bounding_box,
    grow_box,
    label_components,
    renumber,
    shift_box,
)
from CLIPSLib.imaging.distances import isosurface_vertices, largest_distance_mm, max_diameter_mm
from CLIPSLib.imaging.geometry import (
    array_view,
    image_like,
    index_to_lps_mm,
    lps_mm_to_index,
    same_grid,
    same_voxels,
    spacing_zyx_mm,
    voxel_volume_ml,
)
from CLIPSLib.imaging.resample import ct_on_grid, labels_on_grid
from CLIPSLib.imaging.spheres import PEAK_RADIUS_MM, sphere_means, sphere_offsets
from CLIPSLib.imaging.values import SUV_TOLERANCE, at_least, require_finite, voxels_for_volume

__all__ = [
    "CONNECTIVITIES",
    "PEAK_RADIUS_MM",
    "SUV_TOLERANCE",
    "Box",
    "Components",
    "array_view",
    "at_least",
    "bounding_box",
    "ct_on_grid",
    "grow_box",
    "image_like",
    "index_to_lps_mm",
    "isosurface_vertices",
    "label_components",
    "labels_on_grid",
    "largest_distance_mm",
    "lps_mm_to_index",
    "max_diameter_mm",
    "renumber",
    "require_finite",
    "same_grid",
    "same_voxels",
    "shift_box",
    "spacing_zyx_mm",
    "sphere_means",
    "sphere_offsets",
    "voxel_volume_ml",
    "voxels_for_volume",
]
