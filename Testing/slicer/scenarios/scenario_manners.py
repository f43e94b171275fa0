"""Manners of Slicer that its headers do not show and that the host imitates: the panels rely on them."""

import tempfile
import unittest

import ctk
import qt
import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class OneVolume:
    volume: slicer.vtkMRMLScalarVolumeNode


class MannersScenario(unittest.TestCase):
    def test_a_timer_has_no_property_single_shot(self) -> None:
        timer = qt.QTimer()
        with self.assertRaises(AttributeError):
            timer.singleShot = True
        timer.setSingleShot(True)
        self.assertTrue(timer.isSingleShot())

    def test_a_collapsible_box_hides_what_is_put_into_it_and_keeps_hidden_what_somebody_has_hidden(self) -> None:
        window, box = qt.QWidget(), ctk.ctkCollapsibleGroupBox()
        qt.QVBoxLayout(window).addWidget(box)
        contents, hidden, added = qt.QVBoxLayout(box), qt.QLabel("hidden"), qt.QLabel("added")
        contents.addWidget(hidden)
        hidden.visible = False
        box.collapsed = True
        window.show()
        contents.addWidget(added)
        slicer.app.processEvents()
        self.assertFalse(added.visible)
        box.collapsed = False
        self.assertTrue(added.visible)
        self.assertFalse(hidden.visible)

    def test_a_path_that_is_deleted_is_told_as_invalid_only(self) -> None:
        edit, paths, valid = ctk.ctkPathLineEdit(), [], []
        edit.connect("currentPathChanged(QString)", lambda path: paths.append(path))
        edit.connect("validInputChanged(bool)", lambda is_valid: valid.append(is_valid))
        edit.currentPath = tempfile.gettempdir()
        edit.currentPath = ""
        self.assertEqual(paths, [tempfile.gettempdir()])
        self.assertEqual(valid, [True, False])

    def test_a_parameter_node_remembers_a_node_until_it_is_modified(self) -> None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        parameters = OneVolume(node)
        wasModified = node.StartModify()
        node.SetNodeReferenceID("volume", volume.GetID())
        self.assertIsNone(parameters.volume)
        self.assertIs(OneVolume(node).volume, volume)
        node.EndModify(wasModified)
        self.assertIs(parameters.volume, volume)
        for each in (node, volume):
            slicer.mrmlScene.RemoveNode(each)
