"""Parameters keep their types, survive a saved scene, and follow the widgets they are connected to."""

import pathlib
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

EXAMPLE = Path(__file__).parent.parent / "slicer_host" / "example" / "HostExample.py"


@pytest.fixture
def panel(host):
    return host.open_panel(EXAMPLE)


@pytest.fixture
def volume(host):
    import slicer

    return slicer.util.addVolumeFromArray(np.zeros((2, 2, 2)), name="PET")


def wrapped(cls):
    """A parameter node of a class with typed members."""
    import slicer

    return slicer.parameterNodeWrapper.parameterNodeWrapper(cls)(slicer.vtkMRMLScriptedModuleNode())


def test_every_type_has_its_default(panel):
    node = panel.parameterNode
    assert (node.volume, node.other, node.threshold, node.invert) == (None, None, 4.0, False)
    assert (node.comment, node.folder, node.method.name) == ("none", Path("models"), "FIXED")
    assert list(node.chosen) == [] and dict(node.weights) == {}


@pytest.mark.parametrize("ending", ["mrml", "mrb"])
def test_all_values_come_back_from_a_saved_scene(host, panel, volume, tmp_path, ending):
    import slicer

    Method = type(panel.parameterNode.method)
    values = {
        "volume": volume,
        "other": volume,
        "threshold": 2.5,
        "method": Method.RELATIVE,
        "invert": True,
        "comment": "",
        "folder": pathlib.Path("/models"),
        "chosen": ["a", "b"],
        "weights": {"a": 0.5},
    }
    for name, value in values.items():
        panel.parameterNode.setValue(name, value)
    slicer.util.saveScene(str(tmp_path / f"scene.{ending}"))
    panel.parameterNode.threshold = 9.0
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / f"scene.{ending}"))
    node = panel.logic.getParameterNode()
    assert node.volume.GetName() == node.other.GetName() == "PET"
    assert (node.threshold, node.method, node.invert, node.comment) == (2.5, Method.RELATIVE, True, "")
    assert (node.folder, list(node.chosen), dict(node.weights)) == (Path("/models"), ["a", "b"], {"a": 0.5})


def test_values_are_stored_under_the_names_that_slicer_uses(panel, volume):
    node = panel.parameterNode
    node.other, node.chosen, node.weights = volume, ["a"], {"b": 2.0}
    node.method = type(node.method).RELATIVE
    raw = node.parameterNode
    assert raw.GetParameter("method") == "RELATIVE"
    assert (raw.GetParameter("chosen.len"), raw.GetParameter("chosen.0")) == ("1", "a")
    assert (raw.GetParameter("weights.0.0"), raw.GetParameter("weights.0.1")) == ("b", "2.0")
    assert raw.GetNodeReference("other.0") is volume


def test_lists_and_dicts_write_their_changes_back(panel):
    node = panel.parameterNode
    node.chosen.append("a")
    node.chosen.append("b")
    node.chosen.remove("a")
    node.weights["x"] = 1.5
    assert list(node.chosen) == ["b"] and dict(node.weights) == {"x": 1.5}


def test_a_stored_dict_gives_no_default_as_slicers_does_not(panel):
    weights = panel.parameterNode.weights
    assert weights.get("x") is None
    for ask in (weights.get, weights.pop):
        with pytest.raises(TypeError):
            ask("x", 0.0)


def test_widgets_and_parameters_follow_each_other(panel, volume):
    ui, node = panel.ui, panel.parameterNode
    ui.volumeSelector.setCurrentNode(volume)
    ui.thresholdSlider.value = 7.5
    ui.methodSelector.currentIndex = 1
    ui.invertCheckBox.checked = True
    ui.commentEdit.text = "edited"
    ui.folderEdit.currentPath = "/elsewhere"
    assert (node.volume, node.threshold, node.method.name) == (volume, 7.5, "RELATIVE")
    assert (node.invert, node.comment, node.folder) == (True, "edited", Path("/elsewhere"))
    node.comment, node.volume, node.threshold = "written", None, 1.0
    assert (ui.commentEdit.text, ui.volumeSelector.currentNode(), ui.thresholdSlider.value) == ("written", None, 1.0)


def test_an_enum_shows_its_labels_and_a_range_becomes_the_bounds(panel):
    assert panel.ui.methodSelector.itemText(1) == "Share of the maximum"
    assert (panel.ui.thresholdSlider.minimum, panel.ui.thresholdSlider.maximum) == (0.0, 10.0)


def test_after_disconnecting_widgets_and_parameters_are_apart(panel):
    node, ui = panel.parameterNode, panel.ui
    panel.exit()
    ui.commentEdit.text = "edited"
    assert node.comment == "none"
    node.comment = "written"
    assert ui.commentEdit.text == "edited"


def test_wrong_types_values_and_names_are_errors(panel):
    node = panel.parameterNode
    for name, value in (("threshold", "4"), ("invert", 1), ("chosen", [1]), ("comment", None), ("threshold", True)):
        with pytest.raises(TypeError):
            node.setValue(name, value)
    with pytest.raises(ValueError, match="within"):
        node.threshold = 11.0
    with pytest.raises(AttributeError, match="no parameter 'treshold'"):
        node.treshold = 4.0


def test_a_slider_without_bounds_and_an_unbindable_widget_are_refused(host):
    import ctk
    import qt

    class Unbounded:
        value: float
        text: str

    node = wrapped(Unbounded)
    with pytest.raises(RuntimeError, match="minimum and a maximum"):
        node.connectParametersToGui({"value": ctk.ctkSliderWidget()})
    with pytest.raises(RuntimeError, match="cannot be connected to a QPlainTextEdit"):
        node.connectParametersToGui({"text": qt.QPlainTextEdit()})
    with pytest.raises(ValueError, match="no parameter valu"):
        node.connectParametersToGui({"valu": qt.QLineEdit()})


def test_choices_fill_a_combo_box(host):
    import qt
    from slicer.parameterNodeWrapper import Choice, Default

    class WithChoice:
        model: Annotated[str, Choice(["suv4", "percist"]), Default("percist")]

    box, node = qt.QComboBox(), wrapped(WithChoice)
    node.connectParametersToGui({"model": box})
    assert box.currentText == "percist"
    box.currentIndex = 0
    assert node.model == "suv4"


def test_a_type_that_a_parameter_node_cannot_keep_is_refused(host):
    class Unknown:
        value: bytes

    with pytest.raises(TypeError, match="cannot keep"):
        wrapped(Unknown)
