"""Values that are no numbers in NIfTI files: refused, since ITK makes 0 of them and says nothing."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.formats import read_image, require_numbers


def written(path, dtype, bad=None):
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    if bad is not None:
        array[1, 2, 3] = bad
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    return path


def by_hand(path, order: str, size: int, last: float):
    """A NIfTI file of one row of float32 values from the two headers' definitions (nifti1.h, nifti2.h)."""
    header = bytearray(size)
    struct.pack_into(f"{order}i", header, 0, size)
    struct.pack_into(f"{order}h", header, 12 if size == 540 else 70, 16)
    struct.pack_into(f"{order}{'q' if size == 540 else 'f'}", header, 168 if size == 540 else 108, size + 4)
    with gzip.open(path, "wb") as stream:
        stream.write(bytes(header) + bytes(4) + np.array([0, 1, last], f"{order}f4").tobytes())
    return path


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_where_itk_reads_a_number(tmp_path, name, dtype, bad):
    path = written(tmp_path / name, dtype, bad)
    assert np.isfinite(sitk.GetArrayFromImage(read_image(path))).all()  # the reason for all this
    with pytest.raises(Refusal, match="NaN or infinite"):
        require_numbers(path)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
def test_numbers_pass(tmp_path, dtype):
    require_numbers(written(tmp_path / "image.nii.gz", dtype))


def test_other_formats_are_left_to_their_reader(tmp_path):
    path = written(tmp_path / "image.nrrd", "float32", np.nan)
    require_numbers(path)
    assert np.isnan(sitk.GetArrayFromImage(read_image(path))).any()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [348, 540])
def test_both_headers_and_byte_orders_are_understood(tmp_path, order, size):
    require_numbers(by_hand(tmp_path / "good.nii.gz", order, size, 2.0))
    with pytest.raises(Refusal):
        require_numbers(by_hand(tmp_path / "bad.nii.gz", order, size, np.nan))


@pytest.mark.parametrize("damage", [lambda raw: b"", lambda raw: b"short", lambda raw: raw[:-9], lambda raw: raw[:-4]])
def test_a_damaged_file_is_a_failure_that_names_it(tmp_path, damage):
    path = by_hand(tmp_path / "image.nii.gz", "<", 348, 2.0)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Failure, match="damaged") as failed:
        require_numbers(path)
    assert failed.value.where == str(path)
