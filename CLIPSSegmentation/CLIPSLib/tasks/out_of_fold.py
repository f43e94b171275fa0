"""What the runs of a cross-validation find in the cases that each of them held back, kept in the registry.

Every case is predicted by the one network that never saw it. Called by `clips cases out-of-fold`; such masks are what
teachers of difficulty and their validity need.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Refusal
from CLIPSLib.files import sha256_file
from CLIPSLib.models import InstalledModel, read_description
from CLIPSLib.models.description import DESCRIPTION_FILE
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation.installed.segmenter import segmenter_of
from CLIPSLib.tasks.case_masks import PredictedCase
from CLIPSLib.tasks.reporters import Prefixed
from CLIPSLib.training import TRAIN, VALIDATE, TrainingCase
from CLIPSLib.training.learned import learned_in_run
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.start import SCRATCH

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry

_BEST = "best"  # the weights that a finished run's own model has; others are exported for the purpose


@dataclass(frozen=True)
class _FoldRun:
    """A finished run, its model, the cases it held back, and those it learned from, as the masks will say.

    learned: "trained_with", ids of the registry; "complete": False where its first weights may know others.
    """

    run: RunFolder
    run_id: str
    model: InstalledModel
    held_back: tuple[TrainingCase, ...]
    learned: Mapping[str, Any]


def predict_out_of_fold(
    registry: Registry,
    runs: Sequence[str | Path],
    *,
    author: str,
    which: str = _BEST,
    options: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
    on_outcome: Callable[[PredictedCase], None] = lambda outcome: None,
) -> list[PredictedCase]:
    """Segment the cases that each run validated with by the model of that run, and keep the masks as predicted.

    All masks carry one model id, `NAME@out-of-fold-<hash of the runs>`, since together they are what one way of
    training finds in unseen cases; provenance["out_of_fold"] names run, model and weights of each. A case that has
    its mask already is left alone. which: "best" is the step of each run that did best on these very cases, which
    flatters it a little; "last" was chosen by nothing.

    Raises:
        Refusal: a run is not finished, runs of different recipes, a case held back twice, or one that is not this
            registry's. UsageError: an option. Cancelled.
    """
    outcomes: list[PredictedCase] = []
    with tempfile.TemporaryDirectory() as place:
        folds = [_read(RunFolder(path), which, Path(place), reporter) for path in runs]
        _require_apart(folds)
        for fold in folds:
            _require_known(registry, fold)
            if (start := fold.run.recipe().network.start) != SCRATCH:
                what = f"The run began from '{start}'; cases that this was trained with are not unseen"
                reporter.caution(Caution("start-may-know", what, str(fold.run.path)))
        name = _model_id(folds, which)
        jobs = [(fold, case) for fold in folds for case in fold.held_back]
        for number, (fold, case) in enumerate(jobs):
            reporter.check()
            step = Prefixed(reporter, f"[case {number + 1} of {len(jobs)}] ")
            outcomes.append(_predict(registry, fold, case.case_id, name, dict(options or {}), author, step))
            on_outcome(outcomes[-1])
    return outcomes


def _read(run: RunFolder, which: str, place: Path, reporter: Reporter) -> _FoldRun:
    if not (run.model / DESCRIPTION_FILE).exists():
        what = "The run has no model yet: only a finished run can predict what it held back"
        raise Refusal("not-finished", what, str(run.path), "Let it finish ('clips runs resume').")
    identity, cases = run.identity(), run.cases()
    model = InstalledModel(description=read_description(run.model / DESCRIPTION_FILE), folder=run.model)
    if which != _BEST:
        from CLIPSLib.training.export import export_model

        folder, version = place / identity.run_id, f"{identity.run_id}-{which}"
        described = export_model([run.path], folder, which=which, version=version, overwrite=True, reporter=reporter)
        model = InstalledModel(description=described, folder=folder)
    before = learned_in_run(cases, identity.parent).complete and run.recipe().network.start == SCRATCH
    learned = {"trained_with": sorted(case.case_id for case in cases.of_role(TRAIN)), "complete": before}
    return _FoldRun(run, identity.run_id, model, cases.of_role(VALIDATE), learned)


def _require_apart(folds: Sequence[_FoldRun]) -> None:
    """One name, and no case predicted by two runs."""
    owners: dict[str, _FoldRun] = {}
    for fold in folds:
        if fold.model.description.name != folds[0].model.description.name:
            names = f"'{folds[0].model.description.name}' and '{fold.model.description.name}'"
            what = f"The runs train different models, {names}"
            raise Refusal("runs-differ", what, str(fold.run.path), "Name runs of one recipe.")
        for case in fold.held_back:
            if other := owners.get(case.case_id):
                what = f"The case '{case.case_id}' is held back by two of the runs"
                where = f"{other.run.path} and {fold.run.path}"
                raise Refusal("fold-twice", what, where, "Name one run of each fold.")
            owners[case.case_id] = fold


def _require_known(registry: Registry, fold: _FoldRun) -> None:
    """The cases are those of this registry: the same images under the same id."""
    known = {row.case_id for row in registry.cases()}
    for case in fold.held_back:
        if registry.removal_of(case.case_id):
            continue  # told as an outcome of its own
        if case.case_id not in known or sha256_file(registry.files(case.case_id).pet) != case.sha256.get("pet"):
            what = f"The case '{case.case_id}' of the run is not in this registry, or has another PET there"
            raise Refusal("other-registry", what, str(fold.run.path), "Name the registry that the run was frozen from.")


def _model_id(folds: Sequence[_FoldRun], which: str) -> str:
    together = ",".join([*sorted(fold.run_id for fold in folds), *([] if which == _BEST else [which])])
    return f"{folds[0].model.description.name}@out-of-fold-{hashlib.sha256(together.encode()).hexdigest()[:8]}"


def _predict(
    registry: Registry,
    fold: _FoldRun,
    case_id: str,
    name: str,
    options: Mapping[str, Any],
    author: str,
    reporter: Reporter,
) -> PredictedCase:
    weights = {file.name: file.sha256 for file in fold.model.description.files if file.role != "text"}
    origin = {"run_id": fold.run_id, "model": fold.model.model_id, "sha256": weights, **fold.learned}
    started = time.monotonic()
    try:
        for mask in registry.masks(case_id):
            if mask.model == name and mask.provenance.get("out_of_fold") == origin:
                return PredictedCase(case_id=case_id, state="kept", mask=mask)
        segmentation = segmenter_of(fold.model).segment(registry.read_study(case_id), options, reporter)
        facts = {**segmentation.provenance, "model": name, "options": options, "out_of_fold": origin}
        mask = registry.add_mask(case_id, replace(segmentation, provenance=facts), origin="predicted", author=author)
    except Cancelled:
        raise
    except ClipsError as error:
        state = "refused" if error.kind in ("refusal", "usage") else "failed"
        return PredictedCase(case_id=case_id, state=state, error=error)
    return PredictedCase(case_id=case_id, state="predicted", mask=mask, seconds=time.monotonic() - started)
