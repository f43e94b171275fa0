"""RTSTRUCT: structures drawn in a radiotherapy planning system, read onto the PET grid. Called by `reference_masks`.

Contours are placed by their coordinates alone: the image references of genuine files often name instances that exist
nowhere. What makes a voxel belong to a structure is written in `contours`. Writing belongs here too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Failure, Question, Refusal, UsageError
from CLIPSLib.files import cannot_read
from CLIPSLib.formats.contours import fill_contours
from CLIPSLib.imaging.geometry import image_like
from CLIPSLib.segmentation.types import Lesion, Segmentation

if TYPE_CHECKING:
    import pydicom
    import SimpleITK as sitk

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
_START_BYTES = 1024  # hold the class of a DICOM file in its meta information
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")  # DICOM PS3.3 C.8.8.6; the others enclose nothing


@dataclass(frozen=True, kw_only=True)
class Roi:
    """One structure. contours: closed ones, each `(n, 3)` in LPS mm; left_out: points, open and too short contours."""

    number: int
    name: str
    frame_of_reference_uid: str
    contours: tuple[np.ndarray, ...]
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class StructureSet:
    """What an RTSTRUCT file says, before it meets an image. series_uids: of the images that it says it was drawn on."""

    path: Path
    label: str
    sop_instance_uid: str
    study_uid: str
    patient_id: str
    rois: tuple[Roi, ...]
    series_uids: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The structures that have contours, by name."""
        return tuple(roi.name for roi in self.rois if roi.contours)


def is_structure_set(path: str | os.PathLike) -> bool:
    """True for an RTSTRUCT file, told from its first bytes: thousands of files of a folder are asked."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(_START_BYTES)
    except OSError:
        return False
    return start[128:132] == b"DICM" and _SOP_CLASS.encode() in start


def read_structure_set(path: str | os.PathLike) -> StructureSet:
    """Read the structures of an RTSTRUCT file.

    Raises:
        Failure: missing, or damaged. Refusal: a DICOM file of another kind.
    """
    import pydicom

    source = Path(path)
    try:
        dataset = pydicom.dcmread(source)
        if dataset.get("SOPClassUID") != _SOP_CLASS:
            kind = dataset.get("Modality", "") or "no modality"
            raise Refusal("not-rtstruct", f"The DICOM file is no structure set ({kind})", str(source))
        return StructureSet(
            path=source,
            label=str(dataset.get("StructureSetLabel", "")),
            sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
            study_uid=str(dataset.get("StudyInstanceUID", "")),
            patient_id=str(dataset.get("PatientID", "")),
            rois=tuple(_rois(dataset)),
            series_uids=frozenset(_series_uids(dataset)),
        )
    except OSError as error:
        raise cannot_read(source, error) from error
    except (AttributeError, KeyError, ValueError, pydicom.errors.InvalidDicomError) as error:
        raise Failure("damaged-rtstruct", f"The structure set cannot be read: {error}", str(source)) from error


def choose_rois(structures: StructureSet, wanted: Sequence[str] = ()) -> tuple[Roi, ...]:
    """The structures that are meant, in the order of the file.

    wanted: exact names, or regular expressions that match whole names ("GTV.*"). Empty: the only one with contours.

    Raises:
        Question: several could be meant (key "roi"). UsageError: no structure has this name, or not a regular
        expression. Refusal: the structures have no contours.
    """
    where = str(structures.path)
    drawn = [roi for roi in structures.rois if roi.contours]
    listed = ", ".join(f"'{name}'" for name in structures.names) or "none with contours"
    if not wanted:
        if not drawn:
            raise Refusal("no-contours", "The structure set has no structure with closed contours", where)
        if len(drawn) > 1:
            what, remedy = f"The structure set has {len(drawn)} structures: {listed}", "Name those that are tumor."
            raise Question("several-rois", what, where, remedy, key="roi", choices=structures.names)
        return tuple(drawn)
    chosen = {roi.number for text in wanted for roi in _matching(structures.rois, text, listed, where)}
    if empty := [roi.name for roi in structures.rois if roi.number in chosen and not roi.contours]:
        what = f"The structure '{empty[0]}' has no closed contours"
        raise Refusal("no-contours", what, where, f"There are: {listed}.")
    return tuple(roi for roi in drawn if roi.number in chosen)


def read_rtstruct(
    path: str | os.PathLike,
    pet: sitk.Image,
    *,
    rois: Sequence[str] = (),
    frame_of_reference_uid: str = "",
    other_frame: bool = False,
) -> Segmentation:
    """Read structures onto the grid of the PET: one lesion per structure, of kind tumor, with its name.

    rois: as `choose_rois`. frame_of_reference_uid: that of the PET, "" where it is not known (a caution then says
    so). other_frame: True confirms that structures of another frame of reference lie in place all the same.
    A voxel of several structures counts once, for the first.

    Raises:
        Refusal: another frame of reference; contours outside the PET or not parallel to its slices.
        Question, UsageError: as `choose_rois`. Failure: unreadable.
    """
    structures = read_structure_set(path)
    chosen = choose_rois(structures, rois)
    cautions = list(_frame_cautions(chosen, frame_of_reference_uid, structures, other_frame))
    x, y, z = pet.GetSize()
    labels = np.zeros((z, y, x), np.uint16)
    shared = 0
    for label, roi in enumerate(chosen, start=1):
        mask, found = fill_contours(roi.contours, pet, name=roi.name)
        cautions += [*found, *_roi_cautions(roi, mask, structures)]
        shared += int(np.count_nonzero(labels[mask]))
        labels[mask & (labels == 0)] = label
    if shared:
        what = f"{shared} voxels lie in several structures; each counts once, for the first"
        cautions.append(Caution("overlapping-structures", what, str(path)))
    return Segmentation(
        labels=image_like(labels, pet),
        lesions=tuple(
            Lesion(label=label, lesion_id=f"roi-{roi.number}", name=roi.name)
            for label, roi in enumerate(chosen, start=1)
        ),
        provenance={
            "model": "imported",
            "imported_from": structures.path.name,
            "rtstruct": structures.sop_instance_uid,
            "structure_set": structures.label,
            "rois": [roi.name for roi in chosen],
            "inclusion": "voxel centers inside an odd number of contours of the nearest plane",
        },
        cautions=tuple(cautions),
    )


def _series_uids(dataset: pydicom.Dataset) -> Iterator[str]:
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", []):
        for study in frame.get("RTReferencedStudySequence", []):
            for series in study.get("RTReferencedSeriesSequence", []):
                yield str(series.get("SeriesInstanceUID", ""))


def _rois(dataset: pydicom.Dataset):
    drawn = {int(item.ReferencedROINumber): item for item in dataset.get("ROIContourSequence", [])}
    for item in dataset.StructureSetROISequence:
        number = int(item.ROINumber)
        contours = drawn[number].get("ContourSequence", []) if number in drawn else []
        closed = [_points(contour) for contour in contours if contour.ContourGeometricType in _CLOSED]
        kept = tuple(points for points in closed if len(points) >= 3)
        yield Roi(
            number=number,
            name=str(item.get("ROIName", "")).strip() or f"ROI {number}",
            frame_of_reference_uid=str(item.get("ReferencedFrameOfReferenceUID", "")),
            contours=kept,
            left_out=len(contours) - len(kept),
        )


def _points(contour: pydicom.Dataset) -> np.ndarray:
    """The points `(n, 3)` of a contour. Raises ValueError where they are no triples of numbers."""
    value = contour.get_item("ContourData").value
    numbers = value.split(b"\\") if isinstance(value, bytes) else value  # ten times as fast as pydicom's DS
    points = np.array(numbers, dtype=float)
    if not np.isfinite(points).all():
        raise ValueError("a contour has a coordinate that is no number")
    return points.reshape(-1, 3)


def _matching(rois: Sequence[Roi], text: str, listed: str, where: str) -> list[Roi]:
    exact = [roi for roi in rois if roi.name == text]
    try:
        found = exact or [roi for roi in rois if re.fullmatch(text, roi.name)]
    except re.error as error:
        what = f"'{text}' is neither a structure's name nor a regular expression: {error}"
        raise UsageError("no-such-roi", what, where, f"There are: {listed}.") from error
    if not found:
        raise UsageError("no-such-roi", f"No structure is called '{text}'", where, f"There are: {listed}.")
    return found


def _frame_cautions(rois: Sequence[Roi], pet_frame: str, structures: StructureSet, other_frame: bool) -> list[Caution]:
    """Coordinates mean something only in their frame of reference (DICOM PS3.3 C.7.4.1).

    Raises:
        Refusal: structures lie in another frame than the PET, and nobody confirmed that they fit.
    """
    where = str(structures.path)
    frames = {roi.frame_of_reference_uid for roi in rois}
    if not pet_frame or frames == {""}:
        side = "structure set" if pet_frame else "PET"
        what = f"The {side} names no frame of reference; the contours are placed by their coordinates, unchecked"
        return [Caution("frame-unknown", what, where)]
    differing = [roi for roi in rois if roi.frame_of_reference_uid not in ("", pet_frame)]
    if not differing:
        return []
    what = (
        f"The structure '{differing[0].name}' lies in frame of reference {differing[0].frame_of_reference_uid}, "
        f"the PET in {pet_frame}"
    )
    if not other_frame:
        remedy = "Look whether the contours lie on the tumor; if they do, confirm it (--other-frame)."
        raise Refusal("other-frame-of-reference", what, where, remedy)
    return [Caution("other-frame-of-reference", f"{what}; confirmed as fitting when it was imported", where)]


def _roi_cautions(roi: Roi, mask: np.ndarray, structures: StructureSet) -> list[Caution]:
    found = []
    if roi.left_out:
        what = f"{roi.left_out} contours of '{roi.name}' are points or open lines, which enclose nothing"
        found.append(Caution("contours-not-closed", what, str(structures.path)))
    if not mask.any():
        what = f"The structure '{roi.name}' is so small that it holds no voxel center"
        found.append(Caution("no-voxel", what, str(structures.path)))
    return found
