"""Who made a difficulty table: the weights of its networks, and the cases that they had learned from.

Called whenever tables are measured. What is written here is what `difficulty.require_unlearned` and experiments read:
a table cannot order a fold whose test cases one of its networks knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from CLIPSLib.difficulty import DifficultyTable
from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.leakage import COMPLETE, TRAINED_WITH
from CLIPSLib.difficulty.masks import weights_of
from CLIPSLib.errors import Caution
from CLIPSLib.files import sha256_file
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import list_segmenters
from CLIPSLib.tasks.case_masks import installed_weights
from CLIPSLib.training.learned import LearnedFrom, learned_by

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskVersion, Registry


def with_origin(registry: Registry, table: DifficultyTable, reporter: Reporter = SILENT) -> DifficultyTable:
    """A table made by networks (`options`: one "teacher", or several "networks") with their weights and the cases they
    learned from; others are given back unchanged.

    options: "weights" (SHA-256 by file), "trained_with" (ids of this registry), "trained_with_complete" (False where
    nobody knows all of them; a caution says so).
    """
    makers = table.options.get("networks") or [table.options.get("teacher")]
    if not all(makers):
        return table
    learned = {maker: _learned(registry, maker) for maker in makers}
    for unknown in [maker for maker, known in learned.items() if not known.complete]:
        what = f"Nobody knows all cases that '{unknown}' was trained with: see that none of these is among them"
        reporter.caution(Caution("teacher-may-know", what, table.measurer))
    known = {
        "weights": _weights(makers),
        TRAINED_WITH: sorted(set().union(*(found.cases for found in learned.values()))),
        COMPLETE: all(found.complete for found in learned.values()),
    }
    return replace(table, options={**table.options, **known}, evidence_sha256=digest([table.evidence_sha256, known]))


@dataclass(frozen=True)
class _Known:
    """cases: of the registry, that a network learned from. complete: False where there may be others."""

    cases: frozenset[str]
    complete: bool


def _learned(registry: Registry, maker: str) -> _Known:
    masks = [mask for row in registry.cases() for mask in registry.masks(row.case_id) if mask.model == maker]
    if folds := [told for mask in masks if (told := mask.provenance.get("out_of_fold"))]:
        return _of_folds(registry, masks, folds)
    told = _by_card(maker)
    weights = installed_weights(maker)
    complete = told.complete and all(weights_of(mask) == weights for mask in masks)  # else others were installed then
    return _Known(frozenset(_known_cases(registry, told)), complete)


def _of_folds(registry: Registry, masks: Sequence[MaskVersion], folds: Sequence[Mapping[str, Any]]) -> _Known:
    """The runs of a cross-validation: each learned from all of its cases but those it held back, which the others have
    learned from."""
    runs = {told["run_id"] for told in folds}
    named = set().union(*(told.get("trained_with", ()) for told in folds))
    judged = {mask.case_id for mask in masks} if len(runs) > 1 else set()
    inside = {row.case_id for row in registry.cases()}
    return _Known(frozenset((named | judged) & inside), all(told.get("complete") is True for told in folds))


def _by_card(maker: str) -> LearnedFrom:
    """A threshold method has learned from nobody; a model that is not installed here, from nobody knows whom."""
    store = ModelStore()
    if store.has(maker):
        return learned_by(store.get(maker))
    return LearnedFrom(complete=any(maker == method.name for method in list_segmenters()))


def _known_cases(registry: Registry, learned: LearnedFrom) -> list[str]:
    """The cases of the registry that were learned from. A PET file is only hashed where the id does not tell."""
    found = []
    for row in registry.cases() if learned.marks else ():
        if learned.knows(row.case_id) or learned.knows(row.case_id, sha256_file(registry.files(row.case_id).pet)):
            found.append(row.case_id)
    return found


def _weights(makers: Sequence[str]) -> dict[str, str]:
    """SHA-256 by file; of several networks by "model: file"."""
    if len(makers) == 1:
        return installed_weights(makers[0])
    return {f"{maker}: {file}": sha for maker in makers for file, sha in installed_weights(maker).items()}
