"""The section "Segmentation": which method, with which options, on which device. Made by Panel."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CLIPSSegmentationLib import Dependencies, Settings
from CLIPSSegmentationLib.Devices import devices
from CLIPSSegmentationLib.OptionsForm import OptionsForm
from CLIPSSegmentationLib.ParameterNode import DEFAULT_MODEL

if TYPE_CHECKING:
    from CLIPSLib.segmentation import SegmenterDescription

    from CLIPSSegmentationLib.Panel import Panel


class ModelPanel:
    """Knows the chosen segmenter and what is set on it; `problem` says why it cannot be used."""

    def __init__(self, panel: Panel) -> None:
        self._panel, self.ui = panel, panel.ui
        self._descriptions: tuple[SegmenterDescription, ...] = ()
        self._devicesKnown = False
        self._looked = ""  # for which unknown model the store was read again
        self._shown: tuple = ()  # of which scene's choices which method is shown
        self.options = OptionsForm(self.ui.optionsBox, self._onOptions)
        self.refresh()
        self.ui.dataFolderButton.directory = Settings.dataFolder()
        self.ui.wheelFolderEdit.currentPath = Settings.wheelFolder()
        self.ui.modelSelector.connect("currentIndexChanged(int)", self._onModel)
        self.ui.deviceSelector.connect("currentIndexChanged(int)", self._onDevice)
        self.ui.dataFolderButton.connect("directoryChanged(QString)", self._onDataFolder)
        self.ui.wheelFolderEdit.connect("currentPathChanged(QString)", Settings.setWheelFolder)
        self.ui.wheelFolderEdit.connect("validInputChanged(bool)", self._onWheelFolderValid)
        self.ui.installModelButton.connect("clicked()", self.onInstall)
        self.ui.removeModelButton.connect("clicked()", self.onRemove)

    @property
    def description(self) -> SegmenterDescription:
        """The chosen segmenter."""
        return self._descriptions[self.ui.modelSelector.currentIndex]

    def update(self) -> None:
        """Show what the scene has chosen."""
        parameters = self._panel.parameterNode
        name = parameters.model if parameters else DEFAULT_MODEL
        if name != self._looked and all(each.name != name for each in self._descriptions):
            self._looked = name
            self.refresh()  # it may have been installed since, by another panel or by the command
        index = next((i for i, each in enumerate(self._descriptions) if each.name == name), -1)
        self.ui.modelSelector.currentIndex = max(index, 0)
        if self._shown != (parameters, self.description.name):
            self._show()

    def refresh(self) -> None:
        """List the methods, and the models installed now."""
        from CLIPSLib import list_segmenters

        self._descriptions = list_segmenters()
        self.ui.modelSelector.blockSignals(True)
        self.ui.modelSelector.clear()
        for description in self._descriptions:
            self.ui.modelSelector.addItem(description.title)
        self.ui.modelSelector.blockSignals(False)
        self._show()

    def chosenOptions(self) -> dict[str, Any]:
        """What is set on the chosen segmenter, over its defaults. Raises ValueError when something cannot be meant."""
        options = self.options.changed()
        if "device" in self.description.options:
            options["device"] = Settings.device()
        return options

    def problem(self, hasCt: bool) -> str:
        """Why the chosen segmenter cannot be used now, or nothing."""
        if self.description.needs_ct and not hasCt:
            return _("{title} needs a CT.").format(title=self.description.title)
        try:
            self.options.changed()
        except ValueError as error:
            return str(error)
        return ""

    def ensureDependencies(self) -> None:
        """Install what the chosen segmenter needs; asks first. Raises RuntimeError when it cannot run."""
        Dependencies.ensure(self.description.name, self._panel.resourcePath("requirements.txt"))

    def onInstall(self) -> None:
        """Install a network from files that the user chooses."""
        from CLIPSSegmentationLib.Models import FILTER, install

        paths = qt.QFileDialog.getOpenFileNames(
            slicer.util.mainWindow(),
            _("Model: a ZIP file, the model.json of a folder, or the two weight files of TMTV-Net"),
            "",
            FILTER,
        )
        if not paths:
            return
        with slicer.util.tryWithErrorDisplay(_("The model was not installed."), waitCursor=True):
            name, notes = install(paths)
            self.refresh()
            self._choose(name)
            if notes:
                slicer.util.infoDisplay("\n".join(notes))

    def onRemove(self) -> None:
        """Delete the chosen network from this machine."""
        name = self.description.name
        if slicer.util.confirmOkCancelDisplay(_("Delete the model {name} from this machine?").format(name=name)):
            from CLIPSLib.models import ModelStore

            with slicer.util.tryWithErrorDisplay(_("The model was not deleted.")):
                ModelStore().remove(name)
            self.refresh()
            self._choose(DEFAULT_MODEL)

    def _choose(self, name: str) -> None:
        if self._panel.parameterNode:
            self._panel.parameterNode.model = name
        self.update()

    def _onModel(self, _index: int) -> None:
        if self._panel.parameterNode:
            self._panel.parameterNode.model = self.description.name
        self._show()
        self._panel.updateApply()

    def _onOptions(self) -> None:
        try:
            changed = self.options.changed()
        except ValueError:
            changed = None  # not kept; Apply says why
        if changed is not None and self._panel.parameterNode:
            self._panel.parameterNode.options[self.description.name] = json.dumps(changed)
        self._panel.updateApply()

    def _onDevice(self, _index: int) -> None:
        Settings.setDevice(self.ui.deviceSelector.currentData)

    def _onWheelFolderValid(self, valid: bool) -> None:
        if not valid:  # emptied, which is no change of a path
            Settings.setWheelFolder("")

    def _onDataFolder(self, path: str) -> None:
        Settings.setDataFolder(path)
        self.refresh()
        self._panel.onDataFolderChanged()

    def _show(self) -> None:
        description = self.description
        self._shown = (self._panel.parameterNode, description.name)
        isNetwork = "device" in description.options
        self.ui.modelDescription.text = describe(description, self._panel.lastDuration(description.name))
        self.ui.deviceLabel.visible = self.ui.deviceSelector.visible = isNetwork
        self.ui.removeModelButton.enabled = isNetwork
        if isNetwork and not self._devicesKnown:
            self._listDevices()
        from CLIPSLib.segmentation import option_rules

        self.options.setSegmenter(description, option_rules(description.name), self._stored(description.name))

    def _stored(self, model: str) -> dict[str, Any]:
        parameters = self._panel.parameterNode
        return json.loads(parameters.options.get(model) or "{}") if parameters else {}

    def _listDevices(self) -> None:
        self._devicesKnown = True
        self.ui.deviceSelector.blockSignals(True)
        for name, title in devices():
            self.ui.deviceSelector.addItem(title, name)
        self.ui.deviceSelector.currentIndex = max(self.ui.deviceSelector.findData(Settings.device()), 0)
        self.ui.deviceSelector.blockSignals(False)


def describe(description: SegmenterDescription, lastSeconds: float | None) -> str:
    """What a person needs to know before choosing a segmenter, as rich text. lastSeconds: it took here last time."""
    from CLIPSLib.models import ModelStore

    lines = [escape(description.rule), f"<i>{escape(description.source)}</i>"]
    store = ModelStore()
    if "device" in description.options and store.has(description.name):
        model = store.get(description.name).description
        lines.append(
            _("Weights: {weights}. Trained on: {data}.").format(
                weights=escape(_licence(model.licence_of_weights)), data=escape(model.training_data)
            )
        )
        lines += [
            _("Measured: {seconds:.0f} s and {memory:.1f} GB ({image}, {machine}).").format(
                seconds=cost.seconds,
                memory=cost.memory_gb,
                image=escape(cost.image),
                machine=escape(cost.machine),
            )
            for cost in model.measured
        ]
    else:
        lines.append(_("Needs no network and no graphics card: seconds on any machine."))
    if lastSeconds is not None:
        lines.append(_("Last time on this machine: {seconds:.0f} s.").format(seconds=lastSeconds))
    return "<br>".join(lines)


def _licence(licence) -> str:
    return f"{licence.name} ({licence.terms})" if licence.terms else licence.name
