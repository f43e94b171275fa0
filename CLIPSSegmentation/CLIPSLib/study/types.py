"""What the room `study` hands to the others: series, SUV factors with their explanation, candidates, studies.

Plain frozen data; no DICOM and no pixels are read here. Images are `SimpleITK.Image` in LPS millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Caution, ClipsError, Question, Refusal

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study.grid import Grid
    from CLIPSLib.study.headers import SliceHeader


@dataclass(frozen=True, kw_only=True)
class SuvInput:
    """One number that went into an SUV factor.

    name: "PatientWeight"; value: as used, in `unit` ("kg", "Bq", "s", "" for text and times);
    source: where it came from: "(0010,1030)", "user-entered", "derived: ...".
    """

    name: str
    value: float | str
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class SuvAlternative:
    """A factor that other evidence in the header would give; None with the reason when that evidence leads to none."""

    factor: float | None
    description: str


@dataclass(frozen=True, kw_only=True)
class SuvFactor:
    """From rescaled PET values to SUVbw in g/mL: `SUVbw = value * factor`.

    factor: for the whole series, or None when every slice has its own (`slice_factors`, in the order of the sorted
    slices; DecayCorrection NONE). formula: with names and with the numbers put in, checkable by hand.
    """

    factor: float | None
    formula: str
    inputs: tuple[SuvInput, ...] = ()
    alternatives: tuple[SuvAlternative, ...] = ()
    slice_factors: tuple[float, ...] | None = None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeriesInfo:
    """One series (or one stack of one series) as found in a folder. `files` are sorted along the slice normal."""

    series_uid: str
    study_uid: str
    patient_id: str
    modality: str
    description: str
    series_number: int | None
    frame_of_reference_uid: str
    files: tuple[Path, ...]
    slice_count: int
    size: tuple[int, int, int]  # columns, rows, slices
    spacing_mm: tuple[float, float, float]  # x (between columns), y (between rows), z (between slices)
    details: dict[str, object] = field(default_factory=dict)  # header facts shown to people, JSON-ready
    slices: tuple[SliceHeader, ...] = field(default=(), repr=False, compare=False)  # headers of `files`, in their order
    grid: Grid | None = field(default=None, repr=False, compare=False)  # where the slices lie


@dataclass(frozen=True, kw_only=True)
class StudyIdentity:
    """Whose study it is. Everything but the UIDs is personal and disappears from anonymous reports."""

    patient_id: str = ""
    patient_name: str = ""
    sex: str = ""  # "M", "F", "O" or ""
    birth_date: str = ""  # YYYYMMDD
    age_years: float | None = None
    weight_kg: float | None = None
    height_m: float | None = None
    study_date: str = ""  # YYYYMMDD
    study_description: str = ""
    study_uid: str = ""
    pet_series_uid: str = ""
    ct_series_uid: str = ""
    frame_of_reference_uid: str = ""
    pet_description: str = ""
    ct_description: str = ""
    scanner: str = ""
    tracer: str = ""
    injected_dose_bq: float | None = None
    uptake_min: float | None = None
    user_entered: tuple[str, ...] = ()  # names of answers that a person typed


@dataclass(frozen=True, kw_only=True)
class CtChoice:
    """A CT that could go with a PET: its score (higher is better) and the reasons for it, best first in a list."""

    series: SeriesInfo
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StudyCandidate:
    """A PET series, the CT that goes with it, its SUV factor and what stands in the way. Made from headers only.

    ct_alternatives: all CTs that fit, best first, with the points of their score; `ct` is among them.
    """

    pet: SeriesInfo
    ct: SeriesInfo | None
    ct_alternatives: tuple[CtChoice, ...] = ()
    suv: SuvFactor | None = None
    identity: StudyIdentity = field(default_factory=StudyIdentity)
    cautions: tuple[Caution, ...] = ()
    questions: tuple[Question, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def usable(self) -> bool:
        """True when `read_study` can read it without another answer."""
        return not self.refusals and not self.questions and self.suv is not None


@dataclass(frozen=True, kw_only=True)
class SkippedSeries:
    """A series (or loose files) that is no PET or CT volume, and the reason in words."""

    series_uid: str
    modality: str
    description: str
    file_count: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class FoundStudies:
    """Everything a folder holds: what can be segmented and what cannot, and why."""

    root: Path
    candidates: tuple[StudyCandidate, ...]
    skipped: tuple[SkippedSeries, ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()
    file_count: int = 0

    @property
    def problems(self) -> tuple[ClipsError, ...]:
        """Refusals and questions of all candidates."""
        return tuple(p for c in self.candidates for p in (*c.refusals, *c.questions))


@dataclass(frozen=True, kw_only=True)
class PetCtStudy:
    """A study ready to segment.

    pet: SUVbw in g/mL, float32, on the scanner's grid with its own direction cosines (LPS mm).
    ct: HU on its own grid, or None. suv: how the PET became SUV; None when the input was SUV already (a NIfTI file).
    """

    pet: sitk.Image
    ct: sitk.Image | None = None
    identity: StudyIdentity = field(default_factory=StudyIdentity)
    suv: SuvFactor | None = None
    cautions: tuple[Caution, ...] = ()
