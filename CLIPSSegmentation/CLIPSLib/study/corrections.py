"""Whether a PET series is corrected well enough to become SUV, and how its decay was corrected. Called by `suv`."""

from __future__ import annotations

import re

from CLIPSLib.errors import Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.headers import PetHeaders

CORRECTED_TAG = "CorrectedImage (0028,0051)"
DECAY_TAG = "DecayCorrection (0054,1102)"
_NOT_CORRECTED = re.compile(
    r"(?<![A-Z])(NAC|NOAC|NATT?C|NON?[-_ ]?AC|NON?[-_ ]?ATT\w*|UN-?CORR\w*|W(ITH)?O(UT)?[-_ ]?AC)(?![A-Z])",
    re.IGNORECASE,
)


def check_attenuation(pet: PetHeaders) -> None:
    """Raises Refusal unless the series is attenuation-corrected, by attribute and by description."""
    if "ATTN" not in pet.corrected_image:
        raise Refusal(
            "not-attenuation-corrected",
            f"The series is not attenuation-corrected: {CORRECTED_TAG} = '{_joined(pet)}' lacks ATTN",
            remedy="Choose the attenuation-corrected reconstruction.",
        )
    if _NOT_CORRECTED.search(pet.description):
        raise Refusal(
            "not-attenuation-corrected",
            f"The series is not attenuation-corrected by its SeriesDescription (0008,103E) = '{pet.description}'",
            remedy="Choose the attenuation-corrected reconstruction, or correct the description.",
        )


def check_static(pet: PetHeaders) -> None:
    """Raises Refusal for dynamic and gated series: which frame to segment is not for software to choose."""
    kind = pet.series_type[0] if pet.series_type else ""
    if kind in ("DYNAMIC", "GATED"):
        raise Refusal(
            "not-static",
            f"SeriesType (0054,1000) is '{kind}': the series holds several frames of the same place",
            remedy="Export the frame or the static sum to segment as its own series.",
        )


def decay_mode(pet: PetHeaders, *, already_suv: bool, answers: Answers) -> str:
    """ "START", "ADMIN", or "NONE" (only when the user asked to convert undecayed frames).

    Series that are SUV already are taken as decay-corrected when DECY says so, whatever the reference.

    Raises:
        Refusal: not decay-corrected, or the attributes contradict each other.
    """
    corrected = "DECY" in pet.corrected_image
    mode = pet.decay_correction
    if mode == "NONE" and not corrected:
        return _undecayed(pet, already_suv, answers)
    if mode == "NONE" or not corrected:
        raise Refusal(
            "decay-contradiction" if mode else "not-decay-corrected",
            f"{DECAY_TAG} is '{mode}' and {CORRECTED_TAG} = '{_joined(pet)}' "
            f"{'holds' if corrected else 'lacks'} DECY: how decay was corrected is unknown",
            remedy="Choose or export a decay-corrected reconstruction.",
        )
    if mode in ("START", "ADMIN"):
        return mode
    if already_suv and not mode:
        return "START"
    raise Refusal(
        "decay-correction",
        f"{DECAY_TAG} is {repr(mode) if mode else 'absent'}: the time to which the activity is corrected is unknown",
        remedy="Export the series with this attribute (START or ADMIN).",
    )


def _undecayed(pet: PetHeaders, already_suv: bool, answers: Answers) -> str:
    if not already_suv and answers.convert_undecayed == "yes":
        return "NONE"
    what = f"The series is not decay-corrected: {DECAY_TAG} = 'NONE', {CORRECTED_TAG} = '{_joined(pet)}' lacks DECY"
    remedy = "Choose a decay-corrected reconstruction"
    if not already_suv:
        remedy += ", or have each frame converted from its own acquisition time (answer convert_undecayed = yes)"
    raise Refusal("not-decay-corrected", what, remedy=f"{remedy}.")


def _joined(pet: PetHeaders) -> str:
    return "\\".join(pet.corrected_image)
