"""Studies into a case registry: many folders, one after the other, and an account of each. For `clips cases add`.

Adding the same folders again continues where an interrupted run stopped: what is there already is recognized by its
UIDs (or its pixels), and only masks that it lacks are taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure
from CLIPSLib.formats.reference_masks import AS_IT_IS, MaskReading
from CLIPSLib.formats.tables import write_table
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.case_masks import ImportedMask, import_mask
from CLIPSLib.tasks.case_sources import CaseSource, StudyChoice, find_sources, settle_patients_of_several
from CLIPSLib.tasks.reporters import Unheard

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRecord, Registry
    from CLIPSLib.study import PetCtStudy

_STATES = {"refusal": "refused", "usage": "refused", "question": "question"}


@dataclass(frozen=True, kw_only=True)
class AddRequest:
    """How studies become cases.

    author: who imports, kept with each mask. choice: what of the folders is meant. reading: how masks are understood.
    masks: False takes the studies alone. stratum: the group that all of them belong to ("Siemens", "relapse").
    despite_removal: take in also what was removed once.
    """

    author: str
    choice: StudyChoice = field(default_factory=StudyChoice)
    reading: MaskReading = AS_IT_IS
    masks: bool = True
    stratum: str = ""
    despite_removal: bool = False


@dataclass(frozen=True, kw_only=True)
class AddedCase:
    """What became of one study.

    state: "added", "duplicate" (it is in the registry already), "refused", "question" or "failed". masks: those that
    were taken now. error: why there is no case; mask_error: why a mask was not taken though the case is there.
    """

    source: str
    state: str
    case_id: str = ""
    masks: tuple[ImportedMask, ...] = ()
    error: ClipsError | None = None
    mask_error: ClipsError | None = None
    cautions: tuple[Caution, ...] = ()
    seconds: float = 0.0

    @property
    def reason(self) -> str:
        """Why something is missing, in a sentence; "" when nothing is."""
        problem = self.error or self.mask_error
        return "" if problem is None else str(problem)

    def as_dict(self) -> dict[str, object]:
        """The outcome as JSON-ready values."""
        return {
            "source": self.source,
            "state": self.state,
            "case_id": self.case_id,
            "masks": [{"id": m.mask.id, "origin": m.mask.origin, "is_reference": m.is_reference} for m in self.masks],
            "error": None if self.error is None else self.error.as_dict(),
            "mask_error": None if self.mask_error is None else self.mask_error.as_dict(),
            "cautions": [caution.as_dict() for caution in self.cautions],
            "seconds": round(self.seconds, 2),
        }


def add_studies(
    registry: Registry,
    folders: Sequence[str | Path],
    request: AddRequest,
    *,
    reporter: Reporter = SILENT,
    on_outcome: Callable[[AddedCase], None] = lambda outcome: None,
) -> list[AddedCase]:
    """Make a case of every study below `folders`, with its masks.

    Structure sets and mask files become the reference where a case has none; masks of results become predictions. What
    cannot be taken becomes an outcome, and the next study follows.

    Raises:
        Cancelled. Failure: the registry itself cannot be written to. Question: whose are folders of images that have
            one name below several folders? (key "patient_is").
    """
    settle_patients_of_several(folders, request.choice.names)
    outcomes: list[AddedCase] = []
    for folder, source in _sources(folders, request, reporter):
        started = time.monotonic()
        outcome = (
            _outcome_of(str(folder), source)
            if isinstance(source, ClipsError)
            else _add(registry, source, request, reporter, started)
        )
        outcomes.append(outcome)
        on_outcome(outcome)
    return outcomes


def write_added_csv(path: str | Path, outcomes: Sequence[AddedCase], *, overwrite: bool = False) -> Path:
    """The account of `add_studies` as a table, a row per study. Raises as `write_table`."""
    return write_table(path, [_cells(outcome) for outcome in outcomes], overwrite=overwrite)


def _cells(outcome: AddedCase) -> dict[str, object]:
    problem = outcome.error or outcome.mask_error
    return {
        "source": outcome.source,
        "state": outcome.state,
        "case": outcome.case_id,
        "masks": " | ".join(f"{taken.mask.origin}: {taken.mask.volume_ml:.2f} mL" for taken in outcome.masks),
        "code": problem.code if problem else "",
        "reason": outcome.reason,
        "cautions": " | ".join(map(str, outcome.cautions)),
        "seconds": round(outcome.seconds, 2),
    }


def _sources(
    folders: Sequence[str | Path], request: AddRequest, reporter: Reporter
) -> Iterator[tuple[str | Path, CaseSource | ClipsError]]:
    """Every study of every folder; an error stands for a folder that cannot be searched."""
    for number, folder in enumerate(folders):
        reporter.check()
        reporter.progress("Adding studies", number / len(folders))
        try:
            sources = find_sources(folder, request.choice, reporter)
        except Cancelled:
            raise
        except ClipsError as error:
            yield folder, error
            continue
        for place, source in enumerate(sources):
            reporter.check()
            reporter.progress("Adding studies", (number + place / len(sources)) / len(folders))
            yield folder, source
    reporter.progress("Adding studies", 1.0)


def _add(registry: Registry, source: CaseSource, request: AddRequest, reporter: Reporter, started: float) -> AddedCase:
    known = registry.case_of_series(source.pet_series_uid) if source.pet_series_uid else None
    state, study = "duplicate", None
    try:
        if known is None:
            study = _read(source, reporter)
            known = registry.add_case(
                study,
                source=source.name,
                stratum=request.stratum,
                despite_removal=request.despite_removal,
                reporter=Unheard(reporter),
            )
            state = "added"
    except Cancelled:
        raise
    except ClipsError as error:
        if error.code == "duplicate-case":  # told by the pixels: the images have no UIDs
            known = registry.case_of_series(error.where)
        if known is None:
            return _outcome_of(source.name, error)
    except MemoryError:
        return _outcome_of(source.name, Failure("out-of-memory", "There is not enough memory for this study"))
    masks, mask_error = _take_masks(registry, known, study, source, request) if request.masks else ((), None)
    return AddedCase(
        source=source.name,
        state=state,
        case_id=known.case_id,
        masks=masks,
        mask_error=mask_error,
        cautions=(*(known.cautions if state == "added" else ()), *(c for mask in masks for c in mask.cautions)),
        seconds=time.monotonic() - started,
    )


def _read(source: CaseSource, reporter: Reporter) -> PetCtStudy:
    if source.problem is not None or source.read is None:
        raise source.problem or Failure("cannot-read", "The study cannot be read", source.name)
    return source.read(Unheard(reporter))


def _take_masks(
    registry: Registry, case: CaseRecord, study: PetCtStudy | None, source: CaseSource, request: AddRequest
) -> tuple[tuple[ImportedMask, ...], ClipsError | None]:
    """The masks of a source that the case does not have yet, and what went wrong with the first that could not."""
    try:
        imported = import_mask(
            registry,
            case.case_id,
            source.masks,
            author=request.author,
            reading=request.reading,
            prediction=source.kind == "result",
            study=study,
        )
    except Cancelled:
        raise
    except ClipsError as error:
        return (), error
    return (imported,) if imported else (), None


def _outcome_of(source: str, error: ClipsError) -> AddedCase:
    return AddedCase(source=source, state=_STATES.get(error.kind, "failed"), error=error)
