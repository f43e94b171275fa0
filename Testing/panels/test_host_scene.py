"""Scene, views and widgets of the host: genuine MRML where it exists, state where only a real Slicer has more."""

from pathlib import Path

import numpy as np
import pytest
from slicer_host import terminologies

EXAMPLE = Path(__file__).parent.parent / "slicer_host" / "example" / "HostExample.py"
THREE_VIEWS = (
    '<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Red"/></item>'
    '<item><view class="vtkMRMLSliceNode" singletontag="Fused">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">F</property></view></item></layout>'
)


@pytest.fixture
def slicer(host):
    import slicer

    return slicer


@pytest.fixture
def ball(slicer):
    """A volume with a bright ball of radius 8 voxels of 2 mm, centered at (0, 0, 0)."""
    z, y, x = np.mgrid[-16:16, -16:16, -16:16] + 0.5
    values = 1.0 + 9.0 * (x**2 + y**2 + z**2 <= 64)
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[:3, 3] = -31.0
    return slicer.util.addVolumeFromArray(values, ijkToRAS=matrix, name="Ball")


@pytest.fixture
def segmentation(slicer, ball):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Lesions")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(ball)
    segment_id = node.GetSegmentation().AddEmptySegment("lesion-1", "Lesion 1")
    mask = (slicer.util.arrayFromVolume(ball) > 5).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment_id, ball)
    return node


def test_a_node_has_an_item_in_the_subject_hierarchy_until_it_is_removed(slicer, ball):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(ball)
    assert item and hierarchy.GetItemName(item) == "Ball"
    slicer.mrmlScene.RemoveNode(ball)
    assert hierarchy.GetItemByDataNode(ball) == 0


def test_a_saved_scene_brings_each_item_once(slicer, ball, tmp_path):
    slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    assert hierarchy.GetNumberOfItems() == 1


def test_terminologies_are_known_and_more_can_be_loaded(slicer, tmp_path):
    logic = slicer.modules.terminologies.logic()
    assert logic.IsTerminologyContextLoaded("Segmentation category and type - DICOM master list")
    terminologies.write_category_list(tmp_path / "own.term.json", "CLIPS list")
    assert logic.LoadTerminologyFromFile(str(tmp_path / "own.term.json")) == "CLIPS list"


def test_slice_views_and_3d_view_draw_what_is_in_the_scene(slicer, ball, segmentation, tmp_path):
    from slicer_host import views

    segmentation.CreateClosedSurfaceRepresentation()
    segmentation.GetSegmentation().GetSegment("lesion-1").SetColor(1.0, 0.0, 0.0)
    slicer.util.setSliceViewerLayers(background=ball, fit=True)
    picture = views.draw_slice("Red", (200, 200))
    red = (picture[..., 0] > picture[..., 1].astype(int) + 40).mean()
    assert picture.shape == (200, 200, 3)
    assert 0.15 < red < 0.25  # a disk of diameter 16 in a square of 32 voxels: pi / 16 = 0.196
    surface = views.draw_3d(0, (200, 200))
    assert (surface[..., 0] > surface[..., 2].astype(int) + 40).mean() > 0.1
    assert views.save_png(views.four_up(100), tmp_path / "views.png").stat().st_size > 1000


def test_a_maximum_intensity_projection_shows_the_hot_ball(slicer, ball):
    from slicer_host import views

    logic = slicer.modules.volumerendering.logic()
    display = logic.CreateDefaultVolumeRenderingNodes(ball)
    logic.CopyDisplayToVolumeRenderingDisplayNode(display)
    view = slicer.app.layoutManager().threeDWidget(0).mrmlViewNode()
    view.SetRaycastTechnique(slicer.vtkMRMLViewNode.MaximumIntensityProjection)
    display.SetVisibility(True)
    picture = views.draw_3d(0, (120, 120)).astype(int).sum(axis=2)
    assert picture[60, 60] > picture[60, 30] or picture.std() > 5


def test_a_registered_layout_makes_its_views(slicer):
    manager = slicer.app.layoutManager()
    heard = []
    manager.connect("layoutChanged(int)", heard.append)
    manager.layoutLogic().GetLayoutNode().AddLayoutDescription(742, THREE_VIEWS)
    manager.setLayout(742)
    assert manager.sliceViewNames() == ("Red", "Fused") and heard == [742]
    assert manager.sliceWidget("Fused").mrmlSliceCompositeNode() is not None
    assert manager.sliceWidget("Yellow") is None
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)


def test_clicks_place_points_while_place_mode_is_on(slicer):
    from slicer_host import views

    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    widget = slicer.qSlicerMarkupsPlaceWidget()
    widget.setMRMLScene(slicer.mrmlScene)
    widget.setCurrentNode(points)
    modes = []
    widget.connect("activeMarkupsPlaceModeChanged(bool)", modes.append)
    widget.setPlaceModeEnabled(True)
    views.place_point((1.0, 2.0, 3.0))
    assert points.GetNthControlPointPosition(0) == (1.0, 2.0, 3.0)
    assert modes == [True, False] and not widget.placeModeEnabled
    with pytest.raises(RuntimeError, match="only in place mode"):
        views.place_point((0.0, 0.0, 0.0))


def test_the_simple_markups_widget_lists_the_points(slicer):
    from slicer_host import views

    widget = slicer.qSlicerSimpleMarkupsWidget()
    widget.setMRMLScene(slicer.mrmlScene)
    widget.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode"))
    views.place_point((1.0, 2.0, 3.0))
    assert widget.tableWidget().item(0, 1).text() == "1.000"


def test_a_table_view_follows_its_node_and_writes_edits_back(slicer):
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    slicer.util.updateTableFromArray(table, np.array([[1.0, 2.0], [3.0, 4.0]]), ["SUVmax", "volume"])
    view = slicer.qMRMLTableView()
    view.setMRMLTableNode(table)
    model = view.tableModel()
    selected = []
    view.connect("selectionChanged()", lambda: selected.append(len(view.selectionModel().selectedRows())))
    view.selectRow(1)
    assert selected == [1]
    assert (model.rowCount(), model.columnCount()) == (2, 2)
    table.SetCellText(0, 0, "7")
    table.Modified()
    assert float(model.item(0, 0).text()) == 7.0
    model.item(1, 1).setText("8")
    assert table.GetCellText(1, 1) == "8"


def test_a_segments_table_follows_the_segmentation(slicer, segmentation):
    view = slicer.qMRMLSegmentsTableView()
    view.setMRMLScene(slicer.mrmlScene)
    view.setSegmentationNode(segmentation)
    selections = []
    view.connect(
        "selectionChanged(QItemSelection,QItemSelection)", lambda: selections.append(view.selectedSegmentIDs())
    )
    view.setSelectedSegmentIDs(["lesion-1"])
    assert selections[-1] == ("lesion-1",)
    segmentation.GetSegmentation().AddEmptySegment("lesion-2", "Lesion 2")
    assert view.segmentCount == 2 and view.selectedSegmentIDs() == ("lesion-1",)
    assert view.segmentIDForRow(1) == "lesion-2" and view.rowForSegmentID("lesion-2") == 1


def test_the_segment_editor_keeps_its_state_in_its_node_and_undoes(slicer, ball, segmentation):
    editor = slicer.qMRMLSegmentEditorWidget()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    editor.setMRMLSegmentEditorNode(node)
    editor.setMRMLScene(slicer.mrmlScene)
    editor.setMaximumNumberOfUndoStates(10)
    editor.setSegmentationNode(segmentation)
    editor.setSourceVolumeNode(ball)
    assert (node.GetSourceVolumeNode(), node.GetSelectedSegmentID()) == (ball, "lesion-1")
    editor.setActiveEffectByName("Threshold")
    editor.activeEffect().setParameter("MinimumThreshold", 4.0)
    assert editor.activeEffect().doubleParameter("MinimumThreshold") == 4.0
    editor.saveStateForUndo()
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros((32, 32, 32), np.uint8), segmentation, "lesion-1", ball)
    editor.undo()
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "lesion-1", ball)
    assert voxels.sum() == (slicer.util.arrayFromVolume(ball) > 5).sum()
    editor.setActiveEffect(None)
    assert editor.activeEffect() is None


def test_a_node_selector_offers_what_fits_and_follows_the_scene(slicer, ball):
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.setMRMLScene(slicer.mrmlScene)
    assert selector.nodeCount() == 1 and selector.currentNode() is None
    changes = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", changes.append)
    selector.setCurrentNode(ball)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    assert selector.nodeCount() == 2  # a label map is a scalar volume
    selector.showChildNodeTypes = False
    assert selector.nodeCount() == 1
    slicer.mrmlScene.RemoveNode(ball)
    assert changes == [ball, None]


def test_a_screenshot_of_a_panel_shows_something(host, tmp_path):
    from PIL import Image

    panel = host.open_panel(EXAMPLE)
    picture = np.asarray(Image.open(host.screenshot(panel, tmp_path / "panel.png", width=420)).convert("L"))
    assert picture.shape[1] == 420 and picture.shape[0] > 200
    assert len(np.unique(picture)) > 20


def test_volumes_and_segmentations_are_saved_and_loaded(slicer, ball, segmentation, tmp_path):
    slicer.util.saveNode(ball, str(tmp_path / "ball.nrrd"))
    slicer.util.saveNode(segmentation, str(tmp_path / "lesions.seg.nrrd"))
    loaded = slicer.util.loadVolume(str(tmp_path / "ball.nrrd"))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(loaded), slicer.util.arrayFromVolume(ball))
    again = slicer.util.loadSegmentation(str(tmp_path / "lesions.seg.nrrd"))
    assert again.GetSegmentation().GetSegment("lesion-1").GetName() == "Lesion 1"


def test_the_panel_of_a_module_without_widget_is_none(host):
    module = host.load_module(Path(__file__).parents[2] / "CLIPSSegmentation" / "CLIPSSegmentation.py")
    assert module.title == "CLIPS Segmentation"
