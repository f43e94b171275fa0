"""The section "Review": one case at a time is shown, corrected and decided on. Made by Panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
import slicer
from CLIPSSegmentationLib.Editor import Editor
from CLIPSSegmentationLib.LesionsPanel import LesionsPanel
from CLIPSSegmentationLib.PointPicker import PointPicker
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CLIPSTrainingLib import Settings, texts
from CLIPSTrainingLib.ActiveTime import ActiveTime, whatTheUserDoes
from CLIPSTrainingLib.CaseReview import CaseReview
from CLIPSTrainingLib.OpenCase import OpenCase
from CLIPSTrainingLib.saying import saying, waiting
from CLIPSTrainingLib.VersionsPanel import VersionsPanel

if TYPE_CHECKING:
    from CLIPSLib.cases import Draft

    from CLIPSTrainingLib.Panel import Panel

_MODULE = "CLIPSTraining"
_EFFECTS = ("Paint", "Erase", "Scissors", "Islands")
_DRAFT_EVERY_MS = 60_000


class ReviewPanel(VTKObservationMixin):
    """case: the open one in the scene; work: what the reader has done on it; both None when no case is open.

    What is changed and not yet saved is kept as a draft, once a minute and whenever the panel lets go of it.
    """

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingReview")
        self.case: OpenCase | None = None
        self.work: CaseReview | None = None
        self._restored: Draft | None = None  # unfinished work that is shown again
        self._comments: dict[str, str] = {}  # typed and not yet part of a review
        self.activeTime = ActiveTime(lambda: (whatTheUserDoes(), self.work and self.work.editCount), self._showTime)
        self.lesions = LesionsPanel(self.ui, self._onMeasured, Editor(self.ui.editor, _MODULE, _EFFECTS))
        self.versions = VersionsPanel(panel, self)
        hint = _("Click at the part that does not belong to the lesion.")
        self._removing = PointPicker(self.ui.removePlaceWidget, self.removeComponentAt, hint)
        self._draftTimer = qt.QTimer()
        self._draftTimer.interval = _DRAFT_EVERY_MS
        self._draftTimer.connect("timeout()", self.keepDraft)
        self.ui.editorBox.collapsed = True
        self.ui.goOnCheckBox.checked = Settings.goesOn()
        self.keys: dict[str, Callable[[], object]] = {
            "Ctrl+D": self.versions.toggle,
            "Ctrl+Return": self.onAccept,
            "Ctrl+Shift+Return": self.onSave,
        }
        self._connect()
        self.say("")

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.acceptButton, self.onAccept),
            (self.ui.saveButton, self.onSave),
            (self.ui.flagButton, lambda: self._record("flagged")),
            (self.ui.skipButton, lambda: self._record("skipped")),
            (self.ui.unusableButton, lambda: self._record("unusable")),
            (self.ui.startOverButton, self.onStartOver),
        ):
            button.connect("clicked()", slot)
        self.ui.goOnCheckBox.connect("toggled(bool)", Settings.setGoesOn)
        self.ui.suvMaskCheckBox.connect("toggled(bool)", lambda _on: self._limitToSuv())
        self.ui.suvMaskRange.connect("valuesChanged(double,double)", lambda _low, _high: self._limitToSuv())

    @property
    def caseId(self) -> str | None:
        return self.work.caseId if self.work else None

    def enter(self) -> None:
        """The panel is open: go on with the case where it was left."""
        self.lesions.start()
        self._removing.start()
        self._limitToSuv()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self._onNodeRemoved)
        if self.case is not None and not self.case.isWhole:
            self._onTakenAway()
        if self.case is not None:
            self.lesions.setNodes(self.case.segmentationNode, self.case.petNode)
            self._startClocks()
        self.update()

    def exit(self) -> None:
        """The panel is left: the clock stops, unfinished work is kept."""
        self.keepDraft()
        self._stopClocks()
        self.removeObservers()
        self._removing.stop()
        self.lesions.stop(keepUndo=self.case is not None)

    def open(self, caseId: str, maskId: str | None = None) -> bool:
        """Show a case, with its reference or newest prediction, or with the version `maskId`; else say why not."""
        if not self.leave():
            return False
        self._panel.compare.onClose()
        self.say("")
        with saying(self.say, aloud=True), waiting():
            content = self._panel.imageReader.read(caseId, self._panel.reader, maskId)
            self.work = CaseReview(self._panel.registry, content, self._panel.reader)
            self.case = OpenCase(content)
            self.activeTime.reset(content.draft.active_s if content.draft else 0.0)
            self._panel.fusion.showSoon(self.case.petNode, self.case.ctNode)
            self.lesions.setNodes(self.case.segmentationNode, self.case.petNode, soon=True)
            self._startClocks()
            self._restored = content.draft
            self.say(content.damaged)
        self.ui.commentEdit.text = self._comments.pop(caseId, "")
        self.update()
        return self.case is not None

    def leave(self) -> bool:
        """Close the open case; what is changed is saved or not, as the user says. False when the user stays."""
        if self.work is None:
            return True
        self._lookIfEdited()
        if self.work.changed and not self._askedToLeave():
            return False
        self._close()
        return True

    def forget(self) -> None:
        """Close the open case without a question, because the scene closes or Slicer ends; unfinished work is kept."""
        if self.work is not None:
            self.keepDraft()
            self._close()

    def keepDraft(self) -> None:
        """Keep unfinished work now."""
        if self.work is None:
            return
        self._lookIfEdited()
        with saying(self.say):
            if self.work.keepDraft(self.activeTime.seconds) and (self.work.twice or self.work.damaged):
                self.say(texts.openTwice() if self.work.twice else self.work.damaged)

    def onAccept(self) -> None:
        """The mask is right as it is."""
        if self._looked() and self.ui.acceptButton.enabled and self.hasReader():
            self._decide(lambda: self.work.accept(self._comment, self.activeTime.seconds), _("Accepted."))

    def onSave(self) -> bool:
        """Keep the mask as a new version; returns whether that could be done."""
        if not self._looked() or not self.ui.saveButton.enabled or not self.hasReader():
            return False
        return self._decide(lambda: self.work.saveCorrection(self._comment, self.activeTime.seconds), _("Saved."))

    def onStartOver(self) -> None:
        """Forget unfinished work and show the version that it came from."""
        question = _("Forget your unfinished work on this case?")
        if self.work is not None and slicer.util.confirmOkCancelDisplay(question):
            caseId, base = self.work.caseId, self.work.base
            with saying(self.say, aloud=True):
                self.work.discardDraft()
                self._close()
                self.open(caseId, base.id if base else None)

    def removeComponentAt(self, ras) -> None:
        """Take a connected part of a lesion away."""
        if self.work is None:
            return
        self.lesions.live.updateIfPending()
        with saying(self.say):
            self.lesions.edits().removeComponentAt(ras)
        self.lesions.live.update()

    def onReader(self) -> None:
        """Another person reads now."""
        if self.work is not None:
            self.work.reader = self._panel.reader

    def hasReader(self) -> bool:
        """Whether there is a name to keep things under; asks for one otherwise."""
        if not self._panel.reader:
            self.say(_("Type your name under “Cases” first: it is kept with your review."))
        return bool(self._panel.reader)

    def say(self, text: str) -> None:
        """What happened last."""
        self.ui.messageLabel.text = text
        self.ui.messageLabel.visible = bool(text)

    def update(self) -> None:
        """Show which case and version is open, and what can be done."""
        self.ui.reviewForm.visible = self.work is not None
        self._showDraft()
        with saying(self.say):
            self._showCase()
            self.versions.update()
            self._showState()
        self._showTime()

    @property
    def _comment(self) -> str:
        return self.ui.commentEdit.text.strip()

    def _lookIfEdited(self) -> None:
        """Notice an edit of the last moment, unless its nodes are gone."""
        if self._panel.entered and self.case.isWhole and self.lesions.live.edited:
            self.lesions.live.update()

    def _looked(self) -> bool:
        """Whether the lesions are known as they are now: an edit of the last moment must not be passed over.

        Those of a case that has just opened are not: who presses a key twice means the case before it.
        """
        live = self.lesions.live
        if live.pending and live.segmentation is None and live.error is None:
            return False
        live.updateIfPending()
        return live.segmentation is not None

    def _record(self, status: str) -> None:
        """Review a case without a decision about its mask; changes of the mask stay, as unfinished work."""
        if self.work is not None and self.hasReader():
            self._lookIfEdited()
            self._decide(lambda: self._recordNow(status), _("Noted."), goOn=status in ("skipped", "unusable"))

    def _recordNow(self, status: str) -> None:
        self.work.keepDraft(self.activeTime.seconds)
        self.work.record(status, self._comment, self.activeTime.seconds)

    def _decide(self, action: Callable[[], object], said: str, goOn: bool = False) -> bool:
        done = False
        with saying(self.say, aloud=True), waiting():
            overtaken = self.work.overtaken
            action()
            done = True
        if done:
            self.activeTime.reset()
            self.ui.commentEdit.text = ""
            self._restored = None
            if overtaken:
                said += " " + _("Somebody chose another reference meanwhile; it stays the reference.")
            elif not self._panel.rating.isRated:
                said += " " + _("Rate its difficulty below, or go on.")
            if self.work.twice:
                said += " " + texts.openTwice()
            self.say(said)
            self._panel.onReviewed(goOn or self._panel.rating.isRated)
        return done

    def _askedToLeave(self) -> bool:
        """Whether the case may be left: after saving, or because the changes are not wanted."""
        boxes = qt.QMessageBox
        answer = slicer.util.messageBox(
            _("You have changed the lesions of case {case}. Save them as a new version?").format(case=self.caseId),
            windowTitle=_("CLIPS Training"),
            icon=boxes.Question,
            standardButtons=boxes.Save | boxes.Discard | boxes.Cancel,
        )
        if answer == boxes.Save:
            return self._saved()
        if answer == boxes.Discard:
            with saying(self.say, aloud=True):  # a case that was removed meanwhile must not hold the user
                self.work.discardDraft()
            return True
        return False

    def _saved(self) -> bool:
        """Save without going on by itself: the user has said already where to go."""
        done = False
        if self._looked() and self.hasReader():
            with saying(self.say, aloud=True):
                self.work.saveCorrection(self._comment, self.activeTime.seconds)
                done = True
        return done

    def _close(self) -> None:
        case, self.case = self.case, None
        if self._comment:
            self._comments[self.work.caseId] = self._comment
        self.work = self._restored = None
        self._stopClocks()
        self.lesions.setNodes(None, None)
        case.remove()
        if self._panel.imageReader is not None:
            self._panel.imageReader.giveBack(case.content)
        self.update()

    def _startClocks(self) -> None:
        if self._panel.entered:
            self.activeTime.start()
            self._draftTimer.start()

    def _stopClocks(self) -> None:
        self.activeTime.stop()
        self._draftTimer.stop()

    def _onMeasured(self) -> None:
        """The lesions were looked at again."""
        if self.work is not None:
            self.work.look(self.lesions.live.segmentation)
        self._showState()

    def _onNodeRemoved(self, _caller, _event) -> None:
        if self.case is not None and not self.case.isWhole:
            qt.QTimer.singleShot(0, self._onTakenAway)  # the scene is still at work

    def _onTakenAway(self) -> None:
        """Somebody deleted the case's volumes or lesions from the scene."""
        if self.case is not None and not self.case.isWhole:
            self.forget()
            self.say(_("The case was taken out of the scene; unfinished work was kept. Open it again to go on."))

    def _limitToSuv(self) -> None:
        limits = (self.ui.suvMaskRange.minimumValue, self.ui.suvMaskRange.maximumValue)
        self.lesions.editor.limitToSuv(limits if self.ui.suvMaskCheckBox.checked else None)

    def _showCase(self) -> None:
        self.ui.caseLabel.text = _("Open a case of the list: double-click it, or press Ctrl+N.")
        if self.work is not None:
            reviews = self._panel.registry.reviews(self.caseId, viewer=self._panel.reader)
            self.ui.caseLabel.text = texts.case(self._panel.registry.case(self.caseId), reviews)

    def _showState(self) -> None:
        work, live = self.work, self.lesions.live
        self.ui.acceptButton.enabled = work is not None and work.base is not None and not work.changed
        self.ui.saveButton.enabled = work is not None and work.now is not None and (work.changed or work.base is None)
        self.ui.problemLabel.text = str(live.error) if live.error else ""
        self.ui.problemLabel.visible = bool(live.error)
        self.ui.totalsLabel.text = texts.totals(live.measures)
        self.ui.versionLabel.text = texts.version(self.versions.describe(work.base), work.changed) if work else ""

    def _showDraft(self) -> None:
        self.ui.draftArea.visible = self._restored is not None
        self.ui.draftLabel.text = texts.draft(self._restored) if self._restored else ""

    def _showTime(self) -> None:
        self.ui.timeLabel.text = texts.effort(self.activeTime.seconds, self.work.editCount if self.work else 0)
