"""Agreement with MIRP, an independent reader of PET DICOM (EUPL; needed by this test only), voxel by voxel.

MIRP 2.7.0 reads the same files as CLIPS: the variants of the SUV matrix that both accept, and the IBSI-SUV reference
series. Where the two differ, the ratio is calculated by hand here; docs/suv.md says why.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
import reference_data
from CLIPSLib.study import load_study
from suv_matrix import dose, injection, pixels, reference_time, series, units
from suv_matrix.variant import Variant, write_variant

mirp = pytest.importorskip("mirp", reason="MIRP is not installed (pip install mirp==2.7.0): no second opinion on SUV")
pytestmark = pytest.mark.slow

TYPED = {"weight_kg", "height_m", "dose_bq", "half_life_s", "injection_time"}  # MIRP cannot be told these
VARIANTS = tuple(
    variant
    for part in (reference_time, injection, units, dose, series, pixels)
    for variant in part.VARIANTS
    if variant.factor is not None and not TYPED.intersection(variant.answers)
)
SLICE = np.arange(6)

# MIRP's SUV divided by the one calculated by hand for the matrix, per slice where it differs.
DIFFERENCES = {
    # Each slice is given its own reference time, although all are corrected to the same: its FrameReferenceTime is
    # counted from 11:00:00 as average + 90 s * i^2, its AcquisitionTime 120 s * i.
    "reprocessed SeriesTime: contradictory FrameReferenceTime is not averaged": 2
    ** ((120 * SLICE - 90 * SLICE**2) / 6586.2),
    # The same with FrameReferenceTime 0: 120 s * i + average activity after 59.93685 s.
    "reprocessed SeriesTime: old Siemens files leave FrameReferenceTime at 0": 2 ** ((120 * SLICE + 59.93685) / 6586.2),
    # The private time is believed although SeriesTime lies before the first acquisition: 600 s; CLIPS cautions.
    "GE: SeriesTime ten minutes before the private scan_datetime": 2 ** (600 / 6586.2),
    "Siemens: SeriesTime ten minutes before the private decay time": 2 ** (600 / 6586.2),
    # Fractions of a second are read as thousandths: .5 s becomes 0.5 ms, .25 s becomes 0.25 ms.
    "injection with a fraction": 2 ** (0.4995 / 6586.2),
    "injection with six decimals and a space": 2 ** (0.24975 / 6586.2),
    # The offset from UTC is dropped: one hour more uptake.
    "injection DateTime in UTC, scan on local time": 2 ** (3600 / 6586.2),
    # "2024" is read as midnight of New Year and moved to the day of the scan: 11 h of uptake for 1 h.
    "injection DateTime unreadable, Time readable": 2 ** (36000 / 6586.2),
    # Philips' activity factor with dose and times goes before its SUV factor; CLIPS takes the latter and cautions.
    "counts: both factors, which differ by 9 %": 2.0 * 70e3 / (370e6 * 2 ** (-3600 / 6586.2)) / 0.0005,
    # Another maker's private element is taken for Philips'.
    "counts: Philips' block moved behind another one": 5.0 / 0.0004,
    # 109.77 is taken as seconds.
    "half-life in minutes": 2 ** (3600 / 109.77 - 3600 / 6586.2),
}
STACKS_COPIES = "exact copy of a slice"  # MIRP makes a seventh slice of it


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, np.ndarray | str]:
    """For each variant the ratio of MIRP's SUV to ours per voxel, or why there is none."""
    return {variant.title: compare(tmp_path_factory.mktemp("variant"), variant) for variant in VARIANTS}


def compare(folder: Path, variant: Variant) -> np.ndarray | str:
    if variant.needs:
        pytest.importorskip(variant.needs)
    write_variant(folder, variant)
    ours = suv_of_clips(folder, variant.answers)
    try:
        theirs = suv_of_mirp(folder / "pet")
    except Exception as error:  # MIRP has no errors of its own
        return f"not accepted: {error}"
    if theirs.shape != ours.shape:
        return f"{theirs.shape} for {ours.shape}"
    return np.divide(theirs, ours, out=np.ones_like(ours), where=ours != 0)


def suv_of_clips(folder: Path, answers: dict | None = None) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(load_study(folder, answers=answers).pet)


def suv_of_mirp(folder: Path) -> np.ndarray:
    logging.disable(logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = mirp.extract_images(image=str(folder), image_export_format="numpy", write_images=False)
    assert len(images) == 1
    return np.asarray(images[0][0][0])


def ratios(outcomes: dict[str, np.ndarray | str]) -> dict[str, np.ndarray]:
    return {title: found for title, found in outcomes.items() if not isinstance(found, str)}


def test_suv_agrees_on_every_variant_that_both_accept(outcomes):
    agreeing = {title: ratio for title, ratio in ratios(outcomes).items() if title not in DIFFERENCES}
    for title, ratio in agreeing.items():
        np.testing.assert_allclose(ratio, 1.0, rtol=2e-6, err_msg=title)
    assert len(agreeing) >= 95


def test_differences_are_those_calculated_by_hand(outcomes):
    found = ratios(outcomes)
    for title, expected in DIFFERENCES.items():
        per_slice = np.broadcast_to(np.atleast_1d(expected), len(found[title]))[:, None, None]
        np.testing.assert_allclose(found[title] / per_slice, 1.0, rtol=2e-6, err_msg=title)
    assert outcomes[STACKS_COPIES] == "(7, 8, 9) for (6, 8, 9)"


@pytest.mark.parametrize(
    "name", [f"DRO_{group}_{index}" for group, n in enumerate((1, 1, 6, 5, 3, 1)) for index in range(n)]
)
def test_suv_agrees_on_the_ibsi_reference_series(name):
    folder = reference_data.path("ibsi_suv", "DRO", name, "PT")
    ours = suv_of_clips(folder, {"convert_undecayed": "yes"})
    np.testing.assert_allclose(suv_of_mirp(folder), ours, rtol=1e-6, atol=1e-6)
