"""Apply, its progress, and the list of jobs. Made by Panel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CLIPSSegmentationLib.JobFollower import JobFollower
from CLIPSSegmentationLib.QuestionForm import QuestionForm
from CLIPSSegmentationLib.Tables import prepareTable

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSSegmentationLib.Jobs import SegmentationJob
    from CLIPSSegmentationLib.Panel import Panel

_STATE, _METHOD, _DISK, _STUDY = range(4)
_LOG_LINES = 30


class JobsPanel:
    """Results of jobs that this panel ordered are shown as soon as they are there; so are those that a panel before a
    restart of Slicer ordered for a PET of this scene. Others are shown on demand.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel, self.ui = panel, panel.ui
        self._own: set = set()  # folders of the jobs that this panel ordered
        self._asking: SegmentationJob | None = None
        self._logs: list = []
        self._stage = ""  # what the label says of the job that runs; anything else there stays
        self.follower = JobFollower(panel.logic.jobs, self.update, self._onEnded)
        self.questions = QuestionForm(self.ui.jobQuestionForm, self._onAnswer)
        prepareTable(self.ui.jobTable, [_("State"), _("Method"), _("Disk"), _("Study")], 140)
        self.ui.questionJobArea.visible = False
        for button, slot in (
            (self.ui.applyButton, self.onApply),
            (self.ui.answerButton, self.onContinue),
            (self.ui.showResultButton, lambda: self._withChosen(self.showResult)),
            (self.ui.cancelJobButton, lambda: self._withChosen(self.follower.cancel)),
            (self.ui.againButton, lambda: self._withChosen(self.runAgain)),
            (self.ui.showLogButton, lambda: self._withChosen(self.showLog)),
            (self.ui.removeJobButton, lambda: self._withChosen(self._remove)),
        ):
            button.connect("clicked()", slot)
        self.ui.jobTable.connect("itemSelectionChanged()", self._updateButtons)

    def start(self) -> None:
        """Follow the jobs, and offer those that ended while nobody did."""
        self.follower.jobs.tidy()
        self.follower.start()
        self.ui.jobsBox.collapsed = not any(
            not status.ended or (status.state != "cancelled" and not job.shown)
            for job, status in self.follower.statuses.items()
        )

    def stop(self) -> None:
        """Follow no more; the jobs go on."""
        self.follower.stop()
        for log in self._logs:
            log.deleteLater()
        self._logs.clear()

    def reset(self) -> None:
        """Follow the jobs of another data folder."""
        self.follower.stop()
        self.follower = JobFollower(self._panel.logic.jobs, self.update, self._onEnded)
        self.start()

    def onApply(self) -> None:
        """Order the segmentation of the chosen study, or cancel the one that works on it."""
        active = self._active()
        if active is not None:
            self.follower.cancel(active)
            return
        with slicer.util.tryWithErrorDisplay(_("The segmentation cannot be started."), waitCursor=True):
            self._panel.model.ensureDependencies()
            parameters = self._panel.parameterNode
            job = self._panel.logic.startSegmentation(
                parameters.petVolume,
                parameters.ctVolume,
                model=self._panel.model.description.name,
                options=self._panel.model.chosenOptions(),
            )
            self._follow(job)

    def onContinue(self) -> None:
        """Go on with the answers to what a job asked."""
        job, answers = self._asking, self.questions.answers()
        self._closeQuestion()
        self.runAgain(job, answers)

    def runAgain(self, job: SegmentationJob, answers: Mapping[str, Any] | None = None) -> None:
        """Start a job that has ended once more, with answers to what it asked."""
        with slicer.util.tryWithErrorDisplay(_("The segmentation cannot be started.")):
            self._follow(self.follower.jobs.again(job, answers))

    def showResult(self, job: SegmentationJob) -> None:
        """Bring the result of a job into the scene and open it for review."""
        with slicer.util.tryWithErrorDisplay(_("The result cannot be shown."), waitCursor=True):
            segmentationNode, tableNode = self._panel.logic.showResult(job)
            self._panel.showResult(segmentationNode, tableNode)
        self.update()

    def showLog(self, job: SegmentationJob) -> None:
        """Everything that a job has said, in a window."""
        window = qt.QDialog(slicer.util.mainWindow())
        window.windowTitle = _("Log: {title}").format(title=job.origin["title"])
        text = qt.QPlainTextEdit()
        text.readOnly = True
        text.plainText = job.logText() or _("The process has said nothing.")
        qt.QVBoxLayout(window).addWidget(text)
        window.resize(800, 500)
        window.show()
        self._logs.append(window)

    def update(self) -> None:
        """Show the jobs as they are."""
        statuses = self.follower.statuses
        table, chosen = self.ui.jobTable, self._chosen()
        table.blockSignals(True)
        table.rowCount = len(statuses)
        for row, (job, status) in enumerate(statuses.items()):
            cells = {_STUDY: job.origin["title"], _METHOD: job.model, _STATE: _stateText(job, status)}
            cells[_DISK] = _("{size:.0f} MB").format(size=job.sizeBytes / 1e6)
            for column, text in cells.items():
                table.setItem(row, column, qt.QTableWidgetItem(text))
            if job is chosen:
                table.selectRow(row)
        table.blockSignals(False)
        table.resizeColumnsToContents()
        self._showProgress()
        self._updateButtons()
        self._panel.updateApply()

    def lastDuration(self, model: str) -> float | None:
        """How many seconds a method took when it last ran on this machine."""
        for job, status in reversed(self.follower.statuses.items()):
            if job.model == model and status.state == "done":
                began, ended = (datetime.fromisoformat(time) for time in (status.started_utc, status.ended_utc))
                return (ended - began).total_seconds()
        return None

    def updateApply(self, problem: str) -> None:
        """Apply, or Cancel while the chosen study is being segmented. problem: why it cannot be applied."""
        active = self._active()
        self.ui.applyButton.text = _("Apply") if active is None else _("Cancel")
        self.ui.applyButton.enabled = active is not None or not problem
        tip = problem or _("Segment the chosen study in the background.")
        self.ui.applyButton.toolTip = (
            tip if active is None else _("End this segmentation. The list of jobs can run it again.")
        )

    def _follow(self, job: SegmentationJob) -> None:
        self._own.add(job.folder)
        job.markForPanel()
        self.ui.stageLabel.text = ""
        self.follower.added(job)

    def _active(self) -> SegmentationJob | None:
        """The job that waits for or works on the chosen PET."""
        petNode = self._panel.parameterNode.petVolume if self._panel.parameterNode else None
        if petNode is None:
            return None
        for job, status in self.follower.statuses.items():
            if not status.ended and self._isOwn(job) and self.follower.jobs.petNode(job) is petNode:
                return job
        return None

    def _isOwn(self, job: SegmentationJob) -> bool:
        return job.folder in self._own or (job.forPanel and self._panel.hasPetOf(job))

    def _onEnded(self, job: SegmentationJob, status: JobStatus) -> None:
        if not self._isOwn(job):
            return
        self.ui.stageLabel.text = ""
        if status.state == "done" and self._panel.hasPetOf(job):
            self.showResult(job)
        elif status.state == "done":
            self.ui.jobsBox.collapsed = False
            self.ui.stageLabel.text = _("Finished: {title}. “Show result” loads it.").format(title=job.origin["title"])
        elif status.state == "question":
            self._ask(job, status)
        elif status.state != "cancelled":
            self._sayError(job, status)

    def _ask(self, job: SegmentationJob, status: JobStatus) -> None:
        from CLIPSLib.jobs.status import error_from

        self._asking = job
        self.ui.jobQuestion.text = job.origin["title"]
        self.questions.setQuestions([error_from(status.error)])
        self.ui.questionJobArea.visible = True
        self._onAnswer()

    def _onAnswer(self) -> None:
        self.ui.answerButton.enabled = self.questions.complete

    def _closeQuestion(self) -> None:
        self._asking = None
        self.questions.setQuestions(())
        self.ui.questionJobArea.visible = False

    def _sayError(self, job: SegmentationJob, status: JobStatus) -> None:
        from CLIPSLib.jobs.status import error_from

        sentence = str(error_from(status.error))
        details = "\n".join((status.error.get("details") or job.job.log_tail(_LOG_LINES))[-_LOG_LINES:])
        self.ui.stageLabel.text = sentence
        self.ui.progressArea.visible = True
        self.ui.jobsBox.collapsed = False
        self.ui.jobTable.selectRow(list(self.follower.statuses).index(job))  # "Show log" is one click away
        slicer.util.errorDisplay(
            f"{job.origin['title']}\n\n{sentence}",
            windowTitle=_("The segmentation has ended"),
            detailedText=f"{details}\n\n{job.job.log_path}",
        )

    def _remove(self, job: SegmentationJob) -> None:
        if job.shown or slicer.util.confirmOkCancelDisplay(
            _("Delete this segmentation? Its result has not been shown in a scene.")
        ):
            if job is self._asking:
                self._closeQuestion()
            self.follower.removed(job)

    def _showProgress(self) -> None:
        running = self.follower.running
        statuses = self.follower.statuses
        waiting = sum(status.state == "waiting" for status in statuses.values())
        self.ui.progressBar.visible = self.ui.timeLabel.visible = running is not None
        if running is None:
            if self.ui.stageLabel.text == self._stage:
                self.ui.stageLabel.text = ""
            self.ui.progressArea.visible = bool(self.ui.stageLabel.text)
            return
        status = statuses[running]
        self.ui.progressArea.visible = True
        self.ui.stageLabel.text = self._stage = f"{running.origin['title']}: {status.stage}"
        self.ui.progressBar.setRange(0, 100)
        self.ui.progressBar.value = round(100 * status.fraction)
        parts = [_("about {time} left in this stage").format(time=_duration(status.seconds_left))]
        parts = parts if status.seconds_left is not None else []
        if waiting:
            parts.append(_("{n} more waiting").format(n=waiting))
        self.ui.timeLabel.text = ", ".join(parts)

    def _updateButtons(self) -> None:
        job = self._chosen()
        status = self.follower.statuses.get(job) if job else None
        self.ui.showResultButton.enabled = status is not None and status.state == "done"
        self.ui.cancelJobButton.enabled = status is not None and not status.ended
        self.ui.againButton.enabled = status is not None and status.ended and job.hasImages
        self.ui.showLogButton.enabled = self.ui.removeJobButton.enabled = status is not None

    def _chosen(self) -> SegmentationJob | None:
        row, jobs = self.ui.jobTable.currentRow(), list(self.follower.statuses)
        return jobs[row] if 0 <= row < len(jobs) else None

    def _withChosen(self, action) -> None:
        job = self._chosen()
        if job is not None:
            action(job)


def _stateText(job: SegmentationJob, status: JobStatus) -> str:
    texts = {
        "waiting": _("waiting"),
        "running": _("running"),
        "paused": _("paused"),
        "done": _("finished"),
        "failed": _("failed"),
        "refused": _("refused"),
        "question": _("needs an answer"),
        "cancelled": _("cancelled"),
        "lost": _("ended without a word"),
    }
    if status.state == "done" and not job.shown:
        return _("finished, not shown yet")
    return texts[status.state]


def _duration(seconds: float | None) -> str:
    from CLIPSLib.progress import format_duration

    return "" if seconds is None else format_duration(seconds)
