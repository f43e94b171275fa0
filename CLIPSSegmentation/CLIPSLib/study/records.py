"""What is known of a study besides its images, as JSON-ready values and back: the one place that knows this form.

Called by `formats` (study.json) and `scene` (attribute of the PET node).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from CLIPSLib.errors import Caution
from CLIPSLib.study.types import PetCtStudy, StudyIdentity, SuvAlternative, SuvFactor, SuvInput


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A study without its images."""

    identity: StudyIdentity = field(default_factory=StudyIdentity)
    suv: SuvFactor | None = None
    cautions: tuple[Caution, ...] = ()


def study_record(study: PetCtStudy) -> dict[str, Any]:
    """The keys "identity", "suv" and "cautions"."""
    return {
        "identity": asdict(study.identity),
        "suv": None if study.suv is None else asdict(study.suv),
        "cautions": [caution.as_dict() for caution in study.cautions],
    }


def read_study_record(record: Mapping[str, Any]) -> StudyRecord:
    """What `study_record` wrote, after a way through JSON; other keys are not looked at.

    Raises:
        KeyError, TypeError, ValueError: a field is missing, unknown or of another type. Callers say where.
    """
    identity = dict(record["identity"])
    identity["user_entered"] = tuple(identity["user_entered"])
    return StudyRecord(
        identity=StudyIdentity(**identity),
        suv=None if record["suv"] is None else _suv(record["suv"]),
        cautions=_cautions(record["cautions"]),
    )


def _suv(record: Mapping[str, Any]) -> SuvFactor:
    fields = dict(record)
    fields["inputs"] = tuple(SuvInput(**entry) for entry in fields["inputs"])
    fields["alternatives"] = tuple(SuvAlternative(**entry) for entry in fields["alternatives"])
    fields["slice_factors"] = None if fields["slice_factors"] is None else tuple(fields["slice_factors"])
    fields["cautions"] = _cautions(fields["cautions"])
    return SuvFactor(**fields)


def _cautions(records: list[Mapping[str, str]]) -> tuple[Caution, ...]:
    return tuple(Caution(**record) for record in records)
