"""Volumes, uptake and distances of lesions and patients (facts and formulas: docs/measures.md)."""

from CLIPSLib.measures.types import LesionMeasures, Measures, PatientMeasures

__all__ = ["LesionMeasures", "Measures", "PatientMeasures"]
