"""The three JSON documents of a result: study.json, segmentation.json, measures.json. Used by `result`.

Each is written and read here, and nowhere else; the fields are listed in docs/formats.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution, Failure
from CLIPSLib.files import read_json, sha256_file, write_json
from CLIPSLib.measures.types import LesionMeasures, Measures, PatientMeasures, SuvNorm
from CLIPSLib.provenance import RESEARCH_USE, library_versions, software, utc_now
from CLIPSLib.segmentation.types import Lesion, Segmentation
from CLIPSLib.study.records import StudyRecord, read_study_record, study_record
from CLIPSLib.study.types import PetCtStudy

if TYPE_CHECKING:
    import SimpleITK as sitk

STUDY_FORMAT, STUDY_VERSION = "clips-study", 1
SEGMENTATION_FORMAT, SEGMENTATION_VERSION = "clips-segmentation", 1
MEASURES_FORMAT, MEASURES_VERSION = "clips-measures", 1


@dataclass(frozen=True, kw_only=True)
class StudyFacts(StudyRecord):
    """What study.json says about a study; the images are files of their own. `anonymous`: identity was left out."""

    anonymous: bool


@dataclass(frozen=True, kw_only=True)
class SegmentationFacts:
    """What segmentation.json says, and the file and hash of the label map that it describes."""

    lesions: tuple[Lesion, ...]
    provenance: Mapping[str, Any]
    valid_for: str | None
    reviewed: bool
    cautions: tuple[Caution, ...]
    labels_file: str
    labels_sha256: str
    segments_sha256: str
    measures_sha256: str
    grid: Mapping[str, list[float]]


def write_study_json(path: str | os.PathLike, study: PetCtStudy, *, anonymous: bool) -> Path:
    """Write identity, the SUV factor with its inputs, and cautions. An anonymous study comes here anonymous."""
    content = {
        **origin(),
        "anonymous": anonymous,
        **study_record(study),
        "pet_grid": grid_of(study.pet),
        "ct_grid": None if study.ct is None else grid_of(study.ct),
    }
    return write_json(path, _finite(content), format_name=STUDY_FORMAT, version=STUDY_VERSION)


def read_study_json(path: str | os.PathLike) -> StudyFacts:
    """Read what `write_study_json` wrote.

    Raises:
        Failure: missing, damaged or incomplete. Refusal: another format, or a newer version.
    """
    document = read_json(path, format_name=STUDY_FORMAT, version=STUDY_VERSION)
    with _Fields(path):
        known = read_study_record(document)
        return StudyFacts(
            identity=known.identity, suv=known.suv, cautions=known.cautions, anonymous=document["anonymous"]
        )


def write_segmentation_json(
    path: str | os.PathLike, segmentation: Segmentation, labels_path: Path, segments_path: Path, measures_path: Path
) -> Path:
    """Write lesions, provenance, validity and cautions, tied to label map, segments and measures by their SHA-256."""
    content = {
        **origin(),
        "labels": {
            "file": labels_path.name,
            "sha256": sha256_file(labels_path),
            "grid": grid_of(segmentation.labels),
        },
        "segments": {"file": segments_path.name, "sha256": sha256_file(segments_path)},
        "measures": {"file": measures_path.name, "sha256": sha256_file(measures_path)},
        "reviewed": segmentation.reviewed,
        "valid_for": segmentation.valid_for,
        "lesions": [asdict(lesion) for lesion in segmentation.lesions],
        "cautions": [caution.as_dict() for caution in segmentation.cautions],
        "provenance": dict(segmentation.provenance),
    }
    return write_json(path, _finite(content), format_name=SEGMENTATION_FORMAT, version=SEGMENTATION_VERSION)


def read_segmentation_json(path: str | os.PathLike) -> SegmentationFacts:
    """Read what `write_segmentation_json` wrote; the hash is not checked here. Raises as `read_study_json`."""
    document = read_json(path, format_name=SEGMENTATION_FORMAT, version=SEGMENTATION_VERSION)
    with _Fields(path):
        return SegmentationFacts(
            lesions=tuple(Lesion(**lesion) for lesion in document["lesions"]),
            provenance=document["provenance"],
            valid_for=document["valid_for"],
            reviewed=document["reviewed"],
            cautions=_read_cautions(document["cautions"]),
            labels_file=document["labels"]["file"],
            labels_sha256=document["labels"]["sha256"],
            segments_sha256=document["segments"]["sha256"],
            measures_sha256=document["measures"]["sha256"],
            grid=document["labels"]["grid"],
        )


def write_measures_json(path: str | os.PathLike, measures: Measures, *, user_entered: Sequence[str] = ()) -> Path:
    """Write all measures; units are part of the names. user_entered: values of the study that a person typed."""
    content = {
        **origin(),
        "patient": asdict(measures.patient),
        "lesions": [asdict(lesion) for lesion in measures.lesions],
        "norms": [asdict(norm) for norm in measures.norms],
        "user_entered": list(user_entered),
    }
    return write_json(path, _finite(content), format_name=MEASURES_FORMAT, version=MEASURES_VERSION)


def read_measures_json(path: str | os.PathLike) -> Measures:
    """Read what `write_measures_json` wrote. Raises as `read_study_json`."""
    document = read_json(path, format_name=MEASURES_FORMAT, version=MEASURES_VERSION)
    with _Fields(path):
        rows = [
            {**row, "centroid_lps_mm": tuple(row["centroid_lps_mm"]) if row["centroid_lps_mm"] else None}
            for row in document["lesions"]
        ]
        return Measures(
            lesions=tuple(LesionMeasures(**row) for row in rows),
            patient=PatientMeasures(**document["patient"]),
            norms=tuple(SuvNorm(**row) for row in document["norms"]),
        )


def grid_of(image: sitk.Image) -> dict[str, list[float]]:
    """Size, spacing (mm), origin (LPS mm) and direction cosines of an image, in the x, y, z order of NIfTI and ITK."""
    return {
        "size": list(image.GetSize()),
        "spacing_mm": list(image.GetSpacing()),
        "origin_lps_mm": list(image.GetOrigin()),
        "direction_lps": list(image.GetDirection()),
    }


def origin() -> dict[str, Any]:
    """When and with which software a document is written, and what it may be used for."""
    return {
        "created_utc": utc_now(),
        "software": {**software(), "libraries": library_versions()},
        "use": RESEARCH_USE,
    }


class _Fields:
    """Turns a missing, unknown or mistyped field into a sentence about the file."""

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, KeyError | TypeError | ValueError):
            raise Failure(
                "damaged-document",
                f"The file lacks a field or holds one that does not belong there: {error}",
                str(self._path),
                "Make the result again.",
            ) from error


def _read_cautions(items: list[dict]) -> tuple[Caution, ...]:
    return tuple(Caution(**item) for item in items)


def _finite(value: Any) -> Any:
    """JSON has no NaN: what has no value is null. Numbers of numpy become Python's."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
