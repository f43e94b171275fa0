"""What a measurement of a whole registry may be asked for. Read from the command line and from recipes by `schema`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from CLIPSLib.difficulty.options import UptakeOptions
from CLIPSLib.evaluation.types import EvaluationOptions

AUTOPET = EvaluationOptions(connectivity=18)  # as autoPET counts lesions


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """cases and quarantine decide who takes part, the others how it is measured."""

    cases: Annotated[tuple[str, ...] | None, "only these (the training cases of a fold); None: all of the registry"] = (
        None
    )
    quarantine: Annotated[Mapping[str, str], "case -> why it takes part in nothing"] = field(default_factory=dict)
    uptake: UptakeOptions = field(default_factory=UptakeOptions)
    organs: Annotated[str, 'folder of organ masks on the PET grid, "<case>.nii.gz", any value but 0; "": none'] = ""
    teacher: Annotated[str, 'the model whose masks are judged; "" where the registry knows only one'] = ""
    masks: Annotated[Mapping[str, str], "case -> the mask of the teacher to judge; elsewhere its latest"] = field(
        default_factory=dict
    )
    evaluation: Annotated[EvaluationOptions, "how the teacher's masks are compared with the reference"] = AUTOPET
    among: Annotated[
        Literal["all", "models", "readers", "members"],
        "whose masks are compared with one another by the disagreement; members: of the ensemble `teacher`",
    ] = "all"
