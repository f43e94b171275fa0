"""The tasks that can be background jobs, by the verb in `job.json`. Read by `CLIPSLib.__main__`.

A task takes the arguments of the job and a reporter, and returns what there is to know of its result as JSON values.
"""

from __future__ import annotations

from CLIPSLib.tasks import (
    advance_job,
    check_job,
    experiment_job,
    freeze_job,
    install_job,
    run_predictions,
    segment_job,
    train_job,
)

VERBS = {
    "segment": segment_job.run_job,
    train_job.VERB: train_job.run_job,
    check_job.VERB: check_job.run_job,
    freeze_job.VERB: freeze_job.run_job,
    advance_job.VERB: advance_job.run_job,
    install_job.VERB: install_job.run_job,
    experiment_job.VERB: experiment_job.run_job,
    run_predictions.VERB: run_predictions.run_job,
}
