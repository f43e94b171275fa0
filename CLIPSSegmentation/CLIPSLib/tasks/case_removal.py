"""A case out of a registry with what was derived from it, caches and difficulty tables; and who else holds something.

For `clips cases remove` and the panel. Done again after a crash, it finishes what was left.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty import read_difficulty, write_difficulty
from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.measure import CACHE_FOLDER
from CLIPSLib.errors import Caution, ClipsError, Failure
from CLIPSLib.tasks.cohort import CACHE_NAME
from CLIPSLib.tasks.difficulty import stored_names, table_path
from CLIPSLib.tasks.frozen import CASES_FILE
from CLIPSLib.tasks.frozen_places import frozen_places
from CLIPSLib.training import read_cases

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry, RemovedCase

_BY_CASE = ("scores", "values", "missing", "outside", "quarantined", "remarks", "evidence")


@dataclass(frozen=True, kw_only=True)
class RemovedEverywhere:
    """What became of a case. tables: difficulty tables that it was taken out of. splits: saved ones that keep its id.

    lists: frozen lists (`cases.json`) that name it; masks of it lie beside them, and networks may have learned it.
    cautions: what else may hold something of it.
    """

    case_id: str
    removed: RemovedCase
    tables: tuple[str, ...]
    splits: tuple[str, ...]
    lists: tuple[str, ...]
    cautions: tuple[Caution, ...]


def remove_case(
    registry: Registry,
    case_id: str,
    *,
    reason: str,
    author: str,
    discard_drafts: bool = False,
    look_in: Iterable[str | Path] = (),
) -> RemovedEverywhere:
    """Take a case out for good. Of one that is gone already, what was derived from it.

    look_in: folders in which to search for frozen lists, beside those that this registry remembers.

    Raises:
        As `Registry.remove_case`. Failure: a difficulty table cannot be written; do it again.
    """
    splits, cautions = (), ()
    if registry.removal_of(case_id) is None:
        removal = registry.remove_case(case_id, reason=reason, author=author, discard_drafts=discard_drafts)
        splits, cautions = removal.splits, removal.cautions
    _forget_caches(registry)
    lists, doubts = _frozen_lists(case_id, [*frozen_places(registry), *_found(look_in)])
    return RemovedEverywhere(
        case_id=case_id,
        removed=registry.removal_of(case_id),
        tables=tuple(_forget_scores(registry, case_id)),
        splits=splits,
        lists=tuple(lists),
        cautions=(*cautions, *doubts),
    )


def _forget_caches(registry: Registry) -> None:
    """Numbers of all cases, which are made again when they are asked for."""
    try:
        (registry.folder / CACHE_NAME).unlink(missing_ok=True)
        if (registry.folder / CACHE_FOLDER).exists():
            shutil.rmtree(registry.folder / CACHE_FOLDER)
    except OSError as error:
        raise Failure(
            "cannot-write", f"Cannot delete: {error.strerror}", str(error.filename), "Do it again."
        ) from error


def _forget_scores(registry: Registry, case_id: str) -> Iterator[str]:
    """Rewrite the difficulty tables without the case; their names."""
    for name in stored_names(registry):
        table = read_difficulty(table_path(registry, name))
        parts = {part: getattr(table, part) for part in _BY_CASE}
        without = {
            part: {case: value for case, value in content.items() if case != case_id}
            for part, content in parts.items()
            if case_id in content
        }
        if without:
            stamp = digest([table.evidence_sha256, "without", registry.removal_of(case_id).case_sha256])
            table = replace(table, **without, evidence_sha256=stamp)
            write_difficulty(table_path(registry, name), table, overwrite=True)
            yield name


def _found(folders: Iterable[str | Path]) -> Iterator[Path]:
    for folder in folders:
        for root, _, names in os.walk(folder):
            if CASES_FILE in names:
                yield Path(root) / CASES_FILE


def _frozen_lists(case_id: str, paths: Iterable[Path]) -> tuple[list[str], list[Caution]]:
    """The lists that name the case, and a caution for each that cannot be read."""
    lists, cautions = [], []
    for path in sorted({path.absolute() for path in paths}):
        if not path.exists():
            continue
        try:
            listed = read_cases(path)
        except ClipsError as error:
            cautions.append(
                Caution("list-unread", f"Whether the list names the case is not known: {error.what}", str(path))
            )
            continue
        if case_id in {case.case_id for case in listed.cases} | set(listed.left_out):
            lists.append(str(path))
    return lists, cautions
