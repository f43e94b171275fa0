"""Which cases train: a split of the registry with one of its folds, or a list frozen elsewhere. Made by TrainPanel."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer
from CLIPSSegmentationLib import Settings as MachineSettings
from slicer.i18n import tr as _

from CLIPSTrainingLib import runTexts
from CLIPSTrainingLib.CaseChoice import CaseChoice, summary
from CLIPSTrainingLib.saying import saying

if TYPE_CHECKING:
    from CLIPSLib.cases import Split

    from CLIPSTrainingLib.Panel import Panel

_SPLIT_SEED = 0  # the same parts for everybody; another division is another split, made by `clips cases split`


class CasesForm:
    """onChanged: called after every change by the user."""

    def __init__(self, ui, panel: Panel, onChanged: Callable[[], None]) -> None:
        self._panel, self.ui, self._onChanged = panel, ui, onChanged
        self._files: list[str] = []
        for selector in (ui.splitSelector, ui.tableSelector):
            selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
            selector.minimumContentsLength = 12
            selector.connect("currentIndexChanged(int)", lambda _index: self._onChosen())
        ui.foldBox.connect("valueChanged(int)", lambda _value: self._onChosen())
        ui.unreviewedCheckBox.connect("toggled(bool)", lambda _on: self._onChosen())
        ui.newSplitButton.connect("clicked()", self.onNewSplit)
        ui.openCasesButton.connect("clicked()", self.onOpenList)

    @property
    def choice(self) -> CaseChoice:
        """What is chosen."""
        kind, name = self.ui.splitSelector.currentData or ("", "")
        if kind == "file":
            return CaseChoice(file=name)
        return CaseChoice(
            split=name,
            fold=self.ui.foldBox.value,
            table=self.ui.tableSelector.currentData or "",
            unreviewed=self.ui.unreviewedCheckBox.checked,
        )

    def update(self) -> None:
        """Offer the splits and the difficulty tables that the registry has now."""
        from CLIPSLib.tasks.difficulty import stored_names

        registry = self._panel.registry
        splits = registry.splits() if registry is not None else []
        offered = [
            (_("{name} ({n} folds)").format(name=each.name, n=each.folds), ("split", each.name)) for each in splits
        ]
        offered += [(str(Path(path).parent.name) + "/" + Path(path).name, ("file", path)) for path in self._files]
        _offer(self.ui.splitSelector, offered)
        tables = stored_names(registry) if registry is not None else []
        _offer(self.ui.tableSelector, [(_("none"), ""), *((name, name) for name in tables)])
        self.ui.newSplitButton.enabled = self.ui.splitFoldsBox.enabled = registry is not None
        self._show()

    def onNewSplit(self) -> None:
        """Divide the registry's cases and keep the split under a name that says how."""
        from CLIPSLib.cases import make_split

        folds = self.ui.splitFoldsBox.value
        with saying(self._say, aloud=True):
            cases = [row for row in self._panel.registry.cases() if row.status != "unusable"]
            split = make_split(cases, folds=folds, seed=_SPLIT_SEED)
            name = self._freeName(_("{n} parts of {cases} cases").format(n=folds, cases=len(cases)), split)
            saved = self._panel.registry.save_split(name, split)
            self.update()
            self.ui.splitSelector.currentIndex = self._indexOf(("split", name))
            self._onChosen()
            self._say(" ".join([self.ui.casesLabel.text, *map(str, saved.cautions)]))

    def _freeName(self, name: str, split: Split) -> str:
        """The name, with a number where another split has it: as many cases need not be the same ones."""
        registry = self._panel.registry
        taken = {each.name for each in registry.splits()}
        for number in itertools.count(1):
            tried = name if number == 1 else f"{name} ({number})"
            if tried not in taken or registry.split(tried).sha256 == split.sha256:
                return tried

    def onOpenList(self) -> None:
        """Ask for a list of cases that was frozen elsewhere."""
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("List of cases"), MachineSettings.lastFolder(), "cases.json"
        )
        if path:
            self._files = list(dict.fromkeys([*self._files, path]))
            self.update()
            self.ui.splitSelector.currentIndex = self._indexOf(("file", path))
            self._onChosen()

    def _onChosen(self) -> None:
        self._show()
        self._onChanged()

    def _show(self) -> None:
        choice, registry = self.choice, self._panel.registry
        self.ui.foldBox.enabled = self.ui.tableSelector.enabled = self.ui.unreviewedCheckBox.enabled = not choice.file
        with saying(self._say):
            if choice.file:
                from CLIPSLib.training import read_cases

                self._say(runTexts.cases(*summary(read_cases(choice.file))))
            elif choice.split:
                folds = registry.split(choice.split).folds
                self.ui.foldBox.maximum = len(folds) - 1
                fold = folds[self.ui.foldBox.value]
                told = _(
                    "{train} cases of the split train, {validate} validate; those without a usable reference are left "
                    "out at the start."
                )
                self._say(told.format(train=len(fold.train), validate=len(fold.validation)))
            elif registry is None:
                self._say(_("Open a registry above, or a list of cases."))
            else:
                self._say(_("Make a split first: which cases train, which validate."))

    def _say(self, text: str) -> None:
        self.ui.casesLabel.text = text

    def _indexOf(self, data: tuple[str, str]) -> int:
        selector = self.ui.splitSelector
        return next(n for n in range(selector.count) if tuple(selector.itemData(n)) == data)


def _offer(selector, offered: list[tuple[str, object]]) -> None:
    """Replace what a box offers; what was chosen stays chosen."""
    chosen = selector.currentText
    selector.blockSignals(True)
    selector.clear()
    for text, data in offered:
        selector.addItem(text, data)
    selector.currentIndex = max(selector.findText(chosen), 0)
    selector.blockSignals(False)
