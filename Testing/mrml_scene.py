"""A MRML scene with the logics that a running Slicer attaches to it, on the genuine engine of the slicer-core wheel.

Called by tests of the room `scene` and of the module file. Without the segmentations logic, segments have no
converters; without the color logic, display nodes point to colors that do not exist.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def slicer_scene() -> Iterator[object]:
    """A scene that is `slicer.mrmlScene` inside the block; skips the test where slicer-core is not installed."""
    slicer = pytest.importorskip("slicer", reason="needs slicer-core (pip install slicer-core)")
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkMRMLApplicationLogic()
    logics = {
        "volumes": slicer.vtkSlicerVolumesLogic(),
        "segmentations": slicer.vtkSlicerSegmentationsModuleLogic(),
        "colors": slicer.vtkMRMLColorLogic(),
    }
    application.SetMRMLScene(scene)
    for logic in logics.values():
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
    logics["segmentations"].SetDefaultSurfaceSmoothingEnabled(True)  # makes a default node, as Slicer does at its start
    modules = {name: types.SimpleNamespace(logic=lambda logic=logic: logic) for name, logic in logics.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slicer, "mrmlScene", scene, raising=False)
        patch.setattr(slicer, "modules", types.SimpleNamespace(**modules), raising=False)
        yield scene
        scene.Clear(1)


def write_and_read(node, storage_class: str, path, scene):
    """Save a node with its storage node to `path` and read it into a new node of the same class."""
    copy = scene.AddNewNodeByClass(node.GetClassName())
    for action, target in (("WriteData", node), ("ReadData", copy)):
        storage = scene.AddNewNodeByClass(storage_class)
        storage.SetFileName(str(path))
        assert getattr(storage, action)(target), f"{storage_class}.{action} failed"
    return copy
