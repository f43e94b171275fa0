"""Who made a difficulty table: the teacher's weights, and the cases that the teacher had learned from.

Called whenever tables are measured. What is written here is what `difficulty.require_unlearned` and experiments read:
a table cannot order a fold whose test cases its teacher knows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSLib.difficulty import DifficultyTable
from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.leakage import COMPLETE, TRAINED_WITH
from CLIPSLib.errors import Caution
from CLIPSLib.files import sha256_file
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import list_segmenters
from CLIPSLib.tasks.case_masks import installed_weights
from CLIPSLib.training.learned import LearnedFrom, learned_by

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry


def with_origin(registry: Registry, table: DifficultyTable, reporter: Reporter = SILENT) -> DifficultyTable:
    """A table of a teacher with the teacher's weights and the cases it learned from; others are given back unchanged.

    options: "weights" (SHA-256 by file), "trained_with" (ids of this registry), "trained_with_complete" (False where
    nobody knows all of them; a caution says so).
    """
    teacher = table.options.get("teacher")
    if not teacher:
        return table
    learned = _learned(teacher)
    if not learned.complete:
        what = f"Nobody knows all cases that '{teacher}' was trained with: see that none of these is among them"
        reporter.caution(Caution("teacher-may-know", what, table.measurer))
    known = {
        "weights": installed_weights(teacher),
        TRAINED_WITH: sorted({*_known_cases(registry, learned), *_of_other_folds(registry, teacher)}),
        COMPLETE: learned.complete,
    }
    return replace(table, options={**table.options, **known}, evidence_sha256=digest([table.evidence_sha256, known]))


def _learned(teacher: str) -> LearnedFrom:
    """A threshold method has learned from nobody; a model that is not installed here, from nobody knows whom."""
    store = ModelStore()
    if store.has(teacher):
        return learned_by(store.get(teacher))
    return LearnedFrom(complete=any(teacher == method.name for method in list_segmenters()))


def _known_cases(registry: Registry, learned: LearnedFrom) -> list[str]:
    """The cases of the registry that were learned from. A PET file is only hashed where the id does not tell."""
    found = []
    for row in registry.cases() if learned.marks else ():
        if learned.knows(row.case_id) or learned.knows(row.case_id, sha256_file(registry.files(row.case_id).pet)):
            found.append(row.case_id)
    return found


def _of_other_folds(registry: Registry, teacher: str) -> set[str]:
    """The cases that the runs of a cross-validation predicted out of fold: each was learned from in the other folds."""
    runs = {
        row.case_id: told["run_id"]
        for row in registry.cases()
        for mask in registry.masks(row.case_id)
        if mask.model == teacher and (told := mask.provenance.get("out_of_fold"))
    }
    return set(runs) if len(set(runs.values())) > 1 else set()
