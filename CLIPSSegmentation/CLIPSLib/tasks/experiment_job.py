"""An experiment as a background job: its runs, then its result. `run_job` is the verb "experiment" (see `verbs`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import UsageError
from CLIPSLib.jobs import JobReporter
from CLIPSLib.tasks.experiment import open_experiment
from CLIPSLib.tasks.experiment_runs import FINISHED, run_experiment

VERB = "experiment"
_ARGUMENTS = {"folder", "at_once", "retry_failed"}


def run_job(arguments: Mapping[str, Any], reporter: JobReporter) -> dict[str, Any]:
    """Carry out all runs of an experiment and, when they are finished, analyze them and write the report.

    arguments: "folder" (absolute), "at_once", "retry_failed": as `run_experiment`. Cancelling or stopping this job asks
    the running runs to save and stop. Returns {"folder", "runs": state -> count, "report"}.

    Raises:
        UsageError: an argument is missing or unknown. Otherwise as `run_experiment`, `write_result`.
    """
    if strangers := sorted(set(arguments) - _ARGUMENTS) or sorted({"folder"} - set(arguments)):
        raise UsageError("arguments", f"The job 'experiment' takes {', '.join(sorted(_ARGUMENTS))}: '{strangers[0]}'")
    experiment = open_experiment(Path(arguments["folder"]))
    states = run_experiment(
        experiment,
        reporter,
        at_once=arguments.get("at_once"),
        retry_failed=bool(arguments.get("retry_failed", False)),
        stopping=reporter.take_stop_request,
    )
    counts = Counter(state.state for state in states)
    result = {"folder": str(experiment.folder), "runs": dict(counts), "report": None}
    if counts[FINISHED] == len(states):
        from CLIPSLib.tasks.experiment_result import write_result

        result["report"] = str(write_result(experiment, reporter=reporter, overwrite=True))
    return result
