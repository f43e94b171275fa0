"""The options of the curricula, and how they are read: one flat list of names, from whichever part they belong to.

A method is made of parts (its own options, a pacing function, a regularizer); a recipe writes all their options beside
each other: `pacing = "root-p"`, `power = 3`, `minimum_pool = 16`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from CLIPSLib.curriculum.cohort import CohortOptions
from CLIPSLib.curriculum.foreground import ForegroundOptions
from CLIPSLib.curriculum.names import read_options, suggestion
from CLIPSLib.errors import UsageError
from CLIPSLib.schema import Range, to_document


@dataclass(frozen=True, kw_only=True)
class SharedOptions(CohortOptions, ForegroundOptions):
    """Options of every curriculum."""

    batch_size: Annotated[int, Range(1), "cases per step; only the default of minimum_pool uses it"] = 2
    minimum_pool: (
        Annotated[int, Range(1), "fewest ranked cases to draw from; none: max(8, 4 x batch_size, 5 % of the cases)"]
        | None
    ) = None
    spread_over: Annotated[int, Range(1), "steps that the pacing is spread over; none: all steps of the run"] | None = (
        None
    )
    lag: Annotated[int, Range(1), "steps after which a loss or a validation acts: more than workers prefetch"] = 16

    @property
    def needs_scores(self) -> bool:
        """Whether these options, whatever the method, use the scores."""
        return False

    def smallest_pool(self, count: int) -> int:
        """The fewest of `count` ranked cases to draw from."""
        chosen = self.minimum_pool or max(8, 4 * self.batch_size, -(-count // 20))
        return min(count, chosen)


@dataclass(frozen=True, kw_only=True)
class PoolOptions(SharedOptions):
    """Options of the curricula that order cases beforehand."""

    interleave: Annotated[bool, "order within strata and mix, so that each pool has all strata"] = True


@dataclass(frozen=True, kw_only=True)
class OversamplingOptions(PoolOptions):
    """Options of hard-oversampled."""

    hardness_power: Annotated[float, Range(0.0, 10.0), "gamma in p ~ (rank / N)^gamma"] = 1.0


@dataclass(frozen=True, kw_only=True)
class SelfPacedOptions(SharedOptions):
    """Options of self-paced learning."""

    warm_up: Annotated[float, Range(0.0, 1.0), "share of the run before losses count; everything is drawn"] = 0.1
    momentum: Annotated[float, Range(0.0, 0.9999), "beta of the mean loss per case"] = 0.9
    update_every: Annotated[int, Range(1), "steps between two choices; none: 0.5 % of the run"] | None = None
    apply: Annotated[Literal["loss-weight", "probability"], "what the weights v change"] = "loss-weight"
    normalize: Annotated[bool, "loss weights with mean 1, so that small weights do not lower the learning rate"] = True
    diversity: Annotated[float, Range(0.0, 100.0), "gamma / lambda between strata; needs regularizer hard"] = 0.0
    prior_strength: Annotated[float, Range(0.0, 100.0), "eta of the linear prior from the scores; 0: none"] = 0.0
    prior_until: Annotated[float, Range(0.001, 10.0), "share of the run after which eta has fallen to 0"] = 0.5
    pairwise_prior: Annotated[bool, "no case may weigh more than one that the scores call easier"] = False
    must_include: Annotated[tuple[str, ...], "case ids that always have weight 1"] = ()

    @property
    def needs_scores(self) -> bool:
        """Priors come from the scores."""
        return self.pairwise_prior or self.prior_strength > 0.0


def read_parts(
    parts: Mapping[str, type], given: Mapping[str, Any], where: str, *, choices: Iterable[str] = ()
) -> dict[str, Any]:
    """For each part (by role) an instance of its class, with those of the given options that are its fields.

    choices: options that were read before (which pacing function, which regularizer), for the message.

    Raises:
        UsageError: an option that no part has, a wrong type, a value out of range, a missing option.
    """
    fields = {role: [field.name for field in dataclasses.fields(kind)] for role, kind in parts.items()}
    known = [name for names in fields.values() for name in names]
    for name in given:
        if name not in known:
            raise UsageError(
                "unknown-option", f"There is no option '{name}'", where, suggestion(name, [*choices, *known])
            )
    return {
        role: read_options(kind, {name: given[name] for name in fields[role] if name in given}, where)
        for role, kind in parts.items()
    }


def as_document(parts: Mapping[str, Any]) -> dict[str, Any]:
    """All options of all parts, defaults too, as they could be given."""
    return {name: value for part in parts.values() for name, value in to_document(part).items()}
