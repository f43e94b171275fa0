"""Which arm is the control of which: vanilla, the same pacing in random order, the opposite order.

Called by the fairness check, which says what is missing, and by the analysis.
"""

from __future__ import annotations

from dataclasses import fields

from CLIPSLib.curriculum import get_method
from CLIPSLib.curriculum.cohort import CohortOptions
from CLIPSLib.experiments.contrasts import ANTI, LONGER, RANDOM, VANILLA, Family
from CLIPSLib.experiments.design import (
    ANTI_METHOD,
    CONTROL_METHODS,
    RANDOM_METHOD,
    VANILLA_METHOD,
    YOKED_METHOD,
    Arm,
    Design,
)


def families(design: Design) -> tuple[Family, ...]:
    """One family for each arm that is no control, in the order of the design, with the controls that there are."""
    return tuple(_family(arm, design) for arm in design.arms if arm.curriculum not in CONTROL_METHODS)


def same_pacing(arm: Arm, other: Arm) -> bool:
    """Whether both admit as many cases at every step: the same pacing function with the same settings."""
    return _pacing(arm) == _pacing(other)


def controls_of(arm: Arm, design: Design) -> dict[str, list[str]]:
    """Role -> the arms that play it for `arm`; `fairness` refuses a design in which two play one."""
    found: dict[str, list[str]] = {role: [] for role in (VANILLA, RANDOM, ANTI, LONGER)}
    for other in design.arms:
        if other.curriculum == VANILLA_METHOD:
            found[VANILLA if design.steps_of(other) == design.steps else LONGER].append(other.name)
        elif _is_random_control(other, arm):
            found[RANDOM].append(other.name)
        elif other.curriculum == ANTI_METHOD and _same_order(other, arm) and same_pacing(other, arm):
            found[ANTI].append(other.name)
    return {role: names for role, names in found.items() if names}


def _family(arm: Arm, design: Design) -> Family:
    return Family(arm=arm.name, controls={role: names[0] for role, names in controls_of(arm, design).items()})


def _is_random_control(other: Arm, arm: Arm) -> bool:
    """Self-paced arms choose their sizes as they go: their control is the one that repeats these."""
    if get_method(arm.curriculum).needs_losses:
        return other.curriculum == YOKED_METHOD and other.follows == arm.name
    return other.curriculum == RANDOM_METHOD and same_pacing(other, arm)


def _same_order(other: Arm, arm: Arm) -> bool:
    return (other.difficulty, other.table) == (arm.difficulty, arm.table)


def _pacing(arm: Arm) -> dict:
    """Without who may be drawn at all, which `fairness` wants the same in all arms."""
    method, cohort = get_method(arm.curriculum), {each.name for each in fields(CohortOptions)}
    settings = {"pacing": method.pacing, **method.defaults, **arm.options}
    return {name: value for name, value in settings.items() if name not in cohort}
