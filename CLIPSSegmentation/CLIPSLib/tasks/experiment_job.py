"""An experiment as a background job: its runs, then its result. `run_job` is the verb "experiment" (see `verbs`)."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.jobs import Job, JobReporter, create_job, launch_job, open_job
from CLIPSLib.locks import only_one
from CLIPSLib.tasks.experiment import Experiment, freeze_experiment, open_experiment
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


def start_experiment(experiment: Experiment, *, at_once: int | None = None, retry_failed: bool = False) -> Job:
    """Start the job of an experiment in `<folder>/job`, or again when it ended before; does not wait for it.

    Raises:
        Refusal: it runs already; unfair, or changed since it was frozen.
    """
    folder = experiment.folder / "job"
    arguments = {"folder": str(experiment.folder), "at_once": at_once, "retry_failed": retry_failed}
    with only_one(experiment.folder / ".start", wait_s=10.0):  # two that start at once must not both find it ended
        if (folder / "job.json").exists() and not open_job(folder).status().ended:
            raise Refusal("job-running", "The experiment is running already", str(folder), "Wait for it, or stop it.")
        freeze_experiment(experiment)  # said here and now rather than in a log
        if folder.exists():
            shutil.rmtree(folder)
        job = create_job(folder, VERB, arguments)
        launch_job(job)
    return job
