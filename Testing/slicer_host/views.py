"""Slice and 3D views drawn offscreen by slicer-core's own displayable managers: the same colors and outlines as Slicer.

What is missing is the frame around a view (bars, corner texts). Pictures are arrays [y, x, RGB] of uint8.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

_SLICE_MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
)
_3D_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLVolumeRenderingDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
)


def draw_slice(name: str = "Red", size: tuple[int, int] = (400, 400)) -> np.ndarray:
    """The slice view with this layout name as it is now, size (width, height)."""
    widget = slicer.app.layoutManager().sliceWidget(name)
    logic = widget.sliceLogic()
    logic.ResizeSliceNode(*size)
    window, renderer, _interactor = _window(size)
    renderer.GetActiveCamera().ParallelProjectionOn()
    mapper = vtk.vtkImageMapper()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    layers = vtk.vtkActor2D()
    layers.SetMapper(mapper)
    layers.GetProperty().SetDisplayLocationToBackground()
    renderer.AddViewProp(layers)
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    managers = _managers(factory, _SLICE_MANAGERS, renderer, widget.mrmlSliceNode())
    logic.UpdatePipeline()
    if logic.GetImageDataConnection() is not None:
        mapper.SetInputConnection(logic.GetImageDataConnection())
    return _grab(window, managers)


def draw_3d(index: int = 0, size: tuple[int, int] = (400, 400)) -> np.ndarray:
    """The 3D view with this number, framed on its content, seen from the front; a MIP when a volume is rendered so."""
    node = slicer.app.layoutManager().threeDWidget(index).mrmlViewNode()
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    window, renderer, _interactor = _window(size)
    factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
    managers = _managers(factory, _3D_MANAGERS, renderer, node)
    _look_from_the_front(renderer, size)
    return _grab(window, managers)


def four_up(size: int = 400) -> np.ndarray:
    """Axial and 3D above, coronal and sagittal below, as in Slicer's four-up layout."""
    square = (size, size)
    above = np.hstack([draw_slice("Red", square), draw_3d(0, square)])
    return np.vstack([above, np.hstack([draw_slice("Green", square), draw_slice("Yellow", square)])])


def save_png(picture: np.ndarray, path) -> Path:
    from PIL import Image

    Image.fromarray(picture).save(path)
    return Path(path)


def place_point(position_ras) -> None:
    """A click into a view at a position in mm RAS while place mode is on; without persistence it ends place mode."""
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    if interaction.GetCurrentInteractionMode() != slicer.vtkMRMLInteractionNode.Place:
        raise RuntimeError("a click places a point only in place mode")
    selection = slicer.app.applicationLogic().GetSelectionNode()
    node = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    node.AddControlPoint(vtk.vtkVector3d(*position_ras))
    if not interaction.GetPlaceModePersistence():
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)


def _window(size: tuple[int, int]):
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*size)
    renderer = vtk.vtkRenderer()
    window.AddRenderer(renderer)
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    interactor.Initialize()
    return window, renderer, interactor


def _look_from_the_front(renderer, size: tuple[int, int]) -> None:
    """Anterior view, as large as the content allows; VTK alone would leave room for a sphere around it."""
    camera = renderer.GetActiveCamera()
    camera.SetFocalPoint(0, 0, 0)
    camera.SetPosition(0, 1, 0)  # RAS: the patient faces +A
    camera.SetViewUp(0, 0, 1)
    bounds = np.reshape(renderer.ComputeVisiblePropBounds(), (3, 2))
    half = np.maximum((bounds[:, 1] - bounds[:, 0]) / 2, 1e-3)
    renderer.ResetCamera()
    camera.Zoom(0.9 * np.linalg.norm(half) / max(half[2], half[0] * size[1] / size[0]))
    renderer.ResetCameraClippingRange()


def _managers(factory, names, renderer, node):
    """Slicer's own drawing of one view node into a renderer; must live as long as the picture is being made."""
    factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    for name in names:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
        manager = slicer.vtkMRMLDisplayableManagerGroup.InstantiateDisplayableManager(name)
        manager.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        group.AddDisplayableManager(manager)
        manager.UnRegister(None)
    group.SetMRMLDisplayableNode(node)
    return group


def _grab(window, _managers_kept_alive) -> np.ndarray:
    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _depth = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[::-1].copy()
