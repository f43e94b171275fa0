"""The sections "Train", "Runs" and "Compare" with small images, for tests that train for real: seconds each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import builders_run
import builders_training_panel
from CLIPSLib.training import write_cases

RUN_S = 180.0  # patience for a run on a loaded machine
TINY = {"name": "tiny", "data.use": "pet", "data.patch": "[16, 16, 16]", "validation.every": "0"}
TINY_MORE = {
    "data.spacing_mm": "",
    "data.workers": "0",
    "network.options": "{ filters = 8 }",
    "checkpoint.minutes": "0.0",
    "checkpoint.steps": "2",
}


def case_list(folder: Path, **counts: int) -> Path:
    """A `cases.json` of small images with known lesions; the later ones are harder."""
    made = builders_run.cases(folder, **counts)
    scored = tuple(replace(case, score=float(number)) for number, case in enumerate(made.cases))
    return write_cases(folder / "cases.json", replace(made, cases=scored))


def finished_run(folder: Path, cases: Path, **values):
    """A run that is trained at once, in this process; gives its folder. values: as `builders_run.run`."""
    import torch
    from CLIPSLib.jobs import run_job
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.tasks.verbs import VERBS
    from CLIPSLib.training import read_cases
    from CLIPSLib.training.overrides import with_values

    torch.set_num_threads(1)  # more only wait for each other on small images
    recipe = with_values(builders_run.TINY, {name.replace("__", "."): value for name, value in values.items()})
    create_run(folder, recipe, read_cases(cases))
    assert run_job(folder, lambda: VERBS) == 0, (folder / "status.json").read_text()
    return folder


def small_experiment(folder: Path) -> Path:
    """An experiment of two arms, self-paced learning and none, one fold, one seed, two steps; returns its folder."""
    from CLIPSLib.experiments import Arm, Design
    from CLIPSLib.tasks.experiment_new import design_toml
    from CLIPSLib.training.recipe_toml import recipe_toml

    case_list(folder, train=2, validate=2)
    design = Design(
        name=folder.name,
        question="Does order matter?",
        folds=2,
        use_folds=(0,),
        seeds=(0,),
        steps=2,
        at_once=2,
        arms=(Arm(name="vanilla", curriculum="vanilla"), Arm(name="paced", curriculum="self-paced")),
    )
    (folder / "experiment.toml").write_text(design_toml(design), encoding="utf-8")
    (folder / "recipe.toml").write_text(recipe_toml(builders_run.TINY), encoding="utf-8")
    return folder


class TrainSections:
    """What a user does in the sections, on a panel that is open."""

    def __init__(self, opened: builders_training_panel.TrainingPanel) -> None:
        self.opened, self.host = opened, opened.host
        self.panel = opened.panel
        self.train, self.runs, self.compare = self.panel.train, self.panel.runs, self.panel.compare

    def open(self, cases: Path) -> None:
        """Open the section and choose a list of cases."""
        self.train.ui.trainButton.collapsed = False
        with self.host.answering(str(cases)):
            self.train.ui.openCasesButton.click()

    def set(self, values: dict[str, str]) -> None:
        """Type or choose values of the recipe, by dotted name."""
        for name, value in values.items():
            form = self.train.main if name in self.train.main.names else self.train.more
            field = form.field(name)
            if hasattr(field, "findData"):
                field.currentIndex = field.findData(value)
            else:
                field.text = value
        self.train.preview()

    def start(self, steps: int = 6):
        """Press Start with a tiny recipe; returns the run."""
        self.set({**TINY, **TINY_MORE, "training.steps": str(steps)})
        self.train.ui.startButton.click()
        return self.runs.table.chosen

    def state(self, run) -> str:
        """How the panel says that a run stands."""
        return self.row(run)[1]

    def wait_for(self, run, *states: str) -> None:
        """Keep Slicer alive until the panel shows one of these states; not for a run that ended otherwise."""
        self.host.wait_until(lambda: self.state(run) in states or run.status.ended, RUN_S)
        self.runs.follower.look()
        assert self.state(run) in states, (
            f"{self.state(run)}: {self.runs.ui.runStage.text} {self.runs.ui.runMessage.text}"
        )

    def press(self, run, name: str) -> None:
        """Choose a run and press the button of this name."""
        self.runs.table.choose(run)
        getattr(self.runs.ui, name).click()

    def row(self, run) -> list[str]:
        """A run's row as text."""
        self.runs.table.choose(run)
        table = self.runs.ui.runTable
        return [table.item(table.currentRow(), column).text() for column in range(table.columnCount)]
