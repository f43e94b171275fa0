"""The raters' verdict on each case: strict and lenient raters brought to one scale, then their mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.agreement import agreement, rating_histories
from CLIPSLib.difficulty.evidence import stamped
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.errors import Caution
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.difficulty.types import Agreement

LEAST_ALPHA = 0.667  # below it not even tentative conclusions (Krippendorff, Content Analysis, 2004)
MIN_RATINGS = 5  # of a rater who is centered: the mean of fewer says more about the cases than about the rater


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """The mean adjusted rating of every case, with the number of raters and their SD as a remark."""
    ratings = registry.ratings()
    _warn_of_disagreement(agreement(ratings), reporter)
    histories = {key: scores for key, scores in rating_histories(ratings).items() if key[0] in set(cases)}
    raters = sorted({rater for _, rater in histories})
    table = np.full((len(cases), len(raters)), np.nan)
    for (case, rater), scores in histories.items():
        table[cases.index(case), raters.index(rater)] = scores[-1]
    adjusted = adjusted_ratings(table)
    together = [[case, rater, scores[-1]] for (case, rater), scores in sorted(histories.items())]
    evidence = stamped(["rating", together])  # centering makes a case's score depend on all ratings
    values, remarks = {}, {}
    for row, case in enumerate(cases):
        values[case], remarks[case] = _mean_rating(adjusted[row], table[row])
    return Findings(
        values=values,
        evidence=dict.fromkeys(cases, evidence),
        scored_on=f"ratings of {len(raters)} rater" + "s" * (len(raters) != 1),
        options={"min_ratings_to_adjust": MIN_RATINGS},
        remarks={"rating": remarks},
    )


def _warn_of_disagreement(found: Agreement, reporter: Reporter) -> None:
    alpha = found.krippendorff_alpha
    if alpha is not None and alpha < LEAST_ALPHA:
        what = (
            f"The raters hardly agree: Krippendorff's alpha is {alpha:.2f} on {found.cases} cases, below {LEAST_ALPHA}"
        )
        reporter.caution(Caution("raters-disagree", what))


def adjusted_ratings(table: np.ndarray) -> np.ndarray:
    """Ratings `(cases, raters)`, NaN for none, with every rater centered and scaled to the mean and SD of all ratings.

    Assumes that raters saw similar mixes of cases. A single rater is left alone, as is one with fewer than
    `MIN_RATINGS`; one who always gives the same rating is centered only.
    """
    if table.shape[1] < 2 or not np.isfinite(table).any():
        return table
    mean, sd = float(np.nanmean(table)), float(np.nanstd(table))
    adjusted = table.copy()
    for column in adjusted.T:
        own = column[np.isfinite(column)]
        if len(own) >= MIN_RATINGS:
            spread = float(own.std())
            column -= float(own.mean())
            column *= sd / spread if spread > 0.0 else 1.0
            column += mean
    return adjusted


def _mean_rating(adjusted: np.ndarray, given: np.ndarray) -> tuple[Found, str]:
    rated = np.isfinite(given)
    if not rated.any():
        return {"rating": Undefined("nobody has rated the case")}, ""
    if rated.sum() == 1:
        return {"rating": float(adjusted[rated][0])}, "1 rater"
    sd = float(given[rated].std(ddof=1))
    return {"rating": float(adjusted[rated].mean())}, f"{int(rated.sum())} raters, SD {sd:.2f} of what they gave"
