"""Stored pixel values of single files, and whole stacks of them. Called by `read`.

Every slice is decoded by itself: a series reader that takes the pixel type from the first slice wraps the others.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.progress import Reporter
from CLIPSLib.study.codestream import damage_in
from CLIPSLib.study.headers import SliceHeader

_BYTE_ORDER = {"1.2.840.10008.1.2": "<", "1.2.840.10008.1.2.1": "<", "1.2.840.10008.1.2.2": ">"}
_BINARY_VRS = (b"OW", b"OB", b"UN")
_UNDEFINED_LENGTH = 0xFFFFFFFF
_READERS = 4


def read_slices(
    slices: tuple[SliceHeader, ...],
    consume: Callable[[int, np.ndarray], None],
    reporter: Reporter,
    stage: str,
) -> None:
    """Decode all slices, several at a time, and hand each to `consume(index, stored)` (`[row, column]` integers).

    `consume` runs in the decoding threads and must touch only its own slice.

    Raises:
        Refusal: a file is truncated, or nothing installed decodes its transfer syntax.
        Cancelled: `reporter.check` said so.
    """

    def work(index: int) -> None:
        consume(index, decode(slices[index]))

    pool = ThreadPoolExecutor(_READERS)
    with _quiet_decoders():
        try:
            for done, _ in enumerate(pool.map(work, range(len(slices)))):
                reporter.check()
                reporter.progress(stage, done / len(slices))
        finally:
            pool.shutdown(cancel_futures=True)
    reporter.progress(stage, 1.0)


def decoded_shape(header: SliceHeader) -> tuple[int, int]:
    """Rows and columns that a file's pixel data really have. Raises Refusal as `read_slices`."""
    with _quiet_decoders():
        return decode(header).shape


@contextlib.contextmanager
def _quiet_decoders() -> Iterator[None]:
    """Decoders warn about values that our own rules judge. Not for use in threads: filters belong to the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(header: SliceHeader) -> np.ndarray:
    """The stored integers of one file, `[row, column]`, before rescaling. Raises Refusal as `read_slices`."""
    if header.transfer_syntax_uid in _BYTE_ORDER and (header.bits_allocated, header.transfer_syntax_uid[-2:]) != (
        8,
        ".2.2",
    ):
        return _native(header)
    return _compressed(header)


def same_pixels(a: SliceHeader, b: SliceHeader) -> bool:
    """True when two files hold the same encoded pixel data."""
    try:
        return _encoded(a) == _encoded(b)
    except OSError:
        return False


def _encoded(header: SliceHeader) -> bytes:
    with open(header.path, "rb") as stream:
        stream.seek(header.pixel_offset or 0)
        return stream.read()


def _native(header: SliceHeader) -> np.ndarray:
    order = _BYTE_ORDER[header.transfer_syntax_uid]
    count = header.rows * header.columns
    needed = count * header.bits_allocated // 8
    try:
        with open(header.path, "rb", buffering=0) as stream:
            stream.seek(header.pixel_offset or 0)
            content = stream.read(needed + 12)
    except OSError as error:
        raise Refusal("cannot-read", f"Cannot read the file: {error.strerror}", str(header.path)) from error
    start, length = _pixel_value(content, order)
    data = content[start : start + needed]
    if header.pixel_offset is None or length == _UNDEFINED_LENGTH or length < needed or len(data) < needed:
        raise _truncated(header)
    kind = "i" if header.signed else "u"
    try:
        stored = np.frombuffer(data, dtype=f"{order}{kind}{header.bits_allocated // 8}")
    except TypeError:
        what = f"BitsAllocated (0028,0100) = {header.bits_allocated} is not supported"
        raise Refusal("bits-allocated", what, str(header.path), "Export the series again.") from None
    return _without_padding_bits(stored, header).reshape(header.rows, header.columns)


def _pixel_value(content: bytes, order: str) -> tuple[int, int]:
    """Where the value of the PixelData element starts after its tag, and its length (explicit or implicit VR)."""
    endian = "little" if order == "<" else "big"
    if content[4:6] in _BINARY_VRS:
        return 12, int.from_bytes(content[8:12], endian)
    return 8, int.from_bytes(content[4:8], endian)


def _without_padding_bits(stored: np.ndarray, header: SliceHeader) -> np.ndarray:
    """Bits above BitsStored carry no pixel value (old overlays lie there)."""
    unused = header.bits_allocated - (header.bits_stored or header.bits_allocated)
    if unused <= 0:
        return stored
    native = stored.astype(stored.dtype.newbyteorder("="))
    return (native << unused) >> unused


def _compressed(header: SliceHeader) -> np.ndarray:
    """By whatever decoder pydicom finds installed, else by the one that SimpleITK (GDCM) brings along."""
    problems = []
    for decoder in (_decode_with_pydicom, _decode_with_simpleitk):
        try:
            stored = np.asarray(decoder(header))
        except Exception as error:  # decoders raise anything on damaged or unsupported data; the next one is tried
            problems.append(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
            continue
        if stored.shape == (header.rows, header.columns):
            return stored
        problems.append(f"decoded to {stored.shape}")
    what = f"The pixel data in transfer syntax {header.transfer_syntax_uid} cannot be decoded: {problems[0]}"
    remedy = "Export the series uncompressed, or copy the file again if it is damaged."
    raise Refusal("cannot-decode", what, str(header.path), remedy)


def _decode_with_pydicom(header: SliceHeader) -> np.ndarray:
    from pydicom import dcmread
    from pydicom.pixels import pixel_array

    return pixel_array(dcmread(header.path), raw=True)


def _decode_with_simpleitk(header: SliceHeader) -> np.ndarray:
    """GDCM applies slope and intercept; they are taken out again to have the stored integers back.

    Raises:
        ValueError: the stream is damaged, which GDCM would not survive, or of a kind it does not decode.
    """
    import SimpleITK as sitk

    damage = damage_in(header)
    if damage:
        raise ValueError(damage)

    rescaled = sitk.GetArrayFromImage(sitk.ReadImage(str(header.path)))[0].astype(np.float64)
    return np.rint((rescaled - header.intercept) / header.slope).astype(np.int64)


def _truncated(header: SliceHeader) -> Refusal:
    return Refusal(
        "pixels-truncated", "The pixel data are missing or truncated", str(header.path), "Copy the file again."
    )
