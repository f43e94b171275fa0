"""The transfer teacher: a model is run on the cases of a registry, and how well it does says how hard each case is.

Called by `clips cases difficulty teacher` and panels. Masks and scores are cached: masks by weights, images and options
(`predict_masks`), scores by masks and references (room `difficulty`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from CLIPSLib.difficulty import DifficultyTable, MeasureSettings, participants_of
from CLIPSLib.errors import Refusal
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import get_segmenter
from CLIPSLib.tasks.case_masks import PredictedCase, predict_masks
from CLIPSLib.tasks.difficulty import measure_tables

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry

_DEFAULTS = MeasureSettings()


@dataclass(frozen=True, kw_only=True)
class TaughtTables:
    """The tables of a teacher by name, and what it made of each case on the way."""

    teacher: str
    tables: Mapping[str, DifficultyTable]
    outcomes: tuple[PredictedCase, ...]


def score_with_teacher(
    registry: Registry,
    model: str,
    measurers: Sequence[str] = ("teacher",),
    *,
    author: str,
    settings: MeasureSettings = _DEFAULTS,
    label: str = "",
    options: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> TaughtTables:
    """Segment the cases with a teacher, compare with the references, keep the tables.

    model: an installed model or a threshold method. measurers: of the family "teacher". settings: which cases, and how
    masks are compared. A case that the teacher cannot segment has no score, and its outcome says why.

    Raises:
        UsageError: no such model, option, measurer or case. Refusal: no case has a reference. Cancelled: what was
            segmented and measured is kept.
    """
    name = get_segmenter(model).description.name
    ranked = participants_of(registry.cases(), settings).ranked
    judged = [case for case in ranked if registry.reference(case) is not None]
    if not judged:
        what = "No case has a reference mask to compare the teacher with"
        raise Refusal("no-reference", what, str(registry.folder), "Add reference masks, or measure disagreement.")
    outcomes = predict_masks(
        registry, name, author=author, case_ids=judged, options=options, answers=answers, reporter=reporter
    )
    masks = {outcome.case_id: outcome.mask.id for outcome in outcomes if outcome.mask is not None}
    chosen = replace(settings, teacher=name, masks=masks)
    tables = measure_tables(registry, measurers, settings=chosen, label=label, reporter=reporter)
    return TaughtTables(teacher=name, tables=tables, outcomes=tuple(outcomes))
