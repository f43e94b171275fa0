"""The winner of an experiment as an installed model: the networks of its folds, which vote.

Called by the panel's *Use* and by `clips experiment install`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.experiments import Analysis, Arm, Design, PlannedRun, Verdict
from CLIPSLib.models import InstalledModel, ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.experiment import Experiment, open_experiment
from CLIPSLib.tasks.experiment_runs import FINISHED, run_states

_HELPING = (Verdict.HELPS, Verdict.POOL_HELPS)


def winner(analysis: Analysis, design: Design) -> str:
    """The arm to use: of the curricula that beat training without one, the one that gained most; else vanilla.

    The arm with the highest mean is not the winner when its lead may be luck: what needs no curriculum then wins.
    """
    helping = [family for family in analysis.families if family.judgement.verdict in _HELPING]
    if helping:
        return max(helping, key=lambda family: family.primary["vanilla"].benefit[0]).arm
    return design.vanilla.name


def install_winner(
    experiment_folder: str | Path,
    arm: str | None = None,
    *,
    name: str | None = None,
    store: ModelStore | None = None,
    reporter: Reporter = SILENT,
) -> InstalledModel:
    """Install the networks of all folds of one arm, trained with the same seed, as one model that votes.

    arm: None: the `winner`. name: of the model; None: "<experiment>-<arm>". The seed is the first that the arm finished
    in all folds: not the best one, which would be luck. Of a cascade only one network can be replaced: the one of the
    first fold. Weights are those that the experiment tested. What is installed already is given back as it is.

    Raises:
        UsageError: no such arm. Refusal: a run of it is not finished in any seed, or, without `arm`, a run of the
            experiment is not. Failure: a checkpoint cannot be read, disk full. Cancelled.
    """
    from CLIPSLib.training.export import NO_BEST, export_model

    experiment = open_experiment(experiment_folder)
    chosen = _chosen(experiment, arm)
    runs = _finished_folds(experiment, chosen)
    if experiment.recipe.network.name.startswith("tmtvnet"):
        runs = runs[:1]
    store = store or ModelStore()
    voting = f"{len(runs)} networks that vote" if len(runs) > 1 else "one network"
    with tempfile.TemporaryDirectory(prefix="clips-winner-") as temporary:
        try:
            described = export_model(
                [experiment.runs / run.name for run in runs],
                Path(temporary) / "model",
                which=experiment.design.checkpoint,
                name=name or f"{experiment.design.name[:31]}-{chosen.name[:31]}",
                title=f"Experiment {experiment.design.name}, arm {chosen.name}: {voting}",
                store=store,
                reporter=reporter,
            )
        except Failure as error:
            if error.code != NO_BEST:
                raise
            remedy = "Restore the file (other weights were not tested), or choose another arm: --arm NAME."
            raise Failure(error.code, error.what, error.where, remedy) from error
        if store.has(described.model_id):
            return store.get(described.model_id)
        return store.install(Path(temporary) / "model", reporter=reporter)[0]


def _chosen(experiment: Experiment, name: str | None) -> Arm:
    from CLIPSLib.tasks.experiment_result import analyze_experiment, collect

    design = experiment.design
    if name is None:
        _require_all_finished(experiment)
        name = winner(analyze_experiment(experiment, collect(experiment))[1], design)
    known = [arm.name for arm in design.arms]
    if name not in known:
        raise UsageError("no-such-arm", f"There is no arm '{name}'", "arm", f"Choose one of: {', '.join(known)}.")
    return design.arm(name)


def _require_all_finished(experiment: Experiment) -> None:
    """Who leads before the end may not be who wins."""
    states = [state for state in run_states(experiment) if state.run.part is None]
    if unfinished := [state for state in states if state.state != FINISHED]:
        raise Refusal(
            "unfinished-experiment",
            f"{len(unfinished)} of {len(states)} runs are not finished: which arm is the winner is not known",
            str(experiment.folder),
            "Let them finish (clips experiment run), or choose the arm: --arm NAME.",
        )


def _finished_folds(experiment: Experiment, arm: Arm) -> list[PlannedRun]:
    """The runs of the first seed that is finished in every fold."""
    states = [state for state in run_states(experiment) if state.run.part is None and state.run.arm == arm.name]
    for seed in experiment.design.seeds:
        of_seed = [state for state in states if state.run.seed == seed]
        if all(state.state == FINISHED for state in of_seed):
            return [state.run for state in of_seed]
    first = next(state for state in states if state.state != FINISHED)
    raise Refusal(
        "unfinished-arm",
        f"Arm '{arm.name}' has no seed with all folds finished; the run {first.run.name} is {first.state}",
        str(experiment.folder),
        "Let the runs finish: clips experiment run.",
    )
