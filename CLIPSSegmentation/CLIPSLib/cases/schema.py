"""The tables of a registry, and how an older database becomes today's. Used by `folder` and `rescue`.

Reviews, ratings, masks and choices of references are only ever added: triggers refuse to change or delete them, but
for the removal of a whole case (`removal`), which takes the triggers away and puts them back in one transaction.
Lists and documents are JSON text. The version is SQLite's `user_version`, the kind of file its `application_id`.
"""

from __future__ import annotations

from collections.abc import Iterator

from CLIPSLib.cases.database import Database

APPLICATION_ID = 0x434C4950  # "CLIP"

# masks before what points at them: rows can be copied in this order
TABLES = ("cases", "masks", "reference_choices", "reviews", "ratings", "drafts", "splits", "removals")
OF_CASES = TABLES[:6]  # these have a column case_id
ADDED_ONLY = ("masks", "reference_choices", "reviews", "ratings", "splits")

_VERSION_1 = """
CREATE TABLE cases (
    case_id TEXT PRIMARY KEY NOT NULL,
    patient_id TEXT NOT NULL,
    series_key TEXT NOT NULL UNIQUE,
    pet_series_uid TEXT NOT NULL,
    ct_series_uid TEXT NOT NULL,
    study_uid TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    stratum TEXT NOT NULL,
    source TEXT NOT NULL,
    scanner TEXT NOT NULL,
    tracer TEXT NOT NULL,
    files TEXT NOT NULL,
    cautions TEXT NOT NULL,
    added_utc TEXT NOT NULL
);
CREATE UNIQUE INDEX cases_as_file_names ON cases(case_id COLLATE NOCASE);
CREATE INDEX cases_by_content ON cases(content_sha256);

CREATE TABLE masks (
    mask_id TEXT PRIMARY KEY NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases(case_id),
    parent TEXT REFERENCES masks(mask_id),
    origin TEXT NOT NULL CHECK (origin IN ('imported', 'predicted', 'corrected')),
    author TEXT NOT NULL CHECK (author <> ''),
    model TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    probability_sha256 TEXT,
    facts TEXT NOT NULL,
    volume_ml REAL NOT NULL,
    lesion_count INTEGER NOT NULL,
    comment TEXT NOT NULL,
    software TEXT NOT NULL,
    created_utc TEXT NOT NULL
);
CREATE INDEX masks_by_case ON masks(case_id);

CREATE TABLE reference_choices (
    choice_id INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id TEXT NOT NULL REFERENCES cases(case_id),
    mask_id TEXT NOT NULL REFERENCES masks(mask_id),
    author TEXT NOT NULL CHECK (author <> ''),
    comment TEXT NOT NULL,
    chosen_utc TEXT NOT NULL
);
CREATE INDEX reference_choices_by_case ON reference_choices(case_id);

CREATE TABLE reviews (
    review_id INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id TEXT NOT NULL REFERENCES cases(case_id),
    status TEXT NOT NULL CHECK (status IN ('accepted', 'corrected', 'flagged', 'skipped', 'unusable')),
    reader TEXT NOT NULL CHECK (reader <> ''),
    mask_id TEXT REFERENCES masks(mask_id),
    comment TEXT NOT NULL,
    active_s REAL NOT NULL CHECK (active_s >= 0),
    edit_count INTEGER NOT NULL CHECK (edit_count >= 0),
    reviewed_utc TEXT NOT NULL
);
CREATE INDEX reviews_by_case ON reviews(case_id, reader);

CREATE TABLE ratings (
    rating_id INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id TEXT NOT NULL REFERENCES cases(case_id),
    rater TEXT NOT NULL CHECK (rater <> ''),
    score INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
    tags TEXT NOT NULL,
    comment TEXT NOT NULL,
    active_s REAL NOT NULL CHECK (active_s >= 0),
    rated_utc TEXT NOT NULL
);
CREATE INDEX ratings_by_case ON ratings(case_id, rater);

CREATE TABLE drafts (
    case_id TEXT NOT NULL REFERENCES cases(case_id),
    reader TEXT NOT NULL CHECK (reader <> ''),
    parent TEXT REFERENCES masks(mask_id),
    sha256 TEXT NOT NULL,
    facts TEXT NOT NULL,
    active_s REAL NOT NULL,
    edit_count INTEGER NOT NULL,
    saved_utc TEXT NOT NULL,
    PRIMARY KEY (case_id, reader)
);

CREATE TABLE splits (
    name TEXT PRIMARY KEY NOT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    saved_utc TEXT NOT NULL
);
""" + "".join(
    f"""
CREATE TRIGGER {table}_stay_{verb.lower()} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are only ever added'); END;
"""
    for table in ADDED_ONLY
    for verb in ("UPDATE", "DELETE")
)

# hashes, so that nothing of a removed case remains; pending: JSON of what is still to be deleted, NULL when all is done
_VERSION_2 = """
CREATE TABLE removals (
    removal_id INTEGER PRIMARY KEY AUTOINCREMENT,
    case_sha256 TEXT NOT NULL UNIQUE,
    patient_sha256 TEXT NOT NULL,
    series_sha256 TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    author TEXT NOT NULL CHECK (author <> ''),
    removed_utc TEXT NOT NULL,
    pending TEXT
);
CREATE TRIGGER removals_stay_delete BEFORE DELETE ON removals
BEGIN SELECT RAISE(ABORT, 'removals are only ever added'); END;
"""

# MIGRATIONS[n] takes version n to n + 1; a released one never changes. New columns need a default: `rescue` puts rows
# of older backups into the newest tables.
MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2)


def version_of(database: Database) -> int:
    return database.row("PRAGMA user_version")[0]


def migrate(database: Database) -> None:
    """Bring a database to the newest version, all of it or nothing; one that another program did is left alone."""
    with database.transaction():
        for script in MIGRATIONS[version_of(database) :]:
            for statement in _statements(script):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _statements(script: str) -> Iterator[str]:
    """A script cut into statements; those of triggers hold semicolons of their own."""
    import sqlite3

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
