"""From a folder or files to the studies in it. Public: `find_studies`, `find_studies_in_steps`, `load_study`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from CLIPSLib.errors import Question, Refusal, UsageError
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study.answers import NO_ANSWERS, PATIENT_ANSWERS, SCAN_ANSWERS, Answers, check_answers
from CLIPSLib.study.candidates import build_candidate
from CLIPSLib.study.ct_choice import NO_CT
from CLIPSLib.study.read import read_study
from CLIPSLib.study.scan import ScannedFolder, scan_files, scan_folder
from CLIPSLib.study.series import Stack, build_stacks
from CLIPSLib.study.types import FoundStudies, PetCtStudy, SkippedSeries, StudyCandidate


def find_studies(
    path: str | os.PathLike | Sequence[str | os.PathLike],
    *,
    answers: Mapping[str, object] | None = None,
    pet_series: str | None = None,
    ct_series: str | None = None,
    reporter: Reporter = SILENT,
) -> FoundStudies:
    """What a folder holds: each PET series with its CT, its SUV factor, and what stands in its way. Reads headers only.

    path: a folder with all below it, or single files. answers: `{"weight_kg": 72}`, see `Answers`. pet_series: only
    this series (UID, with "#2" for its second stack). ct_series: this CT for every PET, or "none".

    Raises:
        Failure: the folder does not exist or cannot be read.
        UsageError: an unknown answer or value, or a named series that is not there.
        Cancelled: `reporter.check` said so.
    """
    checked = _with_series(check_answers(answers), pet_series, ct_series)
    files = None if isinstance(path, str | os.PathLike) else [Path(file) for file in path]
    root = Path(path) if files is None else _common_folder(files)
    scanned = scan_folder(root, reporter) if files is None else scan_files(files, reporter)
    return _found(root, scanned, checked)


def find_studies_in_steps(files: Sequence[str | os.PathLike], *, batch: int = 32) -> Iterator[FoundStudies | None]:
    """`find_studies` of single files without a thread: None after each batch of headers, and the result at last.

    For interfaces that must stay alive in between (inside 3D Slicer, threads stand still while its window waits).
    """
    paths = [Path(file) for file in files]
    scanned = ScannedFolder()
    for start in range(0, len(paths), batch):
        scanned.add(scan_files(paths[start : start + batch], SILENT))
        yield None
    yield _found(_common_folder(paths), scanned, NO_ANSWERS)


def _found(root: Path, scanned: ScannedFolder, checked: Answers) -> FoundStudies:
    """The studies in headers. Raises `UsageError` as `find_studies`."""
    stacks, skipped = build_stacks(scanned.headers)
    pets = [stack for stack in stacks if stack.first.modality == "PT"]
    cts = [stack for stack in stacks if stack.first.modality == "CT"]
    _require(checked.pet_series, pets, "pet_series")
    if checked.ct_series != NO_CT:
        _require(checked.ct_series, cts, "ct_series")
    chosen = [pet for pet in pets if checked.pet_series is None or pet.is_called(checked.pet_series)]
    _require_one_owner(chosen, checked)
    candidates = tuple(build_candidate(pet, cts, scanned.unreadable, checked) for pet in chosen)
    return FoundStudies(
        root=root,
        candidates=candidates,
        skipped=(*skipped, *_unpaired(cts, candidates)),
        unreadable=tuple(scanned.unreadable),
        file_count=scanned.file_count,
    )


def load_study(
    path: str | os.PathLike,
    *,
    answers: Mapping[str, object] | None = None,
    pet_series: str | None = None,
    ct_series: str | None = None,
    reporter: Reporter = SILENT,
) -> PetCtStudy:
    """Read the one PET/CT study of a folder.

    Raises:
        Question: several PET series could be meant (`pet_series`), or a value is missing (`weight_kg`, ...).
        Refusal: no PET series is usable; the reasons are listed.
        Failure, UsageError, Cancelled: as `find_studies` and `read_study`.
    """
    found = find_studies(path, answers=answers, pet_series=pet_series, ct_series=ct_series, reporter=reporter)
    return read_study(choose_candidate(found), reporter=reporter)


def choose_candidate(found: FoundStudies) -> StudyCandidate:
    """The only candidate that can be read, or could after an answer. Raises as `load_study`."""
    open_ones = [candidate for candidate in found.candidates if not candidate.refusals]
    if not open_ones:
        raise _nothing_usable(found)
    if len(open_ones) > 1:
        named = "; ".join(f"{c.pet.details['key']}: '{c.pet.description}'" for c in open_ones)
        raise Question(
            "several-pet-series",
            f"{len(open_ones)} PET series could be meant: {named}",
            str(found.root),
            "Name one (pet_series).",
            key="pet_series",
            choices=tuple(str(candidate.pet.details["key"]) for candidate in open_ones),
        )
    return open_ones[0]


def _common_folder(files: list[Path]) -> Path:
    """The folder that holds all files; on several drives of Windows, that of the first."""
    try:
        return Path(os.path.commonpath([file.parent for file in files]))
    except ValueError:
        return files[0].parent if files else Path()


def _nothing_usable(found: FoundStudies) -> Refusal:
    if len(found.candidates) == 1:
        return found.candidates[0].refusals[0]
    reasons = [f"'{c.pet.description}': {c.refusals[0].what}" for c in found.candidates]
    reasons += [f"'{s.description}' ({s.file_count} files): {s.reason}" for s in found.skipped if s.modality == "PT"]
    reasons += [f"{path.name}: {reason}" for path, reason in found.unreadable[:3]]
    said = "; ".join(reasons) if reasons else f"{found.file_count} files, none of them a PET image"
    return Refusal("no-usable-pet", f"No usable PET series: {said}", str(found.root), "Choose another folder.")


def _unpaired(cts: list[Stack], candidates: tuple[StudyCandidate, ...]) -> list[SkippedSeries]:
    """CT volumes that go with no PET of the folder."""
    paired = {c.ct.series_uid for c in candidates if c.ct} | {
        choice.series.series_uid for c in candidates for choice in c.ct_alternatives
    }
    return [
        SkippedSeries(
            series_uid=ct.first.series_uid,
            modality="CT",
            description=ct.first.description,
            file_count=len(ct.slices),
            reason=str(ct.refusals[0]) if ct.refusals else "goes with no PET of this folder",
        )
        for ct in cts
        if ct.first.series_uid not in paired
    ]


def _with_series(answers: Answers, pet_series: str | None, ct_series: str | None) -> Answers:
    return replace(answers, pet_series=pet_series or answers.pet_series, ct_series=ct_series or answers.ct_series)


def _require(key: str | None, stacks: list[Stack], name: str) -> None:
    if key is not None and not any(stack.is_called(key) for stack in stacks):
        there = ", ".join(stack.key for stack in stacks) or "none"
        raise UsageError("no-such-series", f"There is no volume {name} = '{key}'", "", f"Volumes there: {there}.")


def _require_one_owner(pets: list[Stack], answers: Answers) -> None:
    """What was typed of one patient must not reach another, nor the dose of one scan the next one."""
    patients = sorted({pet.first.patient.patient_id for pet in pets})
    studies = sorted({pet.first.study_uid for pet in pets})
    for names, owner, owners, code in (
        ((*PATIENT_ANSWERS, *SCAN_ANSWERS), "patient", patients, "answer-for-several-patients"),
        (SCAN_ANSWERS, "study", studies, "answer-for-several-studies"),
    ):
        typed = [name for name in answers.given if name in names]
        if typed and len(owners) > 1:
            what = f"The answer {typed[0]} belongs to one {owner}, and the folder holds {len(owners)}"
            raise UsageError(code, what, ", ".join(owners), "Name one series (pet_series).")
