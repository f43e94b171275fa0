"""Results that are there already: whose they are, and whether they may stand for what was asked. For `segment`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import ClipsError, Refusal
from CLIPSLib.files import read_json
from CLIPSLib.formats import STUDY_FORMAT, STUDY_VERSION, StoredResult, read_result
from CLIPSLib.segmentation import effective_options
from CLIPSLib.tasks.study_result import SegmentRequest

if TYPE_CHECKING:
    from CLIPSLib.study import StudyCandidate


def series_of_result(folder: Path) -> str | None:
    """The PET series UID that a finished result belongs to; None where there is no result, "" in anonymous ones."""
    try:
        document = read_json(folder / "study.json", format_name=STUDY_FORMAT, version=STUDY_VERSION)
    except ClipsError:
        return None
    return str(document.get("identity", {}).get("pet_series_uid", ""))


def result_to_keep(folder: Path, candidate: StudyCandidate, request: SegmentRequest) -> StoredResult:
    """The result in `folder`, if it is what would be made again from `candidate` by `request`.

    Raises:
        Refusal: it was made by another method, with other options, or from other values or another CT.
        Failure: it is damaged. UsageError: as `effective_options`.
    """
    stored = read_result(folder)
    differences = [
        f"{name} {there!r} instead of {asked!r}"
        for name, there, asked in _compared(stored, candidate, request)
        if not same_value(there, asked)
    ]
    if differences:
        raise Refusal(
            "other-result",
            f"The result that is there was made with {', '.join(differences)}",
            str(folder),
            "Choose another folder for the results, or ask for overwriting.",
        )
    return stored


def _compared(
    stored: StoredResult, candidate: StudyCandidate, request: SegmentRequest
) -> Iterator[tuple[str, Any, Any]]:
    """What decides about a result: name, value in the stored one, value that would be used now."""
    provenance = stored.segmentation.provenance
    yield "model", provenance.get("model"), request.model
    there = provenance.get("options", {})
    for name, asked in effective_options(request.model, request.options, request.answers).items():
        yield name, there.get(name), asked
    if stored.study.suv and candidate.suv:
        yield "SUV factor", stored.study.suv.factor, candidate.suv.factor
    yield "weight_kg", stored.study.identity.weight_kg, candidate.identity.weight_kg
    yield "height_m", stored.study.identity.height_m, candidate.identity.height_m
    if not stored.study.anonymous:
        yield "sex", stored.study.identity.sex, candidate.identity.sex
        yield "CT series", stored.study.identity.ct_series_uid, candidate.identity.ct_series_uid


def same_value(stored: Any, asked: Any) -> bool:
    """Equal as numbers, texts or points; JSON knows no tuples and may round the last digit of a float."""
    if isinstance(stored, list | tuple) and isinstance(asked, list | tuple):
        return len(stored) == len(asked) and all(map(same_value, stored, asked))
    if isinstance(stored, int | float) and isinstance(asked, int | float):
        return math.isclose(stored, asked, rel_tol=1e-9)
    return stored == asked
