"""An experiment as the panel tells it: the verdict of each curriculum, or how far its runs are. Knows no widget."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSTrainingLib.TrainingRuns import TrainingRun


# told apart by people who do not see all colors (Okabe and Ito 2008); the first is for what is compared with
_COLORS = ("#737373", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a curriculum gained over training without one, with its interval, in the unit of the endpoint."""

    arm: str
    mean: float
    low: float
    high: float


class ExperimentView:
    """folder: of the experiment. Raises ClipsError: no experiment there, or a damaged one."""

    def __init__(self, folder: str | Path) -> None:
        from CLIPSLib.tasks.experiment import open_experiment

        self._experiment = open_experiment(folder)
        self.folder: Path = self._experiment.folder
        self._result: tuple[int, Mapping[str, Any]] | None = None  # as read, and when it was written

    def report(self, language: str) -> Path | None:
        """The page in a language ("fr", or any other for English), None while there is none."""
        from CLIPSLib.tasks.experiment_result import PAGES

        page = self._experiment.result / PAGES.get(language, PAGES["en"])
        return page if page.exists() else None

    @property
    def status(self) -> JobStatus | None:
        """How the job that carries it out stands, None before there was one; a damaged one is lost, and says why."""
        from CLIPSLib import ClipsError
        from CLIPSLib.jobs import JobStatus, open_job
        from CLIPSLib.jobs.status import LOST

        folder = self.folder / "job"
        if not (folder / "job.json").exists():
            return None
        try:
            return open_job(folder).status()
        except ClipsError as error:
            return JobStatus(state=LOST, error=error.as_dict())

    @property
    def running(self) -> bool:
        return self.status is not None and not self.status.ended

    @property
    def hasResult(self) -> bool:
        """Whether it was analyzed."""
        return (self._experiment.result / "result.json").exists()

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
            lines.append(f"{escape(status.stage)} ({100 * status.fraction:.0f} %)")  # one file, not one per run
        else:
            lines += self._verdicts() or self._progress()
        if status is not None and status.error is not None:
            lines.append(escape(str(error_from(status.error))))
        return "<br>".join(lines)

    def gains(self) -> list[Gain]:
        """Of each curriculum, by the endpoint that was chosen beforehand; [] while there is no result.

        Raises:
            ClipsError: the result is damaged.
        """
        found = []
        for curriculum in (self.result or {}).get("curricula", ()):
            rows = [row for row in curriculum["contrasts"] if row["kind"] == "primary" and row["role"] == "vanilla"]
            for row in rows:
                sign = 1 if row["higher_is_better"] else -1
                low, high = sorted((sign * row["low"], sign * row["high"]))
                found.append(Gain(arm=curriculum["arm"], mean=sign * row["mean"], low=low, high=high))
        return found

    def curves(self) -> dict[str, tuple[list[int], list[float]]]:
        """Of each arm, the mean Dice of all its runs by step; {} while there is no result."""
        from CLIPSLib.training.tables import read_table

        if self.result is None:
            return {}
        values: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in read_table(self._experiment.result / "curves.csv"):
            if row["dice"]:
                values[row["arm"]][int(row["step"])].append(float(row["dice"]))
        return {
            arm: (sorted(steps), [sum(steps[step]) / len(steps[step]) for step in sorted(steps)])
            for arm, steps in values.items()
        }

    @property
    def result(self) -> Mapping[str, Any] | None:
        """What was analyzed (result.json), None while there is nothing. Raises ClipsError: damaged."""
        from CLIPSLib.files import read_json
        from CLIPSLib.tasks.experiment_result import FORMAT, VERSION

        if not self.hasResult:
            return None
        path = self._experiment.result / "result.json"
        written = path.stat().st_mtime_ns
        if self._result is None or self._result[0] != written:
            self._result = (written, read_json(path, format_name=FORMAT, version=VERSION))
        return self._result[1]

    def _verdicts(self) -> list[str]:
        document = self.result
        if document is None:
            return []
        exploratory = [_("Exploratory: too few runs to tell an effect from luck.")] if document["exploratory"] else []
        numbered = enumerate(document["curricula"], start=1)
        return [*exploratory, *(_verdict(number, curriculum) for number, curriculum in numbered)]

    def _progress(self) -> list[str]:
        from CLIPSLib.tasks.experiment_runs import run_states

        counts = Counter(state.state for state in run_states(self._experiment))
        return [_("Runs: {counts}.").format(counts=", ".join(f"{n} {state}" for state, n in counts.items()))]


def _verdict(number: int, curriculum: Mapping[str, Any]) -> str:
    """number: of its bar in the chart of gains, whose color it has."""
    reasons = " ".join(map(escape, curriculum["reasons"]))
    color = _COLORS[number % len(_COLORS)]
    told = f"{number}. {escape(curriculum['arm'])}: {escape(curriculum['verdict'])}."
    return f"<font color='{color}'>■</font> <b>{told}</b> {reasons}"


def armColor(number: int) -> tuple[float, float, float]:
    """RGB, 0 to 1, of the curriculum with this number; 0: an arm that curricula are compared with."""
    text = _COLORS[number % len(_COLORS)]
    return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
