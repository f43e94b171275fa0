"""An experiment as the panel tells it: the verdict of each curriculum, or how far its runs are. Knows no widget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSTrainingLib.TrainingRuns import TrainingRun


class ExperimentView:
    """folder: of the experiment. Raises ClipsError: no experiment there, or a damaged one."""

    def __init__(self, folder: str | Path) -> None:
        from CLIPSLib.tasks.experiment import open_experiment

        self._experiment = open_experiment(folder)
        self.folder: Path = self._experiment.folder

    def report(self, language: str) -> Path | None:
        """The page in a language ("fr", or any other for English), None while there is none."""
        from CLIPSLib.tasks.experiment_result import PAGES

        page = self._experiment.result / PAGES.get(language, PAGES["en"])
        return page if page.exists() else None

    @property
    def status(self) -> JobStatus | None:
        """How the job that carries it out stands, None before there was one."""
        from CLIPSLib.jobs import open_job

        folder = self.folder / "job"
        return open_job(folder).status() if (folder / "job.json").exists() else None

    @property
    def running(self) -> bool:
        return self.status is not None and not self.status.ended

    def start(self) -> None:
        """Carry out what is not done yet, in the background. Runs that failed are tried again.

        Raises:
            Refusal: unfair, or changed since it was frozen; it runs already.
        """
        from CLIPSLib.tasks.experiment_job import start_experiment

        start_experiment(self._experiment, retry_failed=True)

    def stop(self) -> None:
        """Ask all its runs to save and stop; `start` goes on from there."""
        from CLIPSLib.jobs import open_job

        open_job(self.folder / "job").ask_stop()

    def runs(self) -> list[TrainingRun]:
        """The finished runs of the arms."""
        from CLIPSLib.jobs import open_job
        from CLIPSLib.tasks.experiment_runs import FINISHED, run_states

        from CLIPSTrainingLib.TrainingRuns import TrainingRun

        states = [each for each in run_states(self._experiment) if each.state == FINISHED and each.run.part is None]
        return [TrainingRun(open_job(each.folder)) for each in states]

    def text(self) -> str:
        """The verdicts with their reasons, or how many runs are done, and what stopped it (rich text).

        Raises:
            ClipsError: the result is damaged.
        """
        from CLIPSLib.jobs.status import error_from

        design, status = self._experiment.design, self.status
        lines = [f"<b>{escape(design.question or design.name)}</b>"]
        if status is not None and not status.ended:
            lines += [*self._progress(), f"{escape(status.stage)} ({100 * status.fraction:.0f} %)"]
        else:
            lines += self._verdicts() or self._progress()
        if status is not None and status.error is not None:
            lines.append(escape(str(error_from(status.error))))
        return "<br>".join(lines)

    def _verdicts(self) -> list[str]:
        from CLIPSLib.files import read_json
        from CLIPSLib.tasks.experiment_result import FORMAT, VERSION

        result = self._experiment.result / "result.json"
        if not result.exists():
            return []
        document = read_json(result, format_name=FORMAT, version=VERSION)
        exploratory = [_("Exploratory: too few runs to tell an effect from luck.")] if document["exploratory"] else []
        return [*exploratory, *map(_verdict, document["curricula"])]

    def _progress(self) -> list[str]:
        from CLIPSLib.tasks.experiment_runs import run_states

        counts = Counter(state.state for state in run_states(self._experiment))
        return [_("Runs: {counts}.").format(counts=", ".join(f"{n} {state}" for state, n in counts.items()))]


def _verdict(curriculum: Mapping[str, Any]) -> str:
    reasons = " ".join(map(escape, curriculum["reasons"]))
    return f"<b>{escape(curriculum['arm'])}: {escape(curriculum['verdict'])}.</b> {reasons}"
