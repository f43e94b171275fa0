"""Hidden module with the DICOM plugin of CLIPS: a PET/CT study loads from Slicer's DICOM browser as SUVbw and HU.

Slicer asks every plugin about each series, loads what is surest of it (all of them when they tie), and groups by the
series of the first file; hence one loadable for the PET and one for its CT, surer than any other plugin.
The rules are in `CLIPSSegmentationLib.dicom_offers`; the core is imported when there is a PET to look at.
"""

from __future__ import annotations

import logging

import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _


class DICOMPETCTPluginClass(DICOMPlugin):
    """Offers and loads the PET (SUVbw) and CT (HU) series of PET/CT studies; says why a PET cannot be SUV."""

    def __init__(self) -> None:
        super().__init__()
        self.loadType = _("PET/CT in SUV")
        self.tags["studyInstanceUID"] = "0020,000D"

    def examineForImport(self, fileLists) -> list[DICOMLoadable]:
        """Loadables for those of the series that belong to a study with a PET.

        PET and CT may come one by one: the other series of the study are taken from the database. What was found is
        remembered under all files of the study, so that a CT that is imported later counts.
        """
        from CLIPSSegmentationLib.dicom_database import studies_of_file_lists

        loadables = []
        for files, asked in studies_of_file_lists(slicer.dicomDatabase, fileLists):
            offered = self.getCachedLoadables(files)
            if offered is None:
                offered = self.examineFiles(files)
                self.cacheLoadables(files, offered)
            loadables += [loadable for loadable in offered if loadable.offer.series.series_uid in asked]
        return loadables

    def examineFiles(self, files) -> list[DICOMLoadable]:
        """All loadables of one study, given the files of its PET and CT series."""
        from CLIPSSegmentationLib.dicom_offers import offers_of_study

        return [_loadable(offer) for offer in offers_of_study(files)]

    def load(self, loadable):
        """The new volume node in its study, or False (with a message) when it cannot be loaded."""
        from CLIPSLib import ClipsError
        from CLIPSSegmentationLib.dicom_volumes import load_offer

        try:
            return load_offer(loadable.offer)
        except ClipsError as error:
            slicer.util.errorDisplay(str(error), windowTitle=_("CLIPS cannot load {name}").format(name=loadable.name))
            return False


def _loadable(offer) -> DICOMLoadable:
    from CLIPSSegmentationLib.dicom_database import database_path

    if offer.problem is not None:
        logging.warning(f"{offer.name}: {offer.problem}")
    loadable = DICOMLoadable()
    loadable.files = [database_path(path) for path in offer.series.files]
    loadable.name, loadable.tooltip, loadable.warning = offer.name, offer.tooltip, offer.warning
    loadable.selected, loadable.confidence = offer.problem is None, offer.confidence
    loadable.offer = offer
    return loadable


class DICOMPETCTPlugin:
    """The module that registers the plugin; it has no panel."""

    def __init__(self, parent) -> None:
        parent.title = "DICOM PET/CT Plugin"
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = ["The CLIPS contributors"]
        parent.helpText = "Loads PET/CT studies from the DICOM browser, the PET in SUVbw. Part of CLIPS Segmentation."
        parent.acknowledgementText = "See CLIPS Segmentation."
        parent.hidden = True
        if not hasattr(slicer.modules, "dicomPlugins"):  # Slicer's DICOM module may be made later
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["DICOMPETCTPlugin"] = DICOMPETCTPluginClass
