"""Where a study can come from: a folder, the files of a volume, or (by whoever makes one) a DICOM database.

`StudySource` is all that the panel's "Load study" needs to know: put what a place holds into one, and its list, its
questions and its progress come with it. Used by the logic and by StudyPanel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from CLIPSSegmentationLib.Inputs import dicomFiles

if TYPE_CHECKING:
    from CLIPSLib.study import FoundStudies


@dataclass(frozen=True)
class StudySource:
    """Files in which studies are looked for. title: shown to the user; paths: a folder, or single files."""

    title: str
    paths: str | tuple[str, ...]

    def find(
        self, answers: Mapping[str, Any] | None = None, petSeries: str | None = None, reporter=None
    ) -> FoundStudies:
        """Read the headers. petSeries: only this PET (an answer belongs to one patient). Raises as `find_studies`."""
        from CLIPSLib.progress import SILENT
        from CLIPSLib.study import find_studies

        return find_studies(self.paths, answers=answers, pet_series=petSeries, reporter=reporter or SILENT)


def folderSource(path: str) -> StudySource:
    """All studies below a folder."""
    return StudySource(title=path, paths=path)


def volumeSource(petNode, ctNode=None) -> StudySource:
    """The own files of volumes that Slicer loaded from DICOM, to compute SUV from what their headers say.

    Raises:
        ValueError: the files of the PET are not in Slicer's DICOM database.
    """
    from slicer.i18n import tr as _

    files = dicomFiles(petNode)
    if not files:
        raise ValueError(_("The DICOM files of “{name}” are not in the database.").format(name=petNode.GetName()))
    return StudySource(title=petNode.GetName(), paths=(*files, *dicomFiles(ctNode)))
