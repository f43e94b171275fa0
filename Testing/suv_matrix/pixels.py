"""SUV matrix: how pixels are stored, damaged files, and what else lies in a folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless
from suv_matrix.variant import IMPLICIT, ONE_HOUR, Variant, converts, refuses


def truncated(number: int, keep: int) -> Callable[[Path], None]:
    """Cut a file to its first bytes, or (negative) its last bytes off."""

    def after(folder: Path) -> None:
        path = folder / f"{number:04d}.dcm"
        path.write_bytes(path.read_bytes()[:keep])

    return after


def without_preamble(folder: Path) -> None:
    """Bare data sets in implicit VR, as old archives hold them."""
    for path in sorted(folder.iterdir()):
        dataset = dcmread(path)
        del dataset.file_meta
        dataset.preamble = None
        dcmwrite(path, dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)


def with_junk(folder: Path) -> None:
    (folder / "README.txt").write_text("a note")
    (folder / "0099.dcm").write_bytes(bytes(range(256)) * 4)
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "sub folder").mkdir()
    shutil.move(folder / "0003.dcm", folder / "sub folder" / "Ünïcode name")


def compressed_by_gdcm(compressor: str) -> Callable[[Dataset, int], None]:
    """An edit that stores the pixels as SimpleITK's GDCM writes them ("JPEG": lossless, "JPEG2000")."""

    def edit(dataset: Dataset, _index: int) -> None:
        import SimpleITK as sitk

        plane = np.frombuffer(dataset.PixelData, "<i2").reshape(dataset.Rows, dataset.Columns)
        with tempfile.TemporaryDirectory() as folder:
            writer = sitk.ImageFileWriter()
            writer.SetFileName(f"{folder}/slice.dcm")
            writer.SetUseCompression(True)
            writer.SetCompressor(compressor)
            writer.Execute(sitk.GetImageFromArray(plane[None]))
            written = dcmread(f"{folder}/slice.dcm")
            dataset.PixelData = written.PixelData
        dataset.file_meta.TransferSyntaxUID = written.file_meta.TransferSyntaxUID
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True

    return edit


def in_syntax(uid: str, *, fragments: bool = False) -> Callable[[Dataset, int], None]:
    """An edit that declares another transfer syntax for the pixels as they are."""

    def edit(dataset: Dataset, _index: int) -> None:
        dataset.file_meta.TransferSyntaxUID = uid
        if fragments:
            dataset.PixelData = encapsulate([dataset.PixelData])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True

    return edit


def without_segments(dataset: Dataset, _index: int) -> None:
    """RLE whose header says 0 segments: a decoder that divides by that number ends the whole process."""
    dataset.PixelData = encapsulate([bytes(64) + dataset.PixelData[80:]])
    dataset["PixelData"].VR = "OB"


def in_24_bits(dataset: Dataset, _index: int) -> None:
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 24, 24, 23
    dataset.PixelData = dataset.PixelData * 2


def zeroed(wanted: int) -> Callable[[Dataset, int], None]:
    def edit(dataset: Dataset, index: int) -> None:
        if index == wanted:
            dataset.PixelData = bytes(len(dataset.PixelData))

    return edit


def zero_slice_2(values: np.ndarray) -> np.ndarray:
    return values * np.array([1, 1, 0, 1, 1, 1])[:, None, None]


VARIANTS: list[Variant] = [
    converts("implicit VR", ONE_HOUR, transfer_syntax=IMPLICIT),
    converts("big endian", ONE_HOUR, transfer_syntax="1.2.840.10008.1.2.2"),
    converts("deflated", ONE_HOUR, edit=in_syntax("1.2.840.10008.1.2.1.99")),
    converts("32 bits", ONE_HOUR, dtype="int32"),
    refuses("24 bits", "bits-allocated", "BitsAllocated (0028,0100) = 24", edit=in_24_bits),
    converts("RLE", ONE_HOUR, transfer_syntax=RLELossless),
    converts("JPEG lossless", ONE_HOUR, edit=compressed_by_gdcm("JPEG")),
    converts("JPEG 2000", ONE_HOUR, rows=64, columns=64, slices=4, edit=compressed_by_gdcm("JPEG2000")),
    converts("JPEG-LS", ONE_HOUR, transfer_syntax=JPEGLSLossless, needs="jpeg_ls"),
    converts(
        "JPEG-LS with a slope per slice",
        ONE_HOUR,
        slope=lambda i: 0.5 + 0.1 * i,
        transfer_syntax=JPEGLSLossless,
        needs="jpeg_ls",
    ),
    converts(
        "lossy compression",
        ONE_HOUR,
        cautions=("lossy",),
        says=("LossyImageCompression (0028,2110)",),
        LossyImageCompression="01",
    ),
    refuses(
        "a transfer syntax for films",
        "cannot-decode",
        "1.2.840.10008.1.2.4.102",
        edit=in_syntax("1.2.840.10008.1.2.4.102", fragments=True),
    ),
    refuses(
        "damaged compressed pixels",
        "cannot-decode",
        "1.2.840.10008.1.2.5",
        edit=in_syntax("1.2.840.10008.1.2.5", fragments=True),
    ),
    refuses(
        "RLE without segments",
        "cannot-decode",
        "1.2.840.10008.1.2.5",
        transfer_syntax=RLELossless,
        edit=without_segments,
    ),
    refuses("pixels cut off", "pixels-truncated", "truncated", "0002.dcm", after=truncated(2, -20)),
    refuses("a header cut off in the middle", "slice-gap", "105.00 to 115.00 mm", after=truncated(2, 300)),
    converts(
        "a header cut off at the end",
        ONE_HOUR,
        cautions=("damaged-files", "slices-missing"),
        says=("0005.dcm",),
        after=truncated(5, 300),
        seen=lambda values: values[:5],
    ),
    refuses("no pixels", "pixels-truncated", "0000.dcm", edit=lambda ds, i: ds.pop(0x7FE00010)),
    refuses("only zeros", "pixels-all-zero", "6 slices", stored_factor=0),
    converts(
        "zeros between other slices",
        ONE_HOUR,
        cautions=("slices-all-zero",),
        says=("0002.dcm",),
        edit=zeroed(2),
        seen=zero_slice_2,
    ),
    refuses("RescaleSlope absent", "attribute-missing", "RescaleSlope (0028,1053)", RescaleSlope=None),
    refuses("RescaleSlope 0", "attribute-missing", "RescaleSlope (0028,1053)", RescaleSlope="0"),
    refuses("RescaleSlope negative", "attribute-impossible", "RescaleSlope = -1", RescaleSlope="-1"),
    refuses("RescaleIntercept absent", "attribute-missing", "RescaleIntercept (0028,1052)", RescaleIntercept=None),
    converts("no preamble, no file meta", ONE_HOUR, after=without_preamble),
    converts("junk beside, odd names, subfolders", ONE_HOUR, after=with_junk),
]
