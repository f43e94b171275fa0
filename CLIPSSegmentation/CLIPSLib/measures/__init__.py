"""Volumes, uptake and distances of lesions and patients (facts and formulas: docs/measures.md)."""

from CLIPSLib.measures.lesions import peaks
from CLIPSLib.measures.measure import measure_lesions
from CLIPSLib.measures.patient import body_surface_m2
from CLIPSLib.measures.types import PHYSIOLOGICAL, TUMOR, LesionMeasures, Measures, PatientMeasures

__all__ = [
    "PHYSIOLOGICAL",
    "TUMOR",
    "LesionMeasures",
    "Measures",
    "PatientMeasures",
    "body_surface_m2",
    "measure_lesions",
    "peaks",
]
