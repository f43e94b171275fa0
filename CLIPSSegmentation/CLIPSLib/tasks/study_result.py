"""One study through the whole path: segment, measure, write, report. For folders of DICOM files and for panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution
from CLIPSLib.formats import write_result
from CLIPSLib.measures import measure_lesions
from CLIPSLib.progress import Reporter
from CLIPSLib.report import write_report
from CLIPSLib.segmentation import segment_study

if TYPE_CHECKING:
    from CLIPSLib.measures import Measures
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy

REPORT_NAME = "report.html"


@dataclass(frozen=True, kw_only=True)
class SegmentRequest:
    """How to segment: the same for every study of a folder."""

    model: str = "suv4"
    options: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    pet_series: str | None = None
    ct_series: str | None = None
    anonymous: bool = False
    language: str = "en"
    save_images: bool = False
    overwrite: bool = False


def make_result(
    study: PetCtStudy, folder: Path, request: SegmentRequest, reporter: Reporter
) -> tuple[Measures, tuple[Caution, ...]]:
    """Segment, measure, write, report: all files of the result or none; other files in `folder` stay.

    Returns measures and all cautions.

    Raises:
        What `segment_study`, `measure_lesions` and `write_result` raise; nothing is left behind.
    """
    for caution in study.cautions:
        reporter.caution(caution)
    segmentation = segment_study(
        study, request.model, options=request.options, answers=request.answers, reporter=reporter
    )
    reporter.progress("Measuring lesions", 0.0)
    measures = measure_lesions(segmentation, study)
    reporter.progress("Measuring lesions", 1.0)
    reporter.check()
    write_result(
        folder,
        study,
        segmentation,
        measures,
        overwrite=request.overwrite,
        save_images=request.save_images,
        anonymous=request.anonymous,
        extras={REPORT_NAME: lambda path: make_report(path, study, segmentation, measures, request)},
        reporter=reporter,
    )
    return measures, (*study.cautions, *segmentation.cautions)


def make_report(
    path: Path, study: PetCtStudy, segmentation: Segmentation, measures: Measures, request: SegmentRequest
) -> Path:
    """Write the report of a result as the request wants it."""
    return write_report(path, study, segmentation, measures, anonymous=request.anonymous, language=request.language)
