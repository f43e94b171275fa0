"""The CT for a PET: the one the user named, or the best by score, or a question. Called by `candidates`."""

from __future__ import annotations

from dataclasses import dataclass

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.pairing import RankedCt, rank_cts, same_patient, ties_with_best
from CLIPSLib.study.series import Stack, series_label

NO_CT = "none"


@dataclass(frozen=True)
class CtDecision:
    """The CT or none, all CTs that fit (best first), and what the user must know or answer."""

    ct: Stack | None = None
    ranked: tuple[RankedCt, ...] = ()
    cautions: tuple[Caution, ...] = ()
    questions: tuple[Question, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def choose_ct(pet: Stack, cts: list[Stack], named: str | None) -> CtDecision:
    """The CT that goes with `pet`. `named`: a series key, "none", or None to decide by score."""
    if named == NO_CT:
        return _without("as the user asked")
    ranked, rejected = rank_cts(pet, cts)
    if named is not None:
        return _named(ranked, rejected, named)
    if not ranked:
        near = [(ct, why) for ct, why in rejected if same_patient(pet, ct) or ct.first.study_uid == pet.first.study_uid]
        reasons = "; ".join(f"'{ct.first.description}': {reason}" for ct, reason in near)
        return _without(reasons or "none of this patient was found")
    ties = ties_with_best(ranked)
    if len(ties) > 1:
        return CtDecision(ranked=tuple(ranked), questions=(_which_ct(ties, series_label(pet.first)),))
    return CtDecision(ct=ranked[0].stack, ranked=tuple(ranked), cautions=ranked[0].cautions)


def _named(ranked: list[RankedCt], rejected: list[tuple[Stack, str]], key: str) -> CtDecision:
    for entry in ranked:
        if entry.stack.is_called(key):
            return CtDecision(ct=entry.stack, ranked=tuple(ranked), cautions=entry.cautions)
    ct, reason = next((ct, reason) for ct, reason in rejected if ct.is_called(key))
    what = f"The named CT does not go with the PET: {reason}"
    refusal = Refusal("ct-does-not-fit", what, series_label(ct.first), 'Name another CT, or "none".')
    return CtDecision(ranked=tuple(ranked), refusals=(refusal,))


def _without(reason: str) -> CtDecision:
    return CtDecision(cautions=(Caution("no-ct", f"The study has no CT ({reason})"),))


def _which_ct(ties: list[RankedCt], where: str) -> Question:
    named = "; ".join(f"{entry.stack.key}: '{entry.stack.first.description}'" for entry in ties)
    return Question(
        "several-ct-series",
        f"{len(ties)} CT series fit equally well: {named}",
        where,
        "Name one (ct_series).",
        key="ct_series",
        choices=tuple(entry.stack.key for entry in ties),
    )
