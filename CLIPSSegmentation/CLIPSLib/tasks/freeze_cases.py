"""A registry and one of its splits as the frozen list of cases of a training run: `cases.json` with masks beside it.

Training never opens the registry: what it learns from is settled here, with the hash of every file. Called by
`clips cases freeze` and by panels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.masks import mask_of
from CLIPSLib.errors import Caution, UsageError
from CLIPSLib.files import atomic_folder, sha256_file
from CLIPSLib.formats import write_labels
from CLIPSLib.imaging import image_like
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import PHYSIOLOGICAL
from CLIPSLib.tasks.frozen import CASES_FILE, AboutCases, FrozenCases, case_list, missing_scores
from CLIPSLib.tasks.frozen_places import remember_place
from CLIPSLib.tasks.pseudo_labels import PseudoOptions, choose_pseudo_labels
from CLIPSLib.training import TRAIN, VALIDATE, TrainingCase, write_cases

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.cases import CaseRow, Fold, MaskVersion, Registry
    from CLIPSLib.segmentation import Segmentation

MASKS = "masks"
TUMOR_VALUE, PHYSIOLOGICAL_VALUE = 1, 2
_ACCEPTING = ("accepted", "corrected")
_UNREVIEWED = "nobody reviewed its reference"
_REVIEW_FIRST = "Review them (CLIPS Training, 'clips cases review-status'), or take them as they are: --unreviewed."


@dataclass(frozen=True, kw_only=True)
class FreezeOptions:
    """unreviewed: also use references that nobody accepted or corrected in a review. physiological: masks also hold the
    value 2 where uptake was tagged physiological (1 is tumor). pseudo: admit predicted masks of unreviewed cases."""

    unreviewed: bool = False
    physiological: bool = False
    pseudo: PseudoOptions | None = None
    about: AboutCases = field(default_factory=AboutCases)


@dataclass(frozen=True)
class _Chosen:
    """A case that takes part, the mask it is trained or validated with, and how."""

    row: CaseRow
    mask: MaskVersion
    role: str
    pseudo: PseudoOptions | None = None
    confidence: float | None = None


def freeze_cases(
    registry: Registry,
    folder: str | Path,
    *,
    split: str,
    fold: int = 0,
    options: FreezeOptions | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> FrozenCases:
    """Write `cases.json` and `masks/` for one fold of a saved split. Images stay in the registry, named by their path.

    Left out, each with the reason (`CaseList.left_out`): cases reviewed as unusable, without a reference, and those
    whose reference nobody accepted or corrected.

    Raises:
        UsageError: no such split or fold. Refusal: no case is left to train with; the folder exists. Failure: a mask
            or an image is missing or damaged; disk full. Cancelled.
    """
    options = options or FreezeOptions()
    wanted = _fold(registry, split, fold)
    rows = {row.case_id: row for row in registry.cases()}
    left_out: dict[str, str] = {}
    chosen = []
    for role, ids in ((TRAIN, wanted.train), (VALIDATE, wanted.validation)):
        for row in _known(registry, rows, ids, left_out):
            if reason := _unfit(registry, row, options):
                left_out[row.case_id] = reason
            else:
                chosen.append(_Chosen(row, registry.mask(row.reference_id), role))
    chosen += _pseudo(registry, rows, chosen, wanted, options, left_out, reporter)
    source = f"registry {registry.folder.name}, split {split} ({registry.split(split).sha256[:12]}), fold {fold}"
    with atomic_folder(folder, overwrite=overwrite) as temporary:
        frozen = []
        for number, one in enumerate(chosen):
            reporter.check()
            reporter.progress("Freezing cases", number / len(chosen))
            frozen.append(_freeze(registry, one, temporary, options))
        remedy = {"remedy": _REVIEW_FIRST} if _UNREVIEWED in left_out.values() else {}
        listed = case_list(frozen, options.about, source=source, left_out=left_out, **remedy)
        write_cases(temporary / CASES_FILE, listed, place=folder)
        reporter.progress("Freezing cases", 1.0)
    remember_place(registry, Path(folder) / CASES_FILE)
    return FrozenCases(folder=Path(folder), cases=listed, cautions=(*_partial_masks(chosen), *missing_scores(listed)))


def _fold(registry: Registry, split: str, fold: int) -> Fold:
    folds = registry.split(split).folds
    if not 0 <= fold < len(folds):
        what = f"The split '{split}' has {len(folds)} fold(s), and fold {fold} was asked for"
        raise UsageError("no-such-fold", what, str(registry.folder), f"Folds are counted from 0 to {len(folds) - 1}.")
    return folds[fold]


def _known(registry: Registry, rows: dict[str, CaseRow], ids: Iterable[str], left_out: dict[str, str]) -> list[CaseRow]:
    left_out |= {
        case: str(registry.removal_of(case) or "not in the registry any more") for case in ids if case not in rows
    }
    return [rows[case] for case in ids if case in rows]


def _unfit(registry: Registry, row: CaseRow, options: FreezeOptions) -> str | None:
    """Why a case cannot be learned from; None when it can."""
    if row.status == "unusable":
        return "reviewed as unusable"
    if row.reference_id is None:
        return "no reference mask"
    verdicts = [review for review in registry.reviews(row.case_id) if review.status != "skipped"]
    if verdicts and verdicts[-1].status not in _ACCEPTING:
        return f"its last review says '{verdicts[-1].status}'"
    reviewed = bool(verdicts) and verdicts[-1].mask_id in (None, row.reference_id)
    if reviewed or options.unreviewed:
        return None
    return "its last review is of another mask than its reference" if verdicts else _UNREVIEWED


def _pseudo(
    registry: Registry,
    rows: dict[str, CaseRow],
    chosen: Sequence[_Chosen],
    fold: Fold,
    options: FreezeOptions,
    left_out: dict[str, str],
    reporter: Reporter,
) -> list[_Chosen]:
    """Unreviewed cases with a predicted mask that can be trusted; never a patient who is validated with."""
    if options.pseudo is None:
        return []
    taken = {one.row.case_id for one in chosen}
    held_back = {rows[case].patient_id for case in fold.validation if case in rows}
    candidates = [
        row
        for row in rows.values()
        if row.status in ("to review", "skipped")
        and not row.flagged
        and row.case_id not in taken
        and row.patient_id not in held_back
    ]
    admitted, refused = choose_pseudo_labels(registry, candidates, options.pseudo, reporter=reporter)
    for label in admitted:
        left_out.pop(label.case_id, None)
    left_out |= refused
    return [_Chosen(rows[label.case_id], label.mask, TRAIN, options.pseudo, label.confidence) for label in admitted]


def _freeze(registry: Registry, one: _Chosen, folder: Path, options: FreezeOptions) -> TrainingCase:
    """Write the mask of a case and describe the case."""
    case_id = one.row.case_id
    images = registry.files(case_id)
    name = f"{MASKS}/{case_id}.nii.gz"
    write_labels(_labels(registry.read_mask(one.mask.id), physiological=options.physiological), folder / name)
    paths = {"pet": images.pet, "mask": folder / name, **({"ct": images.ct} if images.ct else {})}
    return TrainingCase(
        case_id=case_id,
        patient_id=one.row.patient_id,
        pet=str(images.pet),
        ct=str(images.ct) if images.ct else None,
        mask=name,
        role=one.role,
        stratum=one.row.stratum,
        weight=one.pseudo.weight if one.pseudo else 1.0,
        origin="pseudo" if one.pseudo else "reference",
        confidence=one.confidence,
        sha256={kind: sha256_file(path) for kind, path in paths.items()},
    )


def _labels(segmentation: Segmentation, *, physiological: bool) -> sitk.Image:
    """1 where there is tumor, 2 where there is physiological uptake, if wanted."""
    values = np.where(mask_of(segmentation), TUMOR_VALUE, 0).astype(np.uint16)
    if physiological:
        values[mask_of(segmentation, PHYSIOLOGICAL)] = PHYSIOLOGICAL_VALUE
    return image_like(values, segmentation.labels)


def _partial_masks(chosen: Sequence[_Chosen]) -> tuple[Caution, ...]:
    """Masks that hold the voxels above an SUV only teach the network that rule."""
    partial = [one.row.case_id for one in chosen if one.mask.valid_for is not None]
    if not partial:
        return ()
    what = f"{len(partial)} mask(s) hold only the voxels above a threshold, and the network will learn that"
    return (Caution("masks-above-threshold", what, ", ".join(partial[:10])),)
