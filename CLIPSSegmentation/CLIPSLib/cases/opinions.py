"""`Opinions`: the part of `Registry` about readers: reviews, ratings of difficulty, unfinished work. For `registry`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from CLIPSLib.cases import drafts, ratings, records, reviews
from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.types import CaseRecord, Draft, Rating, Review, Status
from CLIPSLib.errors import Caution

if TYPE_CHECKING:
    from CLIPSLib.segmentation import Segmentation


class Opinions:
    """What readers say about cases, only ever added, and their unfinished work. A base of `Registry` alone."""

    _folder: RegistryFolder
    _database: Database

    def case(self, case_id: str) -> CaseRecord:
        """What is known of a case."""
        return records.find_case(self._database, case_id)

    def review(
        self,
        case_id: str,
        *,
        status: Status,
        reader: str,
        mask_id: str | None = None,
        comment: str = "",
        active_s: float = 0.0,
        edit_count: int = 0,
    ) -> Review:
        """Add a review; earlier ones stay. status: any of `REVIEW_STATUSES`."""
        return reviews.add_review(
            *self._at(case_id),
            status=status,
            reader=reader,
            mask_id=mask_id,
            comment=comment,
            active_s=active_s,
            edit_count=edit_count,
        )

    def reviews(self, case_id: str, *, viewer: str | None = None) -> list[Review]:
        """All reviews of a case, oldest first. viewer: withhold others' comment and effort until he has rated."""
        return reviews.list_reviews(self._database, self.case(case_id).case_id, viewer)

    def rate(
        self,
        case_id: str,
        *,
        rater: str,
        score: int,
        tags: Sequence[str] = (),
        comment: str = "",
        active_s: float = 0.0,
    ) -> Rating:
        """Add a rating of difficulty, 1 to 5; the rater's earlier ones stay. tags: of `RATING_TAGS`."""
        return ratings.rate(*self._at(case_id), rater=rater, score=score, tags=tags, comment=comment, active_s=active_s)

    def ratings(self, case_id: str | None = None, *, viewer: str | None = None, history: bool = False) -> list[Rating]:
        """The latest rating of each rater for each case (or one case); with `history` also the earlier ones.

        viewer: only what this rater may see: his own, and others' of the cases that he has rated.
        """
        case_id = case_id and self.case(case_id).case_id
        return ratings.list_ratings(self._database, case_id, viewer, history=history)

    def save_draft(
        self,
        case_id: str,
        reader: str,
        segmentation: Segmentation,
        *,
        parent: str | None = None,
        active_s: float = 0.0,
        edit_count: int = 0,
    ) -> None:
        """Keep unfinished work, in place of the reader's earlier draft of this case. Raises as `add_mask`."""
        drafts.save(*self._at(case_id), reader, segmentation, parent=parent, active_s=active_s, edit_count=edit_count)

    def read_draft(self, case_id: str, reader: str) -> Draft | None:
        """The reader's unfinished work on a case. Raises as `read_mask`."""
        return drafts.read(self._database, self._folder, self.case(case_id).case_id, reader)

    def read_or_set_aside_draft(self, case_id: str, reader: str) -> tuple[Draft | None, Caution | None]:
        """The reader's unfinished work; where it is damaged, it is put aside in `drafts/`, as the caution says."""
        return drafts.read_or_set_aside(self._database, self._folder, self.case(case_id).case_id, reader)

    def discard_draft(self, case_id: str, reader: str) -> None:
        """Forget it; no draft is fine too."""
        drafts.discard(self._database, self._folder, self.case(case_id).case_id, reader)

    def _at(self, case_id: str) -> tuple[Database, RegistryFolder, CaseRecord]:
        return self._database, self._folder, self.case(case_id)
