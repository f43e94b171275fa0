"""Deleting the selected case for good, after a reason and a question. Used by CasesPanel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from CLIPSTrainingLib.saying import saying, waiting
from CLIPSTrainingLib.TrainingRuns import runsFolder

if TYPE_CHECKING:
    from CLIPSLib.tasks.case_removal import RemovedEverywhere

    from CLIPSTrainingLib.CasesPanel import CasesPanel
    from CLIPSTrainingLib.Panel import Panel


class CaseRemoval:
    """What `clips cases remove` does, for one case; unfinished work of anybody stops it."""

    def __init__(self, panel: Panel, cases: CasesPanel) -> None:
        self._panel, self._cases, self._ui = panel, cases, cases.ui

    def ask(self) -> None:
        """Delete the selected case if there is a reason, and the user says so."""
        caseId, reason = self._cases.table.selectedId, self._ui.removeReasonEdit.text.strip()
        if caseId is None:
            self._cases.say(_("Select a case of the list first."))
        elif not reason:
            self._cases.say(_("Type why the case is removed: the reason is kept."))
            self._ui.removeReasonEdit.setFocus()
        elif self._cases.hasReader() and self._mayClose(caseId) and self._confirmed(caseId):
            self._remove(caseId, reason)

    def _mayClose(self, caseId: str) -> bool:
        return self._panel.review.caseId != caseId or self._panel.review.leave()

    def _confirmed(self, caseId: str) -> bool:
        question = _(
            "Delete case {case} for good, with its images, masks, reviews and ratings, also in the backups? "
            "This cannot be undone."
        )
        return slicer.util.confirmOkCancelDisplay(question.format(case=caseId), windowTitle=_("CLIPS Training"))

    def _remove(self, caseId: str, reason: str) -> None:
        from CLIPSLib.tasks.case_removal import remove_case

        if self._panel.imageReader is not None:
            self._panel.imageReader.expect(())  # nothing of it stays in memory
        with saying(self._cases.say, aloud=True), waiting():
            who, runs = self._panel.reader, [runsFolder()]  # every run has its own copy of masks
            removed = remove_case(self._panel.registry, caseId, reason=reason, author=who, look_in=runs)
            self._ui.removeReasonEdit.text = ""
            self._panel.refresh()
            self._cases.say(told(removed))


def told(removed: RemovedEverywhere) -> str:
    """What became of the case, and what else may hold something of it."""
    lines = [_("Case {case} was removed.").format(case=removed.case_id)]
    if removed.splits:
        lines.append(_("Its id stays in the splits {names}.").format(names=", ".join(removed.splits)))
    lines += [_("Still in the frozen list {path}, with masks beside it.").format(path=path) for path in removed.lists]
    return "\n".join([*lines, *map(str, removed.cautions)])
