"""What a registry holds: acquisition, volumes, uptake, what is missing. For `clips cases summary`.

Measures of a mask version never change, so they are kept in a file of the registry and made once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Cancelled, ClipsError, Failure
from CLIPSLib.evaluation.cohort import summarize
from CLIPSLib.files import read_json, write_json
from CLIPSLib.formats.documents import read_study_json
from CLIPSLib.formats.tables import write_table
from CLIPSLib.measures import measure_lesions
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.provenance import VERSION
from CLIPSLib.report.cohort import NO_MASK, Cohort, CohortCase

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, MaskVersion, Registry

CACHE_NAME = "measures-cache.json"
_CACHE_FORMAT, _CACHE_VERSION = "clips-measures-cache", 1
_MEASURED = ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "suv_mean", "suv_peak", "d_max_mm", "sd_max_per_m")
_ACQUIRED = ("weight_kg", "height_m", "injected_dose_mbq", "uptake_min")
_TEXTS = ("sex", "scanner", "tracer", "stratum")
_SAVE_EVERY = 25


def summarize_cohort(registry: Registry, *, model: str | None = None, reporter: Reporter = SILENT) -> Cohort:
    """Facts and measures of every case, how they spread and what is missing.

    model: measure the latest mask that it predicted, instead of the current reference.

    Raises:
        Cancelled: what was measured is kept.
    """
    rows = registry.cases()
    cache = _Cache(registry)
    cases = []
    try:
        for number, row in enumerate(rows):
            reporter.check()
            reporter.progress("Measuring cases", number / len(rows))
            cases.append(_case(registry, row, _mask(registry, row, model), cache))
    finally:
        cache.save()
    reporter.progress("Measuring cases", 1.0)
    spreads = {name: summarize([getattr(case, name) for case in cases]) for name in (*_MEASURED, *_ACQUIRED)}
    return Cohort(
        name=registry.folder.resolve().name,
        masks=f"latest masks predicted by {model}" if model else "current reference masks",
        cases=tuple(cases),
        spreads=spreads,
        missing=dict(_missing(cases, rows)),
        counts=registry.counts(),
        model=model or "",
    )


def write_cohort_csv(path: str | Path, cohort: Cohort, *, overwrite: bool = False) -> Path:
    """A row per case with every fact and measure. Raises as `write_table`."""
    return write_table(path, [asdict(case) for case in cohort.cases], overwrite=overwrite)


def _mask(registry: Registry, row: CaseRow, model: str | None) -> MaskVersion | None:
    if model is None:
        return registry.reference(row.case_id)
    predicted = [mask for mask in registry.masks(row.case_id) if mask.model == model]
    return predicted[-1] if predicted else None


def _case(registry: Registry, row: CaseRow, mask: MaskVersion | None, cache: _Cache) -> CohortCase:
    identity = read_study_json(registry.files(row.case_id).study).identity
    dose = identity.injected_dose_bq
    measured: Mapping[str, Any] = {}
    problem = "" if mask else NO_MASK
    if mask is not None:
        try:
            measured = cache.measures(mask)
        except Cancelled:
            raise
        except ClipsError as error:
            problem = error.what
        except MemoryError:
            problem = "not enough memory"
    return CohortCase(
        case_id=row.case_id,
        patient_id=row.patient_id,
        stratum=row.stratum,
        status=row.status,
        scanner=row.scanner,
        tracer=row.tracer,
        has_ct=registry.case(row.case_id).has_ct,
        sex=identity.sex,
        weight_kg=identity.weight_kg,
        height_m=identity.height_m,
        injected_dose_mbq=None if dose is None else dose / 1e6,
        uptake_min=identity.uptake_min,
        mask_id=mask and mask.id,
        mask_origin=mask and mask.origin,
        problem=problem,
        **measured,
    )


def _missing(cases: list[CohortCase], rows: list[CaseRow]) -> Iterator[tuple[str, int]]:
    """Value -> how many cases lack it."""
    yield "reference", sum(row.reference_id is None for row in rows)
    yield "measures", sum(case.tmtv_ml is None for case in cases)
    yield "ct", sum(not case.has_ct for case in cases)
    for name in _TEXTS:
        yield name, sum(not getattr(case, name) for case in cases)
    for name in _ACQUIRED:
        yield name, sum(getattr(case, name) is None for case in cases)


class _Cache:
    """Patient measures by mask id and version of this software; kept in the registry's folder where it may be."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._path = registry.folder / CACHE_NAME
        self._found: dict[str, dict[str, Any]] = {}
        self._unsaved = 0
        try:
            document = read_json(self._path, format_name=_CACHE_FORMAT, version=_CACHE_VERSION)
        except ClipsError:  # missing, damaged or of another version: it is made again
            return
        if document.get("software") == VERSION:
            self._found = document.get("measures", {})

    def measures(self, mask: MaskVersion) -> dict[str, Any]:
        """The measures of a mask. Raises as `Registry.read_study`, `Registry.read_mask` and `measure_lesions`."""
        key = f"{mask.id} {mask.sha256}"
        if key not in self._found:
            study, segmentation = self._registry.read_study(mask.case_id), self._registry.read_mask(mask.id)
            patient = measure_lesions(segmentation, study).patient
            self._found[key] = {name: getattr(patient, name) for name in _MEASURED}
            self._unsaved += 1
            if self._unsaved >= _SAVE_EVERY:
                self.save()
        return self._found[key]

    def save(self) -> None:
        """Keep what is new; where the folder takes nothing, the next summary measures again."""
        if not self._unsaved or self._registry.read_only:
            return
        content = {"software": VERSION, "measures": self._found}
        try:
            write_json(self._path, content, format_name=_CACHE_FORMAT, version=_CACHE_VERSION, overwrite=True)
        except Failure:
            return
        self._unsaved = 0
