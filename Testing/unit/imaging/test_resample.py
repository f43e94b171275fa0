"""CT and labels onto the PET grid."""

from __future__ import annotations

import numpy as np
from builders_volume import image_of
from CLIPSLib.imaging import array_view, ct_on_grid, labels_on_grid, same_grid


def test_ct_is_interpolated_linearly_and_padded_with_air():
    ramp = np.broadcast_to(np.arange(10, dtype=np.int16) * 10, (4, 4, 10)).copy()  # HU = 10 * x in 1 mm voxels
    ct = image_of(ramp, spacing_xyz=(1, 1, 1))
    pet = image_of(np.zeros((2, 2, 4), np.float32), spacing_xyz=(4, 1, 1), origin=(0.5, 0, 0))
    on_pet = ct_on_grid(ct, pet)
    assert same_grid(on_pet, pet)
    np.testing.assert_allclose(array_view(on_pet)[0, 0], [5, 45, 85, -1000])  # x = 0.5, 4.5, 8.5, 12.5 mm


def test_labels_keep_their_values_and_type():
    labels = np.zeros((2, 2, 4), np.uint16)
    labels[:, :, 2:] = 700
    on_grid = labels_on_grid(image_of(labels), image_of(np.zeros((2, 2, 5), np.float32), origin=(0.9, 0, 0)))
    assert array_view(on_grid).dtype == np.uint16
    assert array_view(on_grid)[0, 0].tolist() == [0, 0, 700, 700, 0]  # voxel 0.45, 1.45, 2.45, 3.45; outside
