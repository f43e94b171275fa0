"""The versions of the open case's mask: compare, choose another, restore an earlier reference. Made by ReviewPanel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CLIPSTrainingLib import texts
from CLIPSTrainingLib.CaseContent import maskToCompare
from CLIPSTrainingLib.saying import saying

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskDiff, MaskVersion

    from CLIPSTrainingLib.ReviewPanel import ReviewPanel


class VersionsPanel:
    """Shows two outlines: the lesions under review in their colors, another version in light blue."""

    def __init__(self, panel, review: ReviewPanel) -> None:
        self._panel, self._review, self.ui = panel, review, review.ui
        self._masks: tuple[MaskVersion, ...] = ()
        self._compared: MaskVersion | None = None  # whose outlines are shown
        self._differences: dict[tuple[str, str], MaskDiff] = {}  # of versions, which never change
        self.ui.versionsBox.collapsed = True
        self.ui.versionSelector.connect("currentIndexChanged(int)", lambda _index: self._onChosen())
        self.ui.compareButton.connect("toggled(bool)", lambda _on: self._onChosen())
        self.ui.editVersionButton.connect("clicked()", self.onEdit)
        self.ui.makeReferenceButton.connect("clicked()", self.onMakeReference)

    @property
    def chosen(self) -> MaskVersion | None:
        """The version in the box."""
        index = self.ui.versionSelector.currentIndex
        return self._masks[index] if 0 <= index < len(self._masks) else None

    def update(self) -> None:
        """Offer the versions of the open case as they are now; what is compared stays so."""
        work, registry, chosen = self._review.work, self._panel.registry, self.chosen
        self._masks = tuple(registry.masks(work.caseId)) if work else ()
        reference = registry.reference(work.caseId) if work else None
        others = {mask.id: mask for mask in self._masks if work.base is None or mask.id != work.base.id}
        first = others.get(chosen.id) if chosen else None
        if first is None and work is not None:
            first = maskToCompare(self._masks, work.base)
        selector = self.ui.versionSelector
        selector.blockSignals(True)
        selector.clear()
        for number, mask in enumerate(self._masks, start=1):
            selector.addItem(texts.versionName(number, mask, reference))
        selector.currentIndex = self._masks.index(first) if first else len(self._masks) - 1
        selector.blockSignals(False)
        self._onChosen()

    def describe(self, mask: MaskVersion | None) -> str:
        """A version in words, "" for none."""
        if mask is None:
            return ""
        number = next((n for n, each in enumerate(self._masks, start=1) if each.id == mask.id), 0)
        return texts.versionName(number, mask, self._panel.registry.reference(mask.case_id))

    def toggle(self) -> None:
        """Show the other outline, or hide it."""
        if self._isOtherChosen:  # the button itself is disabled while its box is closed
            self.ui.compareButton.checked = not self.ui.compareButton.checked

    def onEdit(self) -> None:
        """Review the chosen version instead."""
        if self.chosen is not None:
            self._review.open(self._review.caseId, self.chosen.id)

    def onMakeReference(self) -> None:
        """Let the chosen version stand for the truth."""
        with saying(self._review.say, aloud=True):
            if self.chosen is not None and self._review.hasReader():
                self._review.work.makeReference(self.chosen.id)
                self._review.say(_("The reference is now: {version}.").format(version=self.describe(self.chosen)))
                self._panel.refresh()

    def showDifference(self) -> None:
        """The numbers, as far as the reader may see them: agreement with a prediction tells how hard a case is."""
        work, mask = self._review.work, self.chosen
        text = ""
        if work is not None and mask is not None and work.base is not None and self.ui.compareButton.checked:
            if self._panel.rating.isRated:
                text = texts.difference(self._difference(work.base, mask))
            else:
                text = _("The numbers are shown when you have rated the difficulty.")
        self.ui.diffLabel.text = text
        self.ui.diffLabel.visible = bool(text)

    @property
    def _isOtherChosen(self) -> bool:
        """Whether the version in the box is another one than that under review."""
        work, mask = self._review.work, self.chosen
        return mask is not None and (work.base is None or mask.id != work.base.id)

    def _onChosen(self) -> None:
        mask, isOther = self.chosen, self._isOtherChosen
        self.ui.compareButton.enabled = self.ui.editVersionButton.enabled = isOther
        self.ui.makeReferenceButton.enabled = mask is not None
        with saying(self._review.say):
            self._compare(mask if isOther and self.ui.compareButton.checked else None)
            self.showDifference()

    def _compare(self, mask: MaskVersion | None) -> None:
        """Show the outlines of a version, or none; those that are there already stay."""
        case = self._review.case
        if case is None or (case.isCompared and mask == self._compared):
            return
        case.compareWith(self._panel.registry.read_mask(mask.id) if mask else None)
        self._compared = mask

    def _difference(self, base: MaskVersion, other: MaskVersion) -> MaskDiff:
        key = (base.id, other.id)
        if key not in self._differences:
            self._differences[key] = self._panel.registry.diff(*key)
        return self._differences[key]
