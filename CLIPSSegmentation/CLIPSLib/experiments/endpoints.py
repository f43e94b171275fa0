"""The endpoints of an experiment: which score, which cases, on which scale, and which direction is better.

Called by `contrasts.py` (to compare) and by the design (to check the name of the primary endpoint).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from CLIPSLib.errors import UsageError
from CLIPSLib.experiments.types import CaseScore

FAILURE_DICE = 0.3  # below it a segmentation is of no use (experiments without a rule of their own)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """name: as in experiment.toml; title: for people; metric: key of `CaseScore.scores`.

    scale: "identity"; "log1p" for volumes, whose spread grows with their size; "absolute" for signed errors, whose size
    matters; "below" for the share of cases below `threshold`. notable: a change of a patient that readers should look
    at, None: no such number is agreed.
    """

    name: str
    title: str
    metric: str
    higher_is_better: bool = True
    scale: str = "identity"
    threshold: float | None = None
    hard_only: bool = False
    unit: str = ""
    notable: float | None = None


_ALL = (
    Endpoint(name="dice", title="Dice", metric="dice", notable=0.1),
    Endpoint(name="dice_hard", title="Dice of the hard patients", metric="dice", hard_only=True, notable=0.1),
    Endpoint(
        name="failure_rate",
        title=f"Share of failures (Dice < {FAILURE_DICE})",
        metric="dice",
        higher_is_better=False,
        scale="below",
        threshold=FAILURE_DICE,
    ),
    Endpoint(name="lesion_f1", title="Lesion F1", metric="lesion_f1", notable=0.1),
    Endpoint(
        name="fpv", title="False positive volume", metric="fpv_ml", higher_is_better=False, scale="log1p", unit="log mL"
    ),
    Endpoint(
        name="fnv", title="False negative volume", metric="fnv_ml", higher_is_better=False, scale="log1p", unit="log mL"
    ),
    Endpoint(
        name="tmtv_error",
        title="Error of TMTV",
        metric="tmtv_difference_ml",
        higher_is_better=False,
        scale="absolute",
        unit="mL",
    ),
    Endpoint(name="nsd", title="Normalized surface Dice", metric="nsd", notable=0.1),
    Endpoint(name="hd95", title="Hausdorff distance, 95 %", metric="hd95_mm", higher_is_better=False, unit="mm"),
    Endpoint(name="curve_area", title="Area under the learning curve", metric="dice_area"),
)
ENDPOINTS = {endpoint.name: endpoint for endpoint in _ALL}


def endpoint(name: str) -> Endpoint:
    """The endpoint of that name. Raises UsageError with the nearest names."""
    try:
        return ENDPOINTS[name]
    except KeyError:
        near = difflib.get_close_matches(name, ENDPOINTS, n=3, cutoff=0.5) or sorted(ENDPOINTS)
        raise UsageError(
            "unknown-endpoint", f"there is no endpoint '{name}'", "endpoint", f"Choose one of: {', '.join(near)}."
        ) from None


def on_endpoint(scores: Sequence[CaseScore], chosen: Endpoint, hard_cases: frozenset[str]) -> list[CaseScore]:
    """The same scores with one value, under the endpoint's name and on its scale; only hard cases where it says so."""
    return [
        replace(score, scores={chosen.name: _scaled(score.scores.get(chosen.metric), chosen)})
        for score in scores
        if not chosen.hard_only or score.case_id in hard_cases
    ]


def _scaled(value: float | None, chosen: Endpoint) -> float | None:
    import math

    if value is None or not math.isfinite(value):
        return None
    if chosen.scale == "log1p":
        return math.log1p(value)
    if chosen.scale == "absolute":
        return abs(value)
    if chosen.scale == "below":
        return float(value < chosen.threshold)
    return value
