"""Ratings of difficulty by several raters, blinded. Only ever added. Called by `Registry`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import scrubber_of
from CLIPSLib.cases.people import require_effort, require_name
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.types import RATING_TAGS, SCORES, CaseRecord, Rating
from CLIPSLib.errors import UsageError
from CLIPSLib.provenance import utc_now

LATEST = "SELECT MAX(rating_id) FROM ratings GROUP BY case_id, rater"
# a rater sees others' ratings of the cases that he has rated himself
_VISIBLE = ":viewer IS NULL OR rater = :viewer OR case_id IN (SELECT case_id FROM ratings WHERE rater = :viewer)"
_ALL = f"SELECT * FROM ratings WHERE (:case IS NULL OR case_id = :case) AND ({_VISIBLE})"


def rate(
    database: Database,
    folder: RegistryFolder,
    case: CaseRecord,
    *,
    rater: str,
    score: int,
    tags: Sequence[str],
    comment: str,
    active_s: float,
) -> Rating:
    """Add a rating. Raises as `Registry.rate`."""
    if isinstance(score, bool) or score not in SCORES:
        raise UsageError("score", f"Difficulty is rated 1 (easy) to 5 (hard), not {score!r}", case.case_id)
    unknown = [tag for tag in tags if tag not in RATING_TAGS]
    if isinstance(tags, str) or unknown:
        raise UsageError(
            "rating-tag", f"Unknown reason {unknown[0]!r}", case.case_id, f"Reasons are {', '.join(RATING_TAGS)}."
        )
    require_effort(active_s)
    rating = {
        "case_id": case.case_id,
        "rater": require_name(rater, "rater"),
        "score": int(score),
        "comment": scrubber_of(folder.identities, case.case_id).text(comment),
        "active_s": float(active_s),
        "rated_utc": utc_now(),
    }
    chosen = tuple(tag for tag in RATING_TAGS if tag in tags)
    with database.transaction():
        find_case(database, case.case_id)  # it may have been removed since it was asked for
        number = database.insert("ratings", {**rating, "tags": json.dumps(chosen)})
    return Rating(id=number, tags=chosen, **rating)


def list_ratings(database: Database, case_id: str | None, viewer: str | None, *, history: bool) -> list[Rating]:
    """Ratings in the order in which they were given; without `history` the latest of each rater for each case."""
    sql = _ALL if history else f"{_ALL} AND rating_id IN ({LATEST})"
    rows = database.rows(f"{sql} ORDER BY rating_id", {"case": case_id, "viewer": viewer})
    same = ("case_id", "rater", "score", "rated_utc", "comment", "active_s")
    with reading("ratings"):
        return [
            Rating(id=row["rating_id"], tags=tuple(json.loads(row["tags"])), **{name: row[name] for name in same})
            for row in rows
        ]
