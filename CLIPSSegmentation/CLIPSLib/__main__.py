"""`python -m CLIPSLib JOB_FOLDER`: the process of a background job. Joins the rooms `jobs` and `tasks`, which do not
know each other. People use the command `clips`.
"""

from __future__ import annotations

import sys

from CLIPSLib.errors import UsageError
from CLIPSLib.jobs import run_job_process


def main(arguments: list[str]) -> int:
    """Carry out the job of a folder; returns the exit code."""
    if len(arguments) != 1:
        error = UsageError("usage", "Usage: python -m CLIPSLib JOB_FOLDER", "", "See docs/jobs.md.")
        print(error, file=sys.stderr)
        return error.exit_code
    return run_job_process(arguments[0], _verbs)


def _verbs():
    from CLIPSLib.tasks.verbs import VERBS

    return VERBS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
