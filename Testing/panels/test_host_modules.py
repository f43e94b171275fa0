"""Scripted modules live on the host as in Slicer: load, open, reload, unload, close the scene, ask the user."""

from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parent.parent / "slicer_host" / "example" / "HostExample.py"


@pytest.fixture
def panel(host):
    return host.open_panel(EXAMPLE)


@pytest.fixture
def volume(host):
    import slicer

    return slicer.util.addVolumeFromArray(np.arange(8.0).reshape(2, 2, 2), name="PET")


def test_a_loaded_module_is_found_by_its_names(host):
    import slicer

    module = host.load_module(EXAMPLE)
    assert slicer.modules.hostexample is module
    assert slicer.util.modulePath("HostExample") == str(EXAMPLE)
    assert "HostExample" in slicer.app.moduleManager().modulesNames()
    assert module.title == "Host Example" and module.categories == ("Examples",)
    assert slicer.modules.HostExampleInstance.startupSeen


def test_a_button_does_its_work(panel, volume):
    panel.ui.volumeSelector.setCurrentNode(volume)
    panel.ui.applyButton.click()
    assert panel.ui.resultLabel.text == "4 voxels"


def test_an_error_of_the_logic_is_logged_and_goes_on_to_the_caller_of_the_slot(started_host):
    started_host.reset()
    panel = started_host.open_panel(EXAMPLE)
    panel.ui.applyButton.click()
    with pytest.raises(AssertionError, match=r"Choose a volume\."):
        started_host.check()


def test_with_a_user_the_error_is_shown_in_a_dialog(started_host):
    import qt

    started_host.reset()
    panel = started_host.open_panel(EXAMPLE)
    with started_host.answering(qt.QMessageBox.Ok) as shown:
        panel.ui.applyButton.click()
    assert "Choose a volume." in shown[0].text
    with pytest.raises(AssertionError, match=r"Choose a volume\."):
        started_host.check()


def test_questions_take_the_answers_of_the_test_and_are_not_asked_in_testing_mode(host):
    import qt
    import slicer

    slicer.util.confirmYesNoDisplay("Sure?")
    with host.answering(qt.QMessageBox.No, "/data"):
        assert slicer.util.confirmYesNoDisplay("Delete?") is False
        assert qt.QFileDialog.getExistingDirectory(None, "Folder") == "/data"
    assert [(dialog.kind, dialog.text or dialog.title) for dialog in host.dialogs] == [
        ("ctkMessageBox", "Delete?"),
        ("QFileDialog.getExistingDirectory", "Folder"),
    ]


def test_answers_that_nobody_asked_for_are_an_error(host):
    with pytest.raises(AssertionError, match="not asked for"), host.answering("/data"):
        pass


def test_closing_the_scene_leaves_a_working_panel(panel, volume):
    import slicer

    panel.parameterNode.threshold = 2.0
    panel.ui.volumeSelector.setCurrentNode(volume)
    slicer.mrmlScene.Clear()
    assert panel.parameterNode.threshold == 4.0
    assert panel.ui.volumeSelector.currentNode() is None
    panel.ui.thresholdSlider.value = 3.0
    assert panel.parameterNode.threshold == 3.0


def test_reloading_makes_a_new_panel_and_cleans_the_old_one_up(host, panel):
    import slicer

    slicer.util.reloadScriptedModule("HostExample")
    assert slicer.modules.HostExampleWidget is not panel
    assert panel.parameterNode is None and not panel.Observations


def test_resetting_the_host_unloads_modules_and_empties_scene_and_settings(host, panel, volume):
    import qt
    import slicer

    qt.QSettings().setValue("HostExample/LastCount", 1)
    host.reset()
    assert not hasattr(slicer.modules, "hostexample")
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert qt.QSettings().value("HostExample/LastCount") is None


@pytest.mark.parametrize("key", ["Alt+Right", "Ctrl+S", "7", "Esc"])
def test_a_key_that_slicer_has_is_refused_in_its_window(host, key):
    import qt

    with host.main_window() as window:
        shortcut = qt.QShortcut(window)
        with pytest.raises(ValueError, match="Slicer's window has the key"):
            shortcut.setKey(qt.QKeySequence(key))
        shortcut.setKey(qt.QKeySequence("Alt+7"))
        qt.QShortcut(qt.QWidget(window)).setKey(qt.QKeySequence(key))  # of another widget


def test_the_self_test_of_a_module_runs(panel):
    import slicer

    slicer.selfTests["HostExample"]()


def test_selecting_a_module_enters_its_panel_and_another_leaves_it(host):
    import slicer

    host.load_module(EXAMPLE)
    assert slicer.util.mainWindow() is None
    with host.main_window():
        slicer.util.selectModule("HostExample")
        panel = slicer.modules.HostExampleWidget
        assert panel.parameterNode is not None and slicer.util.selectedModule() == "HostExample"
        slicer.util.selectModule("Welcome")
        assert panel.parameterNode is None
    assert slicer.util.mainWindow() is None


def test_slots_get_as_many_arguments_as_they_take(host):
    import functools

    import qt

    got = []
    button = qt.QPushButton()
    button.checkable = True
    button.connect("clicked(bool)", lambda: got.append("none"))
    button.connect("clicked(bool)", lambda checked: got.append(checked))
    button.connect("clicked()", lambda label="default": got.append(label))
    button.connect("clicked(bool)", functools.partial(got.append))
    button.clicked.connect(lambda: got.append("new style"))
    button.click()
    assert got == ["none", True, "default", True, "new style"]


def test_a_disconnected_slot_is_not_called_any_more(host):
    import qt

    class Counter:
        count = 0

        def add(self):
            self.count += 1

    counter, button = Counter(), qt.QPushButton()
    button.connect("clicked()", counter.add)
    button.click()
    assert button.disconnect("clicked()", counter.add)
    button.click()
    assert counter.count == 1
    assert not button.disconnect("clicked()", counter.add)


def test_timers_and_processes_run_while_waiting(host):
    import sys

    import qt

    ticks, process = [], qt.QProcess()
    timer = qt.QTimer()
    timer.interval = 5
    timer.connect("timeout()", lambda: ticks.append(1))
    timer.start()
    process.start(sys.executable, ["-c", "print('done')"])
    host.wait_until(lambda: process.state() == qt.QProcess.NotRunning and len(ticks) > 3)
    timer.stop()
    assert bytes(process.readAllStandardOutput().data()).strip() == b"done"
    with pytest.raises(AssertionError, match="not reached"):
        host.wait_until(lambda: False, timeout_s=0.05)


def test_a_part_of_slicer_that_nobody_imported_is_not_there(host):
    import slicer

    with pytest.raises(AttributeError, match="packaging"):
        slicer.packaging.pip_check("numpy")
    import slicer.packaging

    assert slicer.packaging is host.packaging


def test_missing_packages_are_what_the_test_says(host):
    import qt
    import slicer.packaging

    host.packaging.pretend(torch=None, numpy="1.0")
    assert not slicer.packaging.pip_check("torch") and not slicer.packaging.pip_check("numpy>=2")
    slicer.packaging.pip_ensure("torch", requester="CLIPS")  # testing mode: nothing happens
    assert not host.packaging.requests
    with host.answering(qt.QMessageBox.Cancel), pytest.raises(RuntimeError, match="declined"):
        slicer.packaging.pip_ensure("torch", requester="CLIPS")
    with host.answering(qt.QMessageBox.Ok):
        slicer.packaging.pip_ensure("torch>=2.8", requester="CLIPS")
    assert slicer.packaging.pip_check("torch>=2.8")


def test_sample_data_is_registered_and_can_be_made(host):
    import SampleData
    import slicer

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="CLIPS",
        sampleName="Phantom",
        uris="",
        fileNames="Phantom",
        customDownloader=lambda source: source.sampleName,
    )
    assert [source.sampleName for source in slicer.modules.sampleDataSources["CLIPS"]] == ["Phantom"]
    assert SampleData.press("Phantom") == "Phantom"
    assert not hasattr(SampleData, "downloadSample")  # Slicer's never calls a downloader


@pytest.mark.parametrize(
    ("uris", "names", "error"), [(None, None, TypeError), (None, "a", TypeError), (["u"], ["a", "b"], ValueError)]
)
def test_sample_data_without_locations_is_an_error_as_in_slicer(host, uris, names, error):
    import SampleData
    import slicer

    with pytest.raises(error):
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category="CLIPS", sampleName="Phantom", uris=uris, fileNames=names, customDownloader=lambda source: None
        )
    assert not slicer.modules.sampleDataSources.get("CLIPS")
