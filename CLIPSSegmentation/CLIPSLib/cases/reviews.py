"""Reviews: what a reader decided about a case, with his effort. Only ever added. Called by `Registry`."""

from __future__ import annotations

from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import scrubber_of
from CLIPSLib.cases.masks import require_mask_of
from CLIPSLib.cases.people import require_effort, require_name
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.types import REVIEW_STATUSES, CaseRecord, Review, Status
from CLIPSLib.errors import UsageError
from CLIPSLib.provenance import utc_now

# what tells a rater how much work the case was to others; `:viewer` is null where nobody is blinded
_OF_CASE = """
SELECT *, :viewer IS NULL OR reader = :viewer
    OR EXISTS (SELECT 1 FROM ratings WHERE case_id = :case AND rater = :viewer) AS open
FROM reviews WHERE case_id = :case ORDER BY review_id
"""


def add_review(
    database: Database,
    folder: RegistryFolder,
    case: CaseRecord,
    *,
    status: Status,
    reader: str,
    mask_id: str | None,
    comment: str,
    active_s: float,
    edit_count: int,
) -> Review:
    """Add a review. Raises as `Registry.review`."""
    if status not in REVIEW_STATUSES:
        raise UsageError(
            "review-status", f"A review says one of {', '.join(REVIEW_STATUSES)}, not {status!r}", case.case_id
        )
    require_effort(active_s, edit_count)
    if mask_id is not None:
        require_mask_of(database, mask_id, case.case_id)
    review = {
        "case_id": case.case_id,
        "status": status,
        "reader": require_name(reader, "reader"),
        "mask_id": mask_id,
        "comment": scrubber_of(folder.identities, case.case_id).text(comment),
        "active_s": float(active_s),
        "edit_count": int(edit_count),
        "reviewed_utc": utc_now(),
    }
    with database.transaction():
        find_case(database, case.case_id)  # it may have been removed since it was asked for
        number = database.insert("reviews", review)
    return Review(id=number, **review)


def list_reviews(database: Database, case_id: str, viewer: str | None) -> list[Review]:
    """The reviews of a case, oldest first; comment and effort are None where the viewer may not see them yet."""
    reviews = []
    for row in database.rows(_OF_CASE, {"case": case_id, "viewer": viewer}):
        shown = {name: row[name] if row["open"] else None for name in ("comment", "active_s", "edit_count")}
        same = {name: row[name] for name in ("case_id", "status", "reader", "reviewed_utc", "mask_id")}
        reviews.append(Review(id=row["review_id"], **same, **shown))
    return reviews
