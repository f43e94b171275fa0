"""The planned comparisons of an experiment: each curriculum against vanilla, its random control and the opposite order.

Called by `tasks` when the runs are finished; the result is what `verdict.py` judges and the report shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from CLIPSLib.experiments.endpoints import Endpoint, on_endpoint
from CLIPSLib.experiments.mixed import mixed_effect, nadeau_bengio_factor
from CLIPSLib.experiments.multiple import holm
from CLIPSLib.experiments.pairing import pair
from CLIPSLib.experiments.robust import changed_cases, hodges_lehmann, two_level_bootstrap
from CLIPSLib.experiments.types import CaseScore, Effect, Paired

VANILLA, RANDOM, ANTI, LONGER = "vanilla", "random", "anti", "longer"
PLANNED = (VANILLA, RANDOM, ANTI)  # tested; a longer vanilla training is a description of what the cost would bring


@dataclass(frozen=True, kw_only=True)
class Family:
    """One curriculum and its controls: role ("vanilla", "random", "anti", "longer") -> name of the arm that plays it.

    The random control has the same pacing; for self-paced arms it is the yoked one.
    """

    arm: str
    controls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One curriculum against one control on one endpoint, with the second opinions.

    overlap_factor: by how much the standard error would grow if the overlap of training sets were allowed for
    (Nadeau and Bengio); None for a hold-out set.
    """

    role: str
    endpoint: Endpoint
    paired: Paired
    effect: Effect
    bootstrap: Effect
    rank: Effect
    changed: tuple[tuple[str, float], ...]
    overlap_factor: float | None = None

    @property
    def benefit(self) -> tuple[float, float, float]:
        """Mean, low and high of the difference, turned so that positive is better."""
        effect = self.effect
        if self.endpoint.higher_is_better:
            return effect.mean, effect.low, effect.high
        return -effect.mean, -effect.high, -effect.low


def compare_family(
    scores: Sequence[CaseScore],
    family: Family,
    primary: Endpoint,
    *,
    hard_cases: frozenset[str] = frozenset(),
    bootstrap_seed: int = 0,
) -> dict[str, Contrast]:
    """Role -> contrast on the primary endpoint; p values of the `PLANNED` ones, adjusted by Holm within this family.

    Raises:
        Refusal: as `pair` and `mixed_effect`.
    """
    contrasts = {
        role: compare(scores, family.arm, control, primary, role=role, hard_cases=hard_cases, seed=bootstrap_seed)
        for role, control in family.controls.items()
    }
    known = {role: contrasts[role].effect.p for role in PLANNED if role in contrasts}
    adjusted = holm({role: p for role, p in known.items() if p is not None})
    return {
        role: replace(contrast, effect=replace(contrast.effect, p=known.get(role), adjusted_p=adjusted.get(role)))
        for role, contrast in contrasts.items()
    }


def compare(
    scores: Sequence[CaseScore],
    arm: str,
    control: str,
    endpoint: Endpoint,
    *,
    role: str,
    hard_cases: frozenset[str] = frozenset(),
    seed: int = 0,
) -> Contrast:
    """One contrast, without correction: for secondary endpoints it is descriptive. Raises as `pair`, `mixed_effect`."""
    paired = pair(on_endpoint(scores, endpoint, hard_cases), endpoint.name, arm, control)
    effect = mixed_effect(paired)
    folds = paired.fold_count
    return Contrast(
        role=role,
        endpoint=endpoint,
        paired=paired,
        effect=effect,
        bootstrap=two_level_bootstrap(paired, seed=seed),
        rank=hodges_lehmann(paired),
        changed=_changed(paired, endpoint),
        overlap_factor=nadeau_bengio_factor(1 / folds, effect.run_count) if folds > 1 else None,
    )


def _changed(paired: Paired, endpoint: Endpoint) -> tuple[tuple[str, float], ...]:
    if endpoint.notable is None:
        return ()
    return changed_cases(paired, threshold=endpoint.notable, higher_is_better=endpoint.higher_is_better)
