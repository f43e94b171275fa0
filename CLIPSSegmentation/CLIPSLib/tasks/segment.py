"""The main job: every PET/CT study of a folder segmented, measured, written and reported.

Called by `clips segment`, and later by the panel's background job. One bad study never stops the others.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure, Refusal
from CLIPSLib.files import safe_name
from CLIPSLib.formats import corrected_segments, summary_row
from CLIPSLib.progress import SILENT, Reporter, format_duration
from CLIPSLib.segmentation import effective_options, get_segmenter
from CLIPSLib.study import choose_candidate, find_studies, group_by_study, read_study
from CLIPSLib.tasks.existing import result_to_keep, series_of_result
from CLIPSLib.tasks.reporters import Prefixed
from CLIPSLib.tasks.study_result import REPORT_NAME, SegmentRequest, make_report, make_result
from CLIPSLib.tasks.summary import prepare_folder, update_summary

if TYPE_CHECKING:
    from CLIPSLib.measures import Measures
    from CLIPSLib.study import FoundStudies, StudyCandidate, StudyIdentity

_STATES = {"question": "question", "usage": "refused"}


@dataclass(frozen=True, kw_only=True)
class CaseOutcome:
    """What became of one study. state: "done", "kept" (a result was there), "refused", "question" or "failed"."""

    case: str
    state: str
    identity: StudyIdentity
    folder: Path | None = None
    measures: Measures | None = None
    cautions: tuple[Caution, ...] = ()
    error: ClipsError | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """The outcome as JSON-ready values, for `--json` and job results."""
        return {
            "case": self.case,
            "state": self.state,
            "folder": None if self.folder is None else str(self.folder),
            "patient": None if self.measures is None else asdict(self.measures.patient),
            "cautions": [caution.as_dict() for caution in self.cautions],
            "error": None if self.error is None else self.error.as_dict(),
            "seconds": round(self.seconds, 2),
        }


def segment_folder(
    path: str | Path,
    out: str | Path,
    request: SegmentRequest,
    *,
    reporter: Reporter = SILENT,
    on_outcome: Callable[[CaseOutcome], None] = lambda outcome: None,
) -> list[CaseOutcome]:
    """Segment every PET/CT study under `path` into `out/<case>/`, and keep `out/summary.csv` up to date.

    A study that is refused, needs an answer or fails becomes an outcome, and the next one is taken.
    A result that exists already is kept unless `request.overwrite`.

    Raises:
        Refusal: `path` holds no PET series at all. UsageError: unknown model or option. Cancelled.
    """
    request = replace(request, model=get_segmenter(request.model).description.name)  # an installed one with its version
    # A wrong option is an error before hours of work, not after.
    for_segmenter = effective_options(request.model, request.options, request.answers)
    found = find_studies(
        path,
        answers={key: value for key, value in request.answers.items() if key not in for_segmenter},
        pet_series=request.pet_series,
        ct_series=request.ct_series,
        reporter=reporter,
    )
    if not found.candidates:
        raise _nothing_found(path, found)
    root = Path(out)
    prepare_folder(root, anonymous=request.anonymous, reporter=reporter)
    studies = group_by_study(found)
    names = _case_names([study.candidates[0] for study in studies], root, request)
    outcomes: list[CaseOutcome] = []
    started = time.monotonic()
    for number, (study, name) in enumerate(zip(studies, names, strict=True)):
        prefix = _prefix(number, len(names), time.monotonic() - started)
        outcome = _segment_case(study, name, root, request, Prefixed(reporter, prefix))
        outcomes.append(outcome)
        update_summary(root, _summary(outcomes, request))
        on_outcome(outcome)
    return outcomes


def case_name(candidate: StudyCandidate, *, anonymous: bool = False) -> str:
    """A folder name for a study: patient and date, or a code that tells nothing when anonymous."""
    code = f"case-{_short_hash(candidate.pet.series_uid)}"
    if anonymous:
        return code
    parts = [candidate.identity.patient_id or candidate.pet.patient_id, candidate.identity.study_date]
    return safe_name("_".join(part for part in parts if part), fallback=code)


def _segment_case(
    found: FoundStudies, name: str, root: Path, request: SegmentRequest, reporter: Reporter
) -> CaseOutcome:
    started = time.monotonic()
    folder = root / name
    candidate = found.candidates[0]
    state = "done"
    try:
        if not request.overwrite and _belongs_to(folder, candidate, request):
            state = "kept"
            measures, cautions = _keep(folder, candidate, request, reporter)
        else:
            candidate = choose_candidate(found)
            measures, cautions = make_result(read_study(candidate, reporter=reporter), folder, request, reporter)
    except Cancelled:
        raise
    except Refusal as error:
        if error.code == "exists" and _belongs_to(folder, candidate, request):  # another run was faster
            return _segment_case(found, name, root, request, reporter)
        return CaseOutcome(case=name, state="refused", identity=candidate.identity, error=error)
    except ClipsError as error:
        return CaseOutcome(case=name, state=_STATES.get(error.kind, "failed"), identity=candidate.identity, error=error)
    except MemoryError:
        error = Failure("out-of-memory", "There is not enough memory for this study", name, "Close other programs.")
        return CaseOutcome(case=name, state="failed", identity=candidate.identity, error=error)
    return CaseOutcome(
        case=name,
        state=state,
        identity=candidate.identity,
        folder=folder,
        measures=measures,
        cautions=cautions,
        seconds=time.monotonic() - started,
    )


def _keep(
    folder: Path, candidate: StudyCandidate, request: SegmentRequest, reporter: Reporter
) -> tuple[Measures, tuple[Caution, ...]]:
    """The measures of a result that is there; its report is written again where it is missing."""
    stored = result_to_keep(folder, candidate, request)
    cautions = (*stored.study.cautions, *stored.segmentation.cautions)
    if corrected_segments(folder) is not None:
        what = (
            f"The segments were saved again since; these measures are older ('clips measure {folder}' gives new ones)"
        )
        cautions = (*cautions, Caution("corrected", what, str(folder)))
        reporter.caution(cautions[-1])
    if not (folder / REPORT_NAME).exists():
        study = read_study(candidate, reporter=reporter)
        make_report(folder / REPORT_NAME, study, stored.segmentation, stored.measures, request)
    return stored.measures, cautions


def _case_names(candidates: Sequence[StudyCandidate], root: Path, request: SegmentRequest) -> list[str]:
    """One name per study: that of its result if there is one; a part of the series UID where two would share it."""
    plain = [case_name(candidate, anonymous=request.anonymous) for candidate in candidates]
    counts = Counter(plain)
    names = []
    for name, candidate in zip(plain, candidates, strict=True):
        longer = f"{name}_{_short_hash(candidate.pet.series_uid)}"
        if _belongs_to(root / longer, candidate, request):
            names.append(longer)
        elif _belongs_to(root / name, candidate, request):
            names.append(name)
        else:
            free = counts[name] == 1 and series_of_result(root / name) is None
            names.append(name if free else longer)
    return names


def _belongs_to(folder: Path, candidate: StudyCandidate, request: SegmentRequest) -> bool:
    """True when `folder` holds a result of this PET series (an anonymous folder is named after the series itself)."""
    expected = "" if request.anonymous else candidate.pet.series_uid
    return series_of_result(folder) == expected


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _prefix(number: int, count: int, elapsed_s: float) -> str:
    if count == 1:
        return ""
    left = f", {format_duration(elapsed_s * (count - number) / number)} left" if number else ""
    return f"[study {number + 1} of {count}{left}] "


def _summary(outcomes: Sequence[CaseOutcome], request: SegmentRequest) -> list[dict[str, object]]:
    return [
        summary_row(
            case=outcome.case,
            state=outcome.state,
            identity=outcome.identity,
            model=request.model,
            measures=outcome.measures,
            cautions=outcome.cautions,
            reason=_reason(outcome.error, request),
            anonymous=request.anonymous,
        )
        for outcome in outcomes
    ]


def _reason(error: ClipsError | None, request: SegmentRequest) -> str:
    """Why there is no result. The sentence names series and files, which often name the patient."""
    if error is None:
        return ""
    return f"{error.kind}: {error.code}" if request.anonymous else str(error)


def _nothing_found(path: str | Path, found: FoundStudies) -> Refusal:
    seen = Counter(series.modality or "unknown" for series in found.skipped)
    held = ", ".join(f"{count} {modality}" for modality, count in sorted(seen.items())) or "no DICOM series"
    reasons = [f"PET '{s.description}': {s.reason}" for s in found.skipped if s.modality == "PT"]
    return Refusal(
        "no-pet",
        f"No PET series found among {found.file_count} files ({'; '.join([held, *reasons[:3]])})",
        str(path),
        "Run 'clips studies' on the folder to see what was found and why it was left out.",
    )
