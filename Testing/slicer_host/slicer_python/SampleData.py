"""`SampleData`: sources that modules register are remembered; nothing is downloaded."""

from __future__ import annotations

import os

import slicer


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataCategory(category: str, title: str) -> None:
        slicer.modules.sampleDataSourceCategories.setdefault(category, {})["title"] = title

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        customDownloader=None,
        thumbnailFileName: str | None = None,
        loadFileTypes=None,
        loadFiles=None,
        loadFileProperties=None,
        checksums=None,
        loadFileType=None,
    ) -> None:
        """Remember a source. Strict: a name, a way to get it, and a thumbnail that exists."""
        if not sampleName or not (uris or customDownloader):
            raise ValueError("a sample needs a name, and a URI or a downloader")
        if thumbnailFileName is not None and not os.path.isfile(thumbnailFileName):
            raise FileNotFoundError(thumbnailFileName)
        source = SampleDataSource(sampleName, uris, fileNames, nodeNames, customDownloader)
        slicer.modules.sampleDataSources.setdefault(category, []).append(source)


class SampleDataSource:
    """uris, fileNames, nodeNames: one text each, or lists of one length; as in Slicer, None for `uris` is an error."""

    def __init__(self, sampleName, uris, fileNames, nodeNames, customDownloader) -> None:
        if isinstance(uris, str):
            uris, fileNames, nodeNames = [uris], [fileNames], [nodeNames]
        elif uris is None:
            raise TypeError("uris is None: a sample needs a text or a list, also when it has a downloader")
        nodeNames = [None] * len(uris) if nodeNames is None else nodeNames
        if not len(uris) == len(fileNames) == len(nodeNames):
            raise ValueError(f"lists of different lengths: {uris}, {fileNames}, {nodeNames}")
        self.sampleName, self.uris, self.fileNames, self.nodeNames = sampleName, uris, fileNames, nodeNames
        self.customDownloader = customDownloader


def press(sampleName: str):
    """Press the button of a sample in the module Sample Data; of those that have a downloader.

    Slicer's `downloadSample` is left out: it looks at locations only, and never calls a downloader.
    """
    for source in (each for sources in slicer.modules.sampleDataSources.values() for each in sources):
        if source.sampleName == sampleName and source.customDownloader:
            return source.customDownloader(source)
    raise ValueError(f"no sample {sampleName} that the host could get without network")


def reset() -> None:
    slicer.modules.sampleDataSources, slicer.modules.sampleDataSourceCategories = {}, {}
