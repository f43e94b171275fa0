"""`Registry`: the one door to a folder of cases. The panel, the tasks and the commands call it; see docs/cases.md.

What it does is in the neighbouring files, one subject each; here are the names, and the promises.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.cases import check, intake, listing, masks, records, references, removal, splits
from CLIPSLib.cases.backups import back_up_last
from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.opinions import Opinions
from CLIPSLib.cases.tombstones import removal_of, removed_cases
from CLIPSLib.cases.types import (
    CaseCounts,
    CaseFiles,
    CaseQuery,
    CaseRecord,
    CaseRow,
    CheckReport,
    MaskDiff,
    MaskVersion,
    Origin,
    ReferenceChoice,
    Removal,
    RemovedCase,
    SavedSplit,
    Split,
)
from CLIPSLib.progress import SILENT, Reporter

if TYPE_CHECKING:
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy, StudyIdentity


class Registry(Opinions):
    """Cases, their mask versions, reviews, ratings and splits, in a folder that may be moved and shared.

    Get one by `Registry.create(folder)` or `Registry.open(folder)`; close it, or use it in a `with` block. It may be
    used from several threads of a program and from several programs at once.

    Every method that writes raises `Failure` when the disk is full, the folder may not be written to or another
    program keeps it busy; then nothing was changed. An unknown case or mask id is a `UsageError`, that of a case that
    was removed a `Refusal`.
    """

    def __init__(self, folder: RegistryFolder, database: Database) -> None:
        self._folder = folder
        self._database = database

    @classmethod
    def create(cls, folder: str | os.PathLike) -> Registry:
        """Make an empty registry in `folder`, which need not exist.

        Raises:
            Refusal: there is one already. Failure: the folder cannot be written to.
        """
        place = RegistryFolder(Path(folder).absolute())
        place.create()
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | os.PathLike, *, read_only: bool = False) -> Registry:
        """Open a registry; its database is checked first, and brought to this version's schema after a backup.

        read_only: also the case, by itself, where the folder cannot be written to.

        Raises:
            UsageError: there is none. Refusal: it is a newer version's, or another program's file.
            Failure: it is damaged; the sentence tells how much `rescue_registry` would save.
        """
        place = RegistryFolder(Path(folder).absolute())
        database = place.open_database(read_only=read_only)
        removal.finish_removals(database, place)  # what stands in the way is told by `check`
        return cls(place, database)

    def close(self) -> None:
        """Close the database, after a copy of what was changed; nothing else is pending."""
        try:
            back_up_last(self._database, self._folder.backups)
        finally:
            self._database.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        return self._folder.root

    @property
    def read_only(self) -> bool:
        return self._database.read_only

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside the block is kept all together, or not at all when the block or the machine fails."""
        with self._database.transaction():
            yield

    # Cases

    def add_case(
        self,
        study: PetCtStudy,
        *,
        source: str,
        pseudonym: str | None = None,
        stratum: str = "",
        despite_removal: bool = False,
        reporter: Reporter = SILENT,
    ) -> CaseRecord:
        """Take in a study: images and facts without names; who it is goes into `identities.json`.

        source: where it came from, in words. pseudonym: the case id, else the next of "C0001", "C0002", ...
        despite_removal: take it in also if it was removed once.

        Raises:
            Refusal: the PET series (without UIDs: the very pixels) is there already, as the case that is named, or was
                removed; the pseudonym is taken or no file name; `identities.json`, which tells patients apart, is
                missing.
            Failure: disk full, folder not writable; nothing was changed. Cancelled: `reporter` said so; as before.
        """
        return intake.add_case(
            self._database,
            self._folder,
            study,
            source=source,
            case_id=pseudonym,
            stratum=stratum,
            despite_removal=despite_removal,
            reporter=reporter,
        )

    def remove_case(self, case_id: str, *, reason: str, author: str, discard_drafts: bool = False) -> Removal:
        """Take a case out for good: images, masks, reviews, ratings, name, also from the backups.

        What stays is a tombstone of hashes with reason, author and time (`removed`); the id is not given again, and
        the series is not taken in again unasked. Saved splits keep the id. discard_drafts: also with unfinished work.

        Raises:
            UsageError: no reason, no author. Refusal: a reader has unfinished work on it; the key file is closed.
        """
        return removal.remove_case(*self._at(case_id), reason=reason, author=author, discard_drafts=discard_drafts)

    def removed(self) -> list[RemovedCase]:
        """All removals, oldest first."""
        return removed_cases(self._database)

    def removal_of(self, identifier: str) -> RemovedCase | None:
        """When and why a case was removed, by its id or its PET series UID; None if it was not."""
        return removal_of(self._database, identifier)

    def cases(self, query: CaseQuery | None = None) -> list[CaseRow]:
        """The case list, sorted by id, from one query."""
        return listing.list_cases(self._database, query or CaseQuery())

    def counts(self) -> CaseCounts:
        """How many cases, masks, reviews and ratings there are, by what a summary shows."""
        return listing.count(self._database)

    def case_of_series(self, pet_series_uid: str) -> CaseRecord | None:
        """The case made from this PET series, if there is one."""
        return records.case_of_series(self._database, pet_series_uid)

    def find(self, identifier: str) -> tuple[str, ...]:
        """The cases that an id means: a case id, a patient's pseudonym, a DICOM UID, the hospital's patient id.

        Compared as text ("007" is not "7"). Those who may not read `identities.json` find no patient ids.
        """
        return records.find_cases(self._database, self._folder, identifier)

    def identity(self, case_id: str) -> StudyIdentity | None:
        """Name, id, birth and study date behind a case; None for those who may not read `identities.json`."""
        return records.find_identity(self._database, self._folder, case_id)

    def set_stratum(self, case_id: str, stratum: str) -> None:
        """Say which group a case belongs to (center, tracer, diagnosis); saved splits stay as they are."""
        records.set_stratum(self._database, case_id, stratum)

    def files(self, case_id: str) -> CaseFiles:
        """Where the images of a case lie."""
        return self._folder.case_files(self.case(case_id))

    def read_study(self, case_id: str) -> PetCtStudy:
        """The study of a case. Its identity has the UIDs and the pseudonym of the patient, and no names or dates.

        Raises:
            Failure: an image is missing or damaged.
        """
        return records.read_study(self._database, self._folder, case_id)

    # Mask versions

    def add_mask(
        self,
        case_id: str,
        segmentation: Segmentation,
        *,
        origin: Origin,
        author: str,
        parent: str | None = None,
        comment: str = "",
    ) -> MaskVersion:
        """Keep a mask as a version that never changes.

        Raises:
            Refusal: not on the grid of the case's PET; a label without a lesion.
            UsageError: no author; `parent` is no mask of this case.
        """
        return masks.add_mask(
            *self._at(case_id), segmentation, origin=origin, author=author, parent=parent, comment=comment
        )

    def masks(self, case_id: str) -> list[MaskVersion]:
        """All versions of a case's mask, oldest first."""
        return masks.list_masks(self._database, self.case(case_id).case_id)

    def mask(self, mask_id: str) -> MaskVersion:
        """What is known of a mask version."""
        return masks.find_mask(self._database, mask_id)

    def lineage(self, mask_id: str) -> list[MaskVersion]:
        """A mask version and those that it was made from, newest first."""
        return masks.lineage(self._database, mask_id)

    def mask_path(self, mask_id: str) -> Path:
        """Where the label map of a mask version lies (NIfTI)."""
        return self._folder.mask_file(self.mask(mask_id).sha256)

    def read_mask(self, mask_id: str) -> Segmentation:
        """The segmentation of a mask version.

        Raises:
            Failure: its file is missing, or is not the one that was kept (SHA-256).
        """
        return masks.read_mask(self._database, self._folder, mask_id)

    def diff(self, mask_a: str, mask_b: str) -> MaskDiff:
        """What turns the tumor of one mask of a case into that of another.

        Raises:
            UsageError: they belong to different cases. Failure: as `read_mask`.
        """
        return masks.diff(self._database, self._folder, mask_a, mask_b)

    def set_reference(self, case_id: str, mask_id: str, *, author: str, comment: str = "") -> None:
        """Choose the mask that stands for the truth of a case; choosing an earlier one restores it."""
        references.set_reference(
            self._database, self._folder, self.case(case_id).case_id, mask_id, author=author, comment=comment
        )

    def reference(self, case_id: str) -> MaskVersion | None:
        """The mask chosen last."""
        return references.current(self._database, self.case(case_id).case_id)

    def reference_history(self, case_id: str) -> list[ReferenceChoice]:
        """Every choice of a reference, oldest first."""
        return references.history(self._database, self.case(case_id).case_id)

    # Splits

    def save_split(self, name: str, split: Split) -> SavedSplit:
        """Keep a split under a name, for good; saving the same one again changes nothing.

        Raises:
            Refusal: another split has the name; a patient, or the very same PET, is on both sides; a case is not in
                the registry, or twice on a side.
        """
        return splits.save(self._database, name, split)

    def split(self, name: str) -> Split:
        """A split by its name."""
        return splits.load(self._database, name)

    def splits(self) -> list[SavedSplit]:
        """All splits that were saved, oldest first."""
        return splits.saved(self._database)

    # Care

    def check(self, *, remove_orphans: bool = False, hashes: bool = True, reporter: Reporter = SILENT) -> CheckReport:
        """Compare the folder with the database: what is missing, changed, or left over from interrupted work.

        remove_orphans: delete what is left over. hashes: read every file (about a second per case).
        """
        return check.check(
            self._database, self._folder, remove_orphans=remove_orphans, hashes=hashes, reporter=reporter
        )
