"""From header values to the SUV factor with its explanation: pure, no files, no pixels. Called by `find`.

    SUVbw [g/mL] = activity [Bq/mL] * weight [g] / activity that is left of the dose at the reference time [Bq]

`derive_suv` returns everything at once: the factor or, for each thing that stands in the way, a refusal or question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from CLIPSLib.body_size import IDEAL_WEIGHT, JAMES, JANMAHASATIAN, MORGAN, bsa_m2
from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.answers import NO_ANSWERS, Answers
from CLIPSLib.study.corrections import check_attenuation, check_static, decay_mode
from CLIPSLib.study.decay import Decay, decay_from_injection, decay_per_frame, estimate_uptake_s
from CLIPSLib.study.elements import quoted
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.patient import HEIGHT_TAG, SEX_TAG, Found, find_dose, find_height, find_sex, find_weight
from CLIPSLib.study.reference_time import DISAGREEMENT
from CLIPSLib.study.tracer import find_half_life, tracer_cautions
from CLIPSLib.study.types import SuvAlternative, SuvFactor, SuvInput
from CLIPSLib.study.units import ValueMeaning, find_meaning, philips_factor

_NORMS = {"LBM": MORGAN, "LBMJAMES128": JAMES, "LBMJANMA": JANMAHASATIAN, "IBW": IDEAL_WEIGHT}
_VENDOR_DISAGREEMENT = 0.01  # the vendor computes with the same numbers: more than rounding is worth a word
_USUAL_UPTAKE_MIN = (30.0, 120.0)


@dataclass(frozen=True)
class SuvOutcome:
    """`factor`, or what stands in its way. `uptake_min`: injection to scan, also where SUV does not depend on it."""

    factor: SuvFactor | None
    questions: tuple[Question, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    uptake_min: float | None = None


def derive_suv(pet: PetHeaders, answers: Answers = NO_ANSWERS) -> SuvOutcome:
    """How the rescaled values of a PET series become SUVbw in g/mL.

    pet: header values of the whole series, `frames` in the order of the sorted slices. All problems are collected,
    so that a user is told once. References: DICOM PS3.3 C.8.9, QIBA SUV pseudo-code, IBSI-SUV manual v1 (2026).
    """
    work = _Work()
    work.attempt(check_attenuation, pet)
    work.attempt(check_static, pet)
    work.cautions.extend(tracer_cautions(pet))
    meaning = work.attempt(find_meaning, pet)
    factor = None
    if meaning is not None:
        work.cautions.extend(meaning.cautions)
        mode = work.attempt(decay_mode, pet, already_suv=bool(meaning.norm), answers=answers)
        if mode is not None:
            convert = _from_suv if meaning.norm else _from_activity
            factor = convert(pet, meaning, mode, answers, work)
    uptake_s = estimate_uptake_s(pet, answers)
    uptake_min = uptake_s / 60.0 if uptake_s is not None else None
    work.cautions.extend(_uptake_cautions(uptake_min))
    if work.blocked or factor is None:
        return SuvOutcome(None, tuple(work.questions), tuple(work.refusals), uptake_min)
    cautions = tuple(dict.fromkeys((*work.cautions, *factor.cautions)))
    explained = SuvFactor(
        factor=factor.factor,
        formula=factor.formula,
        inputs=factor.inputs,
        alternatives=factor.alternatives,
        slice_factors=factor.slice_factors,
        cautions=cautions,
    )
    return SuvOutcome(explained, uptake_min=uptake_min)


@dataclass
class _Work:
    """Collects what the steps say while they go on."""

    cautions: list[Caution] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def blocked(self) -> bool:
        return bool(self.questions or self.refusals)

    def attempt(self, step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The result of a step, or None with its question or refusal noted."""
        try:
            return step(*args, **kwargs)
        except Question as question:
            self.questions.append(question)
        except Refusal as refusal:
            self.refusals.append(refusal)
        return None

    def take(self, found: Found | None) -> SuvInput | None:
        """The input of a step that also gives cautions."""
        if found is None:
            return None
        self.cautions.extend(found[1])
        return found[0]


def _from_activity(
    pet: PetHeaders, meaning: ValueMeaning, mode: str, answers: Answers, work: _Work
) -> SuvFactor | None:
    weight = work.take(work.attempt(find_weight, pet, answers))
    dose = work.take(work.attempt(find_dose, pet, answers))
    if mode == "ADMIN":
        decay = Decay.none()
    else:
        half_life = work.take(work.attempt(find_half_life, pet, answers))
        if half_life is None:
            return None
        step = decay_per_frame if mode == "NONE" else decay_from_injection
        decay = work.attempt(step, pet, half_life, answers)
    if weight is None or dose is None or decay is None:
        return None
    numerator = meaning.scale * weight.value * 1000.0 / dose.value
    work.cautions.extend(decay.cautions)
    inputs = (*meaning.inputs, weight, dose, SuvInput(name="DecayCorrection", value=mode, source="(0054,1102)"))
    factors = tuple(numerator / remaining for remaining in decay.remaining)
    alternatives = tuple(
        SuvAlternative(factor=None if remaining is None else numerator / remaining, description=text)
        for remaining, text in decay.alternatives
    )
    formula = _activity_formula(meaning, weight, dose, decay, factors)
    alternatives += _philips_ratio(pet, factors, work)
    return SuvFactor(
        factor=None if mode == "NONE" else factors[0],
        formula=formula,
        inputs=(*inputs, *decay.inputs),
        alternatives=alternatives,
        slice_factors=factors if mode == "NONE" else None,
    )


def _activity_formula(
    meaning: ValueMeaning, weight: SuvInput, dose: SuvInput, decay: Decay, factors: tuple[float, ...]
) -> str:
    scale = f" * {meaning.scale:.10g} Bq/mL" if meaning.scale != 1.0 else ""
    grams, becquerel = f"{1000.0 * weight.value:.10g} g", f"{dose.value:.12g} Bq"
    result = f"value * {factors[0]:.8g} g/mL per {'Bq/mL' if meaning.scale == 1.0 else 'count'}"
    if len(factors) > 1:
        result = f"{result} in the first slice, {factors[-1]:.8g} in the last"
    return (
        f"SUVbw = value{' * activity factor' if scale else ''} * weight / {decay.words} = "
        f"value{scale} * {grams} / {decay.numbers.format(dose=becquerel)} = {result}"
    )


def _philips_ratio(pet: PetHeaders, factors: tuple[float, ...], work: _Work) -> tuple[SuvAlternative, ...]:
    """Philips writes both factors: their ratio is its own Bq/mL-to-SUV factor, whatever Units says."""
    suv, activity = philips_factor(pet.philips_suv_factor), philips_factor(pet.philips_activity_factor)
    if suv is None or activity is None or pet.units != "BQML":
        return ()
    ratio = suv / activity
    if abs(ratio / factors[0] - 1.0) > _VENDOR_DISAGREEMENT:
        what = (
            f"Philips' own factors (7053,1000)/(7053,1009) = {ratio:.6g} differ by "
            f"{100 * (ratio / factors[0] - 1):+.1f} % from the factor {factors[0]:.6g} computed from dose and times"
        )
        work.cautions.append(Caution("vendor-factor-disagrees", what))
    return (SuvAlternative(factor=ratio, description="Philips (7053,1000)/(7053,1009)"),)


def _from_suv(pet: PetHeaders, meaning: ValueMeaning, mode: str, answers: Answers, work: _Work) -> SuvFactor | None:
    if meaning.norm == "BW":
        alternatives = _philips_recomputed(pet, meaning, mode, answers, work)
        how = "SUV already" if meaning.scale == 1.0 else "counts with Philips' SUV factor"
        formula = f"SUVbw = value * {meaning.scale:.10g} g/mL ({how}: independent of dose, times and weight)"
        return SuvFactor(factor=meaning.scale, formula=formula, inputs=meaning.inputs, alternatives=alternatives)
    weight = work.take(work.attempt(find_weight, pet, answers))
    height = work.take(find_height(pet, answers))
    sex = work.take(find_sex(pet, answers))
    needs_sex = meaning.norm != "BSA"
    if height is None or (needs_sex and sex is None):
        tag, stated, key = (
            (HEIGHT_TAG, pet.patient_size, "height_m") if height is None else (SEX_TAG, pet.patient_sex, "sex")
        )
        what = f"The values are SUV normalized by {meaning.norm}, and {tag}, needed to convert, is {quoted(stated)}"
        work.refusals.append(Refusal("norm-needs-body-size", what, remedy=f"Give it ({key})."))
        return None
    if weight is None:
        return None
    return _renormalized(meaning, weight, height, sex, work)


def _philips_recomputed(
    pet: PetHeaders, meaning: ValueMeaning, mode: str, answers: Answers, work: _Work
) -> tuple[SuvAlternative, ...]:
    """Where Philips also gives its activity factor, dose and times must lead to nearly the same SUV factor."""
    activity = philips_factor(pet.philips_activity_factor)
    if pet.units != "CNTS" or activity is None:
        return ()
    name, attempt = "Philips (7053,1009) with dose, weight and times", _Work()
    other = _from_activity(replace(pet, philips_suv_factor=""), ValueMeaning(activity, "", ()), mode, answers, attempt)
    if other is None:
        problem = (*attempt.refusals, *attempt.questions)[0]
        return (SuvAlternative(factor=None, description=f"{name}, not usable: {problem.what}"),)
    change = other.factor / meaning.scale - 1.0
    if abs(change) > DISAGREEMENT:
        what = (
            f"Philips' SUV factor (7053,1000) = {meaning.scale:.6g} was used; its activity factor (7053,1009) with "
            f"dose, weight and times gives {other.factor:.6g} ({100 * change:+.1f} %)"
        )
        work.cautions.append(Caution("vendor-factor-disagrees", what))
    return (SuvAlternative(factor=other.factor, description=name),)


def _renormalized(
    meaning: ValueMeaning, weight: SuvInput, height: SuvInput, sex: SuvInput | None, work: _Work
) -> SuvFactor | None:
    """SUVbw from SUV by another norm: the injected activity cancels, weight replaces the norm."""
    if meaning.norm == "BSA":
        name, text, inputs = "body surface area (Du Bois)", "0.007184 W^0.425 (100 H)^0.725 m2", (weight, height)
        divisor, unit = bsa_m2(weight.value, height.value) * 1e4, "cm2"
    else:
        norm, inputs = _NORMS[meaning.norm], (weight, height, sex)
        name, text = norm.name, norm.formula(sex.value)
        divisor, unit = 1000.0 * norm.mass_kg(weight.value, height.value, sex.value), "g"
    if divisor <= 0.0:
        what = f"The {name} of {weight.value:g} kg and {height.value:g} m is not positive: the formula does not hold"
        work.refusals.append(Refusal("norm-not-positive", what, remedy="Export the series in BQML."))
        return None
    what = f"The values were SUV normalized by {name}; converted to SUVbw"
    if sex is not None and sex.value == "O" and meaning.norm != "BSA":
        what += " with the mean of the formulas for men and women, because PatientSex (0010,0040) is 'O'"
    work.cautions.append(Caution("suv-renormalized", what))
    grams = 1000.0 * weight.value
    formula = (
        f"SUVbw = value * weight / {name} [{text}] with W = {weight.value:g} kg, H = {height.value:g} m = "
        f"value * {grams:.10g} g / {divisor:.10g} {unit} = value * {grams / divisor:.8g}"
    )
    return SuvFactor(factor=grams / divisor, formula=formula, inputs=(*meaning.inputs, *inputs))


def _uptake_cautions(uptake_min: float | None) -> tuple[Caution, ...]:
    low, high = _USUAL_UPTAKE_MIN
    if uptake_min is None or low <= uptake_min <= high:
        return ()
    what = f"Uptake time is {uptake_min:.0f} min, outside {low:.0f} to {high:.0f} min"
    return (Caution("uptake-unusual", what),)
