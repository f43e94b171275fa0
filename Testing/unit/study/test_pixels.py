"""Stored values of single files: native forms, compressed forms, damage."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from builders_dicom import write_series
from CLIPSLib.errors import Cancelled, Refusal
from CLIPSLib.progress import SILENT, RecordingReporter
from CLIPSLib.study import pixels
from CLIPSLib.study.scan import scan_folder
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

VALUES = {
    "int16": np.arange(4 * 72).reshape(4, 8, 9) * 113 - 16000,
    "uint16": np.arange(4 * 72).reshape(4, 8, 9) * 227,
    "uint8": np.arange(4 * 72).reshape(4, 8, 9) % 256,
    "int32": np.arange(4 * 72).reshape(4, 8, 9) * 100003 - 9000000,
}


def headers_of(folder, dtype="int16", **options):
    write_series(folder, values=VALUES[dtype], dtype=dtype, **options)
    return scan_folder(folder, SILENT).headers


def check(headers, dtype):
    for plane, header in zip(VALUES[dtype], headers, strict=True):
        assert np.array_equal(pixels.decode(header), plane)


@pytest.mark.parametrize("dtype", VALUES)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_uncompressed_values_of_every_width_sign_and_byte_order(tmp_path, dtype, syntax):
    check(headers_of(tmp_path, dtype, transfer_syntax=syntax), dtype)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_compressed_values_are_equal_with_either_decoder(tmp_path, dtype, syntax):
    if syntax != RLELossless:
        pytest.importorskip({JPEGLSLossless: "jpeg_ls", JPEG2000Lossless: "openjpeg"}[syntax])
    low, high = (-9000, 9000) if dtype == "int16" else (0, 20000)
    stored = np.random.default_rng(0).integers(low, high, (2, 64, 64))
    options = {"slope": 0.5, "RescaleIntercept": "3", "transfer_syntax": syntax}
    write_series(tmp_path, values=stored * 0.5 + 3, dtype=dtype, **options)
    for plane, header in zip(stored, scan_folder(tmp_path, SILENT).headers, strict=True):
        assert np.array_equal(pixels._decode_with_pydicom(header), plane)
        if syntax != RLELossless:  # pydicom decodes it everywhere; GDCM ends the process on a damaged one
            assert np.array_equal(pixels._decode_with_simpleitk(header), plane)


def test_a_deflated_data_set_is_read(tmp_path):
    for path in write_series(tmp_path, values=VALUES["int16"]):
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(path)
    check(scan_folder(tmp_path, SILENT).headers, "int16")


def test_jpeg_lossless_as_ct_archives_keep_it(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.GetImageFromArray(VALUES["uint16"][:1].astype(np.uint16))
    for key, value in {"0008|0060": "CT", "0020|000e": "1.2.3", "0020|000d": "1.2"}.items():
        image.SetMetaData(key, value)
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetCompressor("JPEG")
    writer.UseCompressionOn()
    writer.SetFileName(str(tmp_path / "jpeg.dcm"))
    writer.Execute(image)
    (header,) = scan_folder(tmp_path, SILENT).headers
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.4.70"
    assert np.array_equal(pixels.decode(header), VALUES["uint16"][0])


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_cut_stream_never_reaches_the_decoder_that_would_not_survive_it(tmp_path, syntax, kept):
    pytest.importorskip({JPEGLSLossless: "jpeg_ls", JPEG2000Lossless: "openjpeg"}[syntax])
    stored = np.random.default_rng(0).integers(0, 20000, (1, 64, 64))
    (path,) = write_series(tmp_path, values=stored, transfer_syntax=syntax)
    (header,) = scan_folder(tmp_path, SILENT).headers
    content = path.read_bytes()
    path.write_bytes(content[: header.pixel_offset + int(kept * (len(content) - header.pixel_offset))])
    with pytest.raises(Exception, match=r"stream|fragment|frame|end|bytes|PixelData"):
        pixels._decode_with_simpleitk(header)


def test_a_stream_of_another_size_than_the_header_is_refused(tmp_path):
    pytest.importorskip("jpeg_ls")
    write_series(tmp_path, values=np.ones((1, 64, 64)), transfer_syntax=JPEGLSLossless)
    (header,) = scan_folder(tmp_path, SILENT).headers
    with pytest.raises(ValueError, match=r"\(64, 64, 1\) for the header's \(32, 64, 1\)"):
        pixels._decode_with_simpleitk(replace(header, rows=32))


@pytest.mark.parametrize(
    ("syntax", "frame_header", "precision_at"),
    [(JPEGLSLossless, b"\xff\xf7", 4), (JPEG2000Lossless, b"\xff\x51", 40)],  # SOF55 and SIZ, ISO 14495-1, 15444-1
)
def test_samples_of_impossible_precision_never_reach_the_decoder(tmp_path, syntax, frame_header, precision_at):
    pytest.importorskip({JPEGLSLossless: "jpeg_ls", JPEG2000Lossless: "openjpeg"}[syntax])
    (path,) = write_series(tmp_path, values=np.ones((1, 64, 64)), transfer_syntax=syntax)
    content = bytearray(path.read_bytes())
    content[content.index(frame_header) + precision_at] = 103
    path.write_bytes(content)
    (header,) = scan_folder(tmp_path, SILENT).headers
    with pytest.raises(ValueError, match=r"10[34] bits, BitsAllocated \(0028,0100\) is 16"):
        pixels._decode_with_simpleitk(header)


def test_without_any_decoder_the_transfer_syntax_is_named(tmp_path):
    header = headers_of(tmp_path, transfer_syntax=RLELossless)[0]
    failing = mock.Mock(side_effect=RuntimeError("no plugin"))
    with (
        mock.patch.object(pixels, "_decode_with_pydicom", failing),
        mock.patch.object(pixels, "_decode_with_simpleitk", failing),
        pytest.raises(Refusal, match=r"1\.2\.840\.10008\.1\.2\.5 cannot be decoded: no plugin") as refusal,
    ):
        pixels.decode(header)
    assert refusal.value.where == str(header.path)


def test_damaged_compressed_data_are_refused_with_the_file(tmp_path):
    header = headers_of(tmp_path, transfer_syntax=RLELossless)[0]
    content = header.path.read_bytes()
    header.path.write_bytes(content[: header.pixel_offset + 30])
    with pytest.raises(Refusal, match="cannot be decoded") as refusal:
        pixels.decode(header)
    assert refusal.value.where == str(header.path)


def test_a_file_cut_after_scanning_is_refused(tmp_path):
    header = headers_of(tmp_path)[0]
    header.path.write_bytes(header.path.read_bytes()[:-10])
    with pytest.raises(Refusal, match="truncated"):
        pixels.decode(header)


def test_a_file_that_vanished_is_refused(tmp_path):
    header = headers_of(tmp_path)[0]
    header.path.unlink()
    with pytest.raises(Refusal, match="Cannot read"):
        pixels.decode(header)


@pytest.mark.parametrize("signed", [True, False])
def test_bits_above_bits_stored_are_no_value(tmp_path, signed):
    def twelve_bits(dataset, _index):
        dataset.BitsStored, dataset.HighBit = 12, 11
        stored = np.array([-5, 2047, 5, 0] if signed else [4095, 2047, 5, 0], dtype=np.int16)
        content = (stored & 0x0FFF) | 0x5000  # something in the upper four bits
        dataset.Rows, dataset.Columns = 2, 2
        dataset.PixelRepresentation = int(signed)
        dataset.PixelData = content.astype("<i2").tobytes()

    write_series(tmp_path, edit=twelve_bits)
    header = scan_folder(tmp_path, SILENT).headers[0]
    assert pixels.decode(header).ravel().tolist() == ([-5, 2047, 5, 0] if signed else [4095, 2047, 5, 0])


def test_reading_can_be_cancelled(tmp_path):
    headers = headers_of(tmp_path)
    with pytest.raises(Cancelled):
        pixels.read_slices(tuple(headers), lambda index, stored: None, RecordingReporter(cancel_after=1), "reading")
