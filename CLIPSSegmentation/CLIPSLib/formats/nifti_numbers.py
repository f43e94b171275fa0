"""Whether a NIfTI file holds values that are no numbers, which ITK reads as 0 without a word.

Called where images from elsewhere enter: a cohort in NIfTI, folders to train with. CLIPS' own files hold none.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Failure, Refusal

_FLOATS = {16: "f4", 64: "f8"}  # datatype of NIfTI; whole numbers are always numbers
_CHUNK = 1 << 22
_HEADER = 540  # of NIfTI-2; that of NIfTI-1 is shorter and followed by voxels or extensions


def require_numbers(path: str | os.PathLike) -> None:
    """Refuse a NIfTI file with NaN or infinity; other formats pass, whose reader keeps them for `require_finite`.

    Raises:
        Refusal: "not-finite". Failure: the file is damaged.
    """
    source = Path(path)
    if not source.name.endswith((".nii", ".nii.gz")):
        return
    unpacked = gzip.open if source.name.endswith(".gz") else open
    try:
        with unpacked(source, "rb") as stream:
            kind, offset = _layout(stream.read(_HEADER))
            if kind is None:
                return
            stream.seek(offset)
            while chunk := stream.read(_CHUNK):
                values = np.frombuffer(chunk[: len(chunk) // kind.itemsize * kind.itemsize], kind)
                if not np.isfinite(values).all():
                    raise _refused(source)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        what = f"The file is damaged or no image that can be read: {error}"
        raise Failure("not-an-image", what, str(source), "Copy it again from where it came.") from error


def _layout(header: bytes) -> tuple[np.dtype | None, int]:
    """Number type (None: whole numbers) and where the voxels begin, from the header of NIfTI-1 or NIfTI-2."""
    order = next((sign for sign in "<>" if struct.unpack_from(f"{sign}i", header)[0] in (348, 540)), "<")
    second = struct.unpack_from(f"{order}i", header)[0] == 540
    (code,) = struct.unpack_from(f"{order}h", header, 12 if second else 70)
    (offset,) = struct.unpack_from(f"{order}{'q' if second else 'f'}", header, 168 if second else 108)
    return (np.dtype(f"{order}{_FLOATS[code]}") if code in _FLOATS else None), int(offset)


def _refused(path: Path) -> Refusal:
    return Refusal(
        "not-finite",
        "The image holds values that are NaN or infinite: every number made from it would be wrong",
        str(path),
        "Export or convert the series again.",
    )
