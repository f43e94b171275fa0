"""The case list and its counts. Called by `Registry`.

One query for the whole list; text and difficulty are then narrowed down here, because SQLite folds the letter case
of ASCII only and knows no difficulty tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from CLIPSLib.cases.database import Database
from CLIPSLib.cases.ratings import LATEST
from CLIPSLib.cases.types import REVIEW_STATUSES, TO_REVIEW, CaseCounts, CaseQuery, CaseRow
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    import sqlite3

_SEPARATOR = "\x1f"  # between names in one column; no keyboard types it

_LIST = f"""
WITH
last_review AS (SELECT * FROM reviews WHERE review_id IN (SELECT MAX(review_id) FROM reviews GROUP BY case_id)),
flags AS (
    SELECT DISTINCT case_id FROM reviews
    WHERE status = 'flagged' AND review_id IN (SELECT MAX(review_id) FROM reviews GROUP BY case_id, reader)
),
readers AS (
    SELECT case_id, group_concat(reader, char(31)) AS names
    FROM (SELECT DISTINCT case_id, reader FROM reviews) GROUP BY case_id
),
mask_counts AS (SELECT case_id, COUNT(*) AS number FROM masks GROUP BY case_id),
models AS (
    SELECT case_id, group_concat(model, char(31)) AS names
    FROM (SELECT DISTINCT case_id, model FROM masks WHERE model <> '') GROUP BY case_id
),
reference AS (
    SELECT masks.* FROM reference_choices AS choice JOIN masks ON masks.mask_id = choice.mask_id
    WHERE choice_id IN (SELECT MAX(choice_id) FROM reference_choices GROUP BY case_id)
),
scores AS (SELECT case_id, AVG(score) AS mean FROM ratings WHERE rating_id IN ({LATEST}) GROUP BY case_id),
rated AS (SELECT DISTINCT case_id FROM ratings WHERE :viewer IS NULL OR rater = :viewer)
SELECT
    cases.case_id, cases.patient_id, cases.stratum, cases.scanner, cases.tracer, cases.added_utc,
    COALESCE(last_review.status, '{TO_REVIEW}') AS status,
    last_review.reviewed_utc,
    flags.case_id IS NOT NULL AS flagged,
    readers.names AS readers,
    models.names AS models,
    COALESCE(mask_counts.number, 0) AS mask_count,
    reference.mask_id AS reference_id,
    reference.volume_ml AS reference_ml,
    reference.lesion_count AS reference_lesions,
    scores.mean AS mean_rating,
    rated.case_id IS NOT NULL AS rated,
    :viewer IS NULL OR rated.case_id IS NOT NULL AS open,
    CASE WHEN :viewer IS NULL OR rated.case_id IS NOT NULL OR last_review.reader = :viewer
        THEN last_review.comment END AS comment
FROM cases
LEFT JOIN last_review ON last_review.case_id = cases.case_id
LEFT JOIN flags ON flags.case_id = cases.case_id
LEFT JOIN readers ON readers.case_id = cases.case_id
LEFT JOIN mask_counts ON mask_counts.case_id = cases.case_id
LEFT JOIN models ON models.case_id = cases.case_id
LEFT JOIN reference ON reference.case_id = cases.case_id
LEFT JOIN scores ON scores.case_id = cases.case_id
LEFT JOIN rated ON rated.case_id = cases.case_id
WHERE (:stratum IS NULL OR cases.stratum = :stratum)
    AND (:flagged IS NULL OR (flags.case_id IS NOT NULL) = :flagged)
    AND (:has_reference IS NULL OR (reference.mask_id IS NOT NULL) = :has_reference)
    AND (:rated IS NULL OR (rated.case_id IS NOT NULL) = :rated)
    AND (:reader IS NULL OR cases.case_id IN (SELECT case_id FROM reviews WHERE reader = :reader))
    AND (:model IS NULL OR cases.case_id IN (SELECT case_id FROM masks WHERE model = :model))
ORDER BY cases.case_id
"""


def list_cases(database: Database, query: CaseQuery) -> list[CaseRow]:
    """The rows that fit a query, sorted by case id."""
    names = ("stratum", "flagged", "has_reference", "rated", "reader", "model", "viewer")
    statuses = _statuses(query)
    rows = [_row(row, query) for row in database.rows(_LIST, {name: getattr(query, name) for name in names})]
    return [row for row in rows if row.status in statuses and _has_text(row, query.text) and _in_range(row, query)]


def count(database: Database) -> CaseCounts:
    """Counts over the whole registry."""
    rows = list_cases(database, CaseQuery())
    return CaseCounts(
        cases=len(rows),
        patients=len({row.patient_id for row in rows}),
        with_ct=database.row("SELECT COUNT(*) FROM cases WHERE files LIKE '%\"ct_hu.nii.gz\"%'")[0],
        with_reference=sum(row.reference_id is not None for row in rows),
        masks=database.row("SELECT COUNT(*) FROM masks")[0],
        reviews=database.row("SELECT COUNT(*) FROM reviews")[0],
        ratings=database.row(f"SELECT COUNT(*) FROM ratings WHERE rating_id IN ({LATEST})")[0],
        by_status=_tally(row.status for row in rows),
        by_stratum=_tally(row.stratum for row in rows),
        by_scanner=_tally(row.scanner for row in rows),
        by_tracer=_tally(row.tracer for row in rows),
        masks_by_origin=_grouped(database, "SELECT origin, COUNT(*) FROM masks GROUP BY origin"),
        masks_by_model=_grouped(database, "SELECT model, COUNT(*) FROM masks WHERE model <> '' GROUP BY model"),
        ratings_by_rater=_grouped(
            database, f"SELECT rater, COUNT(*) FROM ratings WHERE rating_id IN ({LATEST}) GROUP BY rater"
        ),
        reviews_by_reader=_grouped(database, "SELECT reader, COUNT(*) FROM reviews GROUP BY reader"),
    )


def _row(row: sqlite3.Row, query: CaseQuery) -> CaseRow:
    same = ("case_id", "patient_id", "stratum", "scanner", "tracer", "added_utc", "status", "reviewed_utc")
    same += ("mask_count", "reference_id", "reference_ml", "reference_lesions")
    score = row["mean_rating"] if query.scores is None else query.scores.get(row["case_id"])
    is_open = row["open"] or (query.scores is not None and query.scores_open)
    return CaseRow(
        **{name: row[name] for name in same},
        flagged=bool(row["flagged"]),
        rated=bool(row["rated"]),
        readers=_names(row["readers"]),
        models=_names(row["models"]),
        comment=row["comment"] or "",
        difficulty=score if is_open else None,
    )


def _statuses(query: CaseQuery) -> tuple[str, ...]:
    known = (TO_REVIEW, *REVIEW_STATUSES)
    asked = (query.status,) if isinstance(query.status, str) else tuple(query.status)
    unknown = [status for status in asked if status not in known]
    if unknown:
        raise UsageError("review-status", f"The status of a case is one of {', '.join(known)}, not {unknown[0]!r}")
    return asked or known


def _has_text(row: CaseRow, text: str) -> bool:
    searched = _SEPARATOR.join((row.case_id, row.patient_id, row.stratum, row.scanner, row.tracer, row.comment))
    return text.strip().casefold() in searched.casefold()


def _in_range(row: CaseRow, query: CaseQuery) -> bool:
    if query.difficulty is None:
        return True
    low, high = query.difficulty
    score = row.difficulty
    return score is not None and (low is None or score >= low) and (high is None or score <= high)


def _names(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(_SEPARATOR))) if joined else ()


def _tally(values) -> dict[str, int]:
    tally: dict[str, int] = {}
    for value in sorted(values):
        tally[value] = tally.get(value, 0) + 1
    return tally


def _grouped(database: Database, sql: str) -> dict[str, int]:
    return {row[0]: row[1] for row in database.rows(f"{sql} ORDER BY 1")}
