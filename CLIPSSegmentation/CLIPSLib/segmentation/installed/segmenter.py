"""Installed models as segmenters: known without torch, which is loaded when they segment. Called by the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Refusal
from CLIPSLib.models import CASCADE, InstalledModel, check_files, read_state, require_packages
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.installed.options import NETWORK_OPTIONS, NETWORK_RULES
from CLIPSLib.segmentation.installed.outcome import finish_outcome
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.tmtvnet.options import TMTVNET
from CLIPSLib.segmentation.tmtvnet.segmenter import TmtvNetSegmenter, TmtvNetWeights
from CLIPSLib.segmentation.types import Segmentation, Segmenter, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy


def segmenter_of(model: InstalledModel) -> Segmenter:
    """The segmenter that runs an installed model. No file but its `model.json` is read before it segments."""
    if model.description.kind == CASCADE:
        description = replace(TMTVNET, name=model.model_id, title=_title(model))
        return TmtvNetSegmenter(lambda: _cascade_weights(model), description)
    return SlidingWindowSegmenter(model)


class SlidingWindowSegmenter:
    """Runs one described network, or the folds of one, on studies."""

    def __init__(self, model: InstalledModel) -> None:
        described = model.description
        self.model = model
        self.description = SegmenterDescription(
            name=described.model_id,
            title=_title(model),
            rule=described.rule,
            source=described.source,
            needs_ct=described.inputs.needs_ct,
            options=NETWORK_OPTIONS,
        )

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        """Segment one study, after comparing the model's files with their recorded hashes.

        Raises:
            UsageError, Refusal, Cancelled: as `Segmenter.segment`. Failure: torch or monai is missing, the model's
                files are damaged, memory runs out on the CPU.
        """
        chosen = complete_options(self.description, options, NETWORK_RULES)
        require_ct(self.model, study)
        require_packages(self.model.description)
        check_files(self.model, reporter)
        from CLIPSLib.segmentation.installed.sliding import run_sliding_window

        outcome = run_sliding_window(self.model, study, chosen, reporter)
        reporter.check()
        return finish_outcome(study, self.model, self.description.title, chosen, outcome)


def require_ct(model: InstalledModel, study: PetCtStudy) -> None:
    """Raise Refusal when a model needs the CT that a study does not have."""
    if model.description.inputs.needs_ct and study.ct is None:
        raise Refusal(
            "ct-needed",
            f"The model '{model.model_id}' needs the CT of the study, and there is none",
            study.identity.pet_series_uid,
            "Add the CT series, or choose a method that works on PET alone.",
        )


def _title(model: InstalledModel) -> str:
    return f"{model.description.title} ({model.description.version})"


def _cascade_weights(model: InstalledModel) -> TmtvNetWeights:
    require_packages(model.description)
    check_files(model)
    files = [*model.description.weight_files("ensemble"), *model.description.weight_files("refiner")]
    states = (read_state(model.folder / file.name) for file in files)
    return TmtvNetWeights(*states, {file.name: file.sha256 for file in files})
