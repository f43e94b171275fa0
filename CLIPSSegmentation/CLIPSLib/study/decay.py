"""How much of the injected activity is left at the moment to which a PET's values refer. Called by `suv`."""

from __future__ import annotations

from dataclasses import dataclass

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.dicom_time import Moment, elapsed_s, parse_moment
from CLIPSLib.study.frame_times import acquisition_moments, frame_average_s
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.injection import MEANINGFUL_HALF_LIVES, Injection, find_injection
from CLIPSLib.study.reference_time import Estimate, find_reference_time
from CLIPSLib.study.tracer import find_half_life
from CLIPSLib.study.types import SuvInput


@dataclass(frozen=True)
class Decay:
    """remaining: fraction of the dose that is left, one for the series or one per slice.

    words, numbers: the denominator of the SUV formula for people, with "{dose}" where the dose goes.
    alternatives: fractions by other evidence in words, None where it leads to none.
    """

    remaining: tuple[float, ...]
    words: str
    numbers: str
    inputs: tuple[SuvInput, ...] = ()
    alternatives: tuple[tuple[float | None, str], ...] = ()
    cautions: tuple[Caution, ...] = ()

    @staticmethod
    def none() -> Decay:
        """The values are corrected to the time of injection already (DecayCorrection ADMIN)."""
        return Decay((1.0,), "dose", "{dose}")


def decay_from_injection(pet: PetHeaders, half_life: SuvInput, answers: Answers) -> Decay:
    """DecayCorrection START: one reference time for the series. Raises as `find_reference_time`, `find_injection`."""
    half_life_s = half_life.value
    reference = find_reference_time(pet, half_life_s)
    injection = find_injection(pet, reference.chosen.moment, half_life_s, answers)
    inputs = (
        *_injection_inputs(injection),
        SuvInput(name="reference time", value=str(reference.chosen.moment), source=reference.chosen.source),
        SuvInput(
            name="uptake",
            value=injection.elapsed_s,
            unit="s",
            source="derived: reference time - injection",
        ),
        half_life,
    )
    return Decay(
        (_remaining(injection.elapsed_s, half_life_s),),
        "(dose * 2^(-uptake / half-life))",
        f"({{dose}} * 2^(-{injection.elapsed_s:.10g} s / {half_life_s:.10g} s))",
        inputs,
        tuple(_alternative(other, injection, reference.chosen, half_life_s) for other in reference.others),
        (*reference.cautions, *injection.cautions),
    )


def decay_per_frame(pet: PetHeaders, half_life: SuvInput, answers: Answers) -> Decay:
    """DecayCorrection NONE: each slice refers to the moment of average activity in its own frame.

    Raises:
        Refusal: a slice lacks AcquisitionTime or ActualFrameDuration.
        Question, Refusal: as `find_injection`.
    """
    half_life_s = half_life.value
    moments, cautions = _average_moments(pet, half_life_s)
    first = min(moments, key=lambda moment: elapsed_s(moments[0], moment))
    injection = find_injection(pet, first, half_life_s, answers)
    elapsed = [injection.elapsed_s + elapsed_s(first, moment) for moment in moments]
    if max(elapsed) > MEANINGFUL_HALF_LIVES * half_life_s:
        raise Refusal(
            "frame-times-absurd",
            f"The last frame is {max(elapsed) / 60:.0f} min after the injection: nothing would be left of the dose",
            remedy="Correct AcquisitionDate (0008,0022) and AcquisitionTime (0008,0032).",
        )
    remaining = tuple(_remaining(seconds, half_life_s) for seconds in elapsed)
    what = (
        "The frames are not decay-corrected; each slice was converted from its own AcquisitionTime, as the user asked"
    )
    inputs = (
        *_injection_inputs(injection),
        SuvInput(name="first frame", value=str(first), source="AcquisitionTime + time of average activity (0008,0032)"),
        half_life,
    )
    return Decay(
        remaining,
        "(dose * 2^(-(frame's average time - injection) / half-life))",
        f"({{dose}} * 2^(-{elapsed[0]:.10g} s / {half_life_s:.10g} s))",
        inputs,
        (),
        (*cautions, *injection.cautions, Caution("frames-not-decay-corrected", what)),
    )


def _average_moments(pet: PetHeaders, half_life_s: float) -> tuple[list[Moment], tuple[Caution, ...]]:
    """When each frame had its average activity."""
    acquired, cautions = acquisition_moments(pet, parse_moment(pet.series_date, pet.series_time))
    averages = [frame_average_s(frame, half_life_s) for frame in pet.frames]
    if not pet.frames or len(acquired) != len(pet.frames) or None in averages:
        raise Refusal(
            "frame-times-missing",
            "To convert frames that are not decay-corrected, each slice needs AcquisitionTime (0008,0032) and "
            "ActualFrameDuration (0018,1242), and one lacks them",
            remedy="Choose a decay-corrected reconstruction.",
        )
    return [moment.shifted(average) for moment, average in zip(acquired, averages, strict=True)], cautions


def estimate_uptake_s(pet: PetHeaders, answers: Answers) -> float | None:
    """Seconds from injection to scan where the header tells, for identity and plausibility; else None.

    Where SUV depends on the times, their problems are reported by the functions above; here they are no obstacle.
    """
    try:
        half_life, _ = find_half_life(pet, answers)
        reference = find_reference_time(pet, half_life.value)
        return find_injection(pet, reference.chosen.moment, half_life.value, answers).elapsed_s
    except (Question, Refusal):
        return None


def _injection_inputs(injection: Injection) -> tuple[SuvInput, ...]:
    return (SuvInput(name="injection", value=str(injection.moment), source=injection.source),)


def _alternative(
    other: Estimate, injection: Injection, chosen: Estimate, half_life_s: float
) -> tuple[float | None, str]:
    """What would be left of the dose at another reference time."""
    if other.moment is None:
        return None, str(other)
    seconds = injection.elapsed_s + elapsed_s(chosen.moment, other.moment)
    if abs(seconds) > MEANINGFUL_HALF_LIVES * half_life_s:
        return None, f"{other}, not usable: {seconds / 3600:.0f} h after the injection"
    return _remaining(seconds, half_life_s), str(other)


def _remaining(seconds: float, half_life_s: float) -> float:
    return 2.0 ** (-seconds / half_life_s)
