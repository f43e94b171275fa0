"""Volumes, uptake and distances of lesions and patients (facts and formulas: docs/measures.md)."""

from CLIPSLib.measures.lesions import peaks
from CLIPSLib.measures.liver import LiverReference, find_liver, liver_at
from CLIPSLib.measures.measure import measure_lesions
from CLIPSLib.measures.meter import LesionMeter
from CLIPSLib.measures.norms import SUL, suv_norms
from CLIPSLib.measures.types import PHYSIOLOGICAL, TUMOR, LesionMeasures, Measures, PatientMeasures, SuvNorm

__all__ = [
    "PHYSIOLOGICAL",
    "SUL",
    "TUMOR",
    "LesionMeasures",
    "LesionMeter",
    "LiverReference",
    "Measures",
    "PatientMeasures",
    "SuvNorm",
    "find_liver",
    "liver_at",
    "measure_lesions",
    "peaks",
    "suv_norms",
]
