"""NIfTI files say the same as the image in memory, read by another reader: the header, taken apart by hand."""

from __future__ import annotations

import gzip
import math
import struct

import builders_result as builders
import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.formats import read_image, read_labels, write_image, write_labels
from CLIPSLib.imaging import same_grid
from hypothesis import given, settings
from hypothesis import strategies as st


def nifti_header(path):
    """Fields of NIfTI-1 at the byte offsets of nifti1.h, and the voxels as the file stores them."""
    content = gzip.decompress(path.read_bytes())
    assert struct.unpack_from("<i", content, 0)[0] == 348
    header = {
        "dim": struct.unpack_from("<8h", content, 40),
        "datatype": struct.unpack_from("<h", content, 70)[0],
        "pixdim": struct.unpack_from("<8f", content, 76),
        "descrip": content[148:228].rstrip(b"\0"),
        "qform_code": struct.unpack_from("<h", content, 252)[0],
        "sform_code": struct.unpack_from("<h", content, 254)[0],
        "quatern": struct.unpack_from("<3f", content, 256),
        "qoffset": struct.unpack_from("<3f", content, 268),
        "sform": np.array(struct.unpack_from("<12f", content, 280)).reshape(3, 4),
    }
    offset = int(struct.unpack_from("<f", content, 108)[0])
    return header, content[offset:]


def test_an_oblique_flipped_image_keeps_its_place_in_sform_and_qform(tmp_path):
    path = write_image(builders.study().pet, tmp_path / "pet.nii.gz")
    header, _ = nifti_header(path)
    # Column i is the direction of index i times its spacing; x and y change sign from LPS to RAS.
    c, s = math.cos(0.3), math.sin(0.3)
    lps = np.array([[c * 2.5, -s * 2.0, 0, -11.0], [s * 2.5, c * 2.0, 0, 22.5], [0, 0, -3.0, 633.25]])
    ras = np.diag([-1.0, -1.0, 1.0]) @ lps
    assert header["sform_code"] > 0 and header["qform_code"] > 0
    np.testing.assert_allclose(header["sform"], ras, atol=1e-4)
    np.testing.assert_allclose(qform_matrix(header), ras, atol=1e-4)


def qform_matrix(header):
    """Method 2 of nifti1.h: unit quaternion, pixdim, and qfac for the handedness."""
    b, c, d = header["quatern"]
    a = math.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    qfac, x, y, z = header["pixdim"][:4]
    return np.column_stack([rotation * [x, y, (qfac or 1.0) * z], header["qoffset"]])


def test_labels_are_stored_as_uint16_in_x_fastest_order(tmp_path):
    segmentation = builders.segmentation()
    header, voxels = nifti_header(write_labels(segmentation.labels, tmp_path / "labels.nii.gz"))
    assert header["datatype"] == 512  # NIFTI_TYPE_UINT16
    assert header["dim"][:4] == (3, 6, 5, 4)
    stored = np.frombuffer(voxels, "<u2").reshape(4, 5, 6)
    np.testing.assert_array_equal(stored, sitk.GetArrayFromImage(segmentation.labels))


def test_suv_is_stored_as_float32_without_scaling(tmp_path):
    pet = builders.study().pet
    header, voxels = nifti_header(write_image(pet, tmp_path / "pet.nii.gz"))
    assert header["datatype"] == 16  # NIFTI_TYPE_FLOAT32
    np.testing.assert_array_equal(np.frombuffer(voxels, "<f4").reshape(4, 5, 6), sitk.GetArrayFromImage(pet))


def test_nothing_of_the_patient_travels_in_the_file(tmp_path):
    path = write_image(builders.study().pet, tmp_path / "pet.nii.gz")
    assert b"DUPONT" not in gzip.decompress(path.read_bytes())


@pytest.mark.parametrize("flip", [True, False])
def test_reading_gives_back_voxels_and_geometry(tmp_path, flip):
    image = builders.oblique_image(np.arange(120, dtype=np.uint16).reshape(4, 5, 6), flip=flip)
    back = read_labels(write_labels(image, tmp_path / "labels.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))
    for ours, theirs in ((back.GetOrigin(), image.GetOrigin()), (back.GetDirection(), image.GetDirection())):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@settings(max_examples=25)
@given(
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    origin=st.tuples(*[st.floats(-2000.0, 2000.0)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 12.0)] * 3),
    left_handed=st.booleans(),
)
def test_any_grid_comes_back_within_a_thousandth_of_a_millimeter(
    tmp_path_factory, angles, origin, spacing, left_handed
):
    image = sitk.GetImageFromArray(np.ones((4, 5, 6), np.uint16))
    euler = sitk.Euler3DTransform((0.0, 0.0, 0.0), *angles)
    matrix = np.array(euler.GetMatrix()).reshape(3, 3) @ np.diag([1, 1, -1 if left_handed else 1])
    image.SetDirection(matrix.ravel().tolist())
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    path = tmp_path_factory.mktemp("grid") / "labels.nii.gz"
    assert same_grid(read_labels(write_labels(image, path)), image, tolerance_mm=1e-3)


def test_labels_that_another_program_stored_as_floats_are_read(tmp_path):
    path = tmp_path / "mask.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.array([[[0.0, 1.0, 2.0]]], np.float32)), str(path))
    assert sitk.GetArrayFromImage(read_labels(path)).ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize("values", [[0.0, 0.5], [-1.0, 1.0], [0.0, 70000.0]])
def test_an_image_that_holds_no_labels_is_refused(tmp_path, values):
    path = tmp_path / "probability.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.array([[values]], np.float32)), str(path))
    with pytest.raises(Refusal, match="no labels"):
        read_labels(path)


def test_a_time_series_is_refused(tmp_path):
    path = tmp_path / "dynamic.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 3, 4, 5), np.float32), isVector=False), str(path))
    with pytest.raises(Refusal, match="one 3D volume"):
        read_image(path)


def test_a_missing_or_damaged_file_is_a_failure_that_names_it(tmp_path):
    with pytest.raises(Failure, match=r"absent\.nii\.gz"):
        read_image(tmp_path / "absent.nii.gz")
    damaged = tmp_path / "damaged.nii.gz"
    damaged.write_bytes(b"this is no gzip stream")
    with pytest.raises(Failure, match=r"damaged\.nii\.gz"):
        read_image(damaged)


def test_an_existing_file_is_not_overwritten_unasked(tmp_path):
    path = write_image(builders.study().pet, tmp_path / "pet.nii.gz")
    before = path.read_bytes()
    with pytest.raises(Refusal, match="exists"):
        write_image(builders.study().pet, path)
    assert path.read_bytes() == before
