"""Which CT goes with a PET: hard conditions first, then a score whose points are its explanation. Called by `find`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import Caution
from CLIPSLib.study.dicom_time import elapsed_s, parse_moment
from CLIPSLib.study.grid import Grid
from CLIPSLib.study.series import Stack, series_label
from CLIPSLib.study.types import CtChoice

_WANTED_COVERAGE = 0.95
_UNREGISTERED_COVERAGE = 0.90
_LEAST_COVERAGE = 0.50
_SAME_SCORE = 0.05
_SHARP = re.compile(r"LUNG|BONE|EDGE|DETAIL|SHARP|\b[BI][5-9]\d|\b(B|H|Br|Hr|Bl|Qr)[5-9]\d|\b(C|D|E|L|YC|YB)\b", re.I)
_SOFT = re.compile(r"STANDARD|SOFT|\b[BHI][1-4]\d|\b(Br|Hr|Qr)[1-4]\d|\b(A|B|FC1\d)\b", re.I)


@dataclass(frozen=True)
class RankedCt:
    """A CT that may go with the PET: the choice as shown to people, and the cautions that come with it."""

    stack: Stack
    choice: CtChoice
    cautions: tuple[Caution, ...]


@dataclass(frozen=True)
class Coverage:
    """Fractions of the PET that lie inside the CT: of its slices (along its normal) and of its volume."""

    slices: float
    volume: float


def rank_cts(pet: Stack, cts: list[Stack]) -> tuple[list[RankedCt], list[tuple[Stack, str]]]:
    """The CTs that may go with the PET, best first, and the others with the reason."""
    ranked, rejected = [], []
    for ct in cts:
        reason = _reason_against(pet, ct)
        if reason:
            rejected.append((ct, reason))
        else:
            ranked.append(_rank(pet, ct))
    ranked.sort(key=lambda entry: -entry.choice.score)
    return ranked, rejected


def ties_with_best(ranked: list[RankedCt]) -> list[RankedCt]:
    """The CTs between which the score cannot decide (the best one alone when it can)."""
    return [entry for entry in ranked if ranked[0].choice.score - entry.choice.score < _SAME_SCORE]


def coverage(pet: Grid, ct: Grid) -> Coverage:
    """How much of the PET's grid lies inside the CT's, by a lattice of points over the PET."""
    counts = [min(n, 24) for n in pet.shape]
    axes = [np.linspace(0.0, n - 1.0, count) for n, count in zip(pet.shape, counts, strict=True)]
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.array(pet.origin) + (indices * pet.spacing) @ np.array(pet.axes)
    step = np.array([[ct.spacing[0], 0, 0], [0, ct.spacing[1], 0], [*ct.shear_mm, ct.spacing[2]]])
    within = (points - np.array(ct.origin)) @ np.linalg.inv(step @ np.array(ct.axes))
    inside = np.all((within >= -0.5) & (within <= np.array(ct.shape) - 0.5), axis=1).reshape(counts)
    return Coverage(float(inside.any(axis=(0, 1)).mean()), float(inside.mean()))


def same_patient(pet: Stack, ct: Stack) -> bool:
    """By PatientID; two absent ids are told apart by nothing, so the study must then be the same."""
    a, b = pet.first.patient.patient_id, ct.first.patient.patient_id
    return a == b if a or b else pet.first.study_uid == ct.first.study_uid


def same_frame_of_reference(pet: Stack, ct: Stack) -> bool:
    uid = pet.first.frame_of_reference_uid
    return bool(uid) and uid == ct.first.frame_of_reference_uid


def _reason_against(pet: Stack, ct: Stack) -> str:
    if not same_patient(pet, ct):
        return (
            f"PatientID (0010,0020) '{ct.first.patient.patient_id}' is not the PET's '{pet.first.patient.patient_id}'"
        )
    if ct.refusals:
        return str(ct.refusals[0])
    if pet.grid is None:
        return "the PET has no grid to compare with"
    covered = coverage(pet.grid, ct.grid).slices
    if same_frame_of_reference(pet, ct):
        return "" if covered >= _LEAST_COVERAGE else f"it covers {100 * covered:.0f} % of the PET's length"
    frame = "another frame of reference" if _frames_known(pet, ct) else "a frame of reference (0020,0052) is missing"
    if ct.first.study_uid != pet.first.study_uid:
        return f"{frame}, and it is of another study"
    if covered < _UNREGISTERED_COVERAGE:
        return f"{frame}, and it covers {100 * covered:.0f} % of the PET's length"
    return ""


def _frames_known(pet: Stack, ct: Stack) -> bool:
    """Whether both say in which frame of reference they lie."""
    return bool(pet.first.frame_of_reference_uid and ct.first.frame_of_reference_uid)


def _frame_caution(pet: Stack, ct: Stack, where: str) -> Caution:
    if _frames_known(pet, ct):
        what = "PET and CT have different frames of reference (0020,0052): they are not registered by the scanner"
        return Caution("not-registered", what, where)
    of_both = not (pet.first.frame_of_reference_uid or ct.first.frame_of_reference_uid)
    whose = "PET and CT" if of_both else "the CT" if pet.first.frame_of_reference_uid else "the PET"
    what = f"The frame of reference (0020,0052) of {whose} is missing: nothing says that the scanner registered them"
    return Caution("frame-unknown", what, where)


def _rank(pet: Stack, ct: Stack) -> RankedCt:
    covered = coverage(pet.grid, ct.grid)
    points = [
        *_reference_points(pet, ct),
        (100.0 * covered.slices, f"covers {100 * covered.slices:.0f} % of the PET's length"),
        (30.0 * covered.volume, f"covers {100 * covered.volume:.0f} % of the PET's volume"),
        *_scan_points(pet, ct),
        *_image_points(ct),
    ]
    reasons = tuple(f"{text} ({score:+.1f})" for score, text in sorted(points, key=lambda point: -abs(point[0])))
    choice = CtChoice(series=ct.info, score=round(sum(score for score, _ in points), 3), reasons=reasons)
    return RankedCt(ct, choice, _cautions(pet, ct, covered))


def _reference_points(pet: Stack, ct: Stack) -> list[tuple[float, str]]:
    points = []
    if same_frame_of_reference(pet, ct):
        points.append((100.0, "same frame of reference"))
    if ct.first.study_uid == pet.first.study_uid:
        points.append((20.0, "same study"))
    return points


def _scan_points(pet: Stack, ct: Stack) -> list[tuple[float, str]]:
    points = []
    a, b = pet.first, ct.first
    if a.patient.model and a.patient.model == b.patient.model:
        points.append((5.0, f"same scanner {a.patient.model}"))
    pet_start = parse_moment(a.series_date, a.series_time)
    ct_start = parse_moment(b.series_date, b.series_time)
    if pet_start and ct_start:
        minutes = elapsed_s(ct_start, pet_start) / 60.0
        order = "before" if minutes >= 0 else "after"
        score = (2.0 if minutes >= 0 else 0.0) - min(abs(minutes), 120.0) / 12.0
        points.append((score, f"{abs(minutes):.0f} min {order} the PET"))
    return points


def _image_points(ct: Stack) -> list[tuple[float, str]]:
    points = []
    kernel = ct.first.kernel
    if kernel and _SHARP.search(kernel):
        points.append((-15.0, f"sharp kernel {kernel}"))
    elif kernel and _SOFT.search(kernel):
        points.append((10.0, f"soft kernel {kernel}"))
    if ct.first.image_type[:2] == ("ORIGINAL", "PRIMARY"):
        points.append((3.0, "original image"))
    if ct.first.lossy:
        points.append((-10.0, "lossy compression"))
    points.append((-abs(ct.grid.spacing[2] - 3.0), f"slices {ct.grid.spacing[2]:.2f} mm apart"))
    return points


def _cautions(pet: Stack, ct: Stack, covered: Coverage) -> tuple[Caution, ...]:
    where = series_label(ct.first)
    cautions = list(ct.cautions)
    if not same_frame_of_reference(pet, ct):
        cautions.append(_frame_caution(pet, ct, where))
    if covered.slices < _WANTED_COVERAGE:
        what = f"The CT covers {100 * covered.slices:.0f} % of the PET's length"
        cautions.append(Caution("ct-coverage", what, where))
    return tuple(cautions)
