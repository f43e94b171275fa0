"""Arrays and images keep together."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.imaging import array_view


def test_a_view_outlives_the_name_of_its_image_and_cannot_be_written():
    values = np.random.default_rng(1).normal(size=(40, 50, 60)).astype(np.float32)
    views = [array_view(sitk.GetImageFromArray(values + i)) for i in range(5)]
    gc.collect()
    for i, view in enumerate(views):
        np.testing.assert_array_equal(view, values + i)
    with pytest.raises(ValueError, match="read-only"):
        views[0][0, 0, 0] = 1


def test_a_view_shares_the_memory_of_the_image():
    image = sitk.Image(3, 3, 3, sitk.sitkInt16)
    view = array_view(image)
    assert np.shares_memory(view, sitk.GetArrayViewFromImage(image))
    assert view.dtype == np.int16
