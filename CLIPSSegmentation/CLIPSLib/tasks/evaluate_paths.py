"""Evaluate masks that are files: one against one, or folders of them, matched by names that say where the case id is.

Called by `clips evaluate`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty.masks import tumor_image
from CLIPSLib.errors import ClipsError, Refusal, UsageError
from CLIPSLib.formats import MaskReading, read_image, read_labels, read_reference_mask, read_saved_study
from CLIPSLib.formats.result import LABELS, SEGMENTATION
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study import PetCtStudy, StudyIdentity, load_study
from CLIPSLib.tasks.evaluate import EvaluatedCohort, EvaluationRequest, MaskPair, evaluate_cases

if TYPE_CHECKING:
    import SimpleITK as sitk

CASE = "{case}"
_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".dcm")


@dataclass(frozen=True, kw_only=True)
class FolderNames:
    """Which files or result folders of a folder are cases: a path with `{case}` for the id, and `*` for anything.

    The hospital's own are reference="{case}/pet0/*.nii", prediction="{case}_SEG.nii.gz", pet="{case}/{case}suv.nii.gz".
    """

    reference: str = "{case}.nii.gz"
    prediction: str = "{case}.nii.gz"
    pet: str = "{case}.nii.gz"


def evaluate_paths(
    reference: str | os.PathLike,
    prediction: str | os.PathLike,
    request: EvaluationRequest,
    *,
    pet: str | os.PathLike | None = None,
    reading: MaskReading | None = None,
    names: FolderNames | None = None,
    reporter: Reporter = SILENT,
) -> EvaluatedCohort:
    """Compare two masks (files or result folders), or two folders of them whose `names` give the same case id.

    pet: the PET of the masks: an image file in SUVbw, a result folder with its images, or DICOM; for folders of masks
    a folder of these. reading: what the values of label maps mean, and whether masks may be resampled. A case that one
    of the folders lacks becomes an outcome: that no mask is there does not say that the patient has no tumor.

    Raises:
        UsageError: a mask against a folder; a name without `{case}`. Refusal: no case, or two files for one. Cancelled.
    """
    first, second = Path(reference), Path(prediction)
    reading = reading or MaskReading()
    if is_mask(first) and is_mask(second):
        image = None if pet is None else Path(pet)
        cases = {_case_id(second): lambda: read_pair(first, second, image, reading, reporter)}
        return evaluate_cases(cases, request, reporter=reporter)
    if not (first.is_dir() and second.is_dir()) or is_mask(first) or is_mask(second):
        what = f"One mask can be compared with one, a folder with a folder; not {first.name} with {second.name}"
        raise UsageError("mask-and-folder", what, str(second), "Give two masks, or two folders of masks.")
    cases = _pairs(first, second, None if pet is None else Path(pet), reading, names or FolderNames(), reporter)
    return evaluate_cases(cases, request, reporter=reporter)


def is_mask(path: Path) -> bool:
    """A mask file, or the folder of a result; whether it can be read is another matter."""
    return (path / SEGMENTATION).is_file() if path.is_dir() else True


def find_cases(folder: Path, name: str) -> dict[str, Path]:
    """Case id -> file or folder below `folder`, by a path with `{case}` and `*`, in the order of the ids.

    Raises:
        UsageError: no `{case}` in it. Refusal: two files for one case.
    """
    if CASE not in name:
        raise UsageError(
            "no-case-in-name", f"The name '{name}' does not say where the case id is", "", f"Put {CASE} there."
        )
    before, *after = (re.escape(part).replace(r"\*", "[^/]*") for part in name.split(CASE))
    pattern = re.compile(before + "(?P<case>[^/]+)" + "(?P=case)".join(after))
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(name.replace(CASE, "*"))):
        match = pattern.fullmatch(path.relative_to(folder).as_posix())
        if match is None:
            continue
        if (other := found.setdefault(match["case"], path)) is not path:
            what = f"Case '{match['case']}' has two files that fit '{name}': {other.name} and {path.name}"
            raise Refusal("two-files", what, str(folder), "Give a name that only one of them fits.")
    return found


def read_pair(
    reference: Path, prediction: Path, pet: Path | None, reading: MaskReading, reporter: Reporter = SILENT
) -> MaskPair:
    """Read two masks onto one grid: that of the PET, or without one that of the first mask that has its whole grid.

    Raises:
        Refusal, Question, Failure: as `read_reference_mask` and `load_study`; "pet-needed".
    """
    study = _study_on(_grid(reference, prediction)) if pet is None else _study_of(pet, reporter)
    masks = [read_reference_mask(path, study, reading) for path in (reference, prediction)]
    for mask in masks:
        for caution in mask.cautions:
            reporter.caution(caution)
    return MaskPair(
        reference=tumor_image(masks[0]),
        prediction=tumor_image(masks[1]),
        pet=None if pet is None else study.pet,
        valid_for=masks[1].valid_for,
        reference_valid_for=masks[0].valid_for,
    )


def _pairs(
    references: Path, predictions: Path, pets: Path | None, reading: MaskReading, names: FolderNames, reporter: Reporter
) -> dict[str, Callable[[], MaskPair]]:
    first, second = find_cases(references, names.reference), find_cases(predictions, names.prediction)
    if not first.keys() & second.keys():
        raise Refusal(
            "no-cases",
            f"No case is in both folders: '{names.reference}' fits {len(first)} times, "
            f"'{names.prediction}' {len(second)} times",
            str(predictions),
            "Say how the files are called.",
        )
    images = None if pets is None else find_cases(pets, names.pet)

    def reader(case_id: str) -> Callable[[], MaskPair]:
        def read() -> MaskPair:
            paths = {"reference": first.get(case_id), "prediction": second.get(case_id)}
            if images is not None:
                paths["PET"] = images.get(case_id)
            for what, path in paths.items():
                if path is None:
                    raise _missing(case_id, what)
            return read_pair(*list(paths.values())[:2], paths.get("PET"), reading, reporter)

        return read

    return {case_id: reader(case_id) for case_id in sorted(first.keys() | second.keys())}


def _missing(case_id: str, what: str) -> ClipsError:
    return Refusal(
        f"no-{what.lower()}",
        f"There is no {what} of this case",
        case_id,
        "Add the file; where nothing was found, an empty mask says so.",
    )


def _study_of(pet: Path, reporter: Reporter) -> PetCtStudy:
    if pet.is_file():
        return _study_on(read_image(pet))
    return read_saved_study(pet) if (pet / SEGMENTATION).is_file() else load_study(pet, reporter=reporter)


def _study_on(grid: sitk.Image) -> PetCtStudy:
    """A study of which no more is known than its grid; what reads masks takes nothing else of it."""
    return PetCtStudy(pet=grid, ct=None, identity=StudyIdentity())


def _grid(*masks: Path) -> sitk.Image:
    for path in masks:
        if path.is_dir():
            return read_labels(path / LABELS)
        if not path.name.endswith((".seg.nrrd", ".dcm")):
            return read_labels(path)
    raise Refusal(
        "pet-needed",
        "Neither mask holds a whole grid (segmentations of Slicer are cropped, structures have none)",
        str(masks[0]),
        "Give the PET.",
    )


def _case_id(path: Path) -> str:
    name = path.resolve().name
    suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]
