"""Which lesions count as found: the four rules of `EvaluationOptions.matching`, and the counts made from them.

Used by `case`. The hospital's two approaches, which are counts of another kind, are in `hospital`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from CLIPSLib.evaluation.lesions import (
    LesionSet,
    Links,
    Score,
    dice_score,
    iou_score,
    link,
    nsd_score,
    pair_scores,
    union_scores,
)
from CLIPSLib.evaluation.types import EvaluationOptions


@dataclass(frozen=True)
class Side:
    """The lesions of one mask: number -> found or not, partners in the other mask, the score that decided (or none)."""

    found: Mapping[int, bool]
    partners: Mapping[int, tuple[int, ...]]
    scores: Mapping[int, float]

    @property
    def found_count(self) -> int:
        return sum(self.found.values())

    def share(self) -> float | None:
        """Found lesions / lesions; None without any."""
        return self.found_count / len(self.found) if self.found else None


@dataclass(frozen=True)
class Matching:
    """The lesions of the reference that were found, and those of the prediction that found something."""

    reference: Side
    prediction: Side

    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN), with TP the found and FN the missed lesions of the reference; None without any."""
        if not self.reference.found:
            return None
        found = self.reference.found_count
        missed = len(self.reference.found) - found
        in_vain = len(self.prediction.found) - self.prediction.found_count
        return 2.0 * found / (2.0 * found + in_vain + missed)


def match(
    reference: LesionSet,
    prediction: LesionSet,
    options: EvaluationOptions,
    spacing_zyx_mm: tuple[float, float, float],
) -> Matching:
    """Pair the lesions of two masks by the rule of the options."""
    links = link(reference, prediction)
    threshold = options.matching_threshold
    if options.matching == "any-overlap":
        return Matching(_touched(links.of_reference), _touched(links.of_prediction))
    if options.matching == "iou":
        of_reference, of_prediction = _best_pairs(links, iou_score(reference, prediction, links))
        return Matching(
            _reaching(of_reference, links.of_reference, threshold),
            _reaching(of_prediction, links.of_prediction, threshold),
        )
    score = (
        dice_score(reference, prediction, links)
        if options.matching == "union-dice"
        else nsd_score(reference, prediction, spacing_zyx_mm, options.tolerance_mm)
    )
    of_reference, of_prediction = union_scores(links, score)
    above = {i: reached > threshold for i, reached in of_reference.items()}  # as the hospital: strict here, not below
    return Matching(
        Side(above, links.of_reference, of_reference),
        _reaching(of_prediction, links.of_prediction, threshold),
    )


def rule_in_words(options: EvaluationOptions) -> str:
    """What is a lesion, and when it is found, as reports print it."""
    what = (
        f"lesions are {options.connectivity}-connected components"
        if options.lesions == "components"
        else "lesions are the labels of the masks"
    )
    limit = f"{options.matching_threshold:g}"
    rule = {
        "any-overlap": "found by one shared voxel",
        "iou": f"found by a lesion with IoU >= {limit}",
        "union-dice": f"found when Dice with all touching lesions together exceeds {limit}",
        "union-nsd": f"found when NSD ({options.tolerance_mm:g} mm) with all touching lesions together exceeds {limit}",
    }[options.matching]
    return f"{what}, {rule}"


def _touched(partners: Mapping[int, tuple[int, ...]]) -> Side:
    return Side({number: bool(others) for number, others in partners.items()}, partners, {})


def _reaching(scores: Mapping[int, float], partners: Mapping[int, tuple[int, ...]], threshold: float) -> Side:
    found = {number: score >= threshold and bool(partners[number]) for number, score in scores.items()}
    return Side(found, partners, scores)


def _best_pairs(links: Links, score: Score) -> tuple[dict[int, float], dict[int, float]]:
    """The highest score that each lesion reaches with a single partner; 0 without any."""
    of_reference, of_prediction = dict.fromkeys(links.of_reference, 0.0), dict.fromkeys(links.of_prediction, 0.0)
    for (i, j), reached in pair_scores(links, score).items():
        of_reference[i] = max(of_reference[i], reached)
        of_prediction[j] = max(of_prediction[j], reached)
    return of_reference, of_prediction
