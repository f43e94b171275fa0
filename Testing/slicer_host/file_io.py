"""`slicer.app.coreIOManager()`: what `slicer.util` needs to load and save nodes and scenes. Used by `application`."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import slicer

_LONG_EXTENSIONS = ("seg.nrrd", "seg.nhdr", "nii.gz", "mrk.json")
_FILE_TYPES = {
    "seg.nrrd": "SegmentationFile",
    "csv": "TableFile",
    "tsv": "TableFile",
    "stl": "ModelFile",
    "vtp": "ModelFile",
    "ctbl": "ColorTableFile",
    "mrml": "SceneFile",
    "mrb": "SceneFile",
    "h5": "TransformFile",
    "tfm": "TransformFile",
    "mrk.json": "MarkupsFile",
    "txt": "TextFile",
    "json": "TextFile",
}
_NODE_CLASSES = {
    "SegmentationFile": "vtkMRMLSegmentationNode",
    "TableFile": "vtkMRMLTableNode",
    "ModelFile": "vtkMRMLModelNode",
    "ColorTableFile": "vtkMRMLColorTableNode",
    "TransformFile": "vtkMRMLTransformNode",
    "MarkupsFile": "vtkMRMLMarkupsFiducialNode",
    "TextFile": "vtkMRMLTextNode",
}
_VOLUME_EXTENSIONS = ("nrrd", "nhdr", "nii", "nii.gz", "mha", "mhd")


class IOManager:
    """Reads and writes with the nodes' own storage nodes."""

    def fileType(self, name) -> str:
        return _FILE_TYPES.get(_extension(name), "VolumeFile")

    def fileWriterFileType(self, node) -> str:
        return node.GetClassName()

    def fileWriterExtensions(self, node) -> tuple[str, ...]:
        if node.IsA("vtkMRMLVolumeNode"):
            return tuple(f"{extension} (.{extension})" for extension in _VOLUME_EXTENSIONS)
        types = node.CreateDefaultStorageNode().GetSupportedWriteFileTypes()
        return tuple(types.GetValue(index) for index in range(types.GetNumberOfValues()))

    def extractKnownExtension(self, name, _node) -> str:
        return "." + _extension(name)

    def loadNodes(self, file_type: str, properties: dict, loaded, messages=None) -> bool:
        """Load a file; the nodes are added to the vtkCollection `loaded`."""
        path = str(properties["fileName"])
        if not os.path.exists(path):
            return False
        if file_type == "SceneFile":
            return _load_scene(path, clear=properties.get("clear", True))
        name = properties.get("name") or os.path.basename(path).split(".")[0]
        if file_type == "VolumeFile":
            kind = int(bool(properties.get("labelmap")))
            node = slicer.modules.volumes.logic().AddArchetypeVolume(path, name, kind)
        else:
            node = _load_node(_NODE_CLASSES[file_type], path, name)
        if node is not None:
            loaded.AddItem(node)
        return node is not None

    def saveNodes(self, file_type: str, properties: dict, messages=None) -> bool:
        path = str(properties["fileName"])
        scene = slicer.mrmlScene
        if file_type == "SceneFile":
            scene.SetURL(path)
            scene.SetRootDirectory(os.path.dirname(path))
            return bool(scene.WriteToMRB(path) if path.endswith(".mrb") else scene.Commit(path))
        node = scene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode()
        return _write(node, node.GetStorageNode(), path, properties)

    def exportNodes(self, node_ids, names, properties, harden=False, messages=None) -> bool:
        """Write copies: the nodes keep the file they belong to."""
        written = []
        for node_id, path in zip(node_ids, names, strict=True):
            node = slicer.mrmlScene.GetNodeByID(node_id)
            storage = slicer.mrmlScene.AddNode(node.CreateDefaultStorageNode())
            written.append(_write(node, storage, str(path), properties))
            slicer.mrmlScene.RemoveNode(storage)
        return all(written)


def _extension(name) -> str:
    name = str(name).lower()
    long = [each for each in _LONG_EXTENSIONS if name.endswith("." + each)]
    return long[0] if long else name.rsplit(".", 1)[-1]


def _load_scene(path: str, clear: bool) -> bool:
    """A .mrb is a zip of a folder with one .mrml in it; Slicer unpacks it the same way."""
    scene = slicer.mrmlScene
    if path.endswith(".mrb"):
        folder = tempfile.mkdtemp(dir=slicer.app.temporaryPath)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        (path,) = map(str, Path(folder).rglob("*.mrml"))
    scene.SetRootDirectory(os.path.dirname(path))
    scene.SetURL(path)
    return bool(scene.Connect() if clear else scene.Import())


def _load_node(node_class: str, path: str, name: str):
    scene = slicer.mrmlScene
    node = scene.AddNewNodeByClass(node_class, scene.GenerateUniqueName(name))
    node.AddDefaultStorageNode()
    storage = node.GetStorageNode()
    storage.SetFileName(path)
    if not storage.ReadData(node):
        scene.RemoveNode(node)
        return None
    if hasattr(node, "CreateDefaultDisplayNodes"):
        node.CreateDefaultDisplayNodes()
    return node


def _write(node, storage, path: str, properties: dict) -> bool:
    storage.SetFileName(path)
    if "useCompression" in properties:
        storage.SetUseCompression(int(properties["useCompression"]))
    return bool(storage.WriteData(node))
