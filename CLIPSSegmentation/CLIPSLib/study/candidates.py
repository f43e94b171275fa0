"""From volumes to study candidates: PET with its SUV factor, its CT, its identity. Called by `find`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.ct_choice import choose_ct
from CLIPSLib.study.headers import PET_ATTRIBUTES, PetHeaders
from CLIPSLib.study.identity import find_identity
from CLIPSLib.study.series import Stack, series_label
from CLIPSLib.study.suv import SuvOutcome, derive_suv
from CLIPSLib.study.types import StudyCandidate

Problem = TypeVar("Problem", Question, Refusal)


def build_candidate(
    pet: Stack, cts: list[Stack], unreadable: list[tuple[Path, str]], answers: Answers
) -> StudyCandidate:
    """Everything that headers tell about the study of one PET volume. `unreadable`: damaged files of the folder."""
    where = series_label(pet.first)
    headers, outcome = _outcome(pet, answers)
    decision = choose_ct(pet, cts, answers.ct_series)
    identity, identity_cautions = find_identity(pet, headers, decision.ct, outcome.uptake_min, answers)
    factor_cautions = outcome.factor.cautions if outcome.factor else ()
    header_cautions = tuple(dict.fromkeys((*factor_cautions, *identity_cautions)))
    cautions = (*pet.cautions, *_located_cautions(header_cautions, where), *_damaged(pet, unreadable))
    return StudyCandidate(
        pet=pet.info,
        ct=decision.ct.info if decision.ct else None,
        ct_alternatives=tuple(entry.choice for entry in decision.ranked),
        suv=outcome.factor,
        identity=identity,
        cautions=(*cautions, *decision.cautions),
        questions=(*(_located(question, where) for question in outcome.questions), *decision.questions),
        refusals=(*pet.refusals, *(_located(refusal, where) for refusal in outcome.refusals), *decision.refusals),
    )


def _outcome(pet: Stack, answers: Answers) -> tuple[PetHeaders, SuvOutcome]:
    if pet.first.frame_count > 1:  # enhanced storage: refused already, and its values lie elsewhere
        return pet.first.pet, SuvOutcome(None)
    try:
        headers = merge_pet_headers(pet)
    except Refusal as refusal:
        return pet.first.pet, SuvOutcome(None, (), (refusal,))
    return headers, derive_suv(headers, answers)


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
                f"Slices contradict each other: {PET_ATTRIBUTES[name]} is {getattr(common, name)!r} in "
                f"{stack.first.path.name} and {getattr(header.pet, name)!r} in {header.path.name}"
            )
            raise Refusal("slices-contradict", what, series_label(stack.first), "Export the series again.")
    return replace(first, frames=tuple(header.timing for header in stack.slices))


def _differ(name: str, a: PetHeaders, b: PetHeaders) -> bool:
    return name != "frames" and getattr(a, name) != getattr(b, name)


def _damaged(pet: Stack, unreadable: list[tuple[Path, str]]) -> tuple[Caution, ...]:
    """Unreadable files beside the PET's may have been slices of it."""
    folders = {header.path.parent for header in pet.slices}
    beside = [(path, reason) for path, reason in unreadable if path.parent in folders]
    if not beside:
        return ()
    path, reason = beside[0]
    what = f"Damaged files lie beside the series ({len(beside)}), the first is {path.name}: {reason}"
    return (Caution("damaged-files", what, str(path)),)


def _located(problem: Problem, where: str) -> Problem:
    """The same problem with the series it belongs to: the rules themselves know header values only."""
    if problem.where:
        return problem
    problem.where = where
    return problem


def _located_cautions(cautions: tuple[Caution, ...], where: str) -> tuple[Caution, ...]:
    return tuple(caution if caution.where else replace(caution, where=where) for caution in cautions)
