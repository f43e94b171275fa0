"""Whether a compressed slice is whole, told from its markers, before a decoder that may not survive damage sees it.

GDCM ends the whole process on some damaged streams, and with it Slicer. Called by `pixels`.
"""

from __future__ import annotations

from CLIPSLib.study.headers import SliceHeader

_JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81))  # baseline to JPEG-LS
_JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91))
_END_OF_IMAGE = b"\xff\xd9"
_FRAME_HEADERS = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)  # SOF, SOF55


def damage_in(header: SliceHeader) -> str:
    """What is wrong with a file's compressed stream, or "" when its markers and its size are those of the header."""
    stream = _stream(header)
    if header.transfer_syntax_uid in _JPEG:
        start, bits, size = b"\xff\xd8", *_jpeg_frame(stream)
    elif header.transfer_syntax_uid in _JPEG_2000:
        start, bits, size = b"\xff\x4f\xff\x51", *_jpeg_2000_frame(stream)
    else:
        return "no decoder is installed"
    if not stream.startswith(start) or not stream.rstrip(b"\0").endswith(_END_OF_IMAGE):
        return "the stream has no start or no end"
    if size != (header.rows, header.columns, 1):
        return f"the stream holds {size} for the header's {(header.rows, header.columns, 1)} rows, columns, samples"
    if not 1 <= bits <= (header.bits_allocated or 0):
        return f"the stream's samples have {bits} bits, BitsAllocated (0028,0100) is {header.bits_allocated}"
    return ""


def _stream(header: SliceHeader) -> bytes:
    """The one frame of a file, its fragments joined. Raises ValueError and others on damaged encapsulation."""
    from pydicom import dcmread
    from pydicom.encaps import get_frame

    dataset = dcmread(header.path, specific_tags=["PixelData", "NumberOfFrames"], force=True)
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


Size = tuple[int, int, int]  # rows, columns, components


def _jpeg_frame(stream: bytes) -> tuple[int, Size | None]:
    """Bits of a sample and size by the first frame header (ISO 10918-1 B.2.2); 0 and None without one."""
    at = 2
    while at + 10 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in _FRAME_HEADERS:
            rows = int.from_bytes(stream[at + 5 : at + 7], "big")
            columns = int.from_bytes(stream[at + 7 : at + 9], "big")
            return stream[at + 4], (rows, columns, stream[at + 9])
        at += 1 if marker == 0xFF else 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return 0, None


def _jpeg_2000_frame(stream: bytes) -> tuple[int, Size | None]:
    """Bits of a sample and size by the SIZ segment (ISO 15444-1 A.5.1), which follows the start; 0 and None if cut."""
    if len(stream) < 43:
        return 0, None
    columns, rows, left, top = (int.from_bytes(stream[at : at + 4], "big") for at in (8, 12, 16, 20))
    return (stream[42] & 0x7F) + 1, (rows - top, columns - left, int.from_bytes(stream[40:42], "big"))
