"""Slice views side by side for one case: reference, A, B; axial above, coronal below. Made by ComparePanel.

Views of one orientation are linked, share window and colors since they show the same volumes, and bear the color of
their outlines. They are views of their own: what the others show stays there.
"""

from __future__ import annotations

from collections.abc import Mapping

import slicer
from CLIPSSegmentationLib import Display

LAYOUT = 7151  # any number above 100 that no other module has
NAMES = ("reference", "A", "B")
COLORS = {"reference": (0.2, 0.75, 0.2), "A": (1.0, 0.55, 0.0), "B": (0.2, 0.75, 1.0)}
_LABELS = {"reference": "Ref", "A": "A", "B": "B"}
_ORIENTATIONS = ("Axial", "Coronal")
_GROUP = 7  # links these views with each other and with no others


def viewName(name: str, orientation: str) -> str:
    """The layout name of the view of "reference", "A" or "B"."""
    return f"CLIPS{name.capitalize()}{orientation}"


def registerLayout() -> None:
    """Make the layout known, unless it is."""
    Display.registerLayout(LAYOUT, _layout())


def isShown() -> bool:
    """Whether the views are side by side now."""
    manager = slicer.app.layoutManager()
    return manager is not None and manager.layout == LAYOUT


def show(petNode, ctNode, segmentationNodes: Mapping[str, object]) -> None:
    """Change to the layout and fill its views; nothing where there are no views.

    segmentationNodes: by name. The reference is drawn in all columns, A and B in their own, and none in other views,
    which may hold other images.
    """
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    registerLayout()
    manager.setLayout(LAYOUT)
    Display.colorPet(petNode, ctNode)
    for name in NAMES:
        for orientation in _ORIENTATIONS:
            _fill(manager.sliceWidget(viewName(name, orientation)), petNode, ctNode)
    for name, node in segmentationNodes.items():
        columns = NAMES if name == "reference" else (name,)
        node.GetDisplayNode().SetViewNodeIDs([each.GetID() for each in viewNodes(columns)])


def viewNodes(names=NAMES) -> list:
    """The slice nodes of columns, those that exist."""
    nodes = [
        slicer.mrmlScene.GetSingletonNode(viewName(name, orientation), "vtkMRMLSliceNode")
        for name in names
        for orientation in _ORIENTATIONS
    ]
    return [node for node in nodes if node is not None]


def comeBack() -> None:
    """The layout again, its views as they were left."""
    if slicer.app.layoutManager() is not None:
        slicer.app.layoutManager().setLayout(LAYOUT)


def leave() -> None:
    """Back to the layout of the module, from which Panel goes back to the user's; no other layout is touched."""
    if isShown():
        Display.showLayout()


def _fill(widget, petNode, ctNode) -> None:
    composite = widget.mrmlSliceCompositeNode()
    composite.SetBackgroundVolumeID((ctNode or petNode).GetID())
    composite.SetForegroundVolumeID(petNode.GetID() if ctNode else None)
    composite.SetForegroundOpacity(Display.FUSION_OPACITY if ctNode else 0.0)
    composite.SetLinkedControl(True)
    composite.SetHotLinkedControl(True)
    widget.fitSliceToBackground()


def _layout() -> str:
    rows = "".join(
        f'<item><layout type="horizontal">{"".join(_view(name, orientation) for name in NAMES)}</layout></item>'
        for orientation in _ORIENTATIONS
    )
    return f'<layout type="vertical" split="true">{rows}</layout>'


def _view(name: str, orientation: str) -> str:
    properties = {
        "orientation": orientation,
        "viewlabel": _LABELS[name],
        "viewcolor": "#" + "".join(f"{round(255 * part):02x}" for part in COLORS[name]),
        "viewgroup": str(_GROUP),
    }
    told = "".join(f'<property name="{key}" action="default">{value}</property>' for key, value in properties.items())
    return f'<item><view class="vtkMRMLSliceNode" singletontag="{viewName(name, orientation)}">{told}</view></item>'
