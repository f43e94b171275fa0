"""The members of an ensemble asked one by one: each fold of an installed model, and each mirror image, makes a mask.

Where they disagree a case is hard, without anybody having drawn it: `among = "members"` of the measurers
`disagreement`, `volume_variation` and `entropy`. Called by `clips cases difficulty members`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from CLIPSLib.difficulty.masks import member_name
from CLIPSLib.errors import Refusal
from CLIPSLib.models import CASCADE, InstalledModel, ModelStore, check_files, load_networks, require_packages
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import effective_options
from CLIPSLib.segmentation.installed.outcome import finish_outcome
from CLIPSLib.segmentation.installed.segmenter import require_ct
from CLIPSLib.tasks.case_masks import MaskMaker, PredictedCase, predict_case
from CLIPSLib.tasks.reporters import Prefixed

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy

By = Literal["folds", "flips"]
_FLIPS = {"as it is": (), "flip z": (0,), "flip y": (1,), "flip x": (2,)}


@dataclass(frozen=True)
class Member:
    """One voice of an ensemble: networks that vote together, shown the image mirrored along `axes` (theirs)."""

    name: str
    folds: tuple[int, ...]
    axes: tuple[int, ...] = ()


def members_of(model: InstalledModel, by: By = "folds") -> tuple[Member, ...]:
    """The members of an installed model: each of its networks, or all together on the image and three mirror images.

    Raises:
        Refusal: a cascade, or a single network that is to be divided by folds.
    """
    described = model.description
    if described.kind == CASCADE:
        what = f"The parts of '{model.model_id}' work as one; its members cannot be asked one by one"
        raise Refusal("no-members", what, model.model_id, "Compare whole models: --among models.")
    folds = tuple(range(len(described.weight_files("fold"))))
    if by == "flips":
        return tuple(Member(name, folds, axes) for name, axes in _FLIPS.items())
    if len(folds) < 2:
        what = f"'{model.model_id}' is a single network"
        raise Refusal("no-members", what, model.model_id, "Compare its answers to mirror images: --by flips.")
    return tuple(Member(f"fold {fold}", (fold,)) for fold in folds)


def predict_members(
    registry: Registry,
    model: str,
    *,
    author: str,
    by: By = "folds",
    case_ids: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
    on_outcome: Callable[[PredictedCase], None] = lambda outcome: None,
) -> list[PredictedCase]:
    """Segment cases with each member and keep the masks, by the names "MODEL [fold 0]"; those that are there stay.

    case_ids: None for all. A case that cannot be segmented becomes an outcome, and the next one follows.

    Raises:
        UsageError: no such model, option or case. Refusal: as `members_of`. Failure: torch is missing, files of the
            model are damaged. Cancelled.
    """
    installed = ModelStore().get(model)
    chosen = {**effective_options(installed.model_id, options), "flips": False}
    makers = _makers(installed, members_of(installed, by), chosen)
    ids = [row.case_id for row in registry.cases()] if case_ids is None else list(case_ids)
    outcomes = []
    for number, case_id in enumerate(ids):
        registry.case(case_id)
        for maker in makers:
            reporter.check()
            step = Prefixed(reporter, f"[case {number + 1} of {len(ids)}] {maker.name}: ")
            outcomes.append(predict_case(registry, case_id, maker, author=author, reporter=step))
            on_outcome(outcomes[-1])
    return outcomes


def _makers(model: InstalledModel, members: Sequence[Member], options: Mapping[str, Any]) -> list[MaskMaker]:
    """The members as makers of masks; the networks are loaded once."""
    require_packages(model.description)
    check_files(model)
    networks = load_networks(model.description, model.folder)["fold"]
    return [_maker(model, networks, member, options) for member in members]


def _maker(model: InstalledModel, networks: Sequence[Any], member: Member, options: Mapping[str, Any]) -> MaskMaker:
    from CLIPSLib.segmentation.installed.sliding import Sliding, engine_settings, predict

    described = model.description
    files = [described.weight_files("fold")[fold] for fold in member.folds]
    weights = {file.name: file.sha256 for file in files}
    name = member_name(model.model_id, member.name)
    sliding = Sliding(inputs=described.inputs, labels=described.labels, network=described.network)
    settings = replace(engine_settings(options), flips=(member.axes,))
    voices = [networks[fold] for fold in member.folds]

    def segment(study: PetCtStudy, reporter: Reporter) -> Segmentation:
        require_ct(model, study)
        outcome = predict(voices, sliding, study, settings=settings, stage="Running", reporter=reporter)
        made = finish_outcome(study, model, described.title, options, outcome)
        network = {**made.provenance["network"], "sha256": weights}
        facts = {**made.provenance, "model": name, "options": dict(options), "network": network}
        return replace(made, provenance=facts)

    return MaskMaker(name=name, options=options, weights=weights, segment=segment)
