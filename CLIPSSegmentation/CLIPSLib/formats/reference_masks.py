"""The one door for masks from elsewhere: RTSTRUCT, .seg.nrrd, label maps, result folders onto the grid of a PET.

Called by the tasks that import and measure masks. Nothing is guessed: another grid, a value without a meaning, a
structure among several are refused or asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.errors import Caution, Failure, Refusal, UsageError
from CLIPSLib.files import sha256_file
from CLIPSLib.formats.itk_files import read_image_file
from CLIPSLib.formats.nifti import read_labels
from CLIPSLib.formats.result import LABELS, corrected_segments, read_result
from CLIPSLib.formats.rtstruct import read_rtstruct
from CLIPSLib.formats.seg_nrrd import read_seg_nrrd
from CLIPSLib.imaging.geometry import array_view, image_like, same_grid, same_voxels, voxel_volume_ml
from CLIPSLib.imaging.resample import labels_on_grid
from CLIPSLib.segmentation.lesions import lesions_from_mask, split_lesions
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR, Lesion, Segmentation

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study import PetCtStudy

IGNORE = "ignore"  # a label that is neither tumor nor physiological uptake and is left out on purpose
LABEL_KINDS = (TUMOR, PHYSIOLOGICAL, IGNORE)
_LABEL_MAPS = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


@dataclass(frozen=True, kw_only=True)
class MaskReading:
    """How a mask from elsewhere is to be understood.

    label_kinds: label value -> "tumor", "physiological" or "ignore". label_is_lesion: each value is a lesion of its own
    (otherwise the connected components of a kind are). split: components of a structure or segment become lesions.
    resample: a mask on another grid is brought onto the PET's (nearest neighbor). rois, other_frame: see
    `read_rtstruct`.
    """

    label_kinds: Mapping[int, str] = field(default_factory=dict)
    label_is_lesion: bool = False
    split: bool = False
    resample: bool = False
    rois: tuple[str, ...] = ()
    other_frame: bool = False

    def __post_init__(self) -> None:
        for value, kind in self.label_kinds.items():
            if kind not in LABEL_KINDS or not 1 <= value <= 65535:
                what = f"The table of labels says '{value}={kind}'"
                raise UsageError("label-table", what, "", f"Values are 1 to 65535, kinds {', '.join(LABEL_KINDS)}.")

    @property
    def meaning(self) -> dict[str, Any]:
        """What decides about the lesions that come out of a file, JSON-ready; permissions change nothing there."""
        kinds = {str(value): kind for value, kind in self.label_kinds.items()}
        return {"label_kinds": kinds, "label_is_lesion": self.label_is_lesion, "split": self.split}


AS_IT_IS = MaskReading()


def read_reference_mask(path: str | os.PathLike, study: PetCtStudy, reading: MaskReading = AS_IT_IS) -> Segmentation:
    """Read a mask of whatever format onto the grid of the study's PET.

    A label map of 0 and 1 is tumor, and its 26-connected components are the lesions; other values need a table or
    `label_is_lesion`. Structures and segments are lesions with their names. Provenance names file and SHA-256.

    Raises:
        Refusal: unknown format; another grid (without `resample`), another study, another frame of reference; label
            values without a meaning. Question: several structures could be meant. Failure: missing or damaged.
        UsageError: a structure of this name does not exist.
    """
    source = Path(path)
    segmentation = _read(source, study, reading)
    _require_same_pet(segmentation.provenance.get("pet_series_uid"), study, source)
    if reading.split:
        segmentation = split_lesions(segmentation, study)
    hashed = (corrected_segments(source) or source / LABELS) if source.is_dir() else source
    told = {"imported_from": source.name, "source_sha256": sha256_file(hashed), "reading": reading.meaning}
    return replace(segmentation, provenance={"model": "imported", **segmentation.provenance, **told})


def _read(source: Path, study: PetCtStudy, reading: MaskReading) -> Segmentation:
    if not source.exists():
        raise Failure("no-such-mask-file", "There is no such mask file or folder", str(source), "Check the path.")
    if source.is_dir():
        return _from_result(source, study)
    if source.name.endswith(".seg.nrrd"):
        return _from_slicer(source, study.pet, reading)
    if source.name.lower().endswith(_LABEL_MAPS):
        return _from_label_map(source, study, reading)
    if source.is_file() and _is_dicom(source):
        return read_rtstruct(
            source,
            study.pet,
            rois=reading.rois,
            frame_of_reference_uid=study.identity.frame_of_reference_uid,
            other_frame=reading.other_frame,
        )
    raise Refusal(
        "mask-format",
        "The mask is no RTSTRUCT, .seg.nrrd, NIfTI label map or result folder",
        str(source),
        "Save the segmentation in Slicer as .seg.nrrd, or export it as a NIfTI label map.",
    )


def _from_result(folder: Path, study: PetCtStudy) -> Segmentation:
    """The mask of a result, as it is now when somebody corrected it in Slicer."""
    stored = read_result(folder)
    _require_same_pet(stored.study.identity.pet_series_uid, study, folder)
    corrected = corrected_segments(folder)
    if corrected is None:
        _require_grid(stored.segmentation.labels, study.pet, folder)
        return replace(stored.segmentation, labels=_with_grid_of(stored.segmentation.labels, study.pet))
    what = "The segments were saved again since the result was written; they are taken as they are now"
    segmentation = read_seg_nrrd(corrected, study.pet)
    return replace(segmentation, cautions=(*segmentation.cautions, Caution("corrected", what, str(corrected))))


def _require_same_pet(theirs: str | None, study: PetCtStudy, source: Path) -> None:
    """Results and their segments know their PET; two PET of one patient may share a grid."""
    ours = study.identity.pet_series_uid
    if theirs and ours and theirs != ours:
        what = f"The mask was made on PET series {theirs}, the study has {ours}"
        raise Refusal("other-study", what, str(source), "Choose the mask of this study.")


def _from_slicer(source: Path, pet: sitk.Image, reading: MaskReading) -> Segmentation:
    segmentation = read_seg_nrrd(source, pet)
    if not reading.resample and any(caution.code == "resampled-segments" for caution in segmentation.cautions):
        _require_grid(read_image_file(source), pet, source)
    return segmentation


def _from_label_map(source: Path, study: PetCtStudy, reading: MaskReading) -> Segmentation:
    labels, cautions = _on_pet_grid(read_labels(source), study.pet, source, resample=reading.resample)
    present = [int(value) for value in np.unique(array_view(labels)) if value]
    kinds = _kinds_of(present, reading, source)
    told: dict[str, Any] = {"label_kinds": {str(value): kind for value, kind in kinds.items()}}
    if reading.label_is_lesion:
        labels, lesions = _lesion_per_label(labels, kinds)
    else:
        labels, lesions = _lesion_per_component(labels, kinds, study)
        told["connectivity"] = 26
    return Segmentation(labels=labels, lesions=lesions, provenance=told, cautions=cautions)


def _kinds_of(present: list[int], reading: MaskReading, source: Path) -> dict[int, str]:
    """The kind of each value that occurs.

    Raises:
        Refusal: a value has no meaning.
    """
    if reading.label_kinds:
        unknown = [value for value in present if value not in reading.label_kinds]
        known = dict(reading.label_kinds)
    else:
        unknown = [] if reading.label_is_lesion else [value for value in present if value != 1]
        known = dict.fromkeys(present, TUMOR)
    if unknown:
        listed = ", ".join(map(str, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
        raise Refusal(
            "unknown-labels",
            f"The label map holds values whose meaning nobody said: {listed}",
            str(source),
            f"Say what each is (--labels {unknown[0]}={TUMOR},...), or that each is a lesion (--label-is-lesion).",
        )
    return {value: known[value] for value in present}


def _lesion_per_label(labels: sitk.Image, kinds: Mapping[int, str]) -> tuple[sitk.Image, tuple[Lesion, ...]]:
    lesions = tuple(
        Lesion(label=value, lesion_id=f"lesion-{value}", name=f"Lesion {value}", kind=kind)
        for value, kind in kinds.items()
        if kind != IGNORE
    )
    kept = np.isin(array_view(labels), [lesion.label for lesion in lesions])
    return image_like(np.where(kept, array_view(labels), 0).astype(np.uint16), labels), lesions


def _lesion_per_component(
    labels: sitk.Image, kinds: Mapping[int, str], study: PetCtStudy
) -> tuple[sitk.Image, tuple[Lesion, ...]]:
    """The components of each kind, tumor first; two values of one kind that touch are one lesion."""
    values = array_view(labels)
    target = np.zeros(values.shape, np.uint16)
    lesions: list[Lesion] = []
    for kind, name in ((TUMOR, "Lesion"), (PHYSIOLOGICAL, "Physiological")):
        mask = np.isin(values, [value for value, its_kind in kinds.items() if its_kind == kind])
        components, found = lesions_from_mask(mask, study, parameters={"kind": kind})
        numbers = array_view(components)
        target[numbers > 0] = numbers[numbers > 0] + len(lesions)
        lesions += [
            replace(lesion, label=lesion.label + len(lesions), name=f"{name} {lesion.label}", kind=kind)
            for lesion in found
        ]
    return image_like(target, study.pet), tuple(lesions)


def _on_pet_grid(
    labels: sitk.Image, pet: sitk.Image, source: Path, *, resample: bool
) -> tuple[sitk.Image, tuple[Caution, ...]]:
    """Labels on the PET grid: as they are, turned when only the order of the voxels differs, else resampled."""
    if same_grid(labels, pet):
        return _with_grid_of(labels, pet), ()
    turned = same_voxels(labels, pet)
    if not turned and not resample:
        _require_grid(labels, pet, source)
    placed = labels_on_grid(labels, pet)
    before_ml, after_ml = (np.count_nonzero(array_view(i)) * voxel_volume_ml(i) for i in (labels, placed))
    if before_ml and not after_ml:
        what = f"All {before_ml:.1f} mL of the mask lie outside the PET"
        raise Refusal("outside-pet", what, str(source), "Check that the mask belongs to this PET series.")
    if not turned:
        what = f"The mask was resampled (nearest neighbor) from {_grid_in_words(labels)}; "
        what += f"{before_ml:.2f} mL became {after_ml:.2f} mL"
        return placed, (Caution("resampled", what, str(source)),)
    if not np.isclose(before_ml, after_ml):
        what = f"{before_ml - after_ml:.2f} mL of the mask lie outside the PET and are left out"
        return placed, (Caution("outside-pet", what, str(source)),)
    return placed, ()


def _require_grid(labels: sitk.Image, pet: sitk.Image, source: Path) -> None:
    if same_grid(labels, pet):
        return
    raise Refusal(
        "mask-grid",
        f"The mask has {_grid_in_words(labels)}, the PET {_grid_in_words(pet)}",
        str(source),
        "Export the mask on the grid of the PET, or ask for resampling (nearest neighbor).",
    )


def _grid_in_words(image: sitk.Image) -> str:
    size = " x ".join(str(count) for count in image.GetSize())
    spacing = " x ".join(f"{value:.4g}" for value in image.GetSpacing())
    origin = ", ".join(f"{value:.2f}" for value in image.GetOrigin())
    axes = ", ".join(f"{value:.4g}" for value in np.array(image.GetDirection()) + 0.0)
    return f"{size} voxels of {spacing} mm, the first at ({origin}) mm LPS, axes ({axes})"


def _with_grid_of(labels: sitk.Image, pet: sitk.Image) -> sitk.Image:
    """NIfTI keeps coordinates as float32: take the grid of the PET itself."""
    return image_like(array_view(labels), pet)


def _is_dicom(source: Path) -> bool:
    from pydicom.misc import is_dicom

    return is_dicom(source)
