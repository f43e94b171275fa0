"""What anonymous results leave out: names, ids, dates, UIDs and paths, also inside sentences.

Used by the writers of this room and by the report. Weight, height, dose and uptake time stay, because the SUV
cannot be checked without them. Rare values can still point to a person: anonymous is not the same as public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from CLIPSLib.errors import Caution
from CLIPSLib.measures.types import Measures
from CLIPSLib.segmentation.types import Segmentation
from CLIPSLib.study.types import PetCtStudy, StudyIdentity

REMOVED = "[removed]"
_KEPT = (
    "weight_kg",
    "height_m",
    "scanner",
    "tracer",
    "injected_dose_bq",
    "uptake_min",
    "user_entered",
)
_TRACES = re.compile(
    r"""
      \b\d+(?:\.\d+){5,}\b                          # a DICOM UID
    | \b(?:19|20)\d{2}-\d{2}-\d{2}(?:[T ][\d:.+Z]*)? # 2024-05-31, with or without a time
    | \b(?:19|20)\d{2}(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?:\d{6}(?:\.\d+)?)?\b  # DICOM date or date and time
    | (?<![\w/.])(?:/[\w.@+-]+){2,}/?               # an absolute path
    | \b[A-Za-z]:\\\S+                              # the same on Windows
    """,
    re.VERBOSE,
)


class Scrubber:
    """Takes everything out of texts and JSON values that names a patient or an examination."""

    def __init__(self, identity: StudyIdentity) -> None:
        self._words = _words(identity)

    def text(self, text: str) -> str:
        """The text without UIDs, dates, paths and the words of the patient's name and id."""
        text = _TRACES.sub(REMOVED, text)
        return self._words.sub(REMOVED, text) if self._words else text

    def value(self, value: Any) -> Any:
        """The same for JSON-ready values; numbers stay as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def cautions(self, cautions: tuple[Caution, ...]) -> tuple[Caution, ...]:
        """Cautions without the file, series or person they concern, also inside their sentence."""
        return tuple(Caution(c.code, self.text(_without_file(c.what, c.where))) for c in cautions)


def anonymous_study(study: PetCtStudy) -> PetCtStudy:
    """The study without who and when; images and the numbers of the SUV factor are untouched."""
    scrubber = Scrubber(study.identity)
    suv = study.suv
    if suv is not None:
        suv = replace(
            suv,
            formula=scrubber.text(suv.formula),
            inputs=tuple(replace(i, value=scrubber.value(i.value), source=scrubber.text(i.source)) for i in suv.inputs),
            alternatives=tuple(replace(a, description=scrubber.text(a.description)) for a in suv.alternatives),
            cautions=scrubber.cautions(suv.cautions),
        )
    identity = StudyIdentity(**{name: getattr(study.identity, name) for name in _KEPT})
    return replace(study, identity=identity, suv=suv, cautions=scrubber.cautions(study.cautions))


def anonymous_segmentation(segmentation: Segmentation, identity: StudyIdentity) -> Segmentation:
    """The segmentation with names, provenance and cautions scrubbed; ids and voxels are untouched."""
    scrubber = Scrubber(identity)
    return replace(
        segmentation,
        lesions=tuple(replace(lesion, name=scrubber.text(lesion.name)) for lesion in segmentation.lesions),
        provenance=scrubber.value(segmentation.provenance),
        cautions=scrubber.cautions(segmentation.cautions),
    )


def anonymous_measures(measures: Measures, identity: StudyIdentity) -> Measures:
    """The measures with the lesion names scrubbed as in `anonymous_segmentation`."""
    scrubber = Scrubber(identity)
    return replace(measures, lesions=tuple(replace(row, name=scrubber.text(row.name)) for row in measures.lesions))


def _without_file(sentence: str, where: str) -> str:
    """Names of files are often made of the patient's."""
    name = PurePath(where).name
    return sentence.replace(name, REMOVED) if name else sentence


def _words(identity: StudyIdentity) -> re.Pattern[str] | None:
    """The patient's names and id, and free text. Shorter ones ("72") would take out numbers that matter."""
    words = {identity.patient_id, *re.split(r"[\^=,\s]+", identity.patient_name)}
    words |= {identity.study_description, identity.pet_description, identity.ct_description}
    long_enough = [w for w in words if len(w) >= (6 if w.isdigit() else 3)]
    if not long_enough:
        return None
    alternatives = "|".join(re.escape(word) for word in sorted(long_enough, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])", re.IGNORECASE)  # "_" parts words in file names
