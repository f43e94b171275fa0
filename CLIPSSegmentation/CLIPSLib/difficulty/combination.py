"""Several tables to one: the weighted mean of percentiles. Called by tasks and for the parts of the teacher."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.leakage import learned_together
from CLIPSLib.difficulty.ranking import percentiles, require_known, significant
from CLIPSLib.difficulty.types import DifficultyTable
from CLIPSLib.errors import UsageError
from CLIPSLib.provenance import software, utc_now

MEAN_OF_PERCENTILES = "Weighted mean of percentiles (hard = 1) among the cases that each part scores."


def mean_percentiles(
    parts: Mapping[str, Mapping[str, float | None]], weights: Mapping[str, float]
) -> tuple[dict[str, float | None], dict[str, tuple[str, ...]]]:
    """Per case the weighted mean of its percentiles in `parts`; and which parts lacked a score for it.

    parts: name -> case -> score (higher is harder). A case that some parts do not score gets the mean of the others;
    one that none scores gets None.
    """
    ranked = {name: percentiles(scores) for name, scores in parts.items()}
    cases = dict.fromkeys(case for scores in parts.values() for case in scores)
    combined: dict[str, float | None] = {}
    lacking: dict[str, tuple[str, ...]] = {}
    for case in cases:
        found = {name: scores[case] for name, scores in ranked.items() if scores.get(case) is not None}
        combined[case] = _weighted_mean(found, weights) if found else None
        absent = tuple(name for name in parts if name not in found)
        if absent:
            lacking[case] = absent
    return combined, lacking


def _weighted_mean(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    total = math.fsum(weights[name] for name in found)
    return significant(math.fsum(weights[name] * value for name, value in found.items()) / total)


def combine(
    tables: Sequence[DifficultyTable], weights: Mapping[str, float] | None = None, *, name: str = "combined"
) -> DifficultyTable:
    """One table from several: per case the weighted mean of its percentiles (docs/difficulty.md).

    weights: per measurer, positive; equal when not given. Cases that are lesion-free or quarantined in any table are
    so in the result. A case that a part does not score is named in `remarks`. What networks behind any of the parts had
    learned from, the combination has learned from too (`require_unlearned`).

    Raises:
        UsageError: no table, two of one measurer, a weight for none of them, or one that is not positive.
    """
    parts = {table.measurer: table for table in tables}
    if not tables or len(parts) < len(tables):
        raise UsageError("tables", "A combination needs tables of different measurers", "", "Name each of them once.")
    chosen = _checked(weights, list(parts))
    quarantined = _joined([table.quarantined for table in tables])
    outside = _joined([table.outside for table in tables])
    left_out = quarantined.keys() | outside.keys()
    kept = {n: {c: s for c, s in t.scores.items() if c not in left_out} for n, t in parts.items()}
    scores, lacking = mean_percentiles(kept, chosen)
    return DifficultyTable(
        measurer=name,
        title="Combination: " + ", ".join(table.title for table in tables),
        hard_when="high",
        unit="",
        caveat=MEAN_OF_PERCENTILES,
        scores=scores,
        values=scores,
        scored_on="; ".join(dict.fromkeys(table.scored_on for table in tables)),
        evidence_sha256=digest([chosen, {n: t.evidence_sha256 for n, t in sorted(parts.items())}]),
        missing={case: "no part scores this case" for case, score in scores.items() if score is None},
        outside={case: reason for case, reason in outside.items() if case not in quarantined},
        quarantined=quarantined,
        remarks={c: f"mean of the others, without {', '.join(a)}" for c, a in lacking.items() if scores[c] is not None},
        options=learned_together(tables),
        weights=chosen,
        created_utc=utc_now(),
        software=software(),
    )


def _checked(weights: Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    if weights is None:
        return dict.fromkeys(names, 1.0)
    require_known(list(weights), names, "table")
    for name in names:
        weight = weights.get(name)
        if weight is None or not 0.0 < weight < math.inf:
            raise UsageError("weight", f"The weight of '{name}' is {weight}; it must be a positive number")
    return {name: float(weights[name]) for name in names}


def _joined(mappings: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """All entries; of several reasons for one case the first."""
    return {case: reason for mapping in reversed(mappings) for case, reason in mapping.items()}
