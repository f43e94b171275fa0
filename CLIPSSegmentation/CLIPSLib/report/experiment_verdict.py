"""The verdict of an experiment in sentences, and its differences as people read them. Used by the files `experiment*`.

`tasks` writes the same sentences into `result.json`.
"""

from __future__ import annotations

import math

from CLIPSLib.experiments import Analysis, ArmSummary, Contrast, Endpoint, FamilyResult, Reason, Verdict
from CLIPSLib.experiments.contrasts import RANDOM, VANILLA
from CLIPSLib.report.experiment_text import signed
from CLIPSLib.report.text import Language

_KEYS = {
    Verdict.HELPS: "helps",
    Verdict.POOL_HELPS: "pool_helps",
    Verdict.HARMS: "harms",
    Verdict.NO_RELEVANT_EFFECT: "no_effect",
    Verdict.INCONCLUSIVE: "inconclusive",
}
_FIRST_LOOKS = {Reason.TOO_FEW_RUNS: "exploratory", Reason.NOT_FINISHED: "interim"}
_DIGITS = {"mL": 1, "mm": 1}


def verdict_key(family: FamilyResult) -> str:
    """Which headline says the verdict."""
    return _FIRST_LOOKS.get(family.judgement.reason, _KEYS[family.judgement.verdict])


def headline(family: FamilyResult, say: Language) -> str:
    """The verdict in a line. Without a random order of the same pacing nobody knows that it was the growing pool, and
    in some methods (more patches on lesions, hard cases more often) no pool grows."""
    unknown = family.judgement.reason is Reason.NO_RANDOM_CONTROL
    return say["order_unknown" if unknown else verdict_key(family)].format(arm=family.arm)


def reasons(family: FamilyResult, analysis: Analysis, say: Language) -> list[str]:
    """The effect against no curriculum, then against random order where it was run, then why it is this verdict."""
    effects = [
        effect_sentence(family.primary[role], analysis.primary, say)
        for role in (VANILLA, RANDOM)
        if role in family.primary
    ]
    why = say[f"why_{family.judgement.reason.name.lower()}"]
    return [*effects, why.format(margin=margin_text(analysis.primary, analysis.margin, say))]


def effect_sentence(contrast: Contrast, endpoint: Endpoint, say: Language) -> str:
    """A difference with its interval, and the p value where there is one."""
    effect, p = contrast.effect, ""
    if effect.adjusted_p is not None:
        p = say["p_small"] if effect.adjusted_p < 0.001 else say["p"].format(p=say.number(effect.adjusted_p, 3))
    low, high = (difference(endpoint, edge, say) for edge in (effect.low, effect.high))
    name = say[endpoint.name]
    return say["interval"].format(
        endpoint=name[0].upper() + name[1:],
        against=say[f"against_{contrast.role}"],
        mean=difference(endpoint, effect.mean, say),
        low=low,
        high=high,
        p=p,
    )


def difference(endpoint: Endpoint, value: float | None, say: Language) -> str:
    """A difference on the scale of an endpoint: shares in percentage points, logarithms of volumes as a factor."""
    if value is None:
        return say.number(None)
    if endpoint.scale == "log1p":
        return f"×{say.number(math.exp(value), 2)}"
    if endpoint.scale == "below":
        return f"{signed(say, 100 * value, 1)} {say['points']}"
    return " ".join(filter(None, (signed(say, value, _DIGITS.get(endpoint.unit, 3)), endpoint.unit)))


def margin_text(endpoint: Endpoint, margin: float, say: Language) -> str:
    """The margin to stand behind a "±": of volumes, which are compared as factors, in percent."""
    if endpoint.scale == "log1p":
        return say.number(100 * math.expm1(margin), 0, "%")
    return difference(endpoint, margin, say).lstrip("+")


def in_patients(arm: ArmSummary, vanilla: ArmSummary, say: Language) -> str:
    """What it means at the bedside: failures and hard patients, with the curriculum and without."""
    parts = []
    for name, digits, unit in (("failure_rate", 0, "%"), ("dice_hard", 3, "")):
        if name in arm.endpoints and name in vanilla.endpoints:
            factor = 100 if unit else 1
            with_it, without = (factor * each.endpoints[name].mean for each in (arm, vanilla))
            values = {"with_it": say.number(with_it, digits, unit), "without": say.number(without, digits, unit)}
            parts.append(say[f"{name}_line"].format(**values))
    return " · ".join(parts)
