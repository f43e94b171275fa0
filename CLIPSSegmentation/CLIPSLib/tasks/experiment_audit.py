"""Are the runs those of the frozen design, unchanged? Looked at whenever a result is made.

What cannot be believed is refused by name; what readers must know becomes a deviation. Called by
`experiment_result.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments import Deviation
from CLIPSLib.files import sha256_file
from CLIPSLib.schema import load_toml
from CLIPSLib.tasks.experiment import Experiment
from CLIPSLib.tasks.experiment_inputs import inputs_of
from CLIPSLib.tasks.experiment_ledger import FinishedRun, read_ledger
from CLIPSLib.tasks.experiment_runs import RunState
from CLIPSLib.training import CaseList, Recipe
from CLIPSLib.training.overrides import changes_of
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table

_PLACES = ("data.cache", "data.cases")  # where files lie changes when a folder is moved
_HARMLESS = (*_PLACES, "title", "license", "data.workers", "checkpoint.minutes", "checkpoint.steps")
_HARMLESS += ("checkpoint.keep_every",)


def audit_runs(experiment: Experiment, finished: Sequence[RunState]) -> tuple[Deviation, ...]:
    """What readers must know of the finished runs.

    Raises:
        Refusal: a run is not the one that was designed (recipe, cases, order, beginning), did not test the cases of its
            fold, or its scores were changed after it ended.
    """
    ledger = read_ledger(experiment)
    found: list[Deviation] = []
    for state in finished:
        run = RunFolder(state.folder)
        _require_designed(state, run, experiment)
        _require_own_scores(state, run, ledger)
        found += _overrides(state, run)
        found += _repeated(state, ledger)
    _require_one_beginning(finished)
    unrecorded = {state.run.name for state in finished} - {line.run for line in ledger}
    if unrecorded:
        what = f"{len(unrecorded)} runs have no entry in ledger.jsonl: nobody can tell whether they were repeated."
        found.append(Deviation(code="no-record", what=what, values={"runs": len(unrecorded)}))
    names = {state.run.name for state in finished}
    return (*found, *machines_of(line for line in ledger if line.run in names))


def tested_on(experiment: Experiment) -> dict[str, str]:
    """Programs and processors of the finished runs: name -> version, several where they differ."""
    found: dict[str, set[str]] = {}
    for line in _latest(read_ledger(experiment)):
        for name, value in line.machine.items():
            found.setdefault(name, set()).add(value)
    return {name: " and ".join(sorted(values)) for name, values in found.items()}


def _require_designed(state: RunState, run: RunFolder, experiment: Experiment) -> None:
    recipe, cases = inputs_of(state.run, experiment)
    changes = changes_of(recipe, load_toml(run.recipe_file, Recipe))
    differs = [name for name in changes if name not in _PLACES and not _same_start(name, *changes[name])]
    if differs:
        planned, was = changes[differs[0]]
        raise _not_designed(state, f"{differs[0]} was {was} instead of {planned}")
    if not same_cases(run.cases(), cases):
        raise _not_designed(state, "its cases, their parts or their difficulty are others")
    if run.recipe().training.steps != recipe.training.steps:
        raise _not_designed(state, f"it was given {run.recipe().training.steps} steps while it ran")
    if run.identity().parent:
        raise _not_designed(state, "it went on from another run")
    if state.run.part is None:
        expected = {case for case, fold in experiment.folds.items() if fold == state.run.fold}
        rows = read_table(run.validation)
        last = max((int(row["step"]) for row in rows), default=0)
        if {row["case"] for row in rows if int(row["step"]) == last} != expected:
            raise _not_designed(state, "its scores are not those of the cases of its fold")


def _same_start(name: str, planned: Any, was: Any) -> bool:
    """A run adds the version to the name of a model; a weight file moves with its folder, and its hash is frozen."""
    return name == "network.start" and (was.partition("@")[0] == planned or Path(was).name == Path(planned).name)


def _require_one_beginning(finished: Sequence[RunState]) -> None:
    """Another model may be installed under a name while an experiment runs."""
    for state in finished[1:]:
        first, this = (RunFolder(each.folder).identity() for each in (finished[0], state))
        if this.start != first.start:
            raise _not_designed(state, f"it began from other weights than {finished[0].run.name}")


def _not_designed(state: RunState, why: str) -> Refusal:
    return Refusal(
        "another-run",
        f"The run {state.run.name} is not the one that was designed: {why}",
        str(state.folder),
        "Delete this run's folder and repeat it: clips experiment run.",
    )


def same_cases(was: CaseList, planned: CaseList) -> bool:
    """Whether a run has the planned cases, in their parts, in their order.

    Hashes that a list lacks are put into the run's own; the last digits of a score are those of a processor.
    """
    found = {case.case_id: case for case in was.cases}
    return found.keys() == {case.case_id for case in planned.cases} and all(
        found[case.case_id].role == case.role
        and _same_score(found[case.case_id].score, case.score)
        and dict(case.sha256).items() <= dict(found[case.case_id].sha256).items()
        for case in planned.cases
    )


def _same_score(was: float | None, planned: float | None) -> bool:
    if was is None or planned is None:
        return was is planned
    return math.isclose(was, planned, rel_tol=1e-9, abs_tol=1e-12)


def _require_own_scores(state: RunState, run: RunFolder, ledger: Iterable[FinishedRun]) -> None:
    run_id = run.identity().run_id
    for line in ledger:
        if (line.run, line.run_id) == (state.run.name, run_id) and line.scores_sha256 != sha256_file(run.validation):
            raise Refusal(
                "scores-changed",
                f"The scores of {state.run.name} are not those that it ended with on {line.utc}",
                str(run.validation),
                "Restore the file, or delete this run's folder and repeat it.",
            )


def _overrides(state: RunState, run: RunFolder) -> Iterable[Deviation]:
    for override in run.overrides():
        for name, (old, new) in override.changes.items():
            if name in _HARMLESS:
                continue
            values: Mapping[str, Any] = {"run": state.run.name, "field": name, "old": old, "new": new}
            what = f"{state.run.name}: {name} was changed from {old} to {new} while it ran."
            yield Deviation(code="override", what=what, values=values)


def _repeated(state: RunState, ledger: Iterable[FinishedRun]) -> Iterable[Deviation]:
    times = len({line.run_id for line in ledger if line.run == state.run.name})
    if times > 1:
        what = f"{state.run.name} was finished {times} times: its folder was deleted and it was trained again."
        yield Deviation(code="repeated", what=what, values={"run": state.run.name, "times": times})


def _latest(ledger: Iterable[FinishedRun]) -> Iterable[FinishedRun]:
    """Without trainings that were deleted and made anew: their machines made none of the scores."""
    return {line.run: line for line in ledger}.values()


def machines_of(ledger: Iterable[FinishedRun]) -> Iterable[Deviation]:
    """A deviation where runs were made on machines or with programs that differ."""
    machines = {tuple(sorted(line.machine.items())) for line in _latest(ledger)}
    if len(machines) > 1:
        what = f"The runs were not all made with the same programs and processor: {len(machines)} kinds of machine."
        yield Deviation(code="machines", what=what, values={"machines": len(machines)})
