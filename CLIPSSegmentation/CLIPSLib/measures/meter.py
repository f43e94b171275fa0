"""`LesionMeter`: measures one study again and again while somebody edits its mask; only what changed is measured anew.

Called by `measure_lesions` (once) and by Slicer's panel (after every edit), so that both give the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from CLIPSLib.imaging import Box, array_view, require_finite
from CLIPSLib.measures.inputs import (
    MeasurableLesion,
    MeasurableSegmentation,
    MeasurableStudy,
    check_grids,
    check_label_range,
    check_lesions,
    check_validity,
    voxels_below,
)
from CLIPSLib.measures.lesions import empty_lesion, measure_lesion
from CLIPSLib.measures.norms import suv_norms
from CLIPSLib.measures.patient import measure_patient
from CLIPSLib.measures.types import LesionMeasures, Measures


class LesionMeter:
    """Measures masks of one study. Lesions whose voxels are those of an earlier call are not measured again.

    study: its PET in SUVbw (g/mL), which must not change; weight and height of its identity are needed for SDmax only.

    Raises:
        Refusal: the PET holds NaN or infinity ("not-finite").
    """

    def __init__(self, study: MeasurableStudy) -> None:
        self._study = study
        self._suv = array_view(study.pet)
        require_finite(self._suv, "The PET", study.identity.pet_series_uid)
        self._known: dict[bytes, LesionMeasures] = {}  # by the lesion's voxels

    def measure(self, segmentation: MeasurableSegmentation, *, valid_only: bool = False) -> Measures:
        """All measures of a mask. Raises as `measure_lesions`.

        valid_only: lesions that break the mask's own condition (`valid_for`) are left out, of the totals too, instead
            of refusing the mask; for who shows what can be measured while somebody edits.
        """
        check_grids(segmentation, self._study)
        labels = array_view(segmentation.labels)
        found = {region.label: region for region in _regions(labels, self._study.identity.pet_series_uid)}
        check_lesions(list(found), segmentation.lesions)
        lesions = self._valid(segmentation, found, refuse=not valid_only)
        measured: dict[bytes, LesionMeasures] = {}
        rows = tuple(self._measure(lesion, found.get(lesion.label), labels, measured) for lesion in lesions)
        self._known = measured
        return Measures(
            lesions=rows,
            patient=measure_patient(rows, segmentation, self._study),
            norms=suv_norms(self._study.identity),
        )

    def _valid(
        self, segmentation: MeasurableSegmentation, found: Mapping[int, _Region], *, refuse: bool
    ) -> list[MeasurableLesion]:
        """The lesions that meet the condition of the mask; those without voxels do. refuse: all must."""
        lesions, none = segmentation.lesions, np.zeros(0, self._suv.dtype)
        suv = [found[lesion.label].values(self._suv) if lesion.label in found else none for lesion in lesions]
        if refuse:
            check_validity(segmentation.valid_for, suv, [lesion.name for lesion in lesions])
        below = voxels_below(segmentation.valid_for, suv)
        return [lesion for lesion, count in zip(lesions, below, strict=True) if not count]

    def _measure(
        self,
        lesion: MeasurableLesion,
        region: _Region | None,
        labels: np.ndarray,
        measured: dict[bytes, LesionMeasures],
    ) -> LesionMeasures:
        if region is None:
            return empty_lesion(lesion)
        known = self._known.get(region.digest)
        if known is None:
            known = measure_lesion(lesion, labels, self._suv, region.box, self._study.pet)
        measured[region.digest] = known
        return replace(known, lesion_id=lesion.lesion_id, name=lesion.name, kind=lesion.kind, label=lesion.label)


@dataclass(frozen=True)
class _Region:
    """The voxels of one label: flat positions in the volume (ascending), the box around them, a hash of both."""

    label: int
    positions: np.ndarray
    box: Box
    digest: bytes

    def values(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1)[self.positions]


def _regions(labels: np.ndarray, where: str) -> Iterator[_Region]:
    """The volume is read once; everything after that works on the lesions' voxels alone."""
    flat = labels.reshape(-1)
    positions = np.flatnonzero(flat != 0)  # of numbers instead of truth values it takes five times as long
    values = flat[positions]
    check_label_range(values, where)
    order = np.argsort(values, kind="stable")
    positions, values = positions[order], values[order]
    for own in np.split(positions, np.flatnonzero(np.diff(values)) + 1) if positions.size else ():
        corners = [(int(axis.min()), int(axis.max()) + 1) for axis in np.unravel_index(own, labels.shape)]
        box = tuple(slice(*corner) for corner in corners)
        yield _Region(int(flat[own[0]]), own, box, hashlib.blake2b(own.tobytes(), digest_size=16).digest())
