"""Which cases a run is to learn from, and those cases frozen on the disk. Knows no scene and no widget.

What was frozen is kept until the registry or the choice changes, so that checking and starting read images once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, Registry
    from CLIPSLib.progress import Reporter
    from CLIPSLib.tasks.curriculum import ListedCases
    from CLIPSLib.training import CaseList

_STATE_FILE = "state.txt"


@dataclass(frozen=True, kw_only=True)
class CaseChoice:
    """One fold of a registry's split, or a list that was frozen elsewhere.

    table: the registry's difficulty table that cases are ordered by, "" for none. unreviewed: also references that
    nobody accepted or corrected. file: path of a `cases.json`; the other fields then mean nothing.
    """

    split: str = ""
    fold: int = 0
    table: str = ""
    unreviewed: bool = False
    file: str = ""

    @property
    def made(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.split or self.file)


def listCases(registry: Registry | None, choice: CaseChoice) -> ListedCases:
    """The cases to train with as a curriculum sees them, at once: those of the split that have a reference.

    Raises:
        ClipsError: no such split, fold or table; a damaged file.
    """
    from CLIPSLib.curriculum import CurriculumCase
    from CLIPSLib.tasks.curriculum import ListedCases, read_listed_cases
    from CLIPSLib.tasks.difficulty import stored_table

    if choice.file:
        return read_listed_cases(choice.file)
    inFold = set(registry.split(choice.split).folds[choice.fold].train)
    rows = [row for row in registry.cases() if row.case_id in inFold and row.reference_id is not None]
    cases = tuple(
        CurriculumCase(
            case_id=row.case_id, stratum=row.stratum, empty=row.reference_lesions == 0, volume_ml=row.reference_ml
        )
        for row in rows
    )
    return ListedCases(cases, stored_table(registry, choice.table).ranked if choice.table else None)


def frozenCases(registry: Registry | None, choice: CaseChoice, folder: Path, reporter: Reporter) -> Path:
    """The `cases.json` of a choice: the chosen file, or one frozen into `folder` now, unless it is there already.

    Raises:
        ClipsError: no case is left to train with, a mask or an image is missing or damaged, disk full, cancelled.
    """
    from CLIPSLib.files import write_text
    from CLIPSLib.tasks.difficulty import stored_table
    from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases
    from CLIPSLib.tasks.frozen import CASES_FILE, AboutCases

    if choice.file:
        return Path(choice.file)
    state, kept = _state(registry, choice), folder / _STATE_FILE
    if not (kept.exists() and kept.read_text("utf-8") == state):
        table = stored_table(registry, choice.table) if choice.table else None
        options = FreezeOptions(unreviewed=choice.unreviewed, about=AboutCases(difficulty=table))
        freeze_cases(
            registry,
            folder,
            split=choice.split,
            fold=choice.fold,
            options=options,
            overwrite=folder.exists(),
            reporter=reporter,
        )
        write_text(kept, state)
    return folder / CASES_FILE


def summary(cases: CaseList) -> tuple[int, int, dict[str, str]]:
    """How many train, how many validate, and who was left out, with the reason."""
    from CLIPSLib.training import TRAIN, VALIDATE

    return len(cases.of_role(TRAIN)), len(cases.of_role(VALIDATE)), dict(cases.left_out)


def _state(registry: Registry, choice: CaseChoice) -> str:
    """Changes with anything that the frozen list depends on."""
    from CLIPSLib.tasks.difficulty import stored_table

    content = {
        "registry": str(registry.folder),
        "choice": asdict(choice),
        "split": registry.split(choice.split).sha256,
        "table": stored_table(registry, choice.table).evidence_sha256 if choice.table else "",
        "cases": [_stateOf(row) for row in sorted(registry.cases(), key=lambda row: row.case_id)],
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _stateOf(row: CaseRow) -> list[object]:
    return [row.case_id, row.reference_id, row.status, row.reviewed_utc, row.stratum]
