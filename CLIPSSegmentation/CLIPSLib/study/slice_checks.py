"""What is wrong with single files of a series: copies, missing values, truncated pixel data. Called by `series`."""

from __future__ import annotations

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.headers import SliceHeader
from CLIPSLib.study.pixels import same_pixels

_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")


def without_duplicates(group: list[SliceHeader], where: str) -> tuple[list[SliceHeader], list[Caution], list[Refusal]]:
    """Each SOP instance once: exact copies are dropped, others refused."""
    seen: dict[str, SliceHeader] = {}
    unique, conflicts, dropped = [], [], 0
    for header in group:
        uid = header.sop_instance_uid
        if not uid or uid not in seen:
            seen[uid] = header
            unique.append(header)
        elif header == seen[uid] and same_pixels(header, seen[uid]):
            dropped += 1
        else:
            conflicts.append((seen[uid], header))
    cautions = []
    if dropped:
        cautions.append(Caution("duplicates-dropped", f"Exact copies of slices were left out: {dropped}", where))
    return unique, cautions, [_conflicting_copies(conflicts)] if conflicts else []


def _conflicting_copies(pairs: list[tuple[SliceHeader, SliceHeader]]) -> Refusal:
    first, second = pairs[0]
    uid = f"SOPInstanceUID (0008,0018) = {first.sop_instance_uid}"
    what = f"Two files with the same {uid} differ: {first.path.name} and {second.path}"
    if len(pairs) > 1:
        what = f"{what}; so do {len(pairs) - 1} more pairs of the series"
    return Refusal("conflicting-copies", what, str(first.path), "Remove the wrong files.")


def file_problems(slices: list[SliceHeader]) -> list[Refusal]:
    """What makes files useless that their headers tell already: each problem once, at its first file."""
    found: dict[str, list[Refusal]] = {}
    for header in slices:
        problem = _file_problem(header)
        if problem is not None:
            found.setdefault(problem.code, []).append(problem)
    return [_said_once(same) for same in found.values()]


def _said_once(same: list[Refusal]) -> Refusal:
    first = same[0]
    if len(same) > 1:
        first.what = f"{first.what}, in the first of {len(same)} such files"
    return first


def _file_problem(header: SliceHeader) -> Refusal | None:
    where, remedy = str(header.path), "Export or copy the file again."
    missing = [
        name
        for name, value in (
            ("Rows (0028,0010)", header.rows),
            ("Columns (0028,0011)", header.columns),
            ("PixelSpacing (0028,0030)", header.pixel_spacing),
            ("BitsAllocated (0028,0100)", header.bits_allocated),
            ("RescaleSlope (0028,1053)", header.slope),
            ("RescaleIntercept (0028,1052)", header.intercept),
        )
        if not value and not (value == 0 and name.startswith("RescaleIntercept"))
    ]
    if missing:
        return Refusal("attribute-missing", f"{missing[0]} is absent, malformed or 0", where, remedy)
    single = header.samples_per_pixel in (1, None) and header.frame_count == 1
    if min(header.pixel_spacing) <= 0 or header.slope < 0 or not single:
        what = (
            f"PixelSpacing = {header.pixel_spacing}, RescaleSlope = {header.slope:g}, SamplesPerPixel = "
            f"{header.samples_per_pixel}, NumberOfFrames = {header.frame_count} do not belong to a measured slice"
        )
        return Refusal("attribute-impossible", what, where, remedy)
    if header.transfer_syntax_uid in _UNCOMPRESSED and not _pixels_complete(header):
        return Refusal("pixels-truncated", "The pixel data are missing or truncated", where, remedy)
    return None


def _pixels_complete(header: SliceHeader) -> bool:
    if header.pixel_offset is None:
        return False
    needed = header.rows * header.columns * header.bits_allocated // 8
    return header.file_size - header.pixel_offset >= needed + 8
