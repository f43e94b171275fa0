"""Which segmenters there are, and `segment_study`, the one way to run any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import UsageError
from CLIPSLib.models import HOW_TO_INSTALL, TMTVNET_NAME, WHERE_TO_GET, ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation.fixed import SUV4, SUV25, FixedThreshold
from CLIPSLib.segmentation.installed.options import NETWORK_RULES
from CLIPSLib.segmentation.installed.segmenter import SlidingWindowSegmenter, segmenter_of
from CLIPSLib.segmentation.lesions import count_voxels
from CLIPSLib.segmentation.majority import MV2, MV3, MajorityVote
from CLIPSLib.segmentation.options import OPTION_RULES, OptionRule, complete_options
from CLIPSLib.segmentation.percist import PERCIST, LiverThreshold
from CLIPSLib.segmentation.relative import A50P, MAX41, MAX50, RelativeThreshold, a50p_threshold, fraction_of_max
from CLIPSLib.segmentation.tmtvnet.options import TMTVNET_RULES
from CLIPSLib.segmentation.tmtvnet.segmenter import TmtvNetSegmenter
from CLIPSLib.segmentation.types import Segmentation, Segmenter, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

_METHODS: tuple[Segmenter, ...] = (
    FixedThreshold(SUV4),
    FixedThreshold(SUV25),
    RelativeThreshold(MAX41, fraction_of_max),
    RelativeThreshold(MAX50, fraction_of_max),
    RelativeThreshold(A50P, a50p_threshold),
    LiverThreshold(PERCIST),
    MajorityVote(MV2, 2),
    MajorityVote(MV3, 3),
)


def list_segmenters() -> tuple[SegmenterDescription, ...]:
    """All segmenters with their rules, sources and options: the methods, the default first, then installed models."""
    installed = (segmenter_of(model).description for model in ModelStore().contents().models)
    return (*(method.description for method in _METHODS), *installed)


def get_segmenter(name: str) -> Segmenter:
    """A segmenter by its name: a method ("suv4"), an installed model ("tmtvnet", its newest version; "tmtvnet@1.0").

    Raises:
        UsageError: there is none of this name; the message lists those there are. Refusal, Failure: the installed
            model's description is damaged.
    """
    for method in _METHODS:
        if method.description.name == name:
            return method
    store = ModelStore()
    if store.has(name):
        return segmenter_of(store.get(name))
    if name == TMTVNET_NAME:
        raise UsageError("model-not-installed", "TMTV-Net is not installed", "", f"{WHERE_TO_GET} {HOW_TO_INSTALL}")
    names = ", ".join(description.name for description in list_segmenters())
    raise UsageError("unknown-model", f"There is no segmenter '{name}'", "", f"Choose one of: {names}.")


def option_rules(name: str) -> Mapping[str, OptionRule]:
    """Meaning, range and check of a segmenter's options, in their order. Raises as `get_segmenter`."""
    segmenter = get_segmenter(name)
    rules = OPTION_RULES
    if isinstance(segmenter, TmtvNetSegmenter):
        rules = TMTVNET_RULES
    elif isinstance(segmenter, SlidingWindowSegmenter):
        rules = NETWORK_RULES
    return {option: rules[option] for option in segmenter.description.options}


def effective_options(
    name: str, options: Mapping[str, Any] | None = None, answers: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """All options a segmenter would run with: its defaults, `options` over them, the answers it asks for; checked.

    Raises:
        UsageError: no such segmenter, no such option, or a value out of range.
    """
    description = get_segmenter(name).description
    replies = {key: value for key, value in (answers or {}).items() if key in description.options}
    return complete_options(description, {**(options or {}), **replies}, option_rules(name))


def segment_study(
    study: PetCtStudy,
    model: str = "suv4",
    *,
    options: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> Segmentation:
    """Segment a study: candidate lesions on the PET grid, to be reviewed by a person.

    options: over the segmenter's defaults (`list_segmenters`). answers: what a person replied to a `Question`; those
    that this segmenter does not ask for are ignored, so that one set serves reading and segmenting. They count as
    user-entered in the provenance.

    Raises:
        UsageError: no such segmenter, no such option, or a value out of range.
        Question: a value that only the user can give.
        Refusal: the study cannot be segmented this way.
        Cancelled: the reporter said so.
    """
    chosen = effective_options(model, options, answers)
    segmentation = get_segmenter(model).segment(study, chosen, reporter)
    for caution in segmentation.cautions:
        reporter.caution(caution)
    told = {
        "lesion_voxels": count_voxels(segmentation),
        "options": chosen,
        "user_entered": sorted(set(answers or ()) & set(chosen)),
    }
    return replace(segmentation, provenance={**segmentation.provenance, **told})
