"""The section "Results": totals, the live table of lesions, what can be done to them, what leaves. Made by Panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CLIPSSegmentationLib import Display, LesionTable, Settings
from CLIPSSegmentationLib.Editor import Editor
from CLIPSSegmentationLib.LesionEdits import LesionEdits
from CLIPSSegmentationLib.LiveMeasures import LiveMeasures
from CLIPSSegmentationLib.Logic import petOf

if TYPE_CHECKING:
    from CLIPSSegmentationLib.Panel import Panel

_LARGE = 2.2  # times the size of other text
_GROW_METHODS = ("suv4", "41max")


class ResultsPanel(VTKObservationMixin):
    """Shows one segmentation at a time: that of the parameter node, on the PET it was made on."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel, self.ui = panel, panel.ui
        self.live = LiveMeasures(self.refresh)
        self.editor = Editor(self.ui.editor)
        self.table = LesionTable.LesionTable(self.ui.lesionTable, self._onSelected, self._onRenamed)
        self._tableNode = None
        self._growNode = None
        self._notes: tuple[str, ...] = ()
        _enlarge(self.ui.tmtvLabel)
        for text in (_("all of SUV ≥ 4"), _("to 41 % of SUVmax")):
            self.ui.growSelector.addItem(text)
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.kindButton, self.onKind),
            (self.ui.splitButton, self.onSplit),
            (self.ui.mergeButton, self.onMerge),
            (self.ui.deleteButton, self.onDelete),
            (self.ui.undoButton, self.editor.undo),
            (self.ui.redoButton, self.editor.redo),
            (self.ui.copyButton, self.onCopy),
            (self.ui.csvButton, self.onCsv),
            (self.ui.reportButton, self.onReport),
        ):
            button.connect("clicked()", slot)
        self.ui.reviewedCheckBox.connect("toggled(bool)", self._onReviewed)
        self.ui.growSelector.connect("currentIndexChanged(int)", self._onGrowMethod)
        self.ui.growPlaceWidget.connect("activeMarkupsPlaceModeChanged(bool)", self._onPlacing)
        self._kindKey = qt.QShortcut(self.ui.lesionTable)
        self._kindKey.setKey(qt.QKeySequence("P"))
        self._kindKey.context = qt.Qt.WidgetWithChildrenShortcut
        self._kindKey.connect("activated()", self.onKind)

    def start(self) -> None:
        """The panel is open: prepare what lives in the scene."""
        self.editor.start()
        self.editor.setNodes(self.live.segmentationNode, self.live.petNode)  # chosen before there was an editor node
        self._prepareGrowing()
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if crosshair is not None:
            self.addObserver(crosshair, slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent, self._onCursor)
        self.update()

    def stop(self) -> None:
        """The panel is left, or the scene closes."""
        self.live.setNodes(None, None)
        self.editor.stop()
        self.removeObservers()
        self.ui.growPlaceWidget.setPlaceModeEnabled(False)
        self.ui.growPlaceWidget.setCurrentNode(None)
        if self._growNode is not None and self._growNode.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(self._growNode)
        self._growNode = None

    def update(self) -> None:
        """Follow the segmentation that the scene has chosen."""
        parameters = self._panel.parameterNode
        node = parameters.segmentation if parameters else None
        petNode = petOf(node) or (parameters.petVolume if parameters else None)
        if parameters:
            index = _GROW_METHODS.index(parameters.growMethod) if parameters.growMethod in _GROW_METHODS else 0
            self.ui.growSelector.currentIndex = index
            self._showTitle(node, petNode, parameters.petVolume)
        if node is self.live.segmentationNode and petNode is self.live.petNode:
            return
        self._notes = ()
        self._tableNode = _tableOf(node)
        self.editor.setNodes(node, petNode)
        self.live.setNodes(node, petNode)

    def refresh(self) -> None:
        """Show the measures as they are now. Called after every edit."""
        from CLIPSLib.scene import update_measures_table

        live, measures = self.live, self.live.measures
        self.table.show(measures, live.segmentationNode)
        if measures is not None and self._tableNode is not None and self._tableNode.GetScene() is not None:
            update_measures_table(self._tableNode, measures)
        self._showTotals(measures)
        self.ui.problemLabel.text = str(live.error) if live.error else self._missing()
        self.ui.problemLabel.visible = bool(self.ui.problemLabel.text)
        self._showReview(measures)
        self._showCautions()
        for button in (self.ui.copyButton, self.ui.csvButton, self.ui.reportButton, self.ui.growPlaceWidget):
            button.enabled = measures is not None
        self._updateButtons()

    def onKind(self) -> None:
        """Physiological uptake instead of tumor, or back."""
        self._edit(lambda edits, ids: edits.toggleKind(ids))

    def onSplit(self) -> None:
        """A lesion of each component of the selected one."""
        self._edit(lambda edits, ids: edits.split(ids[0]))

    def onMerge(self) -> None:
        """One lesion of the selected ones."""
        self._edit(lambda edits, ids: edits.merge(ids))

    def onDelete(self) -> None:
        """Delete the selected lesions; undo brings them back."""
        self._edit(lambda edits, ids: edits.remove(ids))

    def addLesionAt(self, ras) -> None:
        """Add a lesion that was missed, grown from a position, and select it."""
        self.live.updateIfPending()
        with slicer.util.tryWithErrorDisplay(_("No lesion can be added here."), waitCursor=True):
            method = _GROW_METHODS[self.ui.growSelector.currentIndex]
            segmentId, cautions = self._edits().addAt(ras, method)
            self._notes = tuple(str(caution) for caution in cautions)
            self.live.update()
            self.table.select([segmentId])

    def onCopy(self) -> None:
        """The table for a spreadsheet."""
        self.live.updateIfPending()
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

        path = self._ask(_("Save the report"), "report.html", "HTML (*.html)")
        if path:
            with slicer.util.tryWithErrorDisplay(_("The report was not saved."), waitCursor=True):
                write_report(
                    path,
                    self.live.study,
                    self.live.segmentation,
                    self.live.measures,
                    anonymous=self.ui.anonymousCheckBox.checked,
                    overwrite=True,
                )

    def _ask(self, title: str, name: str, kinds: str) -> str:
        """Where to save; what exists is overwritten, which the dialog has asked."""
        self.live.updateIfPending()
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), title, str(Path(Settings.lastFolder()) / name), kinds
        )
        if path:
            Settings.setLastFolder(str(Path(path).parent))
        return path

    def _edits(self) -> LesionEdits:
        live = self.live
        return LesionEdits(live.segmentationNode, live.petNode, live.study, self.editor.saveState)

    def _edit(self, action) -> None:
        self.live.updateIfPending()  # what undo or the editor took away is not selected any more
        ids = self.table.selectedIds
        if not ids or self.live.segmentation is None:
            return
        with slicer.util.tryWithErrorDisplay(_("This cannot be done."), waitCursor=True):
            action(self._edits(), ids)
        self.live.update()

    def _onRenamed(self, segmentId: str, name: str) -> None:
        self._edits().rename(segmentId, name)

    def _onSelected(self) -> None:
        """Show the selected lesion in the views."""
        self._updateButtons()
        ids = self.table.selectedIds
        if len(ids) != 1 or self.live.measures is None:
            return
        self.editor.select(ids[0])
        lesion = next(each for each in self.live.measures.lesions if each.lesion_id == ids[0])
        if lesion.centroid_lps_mm is not None:
            x, y, z = lesion.centroid_lps_mm
            Display.jumpTo((-x, -y, z))

    def _onCursor(self, crosshair, _event) -> None:
        """With Shift the mouse moves the crosshair: the lesion under it is selected."""
        ras = [0.0] * 3
        if not self._shiftIsDown() or not crosshair.GetCursorPositionRAS(ras):
            return
        segmentId = self.live.lesionAt(ras)
        if segmentId is not None and self.table.selectedIds != [segmentId]:
            self.ui.lesionTable.blockSignals(True)  # the views are where the user looks already
            self.table.select([segmentId])
            self.ui.lesionTable.blockSignals(False)
            self.editor.select(segmentId)
            self._updateButtons()

    @staticmethod
    def _shiftIsDown() -> bool:
        return bool(qt.QApplication.keyboardModifiers() & qt.Qt.ShiftModifier)

    def _onReviewed(self, reviewed: bool) -> None:
        from CLIPSLib.scene import set_reviewed

        self.live.updateIfPending()
        live = self.live
        if live.segmentation is not None and live.segmentation.reviewed != reviewed:
            set_reviewed(live.segmentationNode, reviewed, live.petNode)
            live.update()

    def _onGrowMethod(self, index: int) -> None:
        if self._panel.parameterNode:
            self._panel.parameterNode.growMethod = _GROW_METHODS[index]

    def _prepareGrowing(self) -> None:
        """One hidden list of points, of which each click makes one that goes at once."""
        markups = slicer.vtkMRMLMarkupsNode
        self._growNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "CLIPS new lesion")
        self._growNode.SetHideFromEditors(True)
        self._growNode.SetSaveWithScene(False)
        self.addObserver(self._growNode, markups.PointPositionDefinedEvent, self._onPlaced)
        self.ui.growPlaceWidget.setCurrentNode(self._growNode)
        self.ui.growPlaceWidget.buttonsVisible = False
        self.ui.growPlaceWidget.placeButton().show()
        self.ui.growPlaceWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup

    def _onPlaced(self, node, _event) -> None:
        position = [0.0] * 3
        node.GetNthControlPointPositionWorld(node.GetNumberOfControlPoints() - 1, position)
        # After the event: Slicer still works with the point.
        qt.QTimer.singleShot(0, lambda: self._takePoint(position))

    def _takePoint(self, position) -> None:
        if self._growNode is not None:
            self._growNode.RemoveAllControlPoints()
            self.addLesionAt(position)

    def _onPlacing(self, placing: bool) -> None:
        if placing:
            slicer.util.showStatusMessage(_("Click at the hottest spot of the missed lesion."), 5000)

    def _showTitle(self, node, petNode, chosenPet) -> None:
        """Whose result it is, when another study is the chosen one."""
        ofOther = node is not None and petNode is not None and petNode is not chosenPet
        self.ui.resultsButton.text = _("Results of {pet}").format(pet=petNode.GetName()) if ofOther else _("Results")

    def _showTotals(self, measures) -> None:
        if measures is None:
            self.ui.tmtvLabel.text = self.ui.totalsLabel.text = ""
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
        texts = [*self._notes, *dict.fromkeys(str(caution) for caution in cautions)]
        self.ui.cautionsBox.title = _("Cautions ({n})").format(n=len(texts))
        self.ui.cautionsBox.visible = bool(texts)
        self.ui.cautionsLabel.text = "\n".join(f"• {text}" for text in texts)

    def _missing(self) -> str:
        live = self.live
        if live.segmentationNode is None:
            return _("Apply a method, or choose a segmentation.")
        return _("The PET of this segmentation is gone: choose it above.") if live.petNode is None else ""

    def _updateButtons(self) -> None:
        count = len(self.table.selectedIds)
        self.ui.kindButton.enabled = self.ui.deleteButton.enabled = count > 0
        self.ui.splitButton.enabled = count == 1
        self.ui.mergeButton.enabled = count > 1
        self.ui.undoButton.enabled = self.ui.redoButton.enabled = self.live.segmentationNode is not None


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
