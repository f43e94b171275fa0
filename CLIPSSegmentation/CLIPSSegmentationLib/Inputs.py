"""Whether the chosen volumes can be trusted: SUV by coded units, CT in the same frame of reference.

Called by the logic before anything is segmented, and by the panel to say what it would do. Reads no voxel until
`verifiedStudy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib import PetCtStudy

_HOUNSFIELD = "[hnsf'U]"  # UCUM
_FRAME_OF_REFERENCE = "0020,0052"


@dataclass(frozen=True)
class InputState:
    """What is to be said about the chosen volumes.

    ready: they can be segmented. suv, frame: a sentence each. cautions: of the study. convertible: the PET is no SUV
    yet, and its DICOM files are at hand.
    """

    ready: bool
    suv: str
    frame: str = ""
    cautions: tuple[str, ...] = ()
    convertible: bool = False


def inputState(petNode, ctNode=None) -> InputState:
    """Look at the chosen volumes, quickly: called at every change of a selector."""
    from CLIPSLib import ClipsError
    from CLIPSLib.scene import ct_cautions, require_suvbw, require_voxels_in_place, study_facts

    if petNode is None:
        return InputState(ready=False, suv=_("Choose a PET volume, or load a study."))
    try:
        require_suvbw(petNode)
    except ClipsError as error:
        if dicomFiles(petNode):
            sentence = _("Not in SUV. It came from DICOM: “Convert to SUV” reads its own files.")
            return InputState(ready=False, suv=sentence, convertible=True)
        return InputState(ready=False, suv=str(error))
    try:
        facts = study_facts(petNode, ctNode)
        frame, cautions = frameOfReference(petNode, ctNode)
        for node in (petNode, ctNode):
            if node is not None:
                require_voxels_in_place(node)
        cautions = (*cautions, *(ct_cautions(ctNode) if ctNode else ()))
    except ClipsError as error:
        return InputState(ready=False, suv=_suvSentence(petNode, None), frame=str(error))
    texts = tuple(str(caution) for caution in (*facts.cautions, *cautions))
    return InputState(ready=True, suv=_suvSentence(petNode, facts.suv), frame=frame, cautions=texts)


def suggestStudy():
    """The only PET in verified SUV of the scene and its CT, as (PET node, CT node), None where there is no such one."""
    pets = [node for node in _volumes() if inputState(node).ready]
    return (pets[0], ctOf(pets[0])) if len(pets) == 1 else (None, None)


def ctOf(petNode):
    """The CT volume of the same study, as far as the PET says which series that is; else None."""
    from CLIPSLib.scene import SERIES_ATTRIBUTE, study_facts

    wanted = study_facts(petNode).identity.ct_series_uid
    cts = (node for node in _volumes() if node.GetAttribute(SERIES_ATTRIBUTE) == wanted)
    return next(cts, None) if wanted else None


def petsOf(ctNode) -> list:
    """The PET volumes in SUV whose study names this CT as its own."""
    return [node for node in _volumes() if node is not ctNode and isSuv(node) and ctOf(node) is ctNode]


def isSuv(node) -> bool:
    """Whether a volume says by its coded units that it is SUVbw."""
    from CLIPSLib import ClipsError
    from CLIPSLib.scene import require_suvbw

    try:
        require_suvbw(node)
    except ClipsError:
        return False
    return True


def isCt(node) -> bool:
    """Whether a volume says by its coded units that it is in Hounsfield units."""
    units = node.GetVoxelValueUnits()
    return units is not None and units.GetCodeValue() == _HOUNSFIELD


def _volumes():
    return slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def verifiedStudy(petNode, ctNode=None) -> PetCtStudy:
    """The study that the volumes show, with everything checked that `inputState` tells about.

    Raises:
        ValueError: no PET. ClipsError (`Refusal`): not SUVbw by its coded units, another frame of reference, ...
    """
    from dataclasses import replace

    from CLIPSLib.scene import study_from_nodes

    if petNode is None:
        raise ValueError(_("A PET volume is needed."))
    _sentence, cautions = frameOfReference(petNode, ctNode)
    study = study_from_nodes(petNode, ctNode)
    return replace(study, cautions=(*study.cautions, *cautions))


def frameOfReference(petNode, ctNode):
    """How PET and CT lie to each other: a sentence, and cautions.

    Raises:
        ClipsError (`Refusal`): they are of different patients or frames of reference, or do not overlap; or of
            different studies, and their frames of reference are not known.
    """
    from CLIPSLib import Caution, Refusal
    from CLIPSLib.scene import SERIES_ATTRIBUTE, study_facts

    if ctNode is None:
        return _("No CT: methods that work on PET alone can be used."), ()
    if not _overlap(petNode, ctNode):
        raise Refusal(
            "no-overlap", _("PET and CT do not overlap"), ctNode.GetName(), _("Choose the CT of the same examination.")
        )
    facts = study_facts(petNode, ctNode)
    identity, ctIdentity = facts.identity, study_facts(ctNode).identity
    _refuseOtherPatient(identity.patient_id, ctIdentity.patient_id, ctNode)
    if identity.ct_series_uid and identity.ct_series_uid == ctNode.GetAttribute(SERIES_ATTRIBUTE):
        return _frameOfOneStudy(facts), ()
    pet = identity.frame_of_reference_uid or _frameUid(petNode)
    ct = _frameUid(ctNode)
    if pet and ct and pet != ct:
        raise Refusal(
            "frame-differs",
            _("PET and CT have different frames of reference: {pet} and {ct}").format(pet=pet, ct=ct),
            ctNode.GetName(),
            _("Choose the CT of the same examination, or none."),
        )
    if pet and ct:
        return _("PET and CT share their frame of reference."), ()
    if identity.study_uid and ctIdentity.study_uid and identity.study_uid != ctIdentity.study_uid:
        raise _otherStudy(ctNode)
    unknown = _("The frame of reference of PET or CT is not known; that they belong together was not checked")
    return unknown, (Caution("frame-unknown", unknown, ctNode.GetName()),)


def _frameOfOneStudy(facts) -> str:
    """For the CT that the PET was loaded with; a caution of the study itself says the same."""
    told = {caution.code for caution in facts.cautions}
    if "frame-unknown" in told:
        return _("PET and CT are of one study; their frame of reference is not known: check that they fit.")
    if "not-registered" in told:
        return _("PET and CT are of one study, but were not registered by the scanner: check that they fit.")
    return _("PET and CT share their frame of reference.")


def _otherStudy(ctNode):
    from CLIPSLib import Refusal

    return Refusal(
        "other-study",
        _("PET and CT are of different examinations, and nothing tells that they lie in one frame of reference"),
        ctNode.GetName(),
        _("Choose the CT of the same examination, or none."),
    )


def _refuseOtherPatient(pet: str, ct: str, ctNode) -> None:
    from CLIPSLib import Refusal

    if pet and ct and pet != ct:
        raise Refusal(
            "other-patient",
            _("PET and CT are of different patients: {pet} and {ct}").format(pet=pet, ct=ct),
            ctNode.GetName(),
            _("Choose the CT of the same examination, or none."),
        )


def dicomFiles(node) -> list[str]:
    """The DICOM files that a volume was loaded from, as far as Slicer's database has them all; else none."""
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split() if node else []
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.isOpen:
        return []
    files = [database.fileForInstance(uid) for uid in uids]
    return files if all(files) else []


def _frameUid(node) -> str:
    files = dicomFiles(node)
    return slicer.dicomDatabase.fileValue(files[0], _FRAME_OF_REFERENCE) if files else ""


def _overlap(first, second) -> bool:
    bounds = [[0.0] * 6, [0.0] * 6]
    first.GetRASBounds(bounds[0])
    second.GetRASBounds(bounds[1])
    return all(
        min(bounds[0][2 * axis + 1], bounds[1][2 * axis + 1]) > max(bounds[0][2 * axis], bounds[1][2 * axis])
        for axis in range(3)
    )


def _suvSentence(petNode, suv) -> str:
    """Says what was verified, and how the SUV came about where that is known."""
    quantity, units = petNode.GetVoxelValueQuantity(), petNode.GetVoxelValueUnits()
    verified = _("Verified SUVbw: quantity {quantity}, unit {unit}.").format(
        quantity=quantity.GetCodeMeaning() if quantity else _("not stated"), unit=units.GetCodeValue()
    )
    if suv is None:
        return verified + " " + _("Made by another module or file; its factor is not known here.")
    if suv.factor is None:
        return verified + " " + _("Each slice has its own factor.")
    return verified + " " + _("Factor {factor:.6g}.").format(factor=suv.factor)
