"""The result of an experiment: scores of all finished runs, analyzed, as tables and as pages in two languages.

    result/scores.csv contrasts.csv arms.csv costs.csv cases.csv curves.csv draws.csv result.json
    result/report.html rapport.html

Called by the job "experiment" and by `clips experiment report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.experiments import (
    Analysis,
    ArmCost,
    CaseScore,
    Curve,
    Deviation,
    Frozen,
    PlannedRun,
    analyze,
    case_scores,
    learning_curve,
)
from CLIPSLib.files import write_json, write_text
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.report.experiment import ExperimentPage, write_experiment_page
from CLIPSLib.tasks.experiment import Experiment, deviations_of, require_frozen
from CLIPSLib.tasks.experiment_audit import audit_runs, tested_on
from CLIPSLib.tasks.experiment_facts import case_facts, diagonals_mm
from CLIPSLib.tasks.experiment_inputs import reviewers
from CLIPSLib.tasks.experiment_pictures import hard_patients
from CLIPSLib.tasks.experiment_runs import FINISHED, RunState, all_ended, run_states
from CLIPSLib.tasks.experiment_tables import analysis_document, result_tables
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table
from CLIPSLib.training.traces import RunTrace, read_trace

FORMAT, VERSION = "clips-experiment-result", 1
PAGES = {"en": "report.html", "fr": "rapport.html"}


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What the finished runs of the arms left. traces: of each run, what it really drew. finished: no run is still to
    come, though some may have failed. deviations: what the runs themselves did that was not designed."""

    scores: tuple[CaseScore, ...]
    curves: tuple[Curve, ...]
    traces: dict[PlannedRun, RunTrace]
    costs: dict[str, ArmCost]
    finished: bool
    deviations: tuple[Deviation, ...]


def collect(experiment: Experiment) -> Collected:
    """Read the tables of all finished runs.

    Raises:
        Refusal: a run lacks the scores of the step that is tested, or cannot be believed (`audit_runs`).
    """
    states = run_states(experiment)
    deviations = audit_runs(experiment, [state for state in states if state.state == FINISHED])
    finished = [state for state in states if state.state == FINISHED and state.run.part is None]
    diagonals = diagonals_mm(experiment)
    scores: list[CaseScore] = []
    curves, traces = [], {}
    for state in finished:
        folder = RunFolder(state.folder)
        rows = read_table(folder.validation)
        scores += case_scores(
            state.run, rows, _tested_step(state, experiment), diagonals_mm=diagonals, horizon=experiment.design.steps
        )
        curves.append(learning_curve(state.run, rows))
        traces[state.run] = read_trace(folder.trace)
    costs = {arm.name: _cost(arm.name, finished, experiment) for arm in experiment.design.arms}
    return Collected(
        scores=tuple(scores),
        curves=tuple(curves),
        traces=traces,
        costs=costs,
        finished=all_ended(states, experiment),
        deviations=deviations,
    )


def analyze_experiment(experiment: Experiment, collected: Collected) -> tuple[Frozen, Analysis]:
    """What was decided beforehand, and what the runs say. Raises Refusal: as `require_frozen`; as `analyze`."""
    frozen = require_frozen(experiment)
    return frozen, analyze(
        frozen.design,
        collected.scores,
        collected.curves,
        hard_cases=frozenset(frozen.hard_cases),
        costs=collected.costs,
        finished=collected.finished,
    )


def write_result(
    experiment: Experiment, *, reporter: Reporter = SILENT, overwrite: bool = False, pictures: bool = True
) -> Path:
    """Analyze, and write tables, `result.json` and the pages; gives the English page.

    pictures: predict the hardest patients with the networks of one fold and show them.

    Raises:
        Refusal: nothing can be compared yet; the result is there and `overwrite` is False. Failure: disk full.
    """
    collected = collect(experiment)
    frozen, analysis = analyze_experiment(experiment, collected)
    facts = case_facts(experiment)
    tables = result_tables(collected.scores, collected.curves, collected.traces, analysis, facts, frozen.hard_cases)
    for name, text in tables.items():
        write_text(experiment.result / name, text, overwrite=overwrite)
    document = {"experiment_sha256": frozen.sha256, **analysis_document(analysis)}
    write_json(experiment.result / "result.json", document, format_name=FORMAT, version=VERSION, overwrite=overwrite)
    page = ExperimentPage(
        design=experiment.design,
        frozen=frozen,
        analysis=analysis,
        scores=collected.scores,
        curves=collected.curves,
        traces={(run.arm, run.fold, run.seed): trace for run, trace in collected.traces.items()},
        facts=facts,
        patients=hard_patients(experiment, analysis, reporter=reporter) if pictures else (),
        tables=tables,
        source=experiment.cases.source,
        environment=tested_on(experiment),
        deviations=(*deviations_of(experiment), *collected.deviations),
    )
    for language, name in PAGES.items():
        write_experiment_page(experiment.result / name, page, language=language, overwrite=overwrite)
    return experiment.result / PAGES["en"]


def _tested_step(state: RunState, experiment: Experiment) -> int:
    result = state.status.result
    return int(result["best_step"] if experiment.design.checkpoint == "best" else result["step"])


def _cost(arm: str, finished: Sequence[RunState], experiment: Experiment) -> ArmCost:
    own = [RunFolder(state.folder) for state in finished if state.run.arm == arm]
    design = experiment.design
    review = []
    if design.arm(arm).difficulty == "cross-review":
        review = [
            RunFolder(experiment.runs / run.name) for fold in design.run_folds for run in reviewers(fold, experiment)
        ]
    (steps, seconds), (review_steps, review_seconds) = _spent(own), _spent(review)
    return ArmCost(steps=steps, seconds=seconds, review_steps=review_steps, review_seconds=review_seconds)


def _spent(folders: Sequence[RunFolder]) -> tuple[int, float]:
    """Steps, and the seconds of them (waiting for data included)."""
    rows = [row for folder in folders for row in read_table(folder.metrics)]
    return len(rows), sum(float(row["seconds"]) for row in rows)
