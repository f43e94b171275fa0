"""The section "Results": totals, the live table of lesions, what can be done to them, what leaves. Made by Panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer
from slicer.i18n import tr as _

from CLIPSSegmentationLib import LesionTable, Settings
from CLIPSSegmentationLib.Inputs import ctOf
from CLIPSSegmentationLib.LesionsPanel import GROW_METHODS, LesionsPanel
from CLIPSSegmentationLib.Logic import drawnOn, petOf

if TYPE_CHECKING:
    from CLIPSSegmentationLib.Panel import Panel

_LARGE = 2.2  # times the size of other text


class ResultsPanel:
    """Shows one segmentation at a time: that of the parameter node, on the PET it was made on."""

    def __init__(self, panel: Panel) -> None:
        self._panel, self.ui = panel, panel.ui
        self.lesions = LesionsPanel(panel.ui, self.refresh)
        self.live, self.table = self.lesions.live, self.lesions.table
        self._tableNode = None
        _enlarge(self.ui.tmtvLabel)
        for button, slot in (
            (self.ui.copyButton, self.onCopy),
            (self.ui.csvButton, self.onCsv),
            (self.ui.reportButton, self.onReport),
        ):
            button.connect("clicked()", slot)
        self.ui.reviewedCheckBox.connect("toggled(bool)", self._onReviewed)
        self.ui.growSelector.connect("currentIndexChanged(int)", self._onGrowMethod)

    def start(self) -> None:
        """The panel is open: prepare what lives in the scene."""
        self.lesions.start()
        self.update()

    def stop(self) -> None:
        """The panel is left, or the scene closes."""
        self.lesions.stop()

    def update(self) -> None:
        """Follow the segmentation that the scene has chosen."""
        parameters = self._panel.parameterNode
        node = parameters.segmentation if parameters else None
        petNode = self._petOf(node)
        if parameters:
            index = GROW_METHODS.index(parameters.growMethod) if parameters.growMethod in GROW_METHODS else 0
            self.ui.growSelector.currentIndex = index
            self._showTitle(node, petNode, parameters.petVolume)
        if node is self.live.segmentationNode and petNode is self.live.petNode:
            return
        self._tableNode = _tableOf(node)
        self.lesions.setNodes(node, petNode)

    def refresh(self) -> None:
        """Show the measures as they are now. Called after every edit."""
        live, measures = self.live, self.live.measures
        self._updateTableNode()
        self._showTotals()
        self.ui.problemLabel.text = str(live.error) if live.error else self._missing()
        self.ui.problemLabel.visible = bool(self.ui.problemLabel.text)
        self._showReview(measures)
        self._showCautions()
        for button in (self.ui.copyButton, self.ui.csvButton, self.ui.reportButton):
            button.enabled = measures is not None

    def onCopy(self) -> None:
        """The table for a spreadsheet."""
        if self._measured():
            LesionTable.writeClipboard(self.table.text(self.live.measures))

    def onCsv(self) -> None:
        """All measures of all lesions, with units, as a file."""
        from CLIPSLib.formats import write_lesions_csv

        path = self._ask(_("Save the table"), "lesions.csv", "CSV (*.csv)")
        if path:
            with slicer.util.tryWithErrorDisplay(_("The table was not saved."), waitCursor=True):
                study, segmentation = self.live.study, self.live.segmentation
                write_lesions_csv(path, study, segmentation, self.live.measures, overwrite=True)

    def onReport(self) -> None:
        """A report of one file."""
        from CLIPSLib import write_report
        from CLIPSLib.scene import study_from_nodes

        path = self._ask(_("Save the report"), "report.html", "HTML (*.html)")
        if path:
            with slicer.util.tryWithErrorDisplay(_("The report was not saved."), waitCursor=True):
                write_report(
                    path,
                    study_from_nodes(self.live.petNode, self._ctNode()),
                    self.live.segmentation,
                    self.live.measures,
                    anonymous=self.ui.anonymousCheckBox.checked,
                    overwrite=True,
                )

    def _ctNode(self):
        """The CT of the PET that is shown: the chosen one, else the one of the study; None where there is none."""
        parameters, petNode = self._panel.parameterNode, self.live.petNode
        if parameters and parameters.petVolume is petNode and parameters.ctVolume is not None:
            return parameters.ctVolume
        return ctOf(petNode)

    def _ask(self, title: str, name: str, kinds: str) -> str:
        """Where to save; what exists is overwritten, which the dialog has asked. "": nowhere."""
        if not self._measured():
            return ""
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), title, str(Path(Settings.lastFolder()) / name), kinds
        )
        if path:
            Settings.setLastFolder(str(Path(path).parent))
        return path if self._measured() else ""

    def _measured(self) -> bool:
        """Whether there is something to keep after the last edit; when not, the panel has just said why."""
        self.live.updateIfPending()
        return self.live.measures is not None

    def _onReviewed(self, reviewed: bool) -> None:
        from CLIPSLib.scene import set_reviewed

        live = self.live
        if self._measured() and live.segmentation.reviewed != reviewed:
            set_reviewed(live.segmentationNode, reviewed, live.petNode)
            live.update()

    def _onGrowMethod(self, index: int) -> None:
        if self._panel.parameterNode:
            self._panel.parameterNode.growMethod = GROW_METHODS[index]

    def _showTitle(self, node, petNode, chosenPet) -> None:
        """Whose result it is, when another study is the chosen one."""
        ofOther = node is not None and petNode is not None and petNode is not chosenPet
        self.ui.resultsButton.text = _("Results of {pet}").format(pet=petNode.GetName()) if ofOther else _("Results")

    def _updateTableNode(self) -> None:
        """The table in the scene: never rows of what the mask was before."""
        from CLIPSLib.scene import clear_measures_table, update_measures_table

        node, live = self._tableNode, self.live
        if node is None or node.GetScene() is None:
            return
        if live.measures is not None:
            update_measures_table(node, live.measures)
        elif live.error is not None:
            clear_measures_table(node, str(live.error))

    def _showTotals(self) -> None:
        measures = self.live.partial
        if measures is None:
            self.ui.tmtvLabel.text = self.ui.totalsLabel.text = ""
            return
        missing = [lesion.name for lesion in self.live.withheld if lesion.kind == "tumor"]
        if missing:
            self.ui.tmtvLabel.text = _("TMTV withheld")
            self.ui.totalsLabel.text = _("Not measured: {names}.").format(names=", ".join(missing))
            return
        patient = measures.patient
        self.ui.tmtvLabel.text = _("TMTV {volume:.1f} mL").format(volume=patient.tmtv_ml)
        parts = [
            _("TLG {glycolysis:.1f} g").format(glycolysis=patient.tlg_g),
            _("{n} lesions").format(n=patient.lesion_count) if patient.lesion_count != 1 else _("1 lesion"),
        ]
        if patient.suv_max is not None:
            parts.append(_("SUVmax {suv:.1f}").format(suv=patient.suv_max))
        if patient.d_max_mm:
            parts.append(_("Dmax {distance:.0f} mm").format(distance=patient.d_max_mm))
        self.ui.totalsLabel.text = " · ".join(parts)

    def _showReview(self, measures) -> None:
        reviewed = measures is not None and measures.patient.reviewed
        self.ui.reviewLabel.visible = measures is not None
        self.ui.reviewLabel.text = (
            _("Reviewed.")
            if reviewed
            else _("<b>Candidate volume, unreviewed.</b> Research use, not a medical device.")
        )
        self.ui.reviewedCheckBox.enabled = measures is not None
        self.ui.reviewedCheckBox.blockSignals(True)
        self.ui.reviewedCheckBox.checked = reviewed
        self.ui.reviewedCheckBox.blockSignals(False)

    def _showCautions(self) -> None:
        study, segmentation = self.live.study, self.live.segmentation
        cautions = [*(study.cautions if study else ()), *(segmentation.cautions if segmentation else ())]
        texts = [*self.lesions.notes, *dict.fromkeys(str(caution) for caution in cautions)]
        self.ui.cautionsBox.title = _("Cautions ({n})").format(n=len(texts))
        self.ui.cautionsBox.visible = bool(texts)
        self.ui.cautionsLabel.text = "\n".join(f"• {text}" for text in texts)

    def _petOf(self, node):
        """The PET to measure a segmentation on; the chosen one where the segmentation does not tell."""
        parameters = self._panel.parameterNode
        petNode = petOf(node)
        if parameters and (petNode is None or petNode is parameters.ctVolume):
            return parameters.petVolume
        return petNode

    def _missing(self) -> str:
        live = self.live
        if live.segmentationNode is None:
            return _("Apply a method, or choose a segmentation.")
        if live.petNode is not None:
            return ""
        other = drawnOn(live.segmentationNode)
        if other is None:
            return _("The PET of this segmentation is gone: choose it above.")
        sentence = _("This segmentation was drawn on “{name}”, which is no PET in SUV.").format(name=other.GetName())
        return sentence + " " + _("Choose the PET above: it is then measured on the PET’s voxels (nearest neighbor).")


def _tableOf(segmentationNode):
    """The table of measures that belongs to a segmentation."""
    if segmentationNode is None:
        return None
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    wanted = segmentationNode.GetID()
    return next((table for table in tables if table.GetNodeReferenceID("segmentation") == wanted), None)


def _enlarge(label) -> None:
    font = label.font
    font.setPointSizeF(font.pointSizeF() * _LARGE)
    font.setBold(True)
    label.font = font
