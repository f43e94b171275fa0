"""An experiment as the panel tells it: the verdict of each curriculum, or how far its runs are. Knows no widget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
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

    def runs(self) -> list[TrainingRun]:
        """The finished runs of the arms."""
        from CLIPSLib.jobs import open_job
        from CLIPSLib.tasks.experiment_runs import FINISHED, run_states

        from CLIPSTrainingLib.TrainingRuns import TrainingRun

        states = [each for each in run_states(self._experiment) if each.state == FINISHED and each.run.part is None]
        return [TrainingRun(open_job(each.folder)) for each in states]

    def text(self) -> str:
        """The verdicts with their reasons, or how many runs are done (rich text).

        Raises:
            ClipsError: the result is damaged.
        """
        from CLIPSLib.files import read_json
        from CLIPSLib.tasks.experiment_result import FORMAT, VERSION

        result = self._experiment.result / "result.json"
        if not result.exists():
            return self._progress()
        document = read_json(result, format_name=FORMAT, version=VERSION)
        lines = [f"<b>{escape(self._experiment.design.question or self._experiment.design.name)}</b>"]
        if document["exploratory"]:
            lines.append(_("Exploratory: too few runs to tell an effect from luck."))
        return "<br>".join([*lines, *map(_verdict, document["families"])])

    def _progress(self) -> str:
        from CLIPSLib.tasks.experiment_runs import run_states

        counts = Counter(state.state for state in run_states(self._experiment))
        told = ", ".join(f"{state}: {count}" for state, count in counts.items())
        name = escape(self._experiment.design.question or self._experiment.design.name)
        return f"<b>{name}</b><br>" + _("No result yet. Runs {counts}.").format(counts=told)


def _verdict(family: Mapping[str, Any]) -> str:
    judgement = family["judgement"]
    reasons = " ".join(map(escape, judgement["reasons"]))
    return f"<b>{escape(family['arm'])}: {escape(judgement['verdict'])}.</b> {reasons}"
