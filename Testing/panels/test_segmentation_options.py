"""Methods and their options: made from what each segmenter says, checked, remembered; packages only when needed."""

import sys

import builders_model
import pytest


def choose(opened, title: str) -> None:
    opened.ui.modelSelector.currentIndex = opened.ui.modelSelector.findText(title)


@pytest.fixture
def nothing_installed(monkeypatch):
    """As in a Slicer in which nobody has used a network yet; gives the names of what is missing."""
    from CLIPSLib.models import loading

    missing = {"torch", "monai"}
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda name: None if name in missing else object())
    return missing


@pytest.fixture
def with_network(opened, tmp_path, nothing_installed):
    """The panel with an installed network, whose weights nobody runs here."""
    from CLIPSLib.models import ModelStore

    cost = {"machine": "one core", "image": "phantom", "seconds": 12.0, "memory_gb": 1.5}
    ModelStore().install(builders_model.fake(tmp_path / "model", measured=[cost]))
    opened.panel.model.refresh()
    return opened


def test_every_segmenter_is_offered_with_its_rule_and_source(opened):
    from CLIPSLib import list_segmenters

    descriptions = list_segmenters()
    assert [opened.ui.modelSelector.itemText(i) for i in range(opened.ui.modelSelector.count)] == [
        description.title for description in descriptions
    ]
    for description in descriptions:
        choose(opened, description.title)
        assert description.rule.split(">")[0] in opened.ui.modelDescription.text
        assert description.source.split(",")[0] in opened.ui.modelDescription.text
        assert opened.panel.model.chosenOptions() == {}


def test_an_option_that_was_changed_reaches_the_result(opened, phantom_study):
    opened.show(phantom_study)
    opened.panel.model.options.field("threshold").text = "6"
    opened.panel.model.options.field("connectivity").currentIndex = 0
    opened.apply()
    parameters = opened.live.segmentation.provenance["parameters"]
    assert parameters["threshold"] == 6.0 and parameters["connectivity"] == 6


def test_the_options_of_each_method_are_seen_when_their_box_is_opened_and_only_then(host, opened):
    opened.panel.form.window().show()
    for title in ("SUV >= 4.0", "41 % of SUVmax"):
        choose(opened, title)
        fields = [opened.panel.model.options.field(name) for name in opened.panel.model.description.options]
        host.process_events()
        assert fields and not any(field.visible for field in fields)
        opened.ui.optionsBox.collapsed = False
        assert all(field.visible for field in fields)
        opened.ui.optionsBox.collapsed = True


def test_an_option_that_cannot_be_meant_says_what_can(opened, phantom_study):
    opened.show(phantom_study)
    opened.panel.model.options.field("threshold").text = "-3"
    assert not opened.ui.applyButton.enabled
    assert "0.1 to 100 g/mL" in opened.ui.applyButton.toolTip
    opened.panel.model.options.field("threshold").text = "3"
    assert opened.ui.applyButton.enabled


def test_options_are_kept_for_each_method(opened):
    opened.panel.model.options.field("threshold").text = "3.5"
    choose(opened, "41 % of SUVmax")
    opened.panel.model.options.field("fraction").text = "0.45"
    choose(opened, "SUV >= 4.0")
    assert opened.panel.model.chosenOptions() == {"threshold": 3.5}
    choose(opened, "41 % of SUVmax")
    assert opened.panel.model.chosenOptions() == {"fraction": 0.45}


def test_a_network_shows_license_cost_and_devices_and_needs_its_ct(with_network, phantom_study):
    opened = with_network
    choose(opened, "Small test network (1.0)")
    assert "CC0" in opened.ui.modelDescription.text
    assert "12 s and 1.5 GB (phantom, one core)" in opened.ui.modelDescription.text
    names = [opened.ui.deviceSelector.itemData(i) for i in range(opened.ui.deviceSelector.count)]
    assert names[0] == "auto" and names[-1] == "cpu"
    assert "device" not in opened.panel.model.options._fields
    choose(opened, "SUV >= 4.0")
    assert not opened.ui.deviceSelector.isVisibleTo(opened.panel.form)


def test_the_device_is_a_choice_of_the_machine(with_network):
    import qt
    import slicer

    opened = with_network
    choose(opened, "Small test network (1.0)")
    opened.ui.deviceSelector.currentIndex = opened.ui.deviceSelector.findData("cpu")
    assert qt.QSettings().value("CLIPS/Device") == "cpu"
    slicer.mrmlScene.Clear()
    choose(opened, "Small test network (1.0)")
    assert opened.panel.model.chosenOptions()["device"] == "cpu"


def test_graphics_cards_are_listed_by_their_names(monkeypatch, tmp_path, host):
    from CLIPSSegmentationLib import Devices

    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA Test 9000, 80000 MiB'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert ("cuda", "Graphics card: NVIDIA Test 9000, 80000 MiB") in Devices.devices()
    program.write_text("#!/bin/sh\nexit 9\n")
    assert [name for name, _title in Devices.devices() if name == "cuda"] == []


def test_a_model_is_installed_and_removed_from_the_panel(host, opened, tmp_path, nothing_installed):
    import qt

    archive = builders_model.pack(builders_model.fake(tmp_path / "model"), tmp_path / "small.zip")
    opened.ui.machineBox.collapsed = False
    with host.answering([str(archive)], qt.QMessageBox.Ok):  # a caution: the weights were not tried
        opened.ui.installModelButton.click()
    assert opened.ui.modelSelector.currentText == "Small test network (1.0)"
    with host.answering(qt.QMessageBox.Ok):
        opened.ui.removeModelButton.click()
    assert opened.ui.modelSelector.currentText == "SUV >= 4.0"
    assert opened.ui.modelSelector.findText("Small test network (1.0)") == -1


@pytest.fixture
def tmtvnet_files(tmp_path, monkeypatch):
    """The weight files under their published names, the larger one made small for the test."""
    monkeypatch.setattr("CLIPSLib.models.tmtvnet._BETWEEN_SIZES", 1000)
    monkeypatch.setattr("CLIPSLib.models.store.missing_package", lambda description: "torch")  # do not try weights
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "e_latest.model").write_bytes(b"e" * 2000)
    (folder / "r_latest.model").write_bytes(b"r" * 100)
    return folder


@pytest.mark.parametrize("chosen", [("e_latest.model", "r_latest.model"), ("r_latest.model",)])
def test_tmtvnet_is_installed_from_both_files_or_the_folder_of_one(
    host, opened, tmtvnet_files, nothing_installed, chosen
):
    import qt

    opened.ui.machineBox.collapsed = False
    with host.answering([str(tmtvnet_files / name) for name in chosen], qt.QMessageBox.Ok):  # not the published weights
        opened.ui.installModelButton.click()
    assert opened.parameters.model.startswith("tmtvnet")
    assert opened.panel.model.description.name == opened.parameters.model


def test_the_dialog_offers_the_files_that_tmtvnet_is_published_as():
    from fnmatch import fnmatch

    from CLIPSLib.models.tmtvnet import PUBLISHED
    from CLIPSSegmentationLib.Models import FILTER

    for file in PUBLISHED:
        assert any(fnmatch(file.name, pattern) for pattern in FILTER.split())


def test_threshold_methods_ask_for_no_package(host, opened):
    host.packaging.pretend(torch=None, monai=None)
    opened.panel.model.ensureDependencies()
    assert host.packaging.requests == []


def test_a_network_without_the_pytorch_extension_says_what_to_install(with_network, nothing_installed):
    choose(with_network, "Small test network (1.0)")
    with pytest.raises(RuntimeError, match="extension PyTorch"):
        with_network.panel.model.ensureDependencies()


def test_pytorch_comes_from_its_extension(host, with_network, nothing_installed, monkeypatch):
    import sys
    import types

    host.packaging.pretend(monai="1.5")
    asked = []

    class PyTorchUtilsLogic:
        def torchInstalled(self):
            return False

        def installTorch(self, **named):
            asked.append(named)
            nothing_installed.clear()
            return object()

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))
    choose(with_network, "Small test network (1.0)")
    with_network.panel.model.ensureDependencies()
    assert asked == [{"askConfirmation": True, "torchVersionRequirement": ">=2.8"}]
    assert host.packaging.requests == []


def test_packages_are_installed_after_a_question_and_replace_nothing_of_slicer(
    host, with_network, nothing_installed, monkeypatch
):
    import numpy
    import qt

    nothing_installed.discard("torch")  # the PyTorch extension has been used
    host.packaging.pretend(monai=None)
    choose(with_network, "Small test network (1.0)")
    constraints = []
    genuine = host.packaging.pip_install
    monkeypatch.setattr(
        host.packaging,
        "pip_install",
        lambda *args, **named: (constraints.append(args[1].read_text()), genuine(*args, **named)),
    )
    with host.answering(qt.QMessageBox.Ok) as shown:
        with_network.panel.model.ensureDependencies()
    assert "CLIPS" in shown[0].title
    assert host.packaging.requests[0]["requirements"] == ["monai>=1.5"]
    assert f"numpy=={numpy.__version__}" in constraints[0].splitlines()


def test_who_declines_gets_no_job(host, with_network, nothing_installed, phantom_study):
    import qt

    nothing_installed.discard("torch")
    host.packaging.pretend(monai=None)
    with_network.show(phantom_study)
    choose(with_network, "Small test network (1.0)")
    with host.answering(qt.QMessageBox.Cancel), pytest.raises(RuntimeError, match="declined"):
        with_network.panel.model.ensureDependencies()
    assert with_network.jobs == []


def test_a_slicer_that_cannot_install_packages_is_to_be_updated(host, with_network, nothing_installed, monkeypatch):
    nothing_installed.discard("torch")
    host.packaging.pretend(monai=None)
    choose(with_network, "Small test network (1.0)")
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    with pytest.raises(RuntimeError, match=r"update it to version 5\.12"):
        with_network.panel.model.ensureDependencies()


def test_without_internet_pip_looks_into_the_package_folder(host, with_network, nothing_installed, tmp_path):
    from CLIPSSegmentationLib import Dependencies

    folder = tmp_path / "wheels of CLIPS"
    folder.mkdir()
    with_network.ui.wheelFolderEdit.currentPath = str(folder)
    lines = Dependencies._constraints().splitlines()
    assert lines[:2] == ["--no-index", f"--find-links {folder.as_uri()}"]


def test_an_emptied_package_folder_means_the_internet_again(opened, tmp_path):
    from CLIPSSegmentationLib import Dependencies, Settings

    opened.ui.wheelFolderEdit.currentPath = str(tmp_path)
    assert Settings.wheelFolder() == str(tmp_path)
    opened.ui.wheelFolderEdit.currentPath = ""
    assert Settings.wheelFolder() == ""
    assert not Dependencies._constraints().startswith("--no-index")


def test_pip_obeys_such_a_constraints_file(tmp_path):
    """Genuine pip: an empty package folder, so that nothing can be found, and no look elsewhere."""
    import subprocess
    import sys

    constraints = tmp_path / "constraints.txt"
    (tmp_path / "wheels").mkdir()
    constraints.write_text(f"--no-index\n--find-links {(tmp_path / 'wheels').as_uri()}\n")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "-c", str(constraints), "clips-no-such-package"]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No module named pip" in done.stderr:
        pytest.skip("needs pip")
    assert done.returncode != 0
    assert "Looking in links" in done.stdout and "index" not in done.stdout.lower()


def test_another_data_folder_has_other_jobs_and_models(opened, phantom_study, tmp_path):
    opened.show(phantom_study)
    opened.apply()
    assert opened.ui.jobTable.rowCount == 1
    (tmp_path / "other").mkdir()
    opened.ui.dataFolderButton.directory = str(tmp_path / "other")
    assert opened.ui.jobTable.rowCount == 0
    opened.parameters.segmentation = None
    opened.apply()
    assert list((tmp_path / "other" / "jobs").glob("*/result"))
