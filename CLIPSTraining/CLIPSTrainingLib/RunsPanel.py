"""The section "Runs": training runs followed while they work, and what can be done with them. Made by Panel.

Runs work in processes of their own: this section only looks and asks. Whoever opens it next finds them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
import slicer
from CLIPSSegmentationLib.JobFollower import JobFollower
from slicer.i18n import tr as _

from CLIPSTrainingLib import RunSettings, runTexts
from CLIPSTrainingLib.BackgroundWork import BackgroundWork
from CLIPSTrainingLib.Chart import Chart, Line
from CLIPSTrainingLib.LearningCurves import LearningCurves
from CLIPSTrainingLib.RunTable import RunTable
from CLIPSTrainingLib.saying import saying
from CLIPSTrainingLib.TrainingRuns import TrainingRun, TrainingRuns, runsFolder
from CLIPSTrainingLib.UseModel import useRun

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSTrainingLib.Panel import Panel


class RunsPanel:
    """Nothing is read before there is a run, or the section is opened."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingRuns")
        self.follower: JobFollower | None = None
        self.work = BackgroundWork(self.ui.installBar, self.ui.cancelInstallButton, self._say, self._showChosen)
        self.table = RunTable(self.ui.runTable)
        self._curves: tuple[TrainingRun, LearningCurves] | None = None  # of the run that is plotted
        self._logs: list = []
        self._loss = Chart(self.ui.lossArea, _("Loss"), _("step"))
        self._dice = Chart(self.ui.diceArea, _("Mean Dice of the cases that validate"), _("step"))
        self.ui.runsButton.collapsed = True
        self._say("")
        self._showChosen()
        self.ui.atOnceBox.value = RunSettings.runsAtOnce()
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.pauseRunButton, self._pauseOrGoOn),
            (self.ui.checkpointButton, lambda run: run.job.ask_checkpoint()),
            (self.ui.stopRunButton, lambda run: run.job.ask_stop()),
            (self.ui.resumeRunButton, self._resume),
            (self.ui.cancelRunButton, lambda run: self.follower.cancel(run)),
            (self.ui.useModelButton, self._use),
            (self.ui.runLogButton, self._showLog),
            (self.ui.removeRunButton, self._remove),
        ):
            button.connect("clicked()", lambda slot=slot: self._withChosen(slot))
        self.ui.runTable.connect("itemSelectionChanged()", self._showChosen)
        self.ui.runsButton.connect("contentsCollapsed(bool)", self._onCollapsed)
        self.ui.atOnceBox.connect("valueChanged(int)", RunSettings.setRunsAtOnce)

    def enter(self) -> None:
        """Follow the runs that are there, also those that somebody else started or that outlived Slicer."""
        folder = runsFolder()
        if self.follower is not None and self.follower.jobs.root != folder:
            self.stop()
            self.table.show({})
            self._showChosen()
        if self.follower is None and any(folder.glob("*/job.json")):
            self._follow()
            self.ui.runsButton.collapsed = all(status.ended for status in self.follower.statuses.values())

    def exit(self) -> None:
        """The runs go on, and are followed, so that those that wait can begin."""

    def stop(self) -> None:
        """Follow no more; the runs go on."""
        self.work.stop()
        if self.follower is not None:
            self.follower.stop()
        self.follower = None
        for log in self._logs:
            log.deleteLater()
        self._logs.clear()

    def forget(self) -> None:
        """The scene is closed: charts consist of nodes."""
        self._loss.forget()
        self._dice.forget()
        self._curves = None

    @property
    def runs(self) -> TrainingRuns:
        """The queue; followed from now on."""
        if self.follower is None:
            self._follow()
        return self.follower.jobs

    def finished(self) -> list[TrainingRun]:
        """The runs of this user that have a model, the newest first."""
        statuses = self.follower.statuses if self.follower is not None else {}
        return [run for run in reversed(statuses) if statuses[run].state == "done" and run.hasModel]

    def added(self, run: TrainingRun) -> None:
        """A run was ordered: start it if there is room, and show it."""
        self.follower.added(run)
        self.ui.runsButton.collapsed = False
        self.update()
        self.table.choose(run)

    def update(self) -> None:
        """Show the runs as they are; nothing is read of them while the section is closed."""
        if self.follower is not None and not self.ui.runsButton.collapsed:
            self.table.show(self.follower.statuses)
            self._showChosen()

    def _follow(self) -> None:
        self.follower = JobFollower(TrainingRuns(), self.update, self._onEnded)
        self.follower.start()

    def _onEnded(self, run: TrainingRun, status: JobStatus) -> None:
        self._panel.compare.update()
        if status.error is not None and status.state != "cancelled":
            self.ui.runsButton.collapsed = False
            self.table.choose(run)

    def _withChosen(self, action) -> None:
        run = self.table.chosen
        if run is not None:
            self._say("")
            with saying(self._say, aloud=True):
                action(run)
            self.follower.look()

    def _pauseOrGoOn(self, run: TrainingRun) -> None:
        if run.status.state == "paused":
            run.job.resume()
        else:
            run.job.pause()

    def _resume(self, run: TrainingRun) -> None:
        self._panel.train.ensureDependencies()
        self.runs.resume(run)

    def _use(self, run: TrainingRun) -> None:
        useRun(run.folder, self.work, self._say)

    def _showLog(self, run: TrainingRun) -> None:
        window = qt.QDialog(slicer.util.mainWindow())
        window.windowTitle = _("Log: {title}").format(title=run.title)
        text = qt.QPlainTextEdit()
        text.readOnly = True
        text.plainText = run.logText() or _("The process has said nothing.")
        qt.QVBoxLayout(window).addWidget(text)
        window.resize(800, 500)
        window.show()
        self._logs.append(window)

    def _remove(self, run: TrainingRun) -> None:
        question = _("Delete the run {title} with its checkpoints and its model?").format(title=run.title)
        if slicer.util.confirmOkCancelDisplay(question):
            self.follower.removed(run)
            self._panel.compare.update()

    def _showChosen(self) -> None:
        run = self.table.chosen if self.follower is not None else None
        status = self.follower.statuses.get(run) if run else None
        working = status is not None and not status.ended and status.state != "waiting"
        self.ui.pauseRunButton.enabled = self.ui.checkpointButton.enabled = self.ui.stopRunButton.enabled = working
        paused = status is not None and status.state == "paused"
        self.ui.pauseRunButton.text = _("Go on") if paused else _("Pause")
        finished = status is not None and status.state == "done" and (status.result or {}).get("state") != "stopped"
        self.ui.resumeRunButton.enabled = status is not None and status.ended and not finished
        self.ui.cancelRunButton.enabled = status is not None and not status.ended
        self.ui.runLogButton.enabled = self.ui.removeRunButton.enabled = status is not None
        self.ui.useModelButton.enabled = finished and run.hasModel and not self.work.running
        self.ui.runStage.text = runTexts.stage(status) if status else ""
        self.ui.runBar.visible = working
        if working:
            self._showProgress(status)
        self._plot(run)

    def _showProgress(self, status: JobStatus) -> None:
        """How far the whole run is, also while it validates."""
        step, steps = status.facts.get("step"), status.facts.get("steps")
        self.ui.runBar.setRange(0, 100)
        self.ui.runBar.value = round(100 * (step / steps if step is not None and steps else status.fraction))

    def _plot(self, run: TrainingRun | None) -> None:
        """Draw the curves of a run as far as they have come."""
        if run is None:
            self._loss.show(())
            self._dice.show(())
            return
        fresh = self._curves is None or self._curves[0] is not run
        if fresh:
            self._curves = (run, LearningCurves(run.folder))
        curves = self._curves[1]
        if curves.read() or fresh:
            self._loss.show([Line(run.title, *curves.loss)])
            self._dice.show([Line(run.title, *curves.dice, points=True)], (0, 1))

    def _onCollapsed(self, collapsed: bool) -> None:
        if not collapsed:
            self.update()

    def _say(self, text: str) -> None:
        self.ui.runMessage.text = text
        self.ui.runMessage.visible = bool(text)
