"""Pictures of the sections "Train", "Runs" and "Compare", for docs/training-panel.md. Called by screenshots.py.

Two small networks are trained for real, on images made on the spot.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

WIDTH = 470
_RECIPE = {"validation.every": "8", "training.device": "cpu", "optimizer.learning_rate": "0.003"}
_VIEW = (320, 320)


class TrainPictures:
    """host: of screenshots.py; folder: for what is made."""

    def __init__(self, host, folder: Path) -> None:
        import builders_train_panel
        import builders_training_panel

        os.environ["OMP_NUM_THREADS"] = "1"
        host.reset()
        self.host, self.folder = host, folder
        self.opened = builders_training_panel.TrainingPanel(host)
        self.sections = builders_train_panel.TrainSections(self.opened)
        self.cases = builders_train_panel.case_list(folder / "images", train=12, validate=6)
        self.opened.cases.ui.casesButton.collapsed = self.opened.review.ui.reviewButton.collapsed = True

    def planned(self):
        """A curriculum, with whom it will draw when."""
        train = self.sections.train
        self.sections.open(self.cases)
        train.ui.curriculumSelector.currentIndex = train.ui.curriculumSelector.findData("bootstrapping")
        self.sections.set({"training.steps": "2000"})
        return self._grab("planned", train.ui.trainButton)

    def training(self):
        """One run trains, another waits."""
        sections, runs = self.sections, self.sections.runs
        sections.train.ui.curriculumSelector.currentIndex = 0
        first = self._start(steps=60, seed=0)
        self.second = self._start(steps=40, seed=1)
        sections.host.wait_until(lambda: (first.status.facts.get("step") or 0) > 36, 300)
        runs.follower.look()
        runs.table.choose(first)
        sections.train.ui.trainButton.collapsed = True
        picture = self._grab("training", runs.ui.runsButton)
        runs.ui.runsButton.collapsed = True
        return picture

    def compared(self):
        """Both on the cases that they validated."""
        self.host.wait_until(lambda: self.second.status.ended, 900)
        self.sections.runs.follower.look()
        compare = self.sections.compare
        compare.ui.compareButton.collapsed = False
        compare.ui.comparisonTable.selectRow(0)
        return self._grab("compared", compare.ui.compareButton)

    def views(self):
        """A case side by side: the reference, and what both networks find."""
        import slicer
        from PIL import Image
        from slicer_host import views

        compare = self.sections.compare
        compare.ui.showCaseButton.click()
        self.host.wait_until(lambda: compare.case is not None, 120)
        names = [
            [f"CLIPS{column}{orientation}" for column in ("Reference", "A", "B")]
            for orientation in ("Axial", "Coronal")
        ]
        for name in (name for row in names for name in row):
            logic = slicer.app.layoutManager().sliceWidget(name).sliceLogic()
            logic.ResizeSliceNode(*_VIEW)
            logic.FitSliceToBackground()
        compare.case.showSideBySide()
        rows = [np.hstack([_framed(views.draw_slice(name, _VIEW), name) for name in row]) for row in names]
        return Image.fromarray(np.vstack(rows))

    def _start(self, steps: int, seed: int):
        import builders_train_panel

        self.sections.set({**builders_train_panel.TINY, **builders_train_panel.TINY_MORE, **_RECIPE})
        self.sections.set({"training.steps": str(steps), "training.seed": str(seed)})
        self.sections.train.ui.startButton.click()
        return self.sections.runs.table.chosen

    def _grab(self, name: str, section):
        """A section alone, cut out of the panel."""
        from PIL import Image

        path = self.host.screenshot(self.opened.widget, self.folder / f"{name}.png", WIDTH)
        self.host.check()
        with Image.open(path) as picture:
            top = section.mapTo(self.opened.widget.parent, section.rect.topLeft()).y()
            return picture.convert("RGB").crop((0, top - 6, WIDTH, top + section.height + 6))


def _framed(picture: np.ndarray, name: str) -> np.ndarray:
    """With a bar in the color of the view, as Slicer has it on top."""
    import slicer

    node = slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()
    color = np.uint8(255 * np.array(node.GetLayoutColor()))
    framed = np.full((picture.shape[0] + 18, picture.shape[1] + 8, 3), 255, np.uint8)
    framed[4:14, 4:-4] = color
    framed[14:-4, 4:-4] = picture[..., :3]
    return framed
