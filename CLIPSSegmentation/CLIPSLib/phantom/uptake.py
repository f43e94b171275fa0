"""How much FDG each tissue takes up and how dense it is on CT. Called by anatomy, skeleton and presets.

SUVbw in g/mL and HU are typical adult values (Wang et al. 2007 for head and neck; EARL and PERCIST practice for
liver and blood pool); a preset replaces single entries.
"""

from __future__ import annotations

from dataclasses import dataclass

AIR_HU = -1000.0

HU = {
    "lung": -800.0,
    "fat": -100.0,
    "muscle": 50.0,
    "blood": 40.0,
    "liver": 60.0,
    "soft tissue": 40.0,
    "fluid": 5.0,
    "brain": 37.0,
    "marrow": 180.0,
    "cortical bone": 900.0,
    "table": -150.0,
    "lesion": 40.0,
}


@dataclass(frozen=True, kw_only=True)
class Uptake:
    """Mean SUVbw (g/mL) of every tissue before blurring."""

    lung: float = 0.5
    fat: float = 0.25
    muscle: float = 0.6
    blood: float = 1.6
    liver: float = 2.1
    spleen: float = 1.8
    marrow: float = 1.4
    fatty_marrow: float = 0.5
    cortical_bone: float = 0.4
    kidney: float = 3.0
    renal_pelvis: float = 14.0
    ureter: float = 9.0
    bladder: float = 20.0
    gray_matter: float = 9.0
    white_matter: float = 4.0
    cerebellum: float = 8.0
    myocardium: float = 8.0
    stomach: float = 2.0
    small_bowel: float = 1.3
    colon: float = 1.5
    cecum: float = 2.4
    tonsil: float = 4.5
    salivary: float = 2.6
    larynx: float = 2.2
    thyroid: float = 1.4
    testis: float = 2.8
    necrosis: float = 0.8


TYPICAL = Uptake()
