"""The main job as a background job: from a folder of DICOM files, or from images that a panel has already.

`run_job` is the verb "segment" (see `verbs`); panels call `save_study` to hand over what they show.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import UsageError
from CLIPSLib.files import atomic_folder
from CLIPSLib.formats import read_saved_study, write_image
from CLIPSLib.formats.documents import write_study_json
from CLIPSLib.progress import Reporter
from CLIPSLib.tasks.segment import CaseOutcome, segment_folder
from CLIPSLib.tasks.study_result import SegmentRequest, make_result

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

_REQUEST = {field.name for field in fields(SegmentRequest)}
_NEEDS_DICOM = {"pet_series", "ct_series"}


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Segment, measure, write, report.

    arguments: "path" (DICOM, with all subfolders: a result in `out`/<case>/ for each study) or "images" (a folder from
    `save_study`: one result, `out` itself); "out"; and the fields of `SegmentRequest`. Returns {"out", "cases"}, for
    each case `CaseOutcome.as_dict`.

    Raises:
        UsageError: an argument is missing or unknown. What stopped a single study; of several, each says it in its
        case. Otherwise as `segment_folder`.
    """
    request = _request(arguments)
    out = Path(arguments["out"]).absolute()
    if "images" in arguments:
        outcomes = [_segment_images(Path(arguments["images"]), out, request, reporter)]
    else:
        outcomes = segment_folder(arguments["path"], out, request, reporter=reporter)
        if len(outcomes) == 1 and outcomes[0].error is not None:
            raise outcomes[0].error
    return {"out": str(out), "cases": [outcome.as_dict() for outcome in outcomes]}


def save_study(study: PetCtStudy, folder: str | Path) -> Path:
    """Write the images of a study and what is known of it, as input of a job: `read_saved_study` reads it back.

    The images are not compressed: a panel waits for this, and compressing a whole-body PET takes 15 s.

    Raises:
        Refusal: the folder exists and is not empty. Failure: it cannot be written; nothing remains.
    """
    with atomic_folder(folder) as temporary:
        write_image(study.pet, temporary / "pet_suv.nii")
        if study.ct is not None:
            write_image(study.ct, temporary / "ct_hu.nii")
        write_study_json(temporary / "study.json", study, anonymous=False)
    return Path(folder)


def _request(arguments: Mapping[str, Any]) -> SegmentRequest:
    given = set(arguments)
    if "out" not in given or len(given & {"path", "images"}) != 1:
        raise UsageError("arguments", "The job 'segment' needs 'out', and either 'path' or 'images'")
    known = _REQUEST | {"out", "path", "images"}
    if unknown := sorted(given - known):
        known_names = ", ".join(sorted(known))
        raise UsageError(
            "unknown-argument", f"The job 'segment' knows no '{unknown[0]}'", "", f"It knows {known_names}."
        )
    if "images" in given and (useless := sorted(given & _NEEDS_DICOM)):
        raise UsageError("arguments", f"'{useless[0]}' chooses a DICOM series, but the job starts from images")
    return SegmentRequest(**{name: value for name, value in arguments.items() if name in _REQUEST})


def _segment_images(images: Path, out: Path, request: SegmentRequest, reporter: Reporter) -> CaseOutcome:
    """As `segment_folder` does for each study, once DICOM is behind it."""
    started = time.monotonic()
    reporter.progress("Reading the images", 0.0)
    study = read_saved_study(images)
    measures, cautions = make_result(study, out, request, reporter)
    return CaseOutcome(
        case=out.name,
        state="done",
        identity=study.identity,
        folder=out,
        measures=measures,
        cautions=cautions,
        seconds=time.monotonic() - started,
    )
