"""`DICOMLib`: the plugin base class, the loading utilities and a scalar volume plugin, over a database made of pydicom.

The rules are Slicer's: loadables are grouped by the series of their first file, the highest confidence of a series is
selected, ties load all, and what a plugin says about `selected` is not asked.
"""

from __future__ import annotations

import slicer

from slicer_host.slicer_python.DICOMLib import DICOMUtils, database
from slicer_host.slicer_python.DICOMLib.plugin import DICOMLoadable, DICOMPlugin
from slicer_host.slicer_python.DICOMLib.scalar_volume import DICOMScalarVolumePluginClass
from slicer_host.stand_ins import ctk

__all__ = ["DICOMLoadable", "DICOMPlugin", "DICOMUtils"]


def install() -> None:
    """Make `slicer.dicomDatabase` (closed) and the plugins that Slicer brings. Called by `slicer_host`."""
    ctk().ctkDICOMDatabase, ctk().ctkDICOMIndexer = database.ctkDICOMDatabase, database.ctkDICOMIndexer
    slicer.dicomDatabaseDirectorySettingsKey = "DatabaseDirectory_0.8.0"
    slicer.dicomDatabase = database.ctkDICOMDatabase()
    reset()


def reset() -> None:
    slicer.dicomDatabase.closeDatabase()
    slicer.modules.dicomPlugins = {"DICOMScalarVolumePlugin": DICOMScalarVolumePluginClass}
