"""Image files through SimpleITK, with the checks that it lacks. Used by `nifti` and `seg_nrrd`.

SimpleITK reports a full disk for NRRD but writes a truncated .nii.gz without a word, so every compressed file is
checked before it takes its name.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Failure
from CLIPSLib.files import atomic_path

if TYPE_CHECKING:
    import SimpleITK as sitk

_NIFTI_HEADER = 352  # bytes before the voxels


def write_image_file(
    image: sitk.Image, path: str | os.PathLike, *, metadata: Mapping[str, str] | None = None, overwrite: bool = False
) -> Path:
    """Write an image with `metadata`, and nothing of what it was read from, whole or not at all.

    It is compressed unless the name ends with ".nii".

    Raises:
        Refusal: the file exists and `overwrite` is False. Failure: the folder or disk does not take it.
    """
    import SimpleITK as sitk

    clean = sitk.Image(image)  # shares the voxels until one of the two is written to
    for key in clean.GetMetaDataKeys():  # DICOM attributes (names, dates) would travel into the file
        clean.EraseMetaData(key)
    for key, value in (metadata or {}).items():
        clean.SetMetaData(key, value)
    with atomic_path(path, overwrite=overwrite) as temporary:
        try:
            sitk.WriteImage(clean, str(temporary), useCompression=not _is_plain(temporary))
        except RuntimeError as error:
            raise _incomplete(path, _last_line(error)) from error
        if not _is_whole(temporary, _byte_count(clean)):
            raise _incomplete(path, "the file came out truncated")
    return Path(path)


def read_image_file(path: str | os.PathLike) -> sitk.Image:
    """Read an image file that SimpleITK knows; the direction cosines and spacing are taken as they stand.

    Raises:
        Failure: missing, damaged, or not an image.
    """
    import SimpleITK as sitk

    source = Path(path)
    if not source.is_file():
        raise Failure("cannot-read", "The image file does not exist", str(source))
    try:
        return sitk.ReadImage(str(source))
    except RuntimeError as error:
        raise Failure(
            "not-an-image",
            f"The file is damaged or no image that can be read: {_last_line(error)}",
            str(source),
            "Copy it again from where it came.",
        ) from error


def _is_whole(path: Path, byte_count: int) -> bool:
    """A gzip stream ends with the length of what was compressed (RFC 1952): at least the voxels of the image."""
    if _is_plain(path):
        return path.stat().st_size == byte_count + _NIFTI_HEADER
    with open(path, "rb") as stream:
        stream.seek(-4, os.SEEK_END)
        (length,) = struct.unpack("<I", stream.read(4))
    header = 0 if path.name.endswith(".nrrd") else _NIFTI_HEADER  # NRRD does not compress its header
    return length == (byte_count + header) % 2**32


def _is_plain(path: Path) -> bool:
    return path.name.endswith(".nii")


def _byte_count(image: sitk.Image) -> int:
    import SimpleITK as sitk

    return sitk.GetArrayViewFromImage(image).nbytes


def _incomplete(path: str | os.PathLike, reason: str) -> Failure:
    return Failure(
        "cannot-write",
        f"The image could not be written completely ({reason}); nothing was kept",
        str(path),
        "Check that the disk is not full and the folder may be written to.",
    )


def _last_line(error: RuntimeError) -> str:
    """The part of an ITK message that tells something; the rest is source files and addresses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
