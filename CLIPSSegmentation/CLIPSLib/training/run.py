"""`train`: a run folder carried out, from wherever it stands. Called by `tasks` as a background job."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from CLIPSLib.curriculum import (
    Curriculum,
    CurriculumCase,
    DrawTrace,
    build_curriculum,
    get_method,
    without_held_back,
)
from CLIPSLib.errors import Caution, Failure, Refusal
from CLIPSLib.models import ModelStore, Network
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.provenance import library_versions, software
from CLIPSLib.segmentation.sliding_window.device import EngineSettings, choose_device
from CLIPSLib.training import engine
from CLIPSLib.training.checkpoints import Checkpoints, Saved
from CLIPSLib.training.computing import arithmetic, choose_precision
from CLIPSLib.training.data import open_patches
from CLIPSLib.training.export import LAST_STEP, NO_BEST, export_model
from CLIPSLib.training.feed import Feed
from CLIPSLib.training.overrides import lasting_sha256
from CLIPSLib.training.priors import with_priors
from CLIPSLib.training.probe import Probe
from CLIPSLib.training.progress import RunState
from CLIPSLib.training.rate import first_plan
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.start import Start, describe_network, find_start_of, make_network, start_cautions
from CLIPSLib.training.stepper import Stepper
from CLIPSLib.training.telling import Teller, run_reporter, without_validation
from CLIPSLib.training.traces import tell_plan
from CLIPSLib.training.types import TRAIN, VALIDATE, CaseFacts, PatchSource, RunReporter, TrainingCase
from CLIPSLib.training.validate import Validation

VANILLA = "vanilla"
_NO_END = 10**9  # steps of a run without limit, for a curriculum that must know
_TRACE_ROWS, _STEPS_PER_ROW = 100, 100  # of a run with a limit, of one without

OpenSource = Callable[[Sequence[TrainingCase], Recipe, Path, Reporter], PatchSource]


def train(
    folder: str | Path,
    reporter: Reporter = SILENT,
    *,
    store: ModelStore | None = None,
    open_source: OpenSource | None = None,
) -> dict[str, Any]:
    """Train the run of a folder to its end, from the last checkpoint if there is one.

    A finished run leaves its model in the folder `model`. Returns {"state": "finished" or "stopped", "step",
    "best_step", "best_score", "model"}. store: where `network.start` is looked up. open_source: gives the patches, by
    default from the files of the cases.

    Raises:
        Refusal, UsageError: the recipe cannot be carried out, or the cases are not those of the checkpoint. Failure:
            what stopped the run, with the cases; the last checkpoint stays. Cancelled: at once.
    """
    run, teller = RunFolder(folder), run_reporter(reporter)
    run.require_own_recipe()
    recipe = run.recipe()
    with arithmetic(recipe.training, choose_device(recipe.training.device)):
        made = _set_up(run, recipe, teller, store or ModelStore(), open_source or _open_patches)
        try:
            ended = made.run()
        finally:
            made.teller.close()
    state, result = made.state, {}
    if ended == engine.FINISHED:
        result = {"model": _model(run, store, teller)}
    best = {"best_step": state.best_step, "best_score": state.best_score}
    return {"state": ended, "step": state.step, **best, **result}


def _model(run: RunFolder, store: ModelStore | None, reporter: RunReporter) -> str:
    """Write the model of a finished run and give its id; of the last weights where the best ones were lost."""
    options = {"store": store, "overwrite": True, "reporter": reporter}
    try:
        return export_model([run.path], run.model, **options).model_id
    except Failure as error:
        if error.code != NO_BEST:
            raise
        what = f"{error.what}; the model has those of the last step, and no validation chose it"
        reporter.caution(Caution(NO_BEST, what, error.where))
    return export_model([run.path], run.model, which=LAST_STEP, **options).model_id


def _set_up(
    run: RunFolder, recipe: Recipe, reporter: RunReporter, store: ModelStore, open_source: OpenSource
) -> engine.Engine:
    device = choose_device(recipe.training.device)
    cache = run.path / recipe.data.cache if recipe.data.cache else run.cache
    start = find_start_of(run, store)
    to_train, to_validate = _cases(run, recipe, start, cache, reporter)
    source = open_source(to_train, recipe, cache, reporter)
    checkpoints = Checkpoints(run.checkpoints)
    saved = checkpoints.newest(reporter, put_aside=True)
    curriculum, trace = _curriculum(recipe, to_train, source, held_back=[case.case_id for case in to_validate])
    network, cautions = make_network(recipe, start)
    if saved is None:
        for caution in (*cautions, *start_cautions(start, to_validate)):
            reporter.caution(caution)
        tell_plan(curriculum.description, reporter)
    stepper = Stepper(network, recipe, device)
    state = _state(run, recipe, saved, (stepper, curriculum, trace), reporter)
    checkpoints.remove_after(state.step)
    network_described = describe_network(recipe, start)
    return engine.Engine(
        recipe=recipe,
        state=state,
        stepper=stepper,
        curriculum=curriculum,
        trace=trace,
        feed=_feed(recipe, source, curriculum),
        validation=_validation(recipe, to_validate, network_described, device, reporter),
        probe=_probe(recipe, source, curriculum),
        checkpoints=checkpoints,
        teller=Teller(run, reporter, state, recipe),
        reporter=reporter,
        weights={case.case_id: case.weight for case in to_train},
    )


def _cases(
    run: RunFolder, recipe: Recipe, start: Start, cache: Path, reporter: RunReporter
) -> list[tuple[TrainingCase, ...]]:
    """Those to train with and those to validate with; for a refiner, with what the first stage finds in them."""
    listed = run.freeze_files(reporter)
    if not listed.of_role(TRAIN):
        raise Refusal("no-cases", "No case has the role 'train'", str(run.cases_file), "Freeze the cases again.")
    both = [listed.of_role(TRAIN), listed.of_role(VALIDATE)]
    if not recipe.data.prior:
        return both
    settings = EngineSettings(device=recipe.training.device)
    return [with_priors(cases, start.model, cache, settings, reporter) for cases in both]


def _open_patches(cases: Sequence[TrainingCase], recipe: Recipe, cache: Path, reporter: Reporter) -> PatchSource:
    return open_patches(cases, recipe.data, recipe.augmentation, cache, reporter=reporter)


def _curriculum(
    recipe: Recipe, cases: Sequence[TrainingCase], source: PatchSource, held_back: Sequence[str]
) -> tuple[Curriculum, DrawTrace]:
    """The curriculum over the training cases, and the empty trace of its draws. held_back: ids that only judge.

    Raises as `build_curriculum`; Refusal for a run without limit.
    """
    if recipe.unlimited and recipe.curriculum.name != VANILLA:
        raise Refusal(
            "curriculum-without-end",
            f"The curriculum '{recipe.curriculum.name}' is spread over the steps of a run, and this run has no limit",
            "training.steps",
            "Give the run a number of steps, or choose curriculum.name = 'vanilla'.",
        )
    scores = {case.case_id: case.score for case in cases if case.score is not None}
    listed = [_curriculum_case(case, source.facts(case.case_id), recipe) for case in cases]
    curriculum = build_curriculum(
        recipe.curriculum.name,
        listed,
        scores=scores or None,
        total_steps=_NO_END if recipe.unlimited else recipe.training.steps,
        seed=recipe.training.seed,
        **{"batch_size": recipe.training.batch, **without_held_back(recipe.curriculum.options, held_back)},
    )
    per_row = _STEPS_PER_ROW if recipe.unlimited else max(1, recipe.training.steps // _TRACE_ROWS)
    return curriculum, DrawTrace(curriculum.description, listed, scores=scores or None, steps_per_row=per_row)


def _curriculum_case(case: TrainingCase, facts: CaseFacts, recipe: Recipe) -> CurriculumCase:
    tumor = sum(
        voxels for voxels, each in zip(facts.foreground, recipe.data.classes, strict=True) if each.kind == "tumor"
    )
    volume_ml = tumor * math.prod(facts.spacing_mm) / 1000.0
    return CurriculumCase(case_id=case.case_id, stratum=case.stratum, empty=tumor == 0, volume_ml=volume_ml)


def _feed(recipe: Recipe, source: PatchSource, curriculum: Curriculum) -> Feed:
    training = recipe.training
    end = None if recipe.unlimited else training.steps
    return Feed(source, curriculum, training.seed, training.batch, recipe.data.workers, end)


def _probe(recipe: Recipe, source: PatchSource, curriculum: Curriculum) -> Probe | None:
    """Fixed crops of all ranked cases, where the recipe wants them and the curriculum learns from losses."""
    wanted = recipe.curriculum
    if not wanted.probe_every or not get_method(wanted.name).needs_losses:
        return None
    return Probe(source.plain(), curriculum.description.order, wanted.probe_crops, recipe.training.seed)


def _validation(
    recipe: Recipe, cases: Sequence[TrainingCase], network: Network, device: torch.device, reporter: RunReporter
) -> Validation | None:
    """Validation on the recipe's number of cases, spread evenly over the list; None when there are none."""
    if not cases:
        without_validation(reporter)
        return None
    count = min(recipe.validation.cases or len(cases), len(cases))
    chosen = [cases[number * len(cases) // count] for number in range(count)]
    half = choose_precision(recipe.training, device) != torch.float32
    settings = EngineSettings(device=str(device), precision="mixed" if half else "float32")
    validation = Validation(chosen, recipe.data, network, settings)
    validation.require_files()
    return validation


def _state(
    run: RunFolder,
    recipe: Recipe,
    saved: Saved | None,
    parts: tuple[Stepper, Curriculum, DrawTrace],
    reporter: RunReporter,
) -> RunState:
    """Where the run begins or goes on, with what the checkpoint holds put back into its parts. Raises as `_resumed`."""
    hashes = {"recipe_sha256": lasting_sha256(recipe), "cases_sha256": run.cases_sha256()}
    versions = {"python": software()["python"], **library_versions()}
    if saved is None:
        return RunState(rate=first_plan(recipe.training.steps), software=versions, **hashes)
    changed = bool(run.overrides() or run.identity().parent)
    state = engine.restore(saved, *parts, override=changed)
    _tell_other_software(state.software, versions, reporter)
    return replace(_resumed(run, recipe, state, hashes, reporter), software=versions)


def _tell_other_software(before: Mapping[str, str], now: Mapping[str, str], reporter: RunReporter) -> None:
    """Say that the run would not repeat bit by bit: other versions may round otherwise."""
    names = sorted(before.keys() & now.keys())
    changed = [f"{name} {before[name]} then, {now[name]} now" for name in names if before[name] != now[name]]
    if changed:
        what = f"The run goes on with other software than it was trained with so far: {'; '.join(changed)}"
        reporter.caution(Caution("software-changed", what, "checkpoints"))


def _resumed(
    run: RunFolder, recipe: Recipe, state: RunState, hashes: Mapping[str, str], reporter: RunReporter
) -> RunState:
    """The state that the run goes on with, after what was changed since.

    Raises:
        Refusal: cases or recipe are not those that the checkpoint was trained with.
    """
    for name, file in (("cases_sha256", run.cases_file), ("recipe_sha256", run.recipe_file)):
        if getattr(state, name) != hashes[name]:
            raise Refusal(
                "another-run",
                f"{file.name} is not what this run was trained with; results would not belong together",
                str(file),
                "Restore the file, or fork the run with the changes: 'clips runs fork'.",
            )
    patience, steps = recipe.validation.patience, recipe.training.steps
    state = replace(state, finished=bool(patience) and state.waited >= patience)
    if state.finished and (recipe.unlimited or steps > state.step):
        what = (
            f"Early stopping has ended this run at step {state.step}: {state.waited} validations without a better one"
        )
        reporter.caution(
            Caution("stopped-early", f"{what}; to go on, resume with another patience", "validation.patience")
        )
    if state.rate.phases[-1].end == steps:
        return state
    policies = [override.rate for override in run.overrides() if "training.steps" in override.changes]
    policy = (policies and policies[-1]) or "rescale"
    return replace(state, rate=state.rate.extended(state.step, steps, policy, recipe.optimizer))
