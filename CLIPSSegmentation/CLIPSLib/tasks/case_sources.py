"""What a folder holds that can become cases: DICOM studies, results of `clips segment`, NIfTI images. For `cases`.

Nothing is decided from file names but what the user said they mean (`ImageNames`) and the names that CLIPS writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from CLIPSLib.errors import Caution, ClipsError, Question, Refusal
from CLIPSLib.formats import read_image, read_saved_study, require_numbers
from CLIPSLib.formats.rtstruct import is_structure_set, read_structure_set
from CLIPSLib.imaging import array_view
from CLIPSLib.progress import Reporter
from CLIPSLib.study import PetCtStudy, StudyIdentity, choose_candidate, find_studies, group_by_study, read_study
from CLIPSLib.study.plausibility import check_suv
from CLIPSLib.study.scan import list_files
from CLIPSLib.study.types import FoundStudies
from CLIPSLib.tasks.existing import series_of_result

SourceKind = Literal["dicom", "result", "images"]
_RESULT = "segmentation.json"  # what makes a folder a result


@dataclass(frozen=True, kw_only=True)
class ImageNames:
    """How image files are called: patterns with `*` and `?`, the first that fits a file of the folder counts.

    pet: in SUVbw (g/mL); the name is all that says so. patient_is: whether the folder of the images or the one above
    it is the patient; studies of one patient must not be told apart as two, or a split would leak. "" asks in doubt.
    """

    pet: tuple[str, ...] = ("pet_suv.nii.gz", "pet_suv.nii", "SUV.nii.gz", "SUV.nii")
    ct: tuple[str, ...] = ("ct_hu.nii.gz", "ct_hu.nii", "CT.nii.gz", "CTres.nii.gz", "CT.nii")
    mask: tuple[str, ...] = ("mask.nii.gz", "mask.seg.nrrd", "SEG.nii.gz", "labels.nii.gz", "mask.nii")
    patient_is: Literal["", "folder", "parent"] = ""


@dataclass(frozen=True, kw_only=True)
class StudyChoice:
    """What of a folder is meant, and the user's answers to questions about it."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    pet_series: str | None = None
    ct_series: str | None = None
    structures: bool = False  # look for structure sets (RTSTRUCT) of each study
    names: ImageNames = field(default_factory=ImageNames)


@dataclass(frozen=True, kw_only=True)
class CaseSource:
    """One study that may become a case; its pixels are read when `read` is called.

    name: for people. pet_series_uid: "" where there is none. masks: files of the study, or its result folder.
    problem: what stands in the way of reading it.
    """

    name: str
    kind: SourceKind
    read: Callable[[Reporter], PetCtStudy] | None = None
    pet_series_uid: str = ""
    masks: tuple[Path, ...] = ()
    problem: ClipsError | None = None


def find_sources(folder: str | Path, choice: StudyChoice, reporter: Reporter) -> list[CaseSource]:
    """Every study below a folder (or in one DICOM file), in a stable order. Headers are read, no pixels.

    Raises:
        Refusal: there is none. Question: one patient or several (key "patient_is"). Failure: unreadable folder.
        UsageError: as `find_studies`. Cancelled.
    """
    root = Path(folder)
    files = list_files(root)
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    results = [place for place, inside in by_folder.items() if any(file.name == _RESULT for file in inside)]
    images = {
        place: pet
        for place, inside in by_folder.items()
        if place not in results and (pet := _first(choice.names.pet, inside))
    }
    taken = {*results, *images}
    rest = [file for file in files if file.parent not in taken]
    _settle_patients(root, list(images), choice.names)
    found = [
        *_dicom_sources(root if len(rest) == len(files) else rest, rest, choice, reporter),
        *(_result_source(place) for place in results),
        *(_image_source(place, pet, by_folder[place], choice.names) for place, pet in images.items()),
    ]
    if not found:
        what = f"No PET study found among {len(files)} files"
        raise Refusal("no-study", what, str(root), "Run 'clips studies' on the folder to see what is there.")
    return found


def settle_patients_of_several(folders: Sequence[str | Path], names: ImageNames) -> None:
    """Refuse to take folders of one name below several folders ("p1/baseline", "p2/baseline") for one patient's.

    Raises:
        Question: there are such folders of images, and nobody said what they are (key "patient_is").
    """
    if names.patient_is:
        return
    seen: dict[str, Path] = {}
    for root in map(Path, folders):
        for place in _image_folders(root, names):
            if place != root and seen.setdefault(place.name, root) != root:
                raise _which_patient(
                    f"Both '{seen[place.name]}' and '{root}' have a folder '{place.name}' of images", root
                )


def _image_folders(root: Path, names: ImageNames) -> list[Path]:
    """The folders that hold a PET as an image and nothing that names the patient; none where nobody may look."""
    try:
        files = list_files(root)
    except ClipsError:  # told when it is searched
        return []
    telling = {file.parent for file in files if file.name in (_RESULT, "study.json")}
    return sorted({file.parent for file in files if _first(names.pet, [file])} - telling)


def _dicom_sources(
    place: Path | list[Path], files: list[Path], choice: StudyChoice, reporter: Reporter
) -> list[CaseSource]:
    """Each DICOM study with the structure sets that belong to it."""
    if not files:
        return []
    found = find_studies(
        place,
        answers=choice.answers,
        pet_series=choice.pet_series,
        ct_series=choice.ct_series,
        reporter=reporter,
    )
    structures: dict[str, list[Path]] = {}
    for path in filter(is_structure_set, files) if choice.structures else ():
        try:
            structures.setdefault(read_structure_set(path).study_uid, []).append(path)
        except ClipsError as error:
            reporter.caution(Caution(error.code, error.what, error.where))
    sources = [_dicom_source(study, structures) for study in group_by_study(found)]
    used = {path for source in sources for path in source.masks}
    for path in sorted(path for paths in structures.values() for path in paths if path not in used):
        what = "The structure set belongs to no PET study of this folder"
        reporter.caution(Caution("structures-without-study", what, str(path)))
    return sources


def _dicom_source(study: FoundStudies, structures: Mapping[str, list[Path]]) -> CaseSource:
    first = study.candidates[0].pet
    name = str(first.files[0].parent) if first.files else str(study.root)
    masks = tuple(structures.get(first.study_uid, ()))
    try:
        candidate = choose_candidate(study)
    except ClipsError as error:
        return CaseSource(name=name, kind="dicom", masks=masks, problem=error)
    problem = next(iter((*candidate.refusals, *candidate.questions)), None)
    return CaseSource(
        name=name,
        kind="dicom",
        read=lambda reporter: read_study(candidate, reporter=reporter),
        pet_series_uid=candidate.pet.series_uid,
        masks=masks,
        problem=problem,
    )


def _result_source(folder: Path) -> CaseSource:
    return CaseSource(
        name=str(folder),
        kind="result",
        read=lambda reporter: read_saved_study(folder),
        pet_series_uid=series_of_result(folder) or "",
        masks=(folder,),
    )


def _image_source(folder: Path, pet: Path, files: list[Path], names: ImageNames) -> CaseSource:
    ct, mask = _first(names.ct, files), _first(names.mask, files)
    patient = folder.parent.name if names.patient_is == "parent" else folder.name
    return CaseSource(
        name=str(folder),
        kind="images",
        read=lambda reporter: _read_images(folder, pet, ct, patient),
        masks=(mask,) if mask else (),
    )


def _read_images(folder: Path, pet: Path, ct: Path | None, patient: str) -> PetCtStudy:
    """A study from NIfTI files: with what its study.json tells, if one lies beside them."""
    if (folder / "study.json").is_file():
        study = read_saved_study(folder)
        identity = replace(study.identity, patient_id=study.identity.patient_id or patient)
        return replace(study, identity=identity)
    for path in filter(None, (pet, ct)):
        require_numbers(path)
    image = read_image(pet)
    return PetCtStudy(
        pet=image,
        ct=read_image(ct) if ct else None,
        identity=StudyIdentity(patient_id=patient),
        cautions=check_suv(array_view(image)),
    )


def _first(patterns: tuple[str, ...], files: list[Path]) -> Path | None:
    """The file that the first fitting pattern names; of several the first by name."""
    for pattern in patterns:
        fitting = sorted(file for file in files if fnmatchcase(file.name, pattern))
        if fitting:
            return fitting[0]
    return None


def _settle_patients(root: Path, folders: list[Path], names: ImageNames) -> None:
    """Refuse to guess whether folders that lie together in a subfolder are one patient's.

    Raises:
        Question: there are such folders, and nobody said what they are.
    """
    if names.patient_is:
        return
    together = Counter(folder.parent for folder in folders if folder != root and folder.parent != root)
    shared = [(parent, count) for parent, count in together.items() if count > 1]
    if shared:
        parent, count = shared[0]
        raise _which_patient(f"{count} folders of images lie in '{parent.name}'", parent)


def _which_patient(found: str, where: Path) -> Question:
    return Question(
        "patient-of-images",
        f"{found}: are they one patient's, or is each a patient?",
        str(where),
        "'parent': the folder above the images is the patient; 'folder': each folder of images is one.",
        key="patient_is",
        choices=("folder", "parent"),
    )
