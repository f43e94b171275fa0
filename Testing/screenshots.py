"""Pictures of the panels and of the views, for README and docs: `make screenshots`, or `python Testing/screenshots.py`.

A panel is drawn by Qt on the Slicer host (Testing/slicer_host), so that Slicer's own theme and icons are missing; the
views are drawn by Slicer's own displayable managers (slicer-core). What is shown is the whole-body phantom.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import screenshots_train
import screenshots_training

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURES = REPOSITORY / "Resources"
WIDTH = 460
sys.path[:0] = [str(REPOSITORY / "Testing"), str(REPOSITORY / "CLIPSSegmentation")]


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLIPS_HOME"] = f"{home}/data"
        import slicer_host
        from CLIPSLib import load_study, write_phantom

        host = slicer_host.start()
        write_phantom(f"{home}/phantom", preset="whole-body")
        study = load_study(f"{home}/phantom")
        states = Pictures(host, Path(home), study)
        columns = [states.asked(), states.running(), states.reviewed()]
        pictures = {"panel.png": columns[-1], "panel-states.png": side_by_side(columns), "views.png": states.views()}
        write_phantom(f"{home}/small", preset="small")
        training = screenshots_training.TrainingPictures(host, Path(home), study, load_study(f"{home}/small"))
        pictures["training-panel.png"] = side_by_side([training.unfinished(), training.rated()])
        pictures["training-views.png"] = training.views()
        trained = screenshots_train.TrainPictures(host, Path(home))
        pictures["train-panel.png"] = side_by_side([trained.planned(), trained.training(), trained.compared()])
        pictures["train-views.png"] = trained.views()
        for name, picture in pictures.items():
            picture.save(PICTURES / name, optimize=True)
            print(PICTURES / name)


class Pictures:
    """The panel in one state after another. study: what it shows."""

    def __init__(self, host, folder: Path, study) -> None:
        self.host, self.folder, self.study = host, folder, study

    def asked(self):
        """A study whose headers lack the patient's weight."""
        import builders_phantom

        folder = builders_phantom.make(self.folder / "without-weight")
        builders_phantom.edit_pet(folder, PatientWeight=None)
        opened = self._open()
        with self.host.answering(str(folder)):
            opened.ui.loadFolderButton.click()
        opened.ui.resultsButton.collapsed = True
        return self._grab(opened, "asked")

    def running(self):
        """One study is being segmented, a second waits."""
        opened = self._open()
        opened.show(self.study)
        opened.ui.applyButton.click()
        identity = replace(self.study.identity, patient_id="PHANTOM-0002", pet_series_uid="2.25.2", study_uid="2.25.1")
        opened.show(replace(self.study, identity=identity))
        opened.ui.applyButton.click()
        opened.ui.jobsBox.collapsed = False
        opened.ui.resultsButton.collapsed = True
        self.host.wait_until(lambda: opened.jobs[0].status.stage.startswith("Writing"))
        opened.panel.jobs.follower.look()
        picture = self._grab(opened, "running")
        for job in opened.jobs:
            job.job.cancel()
        return picture

    def reviewed(self):
        """The lesions of SUV >= 4, of which the brain has been marked as physiological."""
        opened = self._open()
        opened.show(self.study)
        opened.apply()
        opened.select(0)
        opened.ui.kindButton.click()
        opened.select(2)
        self.opened = opened
        return self._grab(opened, "reviewed")

    def views(self):
        """The layout of the module: fused slices through the selected lesion, and the MIP with the lesions."""
        import slicer
        from PIL import Image
        from slicer_host import views

        display = self.opened.live.segmentationNode.GetDisplayNode()
        display.SetAllSegmentsOpacity2DFill(False)
        display.SetSliceIntersectionThickness(2)
        names = [node.GetLayoutName() for node in slicer.app.layoutManager()._view_nodes("vtkMRMLViewNode")]
        mip = cropped(views.draw_3d(names.index("CLIPSMip"), (1500, 1500)), 340 / 760)
        sizes = {"Red": (480, 760), "Green": (400, 760), "Yellow": (280, 760)}
        for name, size in sizes.items():
            logic = slicer.app.layoutManager().sliceWidget(name).sliceLogic()
            logic.ResizeSliceNode(*size)
            logic.FitSliceToBackground()
        self.opened.panel.results.lesions._onSelected()
        slices = [views.draw_slice(name, size) for name, size in sizes.items()]
        beside = Image.fromarray(mip).resize((340, 760), Image.Resampling.LANCZOS)
        return Image.fromarray(np.hstack([*slices, np.asarray(beside)]))

    def _open(self):
        import builders_panel

        self.host.reset()
        return builders_panel.OpenPanel(self.host)

    def _grab(self, opened, name: str):
        from PIL import Image

        path = self.host.screenshot(opened.widget, self.folder / f"{name}.png", WIDTH)
        self.host.check()
        return Image.open(path).convert("RGB")


def cropped(picture: np.ndarray, width_by_height: float) -> np.ndarray:
    """The part of a picture on white that holds something, with a margin, in the given proportion."""
    rows = np.flatnonzero((picture < 250).any(axis=(1, 2)))
    columns = np.flatnonzero((picture < 250).any(axis=(0, 2)))
    height = int(1.06 * max(rows[-1] - rows[0], (columns[-1] - columns[0]) / width_by_height))
    width = int(height * width_by_height)
    padded = np.pad(picture, ((height, height), (width, width), (0, 0)), constant_values=255)
    top = height + (rows[0] + rows[-1] - height) // 2
    left = width + (columns[0] + columns[-1] - width) // 2
    return padded[top : top + height, left : left + width]


def side_by_side(pictures):
    """One picture of several, with their upper edges in line."""
    from PIL import Image

    gap, background = 16, (255, 255, 255)
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, max(picture.height for picture in pictures)), background)
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + gap
    return sheet


if __name__ == "__main__":
    main()
