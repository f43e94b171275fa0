"""CLIPS: total metabolic tumor volume on FDG PET/CT, from the console, from Slicer and from the command line.

    from CLIPSLib import load_study, segment_study, measure_lesions
    study = load_study("/data/patient")
    segmentation = segment_study(study, "suv4")
    measures = measure_lesions(segmentation, study)

Importing this package loads nothing heavy: names are resolved when they are first used (PEP 562).
"""

from __future__ import annotations

import importlib

from CLIPSLib.provenance import VERSION as __version__

_PUBLIC = {
    "load_study": "CLIPSLib.study",
    "find_studies": "CLIPSLib.study",
    "read_study": "CLIPSLib.study",
    "PetCtStudy": "CLIPSLib.study",
    "StudyCandidate": "CLIPSLib.study",
    "SuvFactor": "CLIPSLib.study",
    "segment_study": "CLIPSLib.segmentation",
    "list_segmenters": "CLIPSLib.segmentation",
    "Segmentation": "CLIPSLib.segmentation",
    "Segmenter": "CLIPSLib.segmentation",
    "measure_lesions": "CLIPSLib.measures",
    "LesionMeasures": "CLIPSLib.measures",
    "PatientMeasures": "CLIPSLib.measures",
    "Measures": "CLIPSLib.measures",
    "evaluate": "CLIPSLib.evaluation",
    "evaluate_cohort": "CLIPSLib.evaluation",
    "EvaluationOptions": "CLIPSLib.evaluation",
    "Registry": "CLIPSLib.cases",
    "measure_difficulty": "CLIPSLib.difficulty",
    "build_curriculum": "CLIPSLib.curriculum",
    "curriculum_learning": "CLIPSLib.curriculum",
    "Curriculum": "CLIPSLib.curriculum",
    "write_phantom": "CLIPSLib.phantom",
    "write_result": "CLIPSLib.formats",
    "read_result": "CLIPSLib.formats",
    "write_report": "CLIPSLib.report",
    "Caution": "CLIPSLib.errors",
    "ClipsError": "CLIPSLib.errors",
    "Refusal": "CLIPSLib.errors",
    "Question": "CLIPSLib.errors",
    "Failure": "CLIPSLib.errors",
    "Cancelled": "CLIPSLib.errors",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str):
    try:
        module = _PUBLIC[name]
    except KeyError:
        raise AttributeError(f"module 'CLIPSLib' has no attribute '{name}'") from None
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_PUBLIC))
