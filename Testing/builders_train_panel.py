"""The sections "Train", "Runs" and "Compare" with small images, for tests that train for real: seconds each."""

from __future__ import annotations

from pathlib import Path

import builders_run
import builders_training_panel
from CLIPSLib.training import write_cases

RUN_S = 180.0  # patience for a run on a loaded machine
TINY = {"name": "tiny", "data.use": "pet", "data.patch": "[16, 16, 16]", "training.steps": "6"}
TINY_MORE = {
    "data.spacing_mm": "",
    "data.workers": "0",
    "network.options": "{ filters = 8 }",
    "checkpoint.minutes": "0.0",
    "checkpoint.steps": "2",
}


def case_list(folder: Path, **counts: int) -> Path:
    """A `cases.json` of small images with known lesions."""
    return write_cases(folder / "cases.json", builders_run.cases(folder, **counts))


class TrainSections:
    """What a user does in the sections, on a panel that is open."""

    def __init__(self, opened: builders_training_panel.TrainingPanel) -> None:
        self.host = opened.host
        self.panel = opened.panel
        self.train, self.runs, self.compare = self.panel.train, self.panel.runs, self.panel.compare

    def open(self, cases: Path) -> None:
        """Open the section and choose a list of cases."""
        self.train.ui.trainButton.collapsed = False
        with self.host.answering(str(cases)):
            self.train.ui.openCasesButton.click()
        self.set({**TINY, "validation.every": "0"}, TINY_MORE)

    def set(self, main: dict[str, str], more: dict[str, str] | None = None) -> None:
        """Type or choose values of the recipe."""
        for form, values in ((self.train.main, main), (self.train.more, more or {})):
            for name, value in values.items():
                field = form.field(name)
                if hasattr(field, "findData"):
                    field.currentIndex = field.findData(value)
                else:
                    field.text = value
        self.train.preview()

    def start(self):
        """Press Start; returns the run."""
        self.train.ui.startButton.click()
        return self.chosen

    @property
    def chosen(self):
        """The run whose row is selected."""
        return self.runs.table.chosen

    def state(self, run) -> str:
        """How the panel says that a run stands."""
        table = self.runs.ui.runTable
        self.runs.table.choose(run)
        return table.item(table.currentRow(), 1).text()

    def wait_for(self, run, *states: str) -> None:
        """Keep Slicer alive until the panel shows one of these states."""
        self.host.wait_until(lambda: self.state(run) in states, RUN_S)

    def row(self, run) -> list[str]:
        """A run's row as text."""
        self.runs.table.choose(run)
        table = self.runs.ui.runTable
        return [table.item(table.currentRow(), column).text() for column in range(table.columnCount)]
