"""What CLIPS offers to load from one DICOM study, and how sure it is. Called by DICOMPETCTPlugin.

Slicer's own loader is 0.5 sure of a series, QIICR's PETDICOM up to 1.0; equal confidence loads a series twice.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from CLIPSLib import find_studies
from CLIPSLib.errors import Caution, ClipsError, Question
from CLIPSLib.study import SeriesInfo, StudyCandidate
from slicer.i18n import tr as _

SURE = 1.01  # above every other plugin for PET and CT; Slicer compares numbers and sets no limit
LAST = 0.05  # below every other plugin: seen with its reason in the browser's advanced view, never selected
_REASON_LENGTH = 90  # of a reason inside a name; the tooltip has it in full


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A series that can be loaded, or cannot: then `problem` says why and `confidence` is the lowest."""

    series: SeriesInfo
    candidate: StudyCandidate
    name: str
    tooltip: str
    warning: str = ""
    confidence: float = SURE
    problem: ClipsError | None = None


def offers_of_study(files: Sequence[str]) -> list[Offer]:
    """Each PET of a study and the CTs that go with them. Reads headers only.

    A CT is offered when it goes with a PET that can be loaded; others are left to Slicer's own loader. CTs come first,
    so that the PET is what the views show in the end.
    """
    pets = [_pet_offer(without_ct_question(candidate)) for candidate in find_studies(files).candidates]
    cts: dict[object, Offer] = {}
    for offer in pets:
        ct = offer.candidate.ct
        if offer.problem is None and ct is not None:
            cts.setdefault(ct.details["key"], _ct_offer(ct, offer.candidate))
    return [*cts.values(), *pets]


def without_ct_question(candidate: StudyCandidate) -> StudyCandidate:
    """A PET is loaded although several CTs fit equally well: the question becomes a caution, and no CT is chosen."""
    asked = [question for question in candidate.questions if question.key == "ct_series"]
    cautions = tuple(Caution(question.code, question.what, question.where) for question in asked)
    others = tuple(question for question in candidate.questions if question not in asked)
    return replace(candidate, questions=others, cautions=(*candidate.cautions, *cautions))


def series_name(series: SeriesInfo) -> str:
    """ "3: PET WB AC", as Slicer names series."""
    description = series.description or _("Unnamed Series")
    return f"{series.series_number}: {description}" if series.series_number is not None else description


def _pet_offer(candidate: StudyCandidate) -> Offer:
    name = series_name(candidate.pet)
    problem = next(iter((*candidate.refusals, *candidate.questions)), None)
    if problem is not None:
        return _unloadable(candidate, name, problem)
    lines = [_("PET in SUVbw (g/mL), {count} slices.").format(count=candidate.pet.slice_count)]
    lines += [candidate.suv.formula]
    lines += [_("CT: {name}").format(name=series_name(candidate.ct))] if candidate.ct else []
    lines += [_("Caution: {what}").format(what=caution) for caution in candidate.cautions]
    return Offer(
        series=candidate.pet,
        candidate=candidate,
        name=_("{series} (SUVbw)").format(series=name),
        tooltip="\n".join(lines),
        warning="\n".join(map(str, candidate.cautions)),
    )


def _unloadable(candidate: StudyCandidate, name: str, problem: ClipsError) -> Offer:
    reason = textwrap.shorten(problem.what, _REASON_LENGTH, placeholder="…")
    if isinstance(problem, Question):
        text = _("{series}: SUV needs an answer: {reason}")
        advice = _("Load the study in CLIPS Segmentation and answer there.")
    else:
        text = _("{series}: no SUV: {reason}")
        advice = _("Slicer loads it as it is stored; CLIPS does not segment that.")
    return Offer(
        series=candidate.pet,
        candidate=candidate,
        name=text.format(series=name, reason=reason),
        tooltip=f"{problem}\n{advice}",
        warning=str(problem),
        confidence=LAST,
        problem=problem,
    )


def _ct_offer(ct: SeriesInfo, candidate: StudyCandidate) -> Offer:
    choice = next(choice for choice in candidate.ct_alternatives if choice.series == ct)
    pet = series_name(candidate.pet)
    lines = [_("CT in HU, {count} slices, for the PET {pet}.").format(count=ct.slice_count, pet=pet), *choice.reasons]
    return Offer(
        series=ct,
        candidate=candidate,
        name=_("{series} (CT of the PET)").format(series=series_name(ct)),
        tooltip="\n".join(lines),
    )
