"""Where a study can come from: a folder, Slicer's DICOM database, or the own files of a volume.

`StudySource` is all that the panel's "Load study" needs to know: put what a place holds into one, and its list, its
questions and its progress come with it. Used by the logic and by StudyPanel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSSegmentationLib.Inputs import dicomFiles

if TYPE_CHECKING:
    from CLIPSLib.study import FoundStudies, StudyCandidate

    from CLIPSSegmentationLib.dicom_studies import DatabaseStudy


@dataclass(frozen=True)
class StudySource:
    """Files in which studies are looked for.

    title: shown to the user; paths: a folder, or single files; petSeries: only this PET; inDatabase: the files are
    those of Slicer's DICOM database, so that the volumes can be filed like those of Slicer's own loader.
    """

    title: str
    paths: str | tuple[Any, ...]
    petSeries: str | None = None
    inDatabase: bool = False

    def find(
        self, answers: Mapping[str, Any] | None = None, petSeries: str | None = None, reporter=None
    ) -> FoundStudies:
        """Read the headers. petSeries: only this PET (an answer belongs to one patient). Raises as `find_studies`."""
        from CLIPSLib.progress import SILENT
        from CLIPSLib.study import find_studies

        series = petSeries or self.petSeries
        return find_studies(self.paths, answers=answers, pet_series=series, reporter=reporter or SILENT)

    def load(self, candidate: StudyCandidate, reporter=None):
        """Read the pixels of one of the candidates into the scene; returns (PET node, CT node or None).

        Raises:
            ClipsError: as `read_study`; the scene is then as before.
        """
        from CLIPSLib.progress import SILENT
        from CLIPSLib.scene import add_study_volumes
        from CLIPSLib.study import read_study

        from CLIPSSegmentationLib.dicom_volumes import load_candidate

        if self.inDatabase:
            return load_candidate(candidate, reporter or SILENT)
        return add_study_volumes(read_study(candidate, reporter=reporter or SILENT))


def folderSource(path: str) -> StudySource:
    """All studies below a folder."""
    return StudySource(title=Path(path).name or path, paths=path)


def volumeSource(petNode, ctNode=None) -> StudySource:
    """The own files of volumes that Slicer loaded from DICOM, to compute SUV from what their headers say.

    Raises:
        ValueError: the files of the PET are not in Slicer's DICOM database.
    """
    from slicer.i18n import tr as _

    files = dicomFiles(petNode)
    if not files:
        raise ValueError(_("The DICOM files of “{name}” are not in the database.").format(name=petNode.GetName()))
    return StudySource(title=petNode.GetName(), paths=(*files, *dicomFiles(ctNode)), inDatabase=True)


def databaseSource(study: DatabaseStudy) -> StudySource:
    """One study of Slicer's DICOM database."""
    title = f"{study.patient} {study.date} {study.description}".strip()
    return StudySource(title=title, paths=tuple(study.files), petSeries=study.pet_series, inDatabase=True)
