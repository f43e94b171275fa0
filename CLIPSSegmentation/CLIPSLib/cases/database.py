"""The SQLite database of a registry: connection, transactions, and errors in words. Used by every file of this room.

Rollback journal, because write-ahead logs fail on the network shares that hospitals use (https://sqlite.org/wal.html,
"does not work over a network filesystem"); every transaction takes the write lock at its beginning, so two programs
wait for each other instead of failing half way.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Failure

if TYPE_CHECKING:
    import sqlite3

BUSY_S = 30.0  # how long to wait for another program's transaction


class Database:
    """One connection, for all threads of a program: they take turns."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._turn = threading.RLock()
        self._depth = 0
        self._closed = False
        self._afterwards: list[Callable[[], None]] = []
        self._connection = connect(path, read_only=read_only)

    @property
    def changed(self) -> bool:
        """Whether this connection, while it is open, wrote any row."""
        return not self._closed and self._connection.total_changes > 0

    def rows(self, sql: str, parameters: Sequence | Mapping = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._turn, speaking_of(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence | Mapping = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._turn, speaking_of(self.path):
            return self._connection.execute(sql, parameters).fetchone()

    def each(self, sql: str) -> Iterator[sqlite3.Row]:
        """The rows of a query one by one: those before a damaged page are given before `Failure` is raised."""
        with self._turn, speaking_of(self.path):
            yield from self._connection.execute(sql)

    def insert(self, table: str, values: Mapping[str, object], *, replace: bool = False) -> int:
        """Add one row (in place of the one with the same key, with `replace`); returns its row number."""
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self._turn, speaking_of(self.path):
            return self._connection.execute(f"{verb} INTO {table} ({columns}) VALUES ({marks})", values).lastrowid

    def execute(self, sql: str, parameters: Sequence | Mapping = ()) -> None:
        with self._turn, speaking_of(self.path):
            self._connection.execute(sql, parameters)

    def require_writable(self) -> None:
        """Raises `Failure` in a registry that is open for reading only; ask before writing images."""
        if self.read_only:
            raise Failure(
                "read-only",
                "The registry is open for reading only",
                str(self.path.parent),
                "Ask for the right to write to its folder.",
            )

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something that cannot be undone once the outermost transaction is kept; not at all if it fails."""
        with self._turn:
            self._afterwards.append(action)
            if not self._depth:
                self._act()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock; keep everything at the end of the block, or nothing if it fails. Blocks may nest.

        Raises:
            Failure: the folder is read-only; another program held the lock for `BUSY_S`; the disk is full.
        """
        self.require_writable()
        with self._turn:
            begin, end, undo = _VERBS[min(self._depth, 1)]
            self.execute(begin)
            self._depth += 1
            try:
                yield
                self.execute(end)
            except BaseException:
                self._undo(undo)
                if self._depth == 1:
                    self._afterwards.clear()
                raise
            finally:
                self._depth -= 1
            if not self._depth:
                self._act()

    def backup(self, path: Path) -> None:
        """Write a consistent copy of the database as it is now."""
        with self._turn, speaking_of(path), contextlib.closing(connect(path)) as copy:
            self._connection.backup(copy)

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._connection.close()

    def _act(self) -> None:
        while self._afterwards:
            self._afterwards.pop(0)()

    def _undo(self, statements: Sequence[str]) -> None:
        """Roll back; SQLite may have done so by itself (disk full), which is no second error."""
        if self._connection.in_transaction:
            for statement in statements:
                self.execute(statement)


# outermost block and blocks inside it: begin, keep, undo
_VERBS = (
    ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)),
    ("SAVEPOINT inner_block", "RELEASE inner_block", ("ROLLBACK TO inner_block", "RELEASE inner_block")),
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with this room's settings. Raises `Failure` when the file cannot be opened or is no database."""
    import sqlite3

    with speaking_of(path):
        # isolation_level None: transactions begin where this room says so, not where the library guesses
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        settings = ["foreign_keys = ON"]
        # secure_delete: what is deleted (a removed case, a draft) is overwritten, not only forgotten
        writing = ["journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON"]
        settings += ["query_only = ON"] if read_only else writing
        try:
            for setting in settings:
                connection.execute(f"PRAGMA {setting}")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Turn what SQLite reports about its file into a `Failure` with a sentence."""
    import sqlite3

    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a broken rule of the schema is a mistake of this program, not of the disk
    except sqlite3.Error as error:
        raise _failure(path, error) from error
    except UnicodeDecodeError as error:  # even the names in SQLite's own message are garbled
        raise damaged(path, "unreadable text") from error


@contextlib.contextmanager
def reading(row: str) -> Iterator[None]:
    """Turn a garbled document of a row into a `Failure`: SQLite checks its own pages, not what texts say."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(row, f"garbled text: {error}") from error


def damaged(where: object, reason: str) -> Failure:
    """The sentence about a damaged database."""
    return Failure(
        "registry-damaged",
        f"The registry's database is damaged ({reason})",
        str(where),
        "Copy the folder, then save what can be read: 'clips cases rescue', or rescue_registry(folder).",
    )


def _failure(path: Path, error: sqlite3.Error) -> Failure:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, str(error))
    for prefixes, code, what, remedy in _SENTENCES:
        if name.startswith(prefixes):
            return Failure(code, f"{what} ({error})", str(path), remedy)
    return Failure("registry-error", f"The registry's database cannot be used: {error}", str(path))


_SENTENCES = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "registry-busy",
        f"Another program has kept the registry busy for {BUSY_S:.0f} s",
        "Try again; if it goes on, close the other program.",
    ),
    (("SQLITE_FULL",), "disk-full", "The disk is full; nothing was written", "Free space and try again."),
    (
        ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_IOERR"),
        "cannot-write",
        "The registry's database cannot be written to or read",
        "Check the disk, and that the folder may be written to.",
    ),
)
