"""Which radionuclide and tracer were injected, and the half-life to reckon with. Called by `suv`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.elements import number, quoted
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.patient import entered
from CLIPSLib.study.types import SuvInput

HALF_LIFE_TAG = "RadionuclideHalfLife (0018,1075)"
_SHORTEST_S, _LONGEST_S = 10.0, 1e9  # what is imaged at all
_HALF_LIFE_TOLERANCE = 0.02  # files carry 6586.2 and 6588 s for F-18, which is far inside


@dataclass(frozen=True)
class Nuclide:
    """A positron emitter: physical half-life (s), its codes in SRT and SNOMED CT (DICOM CID 4020), its element."""

    name: str
    half_life_s: float
    codes: tuple[str, ...]
    element: str

    def is_called(self, text: str) -> bool:
        """True for its name in free text: "18F", "F-18", "^18^Fluorine"."""
        symbol, mass = self.name.split("-")
        letters = re.sub(r"[^a-z]", "", text.lower())
        return re.sub(r"\D", "", text) == mass and letters in (symbol.lower(), self.element)


NUCLIDES = (
    Nuclide("F-18", 6586.2, ("C-111A1", "77004003"), "fluorine"),
    Nuclide("Ga-68", 4057.7, ("C-131A3", "35337001"), "gallium"),
    Nuclide("C-11", 1223.0, ("C-105A1", "40565003"), "carbon"),
    Nuclide("N-13", 598.0, ("C-107A1", "21576001"), "nitrogen"),
    Nuclide("O-15", 122.2, ("C-B1038", "129504001"), "oxygen"),
    Nuclide("Cu-64", 45721.0, ("C-127A2", "3932008"), "copper"),
    Nuclide("Zr-89", 282240.0, ("C-168A4", "63360001"), "zirconium"),
)
_FDG_CODES = ("C-B1031", "35321007", "Y-X1743")
_FDG_TEXT = re.compile(r"FDG|FLU?O?R?O?DEOXY-?GLUCOSE", re.IGNORECASE)


def find_nuclide(pet: PetHeaders) -> Nuclide | None:
    """The radionuclide by its code, else by its name, else F-18 when the tracer is FDG; None when not known."""
    for nuclide in NUCLIDES:
        if pet.radionuclide_code in nuclide.codes:
            return nuclide
    for nuclide in NUCLIDES:
        if nuclide.is_called(pet.radionuclide):
            return nuclide
    if not pet.radionuclide and is_fdg(pet):
        return NUCLIDES[0]
    return None


def is_fdg(pet: PetHeaders) -> bool:
    return pet.radiopharmaceutical_code in _FDG_CODES or bool(_FDG_TEXT.search(pet.radiopharmaceutical))


def tracer_name(pet: PetHeaders) -> str:
    """The tracer for people: "F-18 FDG", or the header's own words."""
    nuclide = find_nuclide(pet)
    parts = (nuclide.name if nuclide else pet.radionuclide, "FDG" if is_fdg(pet) else pet.radiopharmaceutical)
    return " ".join(part for part in parts if part)


def tracer_cautions(pet: PetHeaders) -> tuple[Caution, ...]:
    """Thresholds for tumor volume are validated for F-18 FDG only."""
    nuclide = find_nuclide(pet)
    if is_fdg(pet) and (nuclide is None or nuclide.name == "F-18"):
        return ()
    named = tracer_name(pet) or "not named"
    return (
        Caution(
            "tracer-not-fdg",
            f"The tracer is {named} (RadiopharmaceuticalInformationSequence (0054,0016)); SUV thresholds are validated "
            "for F-18 FDG only",
        ),
    )


def find_half_life(pet: PetHeaders, answers: Answers) -> tuple[SuvInput, tuple[Caution, ...]]:
    """The half-life in seconds and where it comes from.

    Raises:
        Refusal: absent and the nuclide is unknown, or it belongs to another nuclide than the one named.
    """
    if answers.half_life_s is not None:
        return entered("RadionuclideHalfLife", answers.half_life_s, "s", HALF_LIFE_TAG, pet.half_life)
    stated, nuclide = number(pet.half_life), find_nuclide(pet)
    if stated is not None and _SHORTEST_S <= stated <= _LONGEST_S:
        if nuclide is None and is_fdg(pet) and not _agree(stated, NUCLIDES[0]):
            raise Refusal(
                "half-life-contradiction",
                f"{HALF_LIFE_TAG} = {pet.half_life} s is not that of F-18 ({NUCLIDES[0].half_life_s:g} s), which FDG "
                f"carries; the stated radionuclide {quoted(pet.radionuclide)} is not known",
                remedy="Correct the header, or give the half-life (half_life_s).",
            )
        if nuclide is None or _agree(stated, nuclide):
            return SuvInput(name="RadionuclideHalfLife", value=stated, unit="s", source="(0018,1075)"), ()
        if any(_agree(stated, other) for other in NUCLIDES):
            raise Refusal(
                "half-life-contradiction",
                f"{HALF_LIFE_TAG} = {pet.half_life} s is not that of the stated radionuclide {nuclide.name} "
                f"({nuclide.half_life_s:g} s)",
                remedy="Correct the header, or give the half-life (half_life_s).",
            )
    if nuclide is None:
        raise Refusal(
            "half-life-missing",
            f"{HALF_LIFE_TAG} is {quoted(pet.half_life)} and the radionuclide is not named",
            remedy="Give the half-life (half_life_s).",
        )
    caution = Caution(
        "half-life-assumed",
        f"{HALF_LIFE_TAG} is {quoted(pet.half_life)}; used {nuclide.half_life_s:g} s of {nuclide.name}",
    )
    source = f"derived: physical half-life of {nuclide.name}"
    return SuvInput(name="RadionuclideHalfLife", value=nuclide.half_life_s, unit="s", source=source), (caution,)


def _agree(half_life_s: float, nuclide: Nuclide) -> bool:
    return abs(half_life_s / nuclide.half_life_s - 1.0) <= _HALF_LIFE_TOLERANCE
