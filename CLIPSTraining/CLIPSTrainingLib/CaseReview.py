"""A reader's work on the open case, and what becomes of it in the registry. Made by ReviewPanel; knows no widget.

Nothing is overwritten: a correction is a new version. Whose work is based on a reference that somebody replaced
meanwhile gets a version too, and the other's stays the reference. Who works on a case in two Slicers under one name has
one place for unfinished work: what the other one left there becomes a version before it is replaced.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSTrainingLib.CaseContent import sameLesions

if TYPE_CHECKING:
    from CLIPSLib import Segmentation
    from CLIPSLib.cases import MaskVersion, Registry

    from CLIPSTrainingLib.CaseContent import CaseContent


class CaseReview:
    """base: the version that is shown, None before there is one. now: the lesions as they were last looked at.

    twice: whether unfinished work of another Slicer under the same name was found, and kept as a version.
    damaged: what is to be said of unfinished work that was found damaged and put aside.
    changed: whether `now` differs from `base`. overtaken: somebody chose another reference since the case was opened.
    """

    def __init__(self, registry: Registry, content: CaseContent, reader: str) -> None:
        self._registry, self.caseId, self.reader = registry, content.record.case_id, reader
        self.base, self._reference = content.base, content.reference
        self._began = content.segmentation
        self._kept = content.draft.segmentation if content.draft else None
        self.editCount = content.draft.edit_count if content.draft else 0
        self._seen = content.shown
        self.now: Segmentation | None = None
        self.changed = self.twice = False
        self.damaged = content.damaged

    def look(self, segmentation: Segmentation | None) -> None:
        """Notice the lesions as they are now; each difference from the last time is one edit."""
        if segmentation is None:
            return
        if not sameLesions(self._seen, segmentation):
            self.editCount += 1
        self.now = self._seen = segmentation
        self.changed = not sameLesions(self._began, segmentation)

    @property
    def overtaken(self) -> bool:
        reference = self._registry.reference(self.caseId)
        return (reference.id if reference else None) != (self._reference.id if self._reference else None)

    def keepDraft(self, active_s: float) -> bool:
        """Keep unfinished work, or forget it when there is none; returns whether anything had to be done."""
        if not self.reader or self.now is None or not (self.changed or self._kept):
            return False
        if not self.changed:
            self.discardDraft()
            return True
        if self._kept is not None and sameLesions(self._kept, self.now):
            return False
        parent = self.base.id if self.base else None
        self._keepWorkOfAnotherSlicer()
        self._registry.save_draft(
            self.caseId, self.reader, self.now, parent=parent, active_s=active_s, edit_count=self.editCount
        )
        self._kept = self.now
        return True

    def discardDraft(self) -> None:
        """Forget unfinished work."""
        if self.reader:
            self._keepWorkOfAnotherSlicer()
            self._registry.discard_draft(self.caseId, self.reader)
        self._kept = None

    def saveCorrection(self, comment: str, active_s: float) -> MaskVersion:
        """Keep the lesions as a new version with its parent and author, and the review with it."""
        registry, overtaken = self._registry, self.overtaken
        with registry.together():
            version = registry.add_mask(
                self.caseId,
                replace(self.now, reviewed=True),
                origin="corrected",
                author=self.reader,
                parent=self.base.id if self.base else None,
                comment=comment,
            )
            if not overtaken:
                registry.set_reference(self.caseId, version.id, author=self.reader)
            self.record("corrected", comment, active_s, mask=version)
        self.discardDraft()
        self._continueFrom(version)
        return version

    def accept(self, comment: str, active_s: float) -> None:
        """Say that the shown version is right as it is; it becomes the reference."""
        registry, overtaken = self._registry, self.overtaken
        with registry.together():
            isReference = self._reference is not None and self._reference.id == self.base.id
            if not overtaken and not isReference:
                registry.set_reference(self.caseId, self.base.id, author=self.reader)
            self.record("accepted", comment, active_s, mask=self.base)
        self.discardDraft()
        self._continueFrom(self.base)

    def record(self, status: str, comment: str, active_s: float, mask: MaskVersion | None = None) -> None:
        """Add a review. mask: the version that it is about, by default the shown one."""
        about = mask or self.base
        self._registry.review(
            self.caseId,
            status=status,
            reader=self.reader,
            mask_id=about.id if about else None,
            comment=comment,
            active_s=active_s,
            edit_count=self.editCount,
        )

    def makeReference(self, maskId: str) -> None:
        """Let another version stand for the truth."""
        self._registry.set_reference(self.caseId, maskId, author=self.reader)
        self._reference = self._registry.mask(maskId)

    def _keepWorkOfAnotherSlicer(self) -> None:
        """A draft that this review neither wrote nor began with becomes a version."""
        found, damaged = self._registry.read_or_set_aside_draft(self.caseId, self.reader)
        self.damaged = str(damaged) if damaged else self.damaged
        known = [each for each in (self._kept, self.now) if each is not None]
        if found is None or any(sameLesions(found.segmentation, each) for each in known):
            return
        self._registry.add_mask(
            self.caseId,
            found.segmentation,
            origin="corrected",
            author=self.reader,
            parent=found.parent,
            comment="Unfinished work from another 3D Slicer under the same name",
        )
        self.twice = True

    def _continueFrom(self, version: MaskVersion) -> None:
        self.base = version
        self._reference = self._registry.reference(self.caseId)
        self._began, self.changed, self.editCount = self.now or self._began, False, 0
