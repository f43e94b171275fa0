"""A program that runs job folders, with tasks that behave well and badly. `python -m job_program JOB_FOLDER`."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

from CLIPSLib.errors import Caution, Question, Refusal
from CLIPSLib.jobs import Job, create_job, launch_job, run_job_process

FOLDER = Path(__file__).parent
PATIENCE_S = 60.0


def create(folder: Path, verb: str, **arguments) -> Job:
    return create_job(folder, verb, arguments)


def launch(job: Job, **options) -> None:
    launch_job(job, program="job_program", environment={"PYTHONPATH": str(FOLDER)}, **options)


def start(folder: Path, verb: str, **arguments) -> Job:
    job = create(folder, verb, **arguments)
    launch(job)
    return job


def wait_until(condition, timeout_s: float = PATIENCE_S) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


def wait_for_stage(job: Job, stage: str) -> None:
    wait_until(lambda: job.status().ended or job.status().stage == stage)
    assert job.status().stage == stage, job.status()


def polite(arguments, reporter):
    """Works for `seconds`, and checks all the time."""
    end = time.monotonic() + arguments.get("seconds", PATIENCE_S)
    reporter.caution(Caution("noisy", "The image is noisy", "series 3"))
    steps = 0
    while time.monotonic() < end:
        reporter.progress("Working", min(steps / 1000, 0.99))
        reporter.check()
        steps += 1
        time.sleep(0.01)
        if reporter.take_checkpoint_request():
            Path("checkpoint").write_text(str(steps))
    return {"steps": steps, "folder": os.getcwd()}


def deaf(arguments, reporter):
    """Never checks, and ignores what can be ignored."""
    reporter.progress("Deaf", 0.5)
    time.sleep(PATIENCE_S)
    return {}


def family(arguments, reporter):
    """Starts a child that starts a grandchild, whose numbers it tells in "family"; the child ends when told so."""
    code = (
        "import subprocess, sys, time\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(grandchild.pid, flush=True)\n"
        f"time.sleep({0 if arguments.get('orphan') else 600})"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    grandchild = child.stdout.readline().strip()
    if arguments.get("orphan"):
        child.wait()
    Path("family").write_text(f"{child.pid} {grandchild}")
    reporter.progress("Family", 0.5)
    time.sleep(PATIENCE_S)
    return {}


def refuse(arguments, reporter):
    raise Refusal("units", "Units is CNTS", "series 4", "Export the series again.")


def ask(arguments, reporter):
    raise Question("weight", "PatientWeight is missing", "series 4", key="weight_kg", unit="kg", choices=("70", "80"))


def crash(arguments, reporter):
    reporter.progress("Dividing", 0.5)
    return {"ratio": 1 / arguments["zero"]}


def eat_memory(arguments, reporter):
    raise MemoryError


def full_disk(arguments, reporter):
    """From now on no file can be made, as on a full disk."""

    def no_space(path, *args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    Path.write_text = no_space
    reporter.progress("Filling", 0.5)
    Path("result").write_text("much")


def not_json(arguments, reporter):
    return {"object": object()}


def where(arguments, reporter):
    """Tells where modules come from."""
    import random

    import CLIPSLib

    return {"core": CLIPSLib.__file__, "random": random.__file__, "path": sys.path}


TASKS = (polite, deaf, family, refuse, ask, crash, eat_memory, full_disk, not_json, where)
VERBS = {task.__name__: task for task in TASKS}


if __name__ == "__main__":
    sys.exit(run_job_process(sys.argv[1], lambda: VERBS))
