"""Which cases a run is to learn from: as a curriculum sees them, and frozen on the disk. Knows no scene, no widget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.progress import Reporter
    from CLIPSLib.tasks.curriculum import ListedCases
    from CLIPSLib.tasks.freeze_job import FreezeRequest
    from CLIPSLib.training import CaseList


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

    def request(self, registry: Registry, folder: Path) -> FreezeRequest:
        """The order to freeze these cases of a registry below a folder."""
        from CLIPSLib.tasks.freeze_job import FreezeRequest

        return FreezeRequest(
            registry=str(registry.folder),
            folder=str(folder),
            split=self.split,
            fold=self.fold,
            table=self.table,
            unreviewed=self.unreviewed,
        )


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
    """The `cases.json` of a choice: the chosen file, or one frozen below `folder` now, unless it is kept there.

    It takes minutes for a cohort: for scripts. The panel has it done by a job.

    Raises:
        ClipsError: no case is left to train with, a mask or an image is missing or damaged, disk full, cancelled.
    """
    from CLIPSLib.tasks.freeze_job import kept_cases

    if choice.file:
        return Path(choice.file)
    return kept_cases(registry, choice.request(registry, folder), reporter)


def summary(cases: CaseList) -> tuple[int, int, dict[str, str]]:
    """How many train, how many validate, and who was left out, with the reason."""
    from CLIPSLib.training import TRAIN, VALIDATE

    return len(cases.of_role(TRAIN)), len(cases.of_role(VALIDATE)), dict(cases.left_out)
