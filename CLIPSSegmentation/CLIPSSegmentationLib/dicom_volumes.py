"""From PET and CT series in the DICOM database to volume nodes under their study. Called by plugin and study list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSLib import read_study
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.scene import add_ct_volume, add_pet_volume
from CLIPSLib.study import SeriesInfo, StudyCandidate, read_ct

from CLIPSSegmentationLib.dicom_database import database_path

if TYPE_CHECKING:
    from CLIPSSegmentationLib.dicom_offers import Offer

_INSTANCES = "DICOM.instanceUIDs"  # the attribute by which Slicer's modules find the files of a volume


def load_offer(offer: Offer):
    """The PET (SUVbw) or CT (HU) node of an offer, filed under its patient and study, and shown in the views.

    Raises:
        Refusal, Question: the offer's own problem, or pixel data that cannot be read.
    """
    if offer.problem is not None:
        raise offer.problem
    candidate = offer.candidate
    if offer.series.modality == "CT":
        node = add_ct_volume(read_ct(offer.series), candidate.identity)
    else:
        node = add_pet_volume(read_study(replace(candidate, ct=None)))
    _show(_filed(node, offer.series))
    return node


def load_candidate(candidate: StudyCandidate, reporter: Reporter = SILENT):
    """(PET node, CT node or None) of a candidate, filed under their patient and study.

    Raises:
        Refusal, Question, Cancelled: as `read_study`; the scene is then as before.
    """
    study = read_study(candidate, reporter=reporter)
    pet = _filed(add_pet_volume(study), candidate.pet)
    ct = _filed(add_ct_volume(study.ct, study.identity), candidate.ct) if study.ct is not None else None
    return pet, ct


def _filed(node, series: SeriesInfo):
    """The node with what Slicer's own loader gives a volume: its instances, its place in the subject hierarchy."""
    from DICOMLib import DICOMLoadable, DICOMPlugin

    node.SetAttribute(_INSTANCES, " ".join(header.sop_instance_uid for header in series.slices))
    loadable = DICOMLoadable()
    loadable.files = [database_path(path) for path in series.files]
    DICOMPlugin().addSeriesInSubjectHierarchy(loadable, node)
    return node


def _show(node) -> None:
    """In all slice views, as Slicer's own loader does."""
    import slicer

    application = slicer.app.applicationLogic()
    application.GetSelectionNode().SetActiveVolumeID(node.GetID())
    application.PropagateVolumeSelection()
