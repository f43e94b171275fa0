"""What the room `cases` hands out: cases, mask versions, reviews, ratings, splits. Frozen data, no files, no database.

All ids are text ("007" is not "7"). Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from CLIPSLib.errors import Caution

if TYPE_CHECKING:
    from CLIPSLib.segmentation import Lesion, Segmentation

Origin = Literal["imported", "predicted", "corrected"]
ORIGINS: tuple[Origin, ...] = ("imported", "predicted", "corrected")

Status = Literal["to review", "accepted", "corrected", "flagged", "skipped", "unusable"]
TO_REVIEW: Status = "to review"  # the status of a case that nobody reviewed; it cannot be given
REVIEW_STATUSES: tuple[Status, ...] = ("accepted", "corrected", "flagged", "skipped", "unusable")

RATING_TAGS = ("dispersed", "small", "faint", "near physiological uptake", "diffuse", "artefact", "truncated")
SCORES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One PET/CT study of the registry, without names: who it is stands in `identities.json` alone.

    case_id, patient_id: pseudonyms; studies of one patient share `patient_id`. series_key: what makes the case
    unique: the PET series UID, or "content-<sha256>" where there is none. content_sha256: of the PET's voxels and grid.
    cautions: of the study, and what was noticed when it was added (the same pixels under another UID).
    """

    case_id: str
    patient_id: str
    series_key: str
    pet_series_uid: str
    ct_series_uid: str
    study_uid: str
    content_sha256: str
    stratum: str
    source: str
    scanner: str
    tracer: str
    has_ct: bool
    added_utc: str
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CaseFiles:
    """Where the images of a case lie: SUV and HU as NIfTI, and study.json."""

    pet: Path
    ct: Path | None
    study: Path


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One line of the case list.

    status: of the latest review, "to review" where there is none. flagged: the last word of some reader is
    "flagged". difficulty: the score of `CaseQuery.scores`, without them the mean of the raters' latest scores; None
    where unknown or withheld from `CaseQuery.viewer`. rated: by the viewer, or by anybody where no viewer is named.
    """

    case_id: str
    patient_id: str
    stratum: str
    scanner: str
    tracer: str
    status: Status
    flagged: bool
    readers: tuple[str, ...]
    models: tuple[str, ...]
    reviewed_utc: str | None
    mask_count: int
    reference_id: str | None
    reference_ml: float | None
    reference_lesions: int | None
    difficulty: float | None
    rated: bool
    comment: str
    added_utc: str


@dataclass(frozen=True, kw_only=True)
class CaseQuery:
    """Which cases to list; what is left out does not narrow the list.

    text: part of an id, stratum, scanner, tracer or last comment, in any letter case. status: one or several.
    reader: who reviewed; model: what predicted a mask. difficulty: lowest and highest, None for open ends.
    scores: difficulty by case id, higher is harder (a difficulty table), instead of the mean rating.
    viewer: the rater who looks: others' ratings, their mean and `scores` are withheld for cases he did not rate yet.
    scores_open: `scores` are not, since they rest on nothing but the images and the reference that he is shown.
    rated: whether the viewer (or anybody) has rated the case.
    """

    text: str = ""
    status: Status | tuple[Status, ...] = ()
    flagged: bool | None = None
    difficulty: tuple[float | None, float | None] | None = None
    reader: str | None = None
    model: str | None = None
    has_reference: bool | None = None
    stratum: str | None = None
    rated: bool | None = None
    viewer: str | None = None
    scores: Mapping[str, float | None] | None = None
    scores_open: bool = False


@dataclass(frozen=True, kw_only=True)
class CaseCounts:
    """How many there are of everything, for a summary. The mappings go from name to number of cases (or masks)."""

    cases: int
    patients: int
    with_ct: int
    with_reference: int
    masks: int
    reviews: int
    ratings: int
    by_status: Mapping[str, int]
    by_stratum: Mapping[str, int]
    by_scanner: Mapping[str, int]
    by_tracer: Mapping[str, int]
    masks_by_origin: Mapping[str, int]
    masks_by_model: Mapping[str, int]
    ratings_by_rater: Mapping[str, int]
    reviews_by_reader: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class LesionRecord:
    """One lesion of a mask version with its volume; `kind` is "tumor" or "physiological"."""

    lesion: Lesion
    voxel_count: int
    volume_ml: float


@dataclass(frozen=True, kw_only=True)
class MaskVersion:
    """One mask of a case, which never changes.

    parent: the version it was made from. author: the reader, or who ran the model. model: "" for what a person drew.
    sha256: of the file of its label map. volume_ml, lesion_count: tumor only; lesions: all, with kind and volume.
    valid_for: None, or the condition under which measures may be made ("suv >= 4").
    """

    id: str
    case_id: str
    parent: str | None
    origin: Origin
    author: str
    model: str
    created_utc: str
    sha256: str
    provenance: Mapping[str, Any]
    volume_ml: float
    lesion_count: int
    lesions: tuple[LesionRecord, ...]
    software: str
    valid_for: str | None = None
    reviewed: bool = False
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class MaskDiff:
    """What turns the tumor of mask a into that of mask b, mL; dice is None when both are empty."""

    added_ml: float
    removed_ml: float
    dice: float | None


@dataclass(frozen=True, kw_only=True)
class ReferenceChoice:
    """One step in the history of a case's reference: who chose which mask, when."""

    case_id: str
    mask_id: str
    author: str
    chosen_utc: str
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One review. active_s: seconds that the reader was active on the case; edit_count: edits made to the mask.

    Comment, seconds and edits are None where they are withheld from a rater who has not rated yet.
    """

    id: int
    case_id: str
    status: Status
    reader: str
    reviewed_utc: str
    mask_id: str | None = None
    comment: str | None = ""
    active_s: float | None = 0.0
    edit_count: int | None = 0


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How hard it is to delineate all lesions of a case correctly, 1 to 5, by one rater."""

    id: int
    case_id: str
    rater: str
    score: int
    rated_utc: str
    tags: tuple[str, ...] = ()
    comment: str = ""
    active_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Unfinished work of a reader on a case, as last saved by itself; parent: the version it was begun from."""

    case_id: str
    reader: str
    segmentation: Segmentation
    parent: str | None
    saved_utc: str
    active_s: float = 0.0
    edit_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Case ids to learn from and to validate on, sorted."""

    train: tuple[str, ...]
    validation: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Folds of cases; all studies of a patient are on the same side of each.

    method: "holdout", "k-fold" or "imported"; parameters: JSON-ready, what it was made with.
    """

    folds: tuple[Fold, ...]
    method: str = "imported"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Hash of who is where: the same for equal folds, however they were made."""
        content = [[list(fold.train), list(fold.validation)] for fold in self.folds]
        return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()

    @cached_property
    def case_ids(self) -> tuple[str, ...]:
        """Every case of the split, sorted."""
        return tuple(sorted({case for fold in self.folds for case in (*fold.train, *fold.validation)}))

    def without(self, case_ids: Collection[str]) -> Split:
        """The same folds without some cases."""
        folds = (
            Fold(
                train=tuple(case for case in fold.train if case not in case_ids),
                validation=tuple(case for case in fold.validation if case not in case_ids),
            )
            for fold in self.folds
        )
        return Split(folds=tuple(folds), method=self.method, parameters=self.parameters)


@dataclass(frozen=True, kw_only=True)
class SavedSplit:
    """The name, age and hash of a split that the registry keeps. cautions: told when it is saved."""

    name: str
    method: str
    folds: int
    cases: int
    sha256: str
    saved_utc: str
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RemovedCase:
    """All that is kept of a case that was removed. The hashes recognize its id, its series and its patient's pseudonym
    when they come again. reason, author: of the removal. unfinished: files of it are still to be deleted.
    """

    case_sha256: str
    patient_sha256: str
    series_sha256: str
    reason: str
    author: str
    removed_utc: str
    unfinished: bool = False

    def __str__(self) -> str:
        return f"removed on {self.removed_utc[:10]} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What `Registry.remove_case` did. splits: saved ones that still name the case by its id; cautions: what else
    may hold something of it.
    """

    case_id: str
    removed: RemovedCase
    splits: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What `Registry.check` found. Paths are relative to the registry's folder.

    orphans: files of interrupted work that no row knows; missing: files that a row names and that are not there;
    changed: files whose SHA-256 is not the one of their row; removed: the orphans that were taken away.
    """

    orphans: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def whole(self) -> bool:
        """True when nothing that the registry names is missing or changed."""
        return not self.missing and not self.changed
