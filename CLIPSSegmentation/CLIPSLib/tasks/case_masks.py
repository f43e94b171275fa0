"""Masks into a case registry: files from elsewhere, results, and what a segmenter makes of the cases.

Called by `cases` (while studies are added) and by `clips cases masks`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.difficulty.masks import weights_of
from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure, Question
from CLIPSLib.formats import corrected_segments
from CLIPSLib.formats.reference_masks import AS_IT_IS, MaskReading, read_reference_mask
from CLIPSLib.formats.rtstruct import StructureSet, choose_rois, is_structure_set, read_structure_set
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation import effective_options, get_segmenter, segment_study
from CLIPSLib.tasks.existing import same_value
from CLIPSLib.tasks.reporters import Prefixed

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskVersion, Registry
    from CLIPSLib.segmentation import Segmentation
    from CLIPSLib.study import PetCtStudy


@dataclass(frozen=True, kw_only=True)
class ImportedMask:
    """A mask version that was made now, whether it became the reference of its case, and what to know about it."""

    mask: MaskVersion
    is_reference: bool
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PredictedCase:
    """What a segmenter made of a case. state: "predicted", "kept" (it was there), "refused", "question", "failed"."""

    case_id: str
    state: str
    mask: MaskVersion | None = None
    error: ClipsError | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MaskMaker:
    """What makes masks, and what a mask that was made before is recognized by. weights: SHA-256 by file."""

    name: str
    options: Mapping[str, Any]
    weights: Mapping[str, str]
    segment: Callable[[PetCtStudy, Reporter], Segmentation]


def import_mask(
    registry: Registry,
    case_id: str,
    paths: Sequence[str | Path],
    *,
    author: str,
    reading: MaskReading = AS_IT_IS,
    prediction: bool = False,
    make_reference: bool | None = None,
    comment: str = "",
    study: PetCtStudy | None = None,
) -> ImportedMask | None:
    """Keep a mask file as a version of a case; None when there is no file, or the case has this one already.

    paths: one mask, or several structure sets of which `reading.rois` means one; of those that fit, the one that was
    drawn on the case's PET. prediction: a model made it; a result that a person corrected counts as corrected.
    make_reference: None makes an imported mask the reference where the case has none; True does so also with a mask
    that the case has already. study: that of the case, where the caller has it.

    Raises:
        Refusal, Question, Failure, UsageError: as `read_reference_mask`, `Registry.add_mask`. Question: several
        structure sets could be meant.
    """
    path, doubts = _one_of([Path(path) for path in paths], reading, registry.case(case_id).pet_series_uid)
    if path is None:
        return None
    segmentation = read_reference_mask(path, study or registry.read_study(case_id), reading)
    segmentation = replace(segmentation, cautions=(*doubts, *segmentation.cautions))
    kept = [mask for mask in registry.masks(case_id) if _same_source(mask.provenance, segmentation.provenance)]
    if kept:
        return _again(registry, kept[-1], author, comment) if make_reference else None
    origin = "imported"
    if prediction:
        corrected = segmentation.reviewed or corrected_segments(path) is not None
        origin = "corrected" if corrected else "predicted"
    chosen = make_reference
    if chosen is None:
        chosen = origin == "imported" and registry.reference(case_id) is None
    with registry.together():
        mask = registry.add_mask(case_id, segmentation, origin=origin, author=author, comment=comment)
        if chosen:
            registry.set_reference(case_id, mask.id, author=author, comment=comment)
    return ImportedMask(mask=mask, is_reference=chosen, cautions=segmentation.cautions)


def predict_masks(
    registry: Registry,
    model: str,
    *,
    author: str,
    case_ids: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
    on_outcome: Callable[[PredictedCase], None] = lambda outcome: None,
) -> list[PredictedCase]:
    """Segment cases and keep each mask as a predicted version.

    A case that has it, by the same weights and options, is left alone.

    case_ids: None for all. A case that cannot be segmented becomes an outcome, and the next one follows.

    Raises:
        UsageError: no such model, option or case. Cancelled.
    """
    name = get_segmenter(model).description.name  # an installed model with its version
    chosen = effective_options(model, options, answers)

    def segment(study: PetCtStudy, told: Reporter) -> Segmentation:
        return segment_study(study, name, options=chosen, reporter=told)

    maker = MaskMaker(name=name, options=chosen, weights=installed_weights(name), segment=segment)
    ids = [row.case_id for row in registry.cases()] if case_ids is None else list(case_ids)
    for case_id in ids:
        registry.case(case_id)
    outcomes: list[PredictedCase] = []
    for number, case_id in enumerate(ids):
        reporter.check()
        step = Prefixed(reporter, f"[case {number + 1} of {len(ids)}] ")
        outcomes.append(predict_case(registry, case_id, maker, author=author, reporter=step))
        on_outcome(outcomes[-1])
    return outcomes


def predict_case(
    registry: Registry, case_id: str, maker: MaskMaker, *, author: str, reporter: Reporter = SILENT
) -> PredictedCase:
    """Segment one case and keep the mask; one by the same maker, weights and options stays. Raises Cancelled."""
    started = time.monotonic()
    for mask in registry.masks(case_id):
        same = mask.origin == "predicted" and mask.model == maker.name and weights_of(mask) == maker.weights
        if same and _same_options(mask.provenance, maker.options):
            return PredictedCase(case_id=case_id, state="kept", mask=mask)
    try:
        segmentation = maker.segment(registry.read_study(case_id), reporter)
        mask = registry.add_mask(case_id, segmentation, origin="predicted", author=author)
    except Cancelled:
        raise
    except ClipsError as error:
        states = {"refusal": "refused", "usage": "refused", "question": "question"}
        return PredictedCase(case_id=case_id, state=states.get(error.kind, "failed"), error=error)
    except MemoryError:
        error = Failure("out-of-memory", "There is not enough memory for this case", case_id, "Close other programs.")
        return PredictedCase(case_id=case_id, state="failed", error=error)
    return PredictedCase(case_id=case_id, state="predicted", mask=mask, seconds=time.monotonic() - started)


def installed_weights(model: str) -> dict[str, str]:
    """SHA-256 by file of an installed model's weights; empty for threshold methods. Raises as `ModelStore.get`."""
    store = ModelStore()
    if not store.has(model):
        return {}
    return {file.name: file.sha256 for file in store.get(model).description.files if file.role != "text"}


def _same_options(provenance: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    stored = provenance.get("options") or {}
    return set(stored) == set(options) and all(same_value(stored[name], options[name]) for name in options)


def _same_source(kept: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """The same bytes, understood in the same way."""
    told = ("source_sha256", "reading", "rois")
    return all(kept.get(name) == new.get(name) for name in told)


def _again(registry: Registry, mask: MaskVersion, author: str, comment: str) -> ImportedMask | None:
    """Make a mask that is there already the reference; None when it is the reference."""
    current = registry.reference(mask.case_id)
    if current is not None and current.id == mask.id:
        return None
    registry.set_reference(mask.case_id, mask.id, author=author, comment=comment)
    return ImportedMask(mask=mask, is_reference=True)


def _one_of(
    paths: Sequence[Path], reading: MaskReading, pet_series_uid: str
) -> tuple[Path | None, tuple[Caution, ...]]:
    """The mask that is meant: the only one, the structure set that has the structures asked for, or of several such
    sets the one that says it was drawn on the PET (planning systems copy structures from series to series).

    Raises:
        Question: several structure sets could be meant (key "roi"). UsageError: none has a structure of this name.
    """
    if len(paths) < 2 or not all(map(is_structure_set, paths)):
        return (paths[0] if paths else None), ()
    sets = [read_structure_set(path) for path in paths]
    fitting = [structures for structures in sets if _has(structures, reading.rois)]
    if len(fitting) == 1:
        return fitting[0].path, ()
    on_pet = [structures for structures in fitting if pet_series_uid and pet_series_uid in structures.series_uids]
    if len(on_pet) == 1:
        others = "; ".join(_described(structures) for structures in fitting if structures is not on_pet[0])
        what = f"The structure set drawn on this PET was taken; structures of this name are also in {others}"
        return on_pet[0].path, (Caution("several-structure-sets", what, str(on_pet[0].path)),)
    meant = fitting or sets
    what = f"{len(meant)} structure sets could be meant ({'; '.join(map(_described, meant))})"
    raise Question(
        "several-structure-sets",
        what,
        str(paths[0].parent),
        "Name the structures that are tumor, as only one of them has them.",
        key="roi",
        choices=tuple(dict.fromkeys(name for structures in meant for name in structures.names)),
    )


def _described(structures: StructureSet) -> str:
    return f"{structures.path}: {', '.join(structures.names)}"


def _has(structures: StructureSet, wanted: Sequence[str]) -> bool:
    try:
        choose_rois(structures, wanted)
    except Question:
        return True
    except ClipsError:
        return False
    return True
