"""The panel with a study in it, for tests of the panel. Jobs are real, in real processes, in the test's own folder."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MODULE_FILE = REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py"
JOB_S = 90.0  # patience for a job on a loaded machine


class OpenPanel:
    """The module's panel, opened on a host."""

    def __init__(self, host) -> None:
        self.host = host
        self.widget = host.open_panel(MODULE_FILE)
        self.panel, self.ui, self.logic = self.widget.panel, self.widget.ui, self.widget.logic

    @property
    def parameters(self):
        return self.panel.parameterNode

    @property
    def jobs(self):
        """The jobs as the panel sees them, oldest first."""
        return list(self.panel.jobs.follower.statuses)

    @property
    def live(self):
        return self.panel.results.live

    def show(self, study):
        """Bring a study into the scene and choose it; returns (PET node, CT node)."""
        from CLIPSLib.scene import add_study_volumes

        nodes = add_study_volumes(study)
        self.panel.chooseStudy(*nodes)
        return nodes

    def apply(self):
        """Press Apply and wait for the result; returns the segmentation node."""
        before = self.parameters.segmentation
        self.ui.applyButton.click()
        self.host.wait_until(lambda: self.parameters.segmentation is not before, JOB_S)
        return self.parameters.segmentation

    def apply_and_hold(self):
        """Press Apply; the job waits where it looks first, as if it took long."""
        self.ui.applyButton.click()
        job = self.jobs[-1]
        job.job.pause()
        self.host.wait_until(lambda: job.status.state == "paused", JOB_S)
        return job

    def settle(self, condition=lambda: True) -> None:
        """Wait until edits have been measured."""
        self.host.wait_until(lambda: not self.live.pending and condition(), JOB_S)

    def select(self, *rows: int) -> list[str]:
        """Select rows of the lesion table; returns the ids of their lesions."""
        self.panel.results.table.select([self.live.measures.lesions[row].lesion_id for row in rows])
        return self.panel.results.table.selectedIds

    def rows(self) -> list[list[str]]:
        """The lesion table as text."""
        table = self.ui.lesionTable
        return [
            [table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)
        ]
