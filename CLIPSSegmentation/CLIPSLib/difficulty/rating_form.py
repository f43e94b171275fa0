"""The written question of the difficulty rating, its anchors and the names of its tags: what panels and pages show.

One entry per language; a translation is another entry with the same keys. Tags themselves are `cases.RATING_TAGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from CLIPSLib.cases.types import RATING_TAGS, SCORES


@dataclass(frozen=True, kw_only=True)
class RatingForm:
    """question: what is asked; hint: what is not meant; anchors: score -> when to give it; tags: tag -> its name."""

    question: str
    hint: str
    anchors: Mapping[int, str]
    tags: Mapping[str, str]


ENGLISH = RatingForm(
    question="How hard is it to delineate all lesions of this patient correctly?",
    hint="Rate the delineation, not the severity of the disease: a huge but obvious tumor is easy.",
    anchors=dict(
        zip(
            SCORES,
            (
                "Very easy: a threshold outlines every lesion, nothing needs correction.",
                "Easy: clear lesions; a few clicks remove or add something.",
                "Moderate: some borders or lesions need thought.",
                "Hard: several lesions are doubtful or hard to outline; a colleague might draw them differently.",
                "Very hard: what is tumor is unclear in many places; I would ask for a second opinion.",
            ),
            strict=True,
        )
    ),
    tags={tag: tag[:1].upper() + tag[1:] for tag in RATING_TAGS},
)
RATING_FORMS: Mapping[str, RatingForm] = {"en": ENGLISH}
