"""From a folder to the studies in it, and to the one that is wanted. Public: `find_studies`, `load_study`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

from CLIPSLib.errors import Caution, Question, Refusal, UsageError
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study.answers import PERSONAL_ANSWERS, Answers, check_answers
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.identity import find_identity
from CLIPSLib.study.pairing import RankedCt, rank_cts, same_patient, ties_with_best
from CLIPSLib.study.read import read_study
from CLIPSLib.study.scan import ScannedFolder, scan_folder
from CLIPSLib.study.series import Stack, build_stacks, series_label
from CLIPSLib.study.suv import SuvOutcome, derive_suv
from CLIPSLib.study.types import FoundStudies, PetCtStudy, SkippedSeries, StudyCandidate

_NO_CT = "none"
Problem = TypeVar("Problem", Question, Refusal)


def find_studies(
    path: str | os.PathLike,
    *,
    answers: Mapping[str, object] | None = None,
    pet_series: str | None = None,
    ct_series: str | None = None,
    reporter: Reporter = SILENT,
) -> FoundStudies:
    """What a folder holds: each PET series with its CT, its SUV factor, and what stands in its way. Reads headers only.

    answers: `{"weight_kg": 72}`, see `Answers`. pet_series: only this series (UID, with "#2" for its second stack).
    ct_series: this CT for every PET, or "none".

    Raises:
        Failure: the folder does not exist or cannot be read.
        UsageError: an unknown answer or value, or a named series that is not there.
        Cancelled: `reporter.check` said so.
    """
    checked = _with_series(check_answers(answers), pet_series, ct_series)
    scanned = scan_folder(Path(path), reporter)
    stacks, skipped = build_stacks(scanned.headers)
    pets = [stack for stack in stacks if stack.first.modality == "PT"]
    cts = [stack for stack in stacks if stack.first.modality == "CT"]
    _require(checked.pet_series, pets, "pet_series")
    if checked.ct_series != _NO_CT:
        _require(checked.ct_series, cts, "ct_series")
    chosen = [pet for pet in pets if checked.pet_series is None or _is(pet, checked.pet_series)]
    _require_one_patient(chosen, checked)
    candidates = tuple(_candidate(pet, cts, scanned, checked) for pet in chosen)
    return FoundStudies(
        root=Path(path),
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


def _nothing_usable(found: FoundStudies) -> Refusal:
    if len(found.candidates) == 1:
        return found.candidates[0].refusals[0]
    reasons = [f"'{c.pet.description}': {c.refusals[0].what}" for c in found.candidates]
    reasons += [f"'{s.description}' ({s.file_count} files): {s.reason}" for s in found.skipped if s.modality == "PT"]
    reasons += [f"{path.name}: {reason}" for path, reason in found.unreadable[:3]]
    said = "; ".join(reasons) if reasons else f"{found.file_count} files, none of them a PET image"
    return Refusal("no-usable-pet", f"No usable PET series: {said}", str(found.root), "Choose another folder.")


def merge_pet_headers(stack: Stack) -> PetHeaders:
    """The SUV-relevant values of a series, with the times of each slice.

    Raises:
        Refusal: slices contradict each other in a value that must be the same in all.
    """
    first = stack.first.pet
    common = replace(first, frames=())
    for header in stack.slices:
        if replace(header.pet, frames=()) != common:
            name = next(f.name for f in fields(common) if _differ(f.name, header.pet, common))
            what = (
                f"Slices contradict each other: {name} is {getattr(common, name)!r} in {stack.first.path.name} and "
                f"{getattr(header.pet, name)!r} in {header.path.name}"
            )
            raise Refusal("slices-contradict", what, series_label(stack.first), "Export the series again.")
    return replace(first, frames=tuple(header.timing for header in stack.slices))


def _differ(name: str, a: PetHeaders, b: PetHeaders) -> bool:
    return name != "frames" and getattr(a, name) != getattr(b, name)


def _candidate(pet: Stack, cts: list[Stack], scanned: ScannedFolder, answers: Answers) -> StudyCandidate:
    where = series_label(pet.first)
    headers, outcome = _outcome(pet, answers)
    ct, alternatives, cautions, questions, refusals = _choose_ct(pet, cts, answers)
    factor_cautions = outcome.factor.cautions if outcome.factor else ()
    all_cautions = (*pet.cautions, *_located_cautions(factor_cautions, where), *_damaged(pet, scanned), *cautions)
    return StudyCandidate(
        pet=pet.info,
        ct=ct.info if ct else None,
        ct_alternatives=tuple(entry.choice for entry in alternatives),
        suv=outcome.factor,
        identity=find_identity(pet, headers, ct, outcome.uptake_min, answers),
        cautions=all_cautions,
        questions=(*(_located(question, where) for question in outcome.questions), *questions),
        refusals=(*pet.refusals, *(_located(refusal, where) for refusal in outcome.refusals), *refusals),
    )


def _outcome(pet: Stack, answers: Answers) -> tuple[PetHeaders, SuvOutcome]:
    if pet.first.frame_count > 1:  # enhanced storage: refused already, and its values lie elsewhere
        return pet.first.pet, SuvOutcome(None)
    try:
        headers = merge_pet_headers(pet)
    except Refusal as refusal:
        return pet.first.pet, SuvOutcome(None, (), (refusal,))
    return headers, derive_suv(headers, answers)


def _choose_ct(pet: Stack, cts: list[Stack], answers: Answers):
    """The CT, the ranked alternatives, and cautions, questions, refusals about them."""
    if answers.ct_series == _NO_CT:
        return None, [], (_no_ct("as the user asked"),), (), ()
    ranked, rejected = rank_cts(pet, cts)
    if answers.ct_series is not None:
        return _named_ct(ranked, rejected, answers.ct_series)
    if not ranked:
        near = [(ct, why) for ct, why in rejected if same_patient(pet, ct) or ct.first.study_uid == pet.first.study_uid]
        reasons = "; ".join(f"'{ct.first.description}': {reason}" for ct, reason in near)
        return None, [], (_no_ct(reasons or "none of this patient is in the folder"),), (), ()
    ties = ties_with_best(ranked)
    if len(ties) > 1:
        return None, ranked, (), (_which_ct(ties, series_label(pet.first)),), ()
    return ranked[0].stack, ranked, ranked[0].cautions, (), ()


def _named_ct(ranked: list[RankedCt], rejected: list[tuple[Stack, str]], key: str):
    for entry in ranked:
        if _is(entry.stack, key):
            return entry.stack, ranked, entry.cautions, (), ()
    for ct, reason in rejected:
        if _is(ct, key):
            refusal = Refusal(
                "ct-does-not-fit", f"The named CT does not go with the PET: {reason}", series_label(ct.first)
            )
            return None, ranked, (), (), (refusal,)
    return None, ranked, (), (), ()


def _no_ct(reason: str) -> Caution:
    return Caution("no-ct", f"The study has no CT ({reason})")


def _which_ct(ties: list[RankedCt], where: str) -> Question:
    named = "; ".join(f"{entry.stack.key}: '{entry.stack.first.description}'" for entry in ties)
    return Question(
        "several-ct-series",
        f"{len(ties)} CT series fit equally well: {named}",
        where,
        "Name one (ct_series).",
        key="ct_series",
        choices=tuple(entry.stack.key for entry in ties),
    )


def _damaged(pet: Stack, scanned: ScannedFolder) -> tuple[Caution, ...]:
    """Unreadable files beside the PET's may have been slices of it."""
    folders = {header.path.parent for header in pet.slices}
    beside = [(path, reason) for path, reason in scanned.unreadable if path.parent in folders]
    if not beside:
        return ()
    path, reason = beside[0]
    what = f"{len(beside)} damaged files lie beside the series, the first is {path.name}: {reason}"
    return (Caution("damaged-files", what, str(path)),)


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
    if key is not None and not any(_is(stack, key) for stack in stacks):
        there = ", ".join(stack.key for stack in stacks) or "none"
        raise UsageError("no-such-series", f"There is no volume {name} = '{key}'", "", f"Volumes there: {there}.")


def _require_one_patient(pets: list[Stack], answers: Answers) -> None:
    """A weight typed for one patient must not reach another."""
    personal = [name for name in answers.given if name in PERSONAL_ANSWERS]
    patients = sorted({pet.first.patient.patient_id for pet in pets})
    if personal and len(patients) > 1:
        what = f"The answer {personal[0]} belongs to one patient, and the folder holds {len(patients)}"
        raise UsageError("answer-for-several-patients", what, ", ".join(patients), "Name one series (pet_series).")


def _is(stack: Stack, key: str) -> bool:
    """A bare series UID means all its stacks: which of several is then asked."""
    return key in (stack.key, stack.first.series_uid)


def _located(problem: Problem, where: str) -> Problem:
    """The same problem with the series it belongs to: the rules themselves know header values only."""
    if problem.where:
        return problem
    problem.where = where
    return problem


def _located_cautions(cautions: tuple[Caution, ...], where: str) -> tuple[Caution, ...]:
    return tuple(caution if caution.where else replace(caution, where=where) for caution in cautions)
