"""Geometry, components, distances, sphere means, body mask: arithmetic on images that knows nothing of medicine."""

from CLIPSLib.imaging.geometry import (
    array_view,
    image_like,
    index_to_lps_mm,
    lps_mm_to_index,
    same_grid,
    spacing_zyx_mm,
    voxel_volume_ml,
)

__all__ = [
    "array_view",
    "image_like",
    "index_to_lps_mm",
    "lps_mm_to_index",
    "same_grid",
    "spacing_zyx_mm",
    "voxel_volume_ml",
]
