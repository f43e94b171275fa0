"""Connected components: connectivity, order, boxes, against a plain flood fill."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from CLIPSLib.imaging import bounding_box, grow_box, label_components, renumber, shift_box
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


@pytest.mark.parametrize(
    ("second", "joined_by"),
    [((1, 1, 2), {6, 18, 26}), ((1, 2, 2), {18, 26}), ((2, 2, 2), {26})],
    ids=["face", "edge", "corner"],
)
@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_neighbors_by_face_edge_and_corner(second, joined_by, connectivity):
    mask = np.zeros((4, 4, 4), dtype=bool)
    mask[1, 1, 1] = mask[second] = True
    assert label_components(mask, connectivity).count == (1 if connectivity in joined_by else 2)


def test_sizes_boxes_and_extent():
    mask = np.zeros((6, 8, 10), dtype=bool)
    mask[1, 2, 3] = True
    mask[3:5, 4:7, 6:8] = True
    found = label_components(mask, 26)
    assert found.sizes.tolist() == [1, 12]
    assert found.boxes == (np.s_[1:2, 2:3, 3:4], np.s_[3:5, 4:7, 6:8])
    assert found.extent == np.s_[1:5, 2:7, 3:8]
    assert (found.labels[3:5, 4:7, 6:8] == 2).all()


def test_an_empty_mask_has_no_component():
    found = label_components(np.zeros((3, 3, 3), dtype=bool), 26)
    assert found.count == 0
    assert not renumber(found, []).any()


def test_unknown_connectivity_is_an_error():
    with pytest.raises(ValueError, match=r"connectivity 8 is not one of \(6, 18, 26\)"):
        label_components(np.ones((2, 2, 2), dtype=bool), 8)


def test_renumber_keeps_in_the_order_given():
    mask = np.zeros((1, 1, 9), dtype=bool)
    mask[0, 0, [0, 2, 3, 5, 6, 7]] = True
    labels = renumber(label_components(mask, 6), [3, 1])
    assert labels.ravel().tolist() == [2, 0, 0, 0, 0, 1, 1, 1, 0]
    assert labels.dtype == np.uint16


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)), st.sampled_from([6, 18, 26]))
def test_agrees_with_a_flood_fill(mask, connectivity):
    found = label_components(mask, connectivity)
    assert found.count == _count_by_flood_fill(mask, connectivity)
    assert ((found.labels > 0) == mask).all()
    assert [int((found.labels == i + 1).sum()) for i in range(found.count)] == found.sizes.tolist()
    for number, box in enumerate(found.boxes, start=1):
        assert box == bounding_box(found.labels == number)


@given(arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)))
def test_bounding_box_is_the_tightest(mask):
    box = bounding_box(mask)
    assert mask[box].sum() == mask.sum()
    if mask.any():
        where = np.argwhere(mask)
        assert [(s.start, s.stop) for s in box] == list(zip(where.min(0), where.max(0) + 1, strict=True))


def test_boxes_grow_within_the_array_and_shift_back():
    assert grow_box(np.s_[1:2, 4:6, 0:3], (2, 1, 5), (4, 6, 7)) == np.s_[0:4, 3:6, 0:7]
    assert shift_box(np.s_[1:2, 0:1, 2:4], np.s_[10:20, 5:9, 1:9]) == np.s_[11:12, 5:6, 3:5]


def _count_by_flood_fill(mask: np.ndarray, connectivity: int) -> int:
    faces = {6: 1, 18: 2, 26: 3}[connectivity]
    steps = [d for d in product((-1, 0, 1), repeat=3) if 0 < sum(map(abs, d)) <= faces]
    left = {tuple(int(i) for i in voxel) for voxel in np.argwhere(mask)}
    count = 0
    while left:
        count += 1
        stack = [left.pop()]
        while stack:
            voxel = stack.pop()
            for step in steps:
                neighbor = tuple(a + b for a, b in zip(voxel, step, strict=True))
                if neighbor in left:
                    left.remove(neighbor)
                    stack.append(neighbor)
    return count
