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
class Matching:
    """Lesion number -> found or not, and the score that decided (none for any-overlap); of both masks."""

    links: Links
    reference_found: Mapping[int, bool]
    prediction_found: Mapping[int, bool]
    reference_scores: Mapping[int, float]
    prediction_scores: Mapping[int, float]

    def recall(self) -> float | None:
        """Found lesions of the reference / its lesions; None without any."""
        return _share(self.reference_found)

    def precision(self) -> float | None:
        """Predicted lesions that found something / predicted lesions; None without any."""
        return _share(self.prediction_found)

    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN), with TP the found and FN the missed lesions of the reference; None without any."""
        if not self.reference_found:
            return None
        found = sum(self.reference_found.values())
        missed = len(self.reference_found) - found
        in_vain = len(self.prediction_found) - sum(self.prediction_found.values())
        return 2.0 * found / (2.0 * found + in_vain + missed)


def match(
    reference: LesionSet,
    prediction: LesionSet,
    options: EvaluationOptions,
    spacing_zyx_mm: tuple[float, float, float],
) -> Matching:
    """Pair the lesions of two masks by the rule of the options."""
    links = link(reference, prediction)
    if options.matching == "any-overlap":
        found = [
            {k: bool(partners) for k, partners in side.items()} for side in (links.of_reference, links.of_prediction)
        ]
        return Matching(links, *found, {}, {})
    threshold = options.matching_threshold
    if options.matching == "iou":
        of_reference, of_prediction = _best_pairs(links, iou_score(reference, prediction, links))
        found = [
            {k: score >= threshold and bool(partners[k]) for k, score in side.items()}
            for side, partners in ((of_reference, links.of_reference), (of_prediction, links.of_prediction))
        ]
        return Matching(links, *found, of_reference, of_prediction)
    score = (
        dice_score(reference, prediction, links)
        if options.matching == "union-dice"
        else nsd_score(reference, prediction, spacing_zyx_mm, options.tolerance_mm)
    )
    of_reference, of_prediction = union_scores(links, score)
    return Matching(
        links,
        {i: reached > threshold for i, reached in of_reference.items()},  # the hospital's strict and inclusive limits
        {j: reached >= threshold and bool(links.of_prediction[j]) for j, reached in of_prediction.items()},
        of_reference,
        of_prediction,
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


def _best_pairs(links: Links, score: Score) -> tuple[dict[int, float], dict[int, float]]:
    """The highest score that each lesion reaches with a single partner; 0 without any."""
    of_reference, of_prediction = dict.fromkeys(links.of_reference, 0.0), dict.fromkeys(links.of_prediction, 0.0)
    for (i, j), reached in pair_scores(links, score).items():
        of_reference[i] = max(of_reference[i], reached)
        of_prediction[j] = max(of_prediction[j], reached)
    return of_reference, of_prediction


def _share(found: Mapping[int, bool]) -> float | None:
    return sum(found.values()) / len(found) if found else None
