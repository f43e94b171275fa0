"""The host is strict: what Slicer prints and ignores, and what Qt 6 and PySide6 would accept, is an error here."""

import pytest


@pytest.fixture
def qt(host):
    import qt

    return qt


@pytest.fixture
def ctk(host):
    import ctk

    return ctk


@pytest.fixture
def slicer(host):
    import slicer

    return slicer


def test_an_unknown_signal_is_an_error(qt):
    button = qt.QPushButton()
    with pytest.raises(ValueError, match="no signal 'klicked"):
        button.connect("klicked()", print)
    with pytest.raises(ValueError, match="no signal 'clicked\\(int"):
        button.connect("clicked(int)", print)


def test_a_stand_in_knows_the_signatures_of_the_class_it_stands_for(slicer):
    selector = slicer.qMRMLNodeComboBox()
    selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: None)
    with pytest.raises(ValueError, match="but currentNodeChanged\\(vtkMRMLNode"):
        selector.connect("currentNodeChanged(int)", print)


@pytest.mark.parametrize("misspelt", ["enabeld", "Text", "clickable"])
def test_a_misspelt_property_cannot_be_assigned(qt, misspelt):
    with pytest.raises(AttributeError, match=misspelt):
        setattr(qt.QPushButton(), misspelt, True)


def test_a_misspelt_property_of_a_stand_in_cannot_be_assigned(slicer):
    with pytest.raises(AttributeError, match="noneEnabeld"):
        slicer.qMRMLNodeComboBox().noneEnabeld = True


def test_a_method_cannot_be_overwritten(qt):
    with pytest.raises(AttributeError, match="is a method"):
        qt.QLabel().setText = "text"


def test_a_timer_is_made_single_shot_by_its_method_since_python_qt_hides_the_property(qt):
    timer = qt.QTimer()
    with pytest.raises(AttributeError, match="singleShot is a method"):
        timer.singleShot = True
    timer.setSingleShot(True)
    assert timer.isSingleShot()


def test_a_class_written_in_python_may_have_attributes_of_its_own(qt):
    class Panel(qt.QWidget):
        pass

    panel = Panel()
    panel.case = "a"
    assert panel.case == "a"


def test_a_read_only_property_cannot_be_assigned(qt):
    with pytest.raises(AttributeError, match="read-only"):
        qt.QLineEdit().displayText = "text"


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_property_takes_its_own_type_only(qt, value):
    with pytest.raises(TypeError, match="needs bool"):
        qt.QPushButton().enabled = value


def test_a_property_of_a_stand_in_takes_its_own_type_only(ctk):
    with pytest.raises(TypeError):
        ctk.ctkSliderWidget().value = "4"
    with pytest.raises(TypeError):
        ctk.ctkPathLineEdit().currentPath = None


def test_a_number_is_no_enum_member(qt):
    with pytest.raises(TypeError, match="member of its enum"):
        qt.QFrame().frameShape = 6
    with pytest.raises(TypeError, match="compared with the number 2"):
        assert qt.Qt.Checked == 2
    with pytest.raises(TypeError):
        qt.QLabel().setAlignment(4)
    assert qt.Qt.Checked == qt.Qt.Checked and qt.Qt.Checked != qt.Qt.Unchecked


@pytest.mark.parametrize("name", ["QMouseEvent.position", "QFormLayout.setRowVisible", "QColor.fromString"])
def test_a_name_that_came_with_qt_6_is_an_error(qt, name):
    owner, member = name.split(".")
    with pytest.raises(AttributeError, match="came with Qt 6"):
        getattr(getattr(qt, owner), member)


@pytest.mark.parametrize("name", ["QTextCodec", "QRegExp", "QDesktopWidget", "Signal", "Slot", "QEventPoint"])
def test_names_that_only_one_of_the_versions_has_are_missing(qt, name):
    assert not hasattr(qt, name)


def test_what_is_no_slot_of_a_slicer_widget_cannot_be_called(slicer, ctk):
    for widget, method in (
        (ctk.ctkSliderWidget(), "setRange"),
        (ctk.ctkSliderWidget(), "setMinimum"),
        (slicer.qMRMLNodeComboBox(), "setNoneEnabled"),
        (slicer.qMRMLSegmentEditorWidget(), "setMasterVolumeNode"),
        (slicer.qMRMLTableView(), "setItem"),
    ):
        with pytest.raises(AttributeError):
            getattr(widget, method)


def test_the_segment_editor_wants_its_calls_in_order(slicer):
    editor = slicer.qMRMLSegmentEditorWidget()
    with pytest.raises(RuntimeError, match="setMRMLSegmentEditorNode comes first"):
        editor.setSegmentationNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode"))
    editor.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    with pytest.raises(RuntimeError, match="setSegmentationNode comes before"):
        editor.setSourceVolumeNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
    with pytest.raises(ValueError, match="no effect 'Treshold'"):
        editor.setActiveEffectByName("Treshold")
    editor.setActiveEffectByName("Threshold")
    with pytest.raises(NotImplementedError, match="real Slicer"):
        editor.activeEffect().self()


def test_an_error_in_a_slot_fails_the_test(started_host):
    import qt

    started_host.reset()
    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        started_host.check()


def test_an_error_in_an_observer_fails_the_test(started_host):
    import slicer

    started_host.reset()
    observer = slicer.mrmlScene.AddObserver(slicer.mrmlScene.EndCloseEvent, lambda *_: 1 / 0)
    slicer.mrmlScene.Clear()
    slicer.mrmlScene.RemoveObserver(observer)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        started_host.check()


def test_a_complaint_of_qt_about_a_wrong_call_fails_the_test(started_host):
    import qt

    started_host.reset()
    widget = qt.QWidget()
    qt.QVBoxLayout(widget)
    qt.QHBoxLayout(widget)
    with pytest.raises(AssertionError, match="already has a layout"):
        started_host.check()


def test_a_dialog_that_nobody_answers_is_an_error(qt):
    with pytest.raises(RuntimeError, match="would wait for a user"):
        qt.QMessageBox.question(None, "Delete", "Delete it?")


def test_a_missing_dependency_stops_a_module(host, tmp_path):
    path = tmp_path / "Dependent.py"
    path.write_text("class Dependent:\n    def __init__(self, parent):\n        parent.dependencies = ['Nowhere']\n")
    with pytest.raises(RuntimeError, match="depends on Nowhere"):
        host.load_module(path)


def test_an_unknown_property_in_a_ui_file_is_an_error(host, tmp_path, slicer):
    path = tmp_path / "wrong.ui"
    path.write_text(
        '<ui version="4.0"><class>A</class><widget class="QWidget" name="A">'
        '<property name="tooltipp"><string>x</string></property></widget></ui>'
    )
    with pytest.raises(RuntimeError, match="has no property tooltipp"):
        slicer.util.loadUI(str(path))


def test_an_unregistered_layout_is_an_error(slicer):
    with pytest.raises(ValueError, match="no layout 4711"):
        slicer.app.layoutManager().setLayout(4711)


def test_a_view_node_that_neither_a_layout_nor_an_owner_has_is_an_error(started_host, slicer):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    with pytest.raises(AssertionError, match="SetAndObserveParentLayoutNodeID"):
        started_host.check()
    slicer.mrmlScene.RemoveNode(node)
