"""The lesions of one segmentation: live table, what can be done to them, the editor, adding by a click.

Made by ResultsPanel, and by the panel of CLIPS Training, whose form has widgets of the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CLIPSSegmentationLib import Display
from CLIPSSegmentationLib.Editor import Editor
from CLIPSSegmentationLib.LesionEdits import LesionEdits
from CLIPSSegmentationLib.LesionTable import LesionTable
from CLIPSSegmentationLib.LiveMeasures import LiveMeasures
from CLIPSSegmentationLib.PointPicker import PointPicker

GROW_METHODS = ("suv4", "41max")


class LesionsPanel(VTKObservationMixin):
    """ui: lesionTable, kindButton, splitButton, mergeButton, deleteButton, undoButton, redoButton, growSelector,
    growPlaceWidget, editor. onMeasured(): called after every edit, when `live` has the new measures.
    editor: its tag tells apart the editors of CLIPS's modules; by default that of CLIPS Segmentation.

    notes: what is to be said about the lesion that was added last.
    """

    def __init__(self, ui, onMeasured: Callable[[], None], editor: Editor | None = None) -> None:
        super().__init__()
        self.ui, self._onMeasured = ui, onMeasured
        self.editor = editor or Editor(ui.editor)
        self.live = LiveMeasures(self.refresh)
        self.table = LesionTable(ui.lesionTable, self._onSelected, self._onRenamed)
        hint = _("Click at the hottest spot of the missed lesion.")
        self._growing = PointPicker(ui.growPlaceWidget, self.addLesionAt, hint)
        self.notes: tuple[str, ...] = ()
        for text in (_("all of SUV ≥ 4"), _("to 41 % of SUVmax")):
            ui.growSelector.addItem(text)
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.kindButton, self.onKind),
            (self.ui.splitButton, self.onSplit),
            (self.ui.mergeButton, self.onMerge),
            (self.ui.deleteButton, self.onDelete),
            (self.ui.undoButton, self.editor.undo),
            (self.ui.redoButton, self.editor.redo),
        ):
            button.connect("clicked()", slot)
        self._kindKey = qt.QShortcut(self.ui.lesionTable)
        self._kindKey.setKey(qt.QKeySequence("P"))
        self._kindKey.context = qt.Qt.WidgetWithChildrenShortcut
        self._kindKey.connect("activated()", self.onKind)

    def start(self) -> None:
        """The panel is open: prepare what lives in the scene."""
        self.editor.start()
        if self.live.segmentationNode is not None:  # chosen before there was an editor node
            self.editor.setNodes(self.live.segmentationNode, self.live.petNode)
        self._growing.start()
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if crosshair is not None:
            self.addObserver(crosshair, slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent, self._onCursor)

    def stop(self, *, keepUndo: bool = False) -> None:
        """The panel is left, or the scene closes. keepUndo: for whoever comes back to the same nodes."""
        self.live.setNodes(None, None)
        self.editor.stop(keepUndo=keepUndo)
        self.removeObservers()
        self._growing.stop()

    def setNodes(self, segmentationNode, petNode, *, soon: bool = False) -> None:
        """Show and edit this segmentation, measured on this PET. soon: not yet, so that the views come first."""
        self.notes = ()
        self.editor.setNodes(segmentationNode, petNode)
        self.live.setNodes(segmentationNode, petNode, soon=soon)

    def refresh(self) -> None:
        """Show the lesions as they are now. Called after every edit."""
        self.table.show(self.live.rows, self.live.segmentationNode)
        self.ui.growPlaceWidget.enabled = self.live.segmentation is not None
        self._updateButtons()
        self._onMeasured()

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

    def addLesionAt(self, ras: Sequence[float]) -> None:
        """Add a lesion that was missed, grown from a position, and select it."""
        self.live.updateIfPending()
        with slicer.util.tryWithErrorDisplay(_("No lesion can be added here."), waitCursor=True):
            method = GROW_METHODS[self.ui.growSelector.currentIndex]
            segmentId, cautions = self.edits().addAt(ras, method)
            self.notes = tuple(str(caution) for caution in cautions)
            self.live.update()
            self.table.select([segmentId])

    def edits(self) -> LesionEdits:
        """What can be done to the segmentation that is shown, with undo."""
        live = self.live
        return LesionEdits(live.segmentationNode, live.petNode, live.study, self.editor.saveState)

    def _edit(self, action) -> None:
        self.live.updateIfPending()  # what undo or the editor took away is not selected any more
        ids = self.table.selectedIds
        if not ids or self.live.segmentation is None:
            return
        with slicer.util.tryWithErrorDisplay(_("This cannot be done."), waitCursor=True):
            action(self.edits(), ids)
        self.live.update()

    def _onRenamed(self, segmentId: str, name: str) -> None:
        if name.strip():
            self.edits().rename(segmentId, name.strip())
        else:
            self.refresh()  # a lesion keeps the name it had

    def _onSelected(self) -> None:
        """Show the selected lesion in the views."""
        self._updateButtons()
        ids = self.table.selectedIds
        if len(ids) != 1:
            return
        self.editor.select(ids[0])
        lesion = next(each for each in self.live.rows if each.lesion_id == ids[0])
        centroid = getattr(lesion, "centroid_lps_mm", None)  # an empty lesion has none, one that is withheld neither
        if centroid is not None:
            x, y, z = centroid
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

    def _updateButtons(self) -> None:
        count = len(self.table.selectedIds)
        self.ui.kindButton.enabled = self.ui.deleteButton.enabled = count > 0
        self.ui.splitButton.enabled = count == 1
        self.ui.mergeButton.enabled = count > 1
        self.ui.undoButton.enabled = self.ui.redoButton.enabled = self.live.segmentationNode is not None
