"""Studies as volume nodes and volume nodes as studies, with coded quantity and units. Called by the module's logic.

The voxels are copied once in each direction: a node and a `SimpleITK.Image` each own their memory, and a study must
not change when somebody edits a volume.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging import array_view
from CLIPSLib.scene import grids, records
from CLIPSLib.scene.hierarchy import file_study, identity_with_person
from CLIPSLib.study import PetCtStudy, StudyIdentity
from CLIPSLib.study.records import StudyRecord

if TYPE_CHECKING:
    import SimpleITK as sitk


class _Code(NamedTuple):
    value: str
    scheme: str
    meaning: str


# DICOM PS3.16 CID 85 spells the unit "g/ml{SUVbw}"; Slicer's PETDICOM extension, and with it every module that reads
# SUV volumes in Slicer, the older "{SUVbw}g/ml". Both are read; the one that other modules understand is written.
_SUVBW = _Code("126401", "DCM", "SUVbw")
_SUVBW_UNITS = _Code("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
_SUVBW_SPELLINGS = ("{suvbw}g/ml", "g/ml{suvbw}")
# What says with such a unit what it is (DICOM PS3.16): SUVbw; PETDICOM's "Standardized Uptake Value"; the activity of
# TID 1419, whose unit alone tells. Another quantity, such as SUVlbm (126402), contradicts the unit.
_SUVBW_QUANTITIES = (_SUVBW.value, "126400", "110821")
_ATTENUATION = _Code("112031", "DCM", "Attenuation Coefficient")
_HU = _Code("[hnsf'U]", "UCUM", "Hounsfield unit")
_PET_RANGE_SUV = (0.0, 6.0)
_PET_COLORS = "vtkMRMLColorTableNodeInvertedGrey"
_CT_RANGE_HU = (-160.0, 240.0)  # window 400, level 40
_CT_COLORS = "vtkMRMLColorTableNodeGrey"


def add_study_volumes(study: PetCtStudy, scene=None):
    """Show a study: a PET volume in SUVbw (inverted gray, 0 to 6) and, where there is one, a CT (400/40).

    scene: a vtkMRMLScene, by default the application's. The PET node carries the SUV audit trail and cautions in the
    attribute `CLIPS.Study`; the patient's name, identifier and birth date go to the subject hierarchy.

    Returns:
        (PET node, CT node or None), both vtkMRMLScalarVolumeNode.
    """
    scene = scene_or_default(scene)
    pet = add_pet_volume(study, scene)
    ct = add_ct_volume(study.ct, study.identity, scene) if study.ct is not None else None
    file_study(study.identity, pet, ct)
    return pet, ct


def add_pet_volume(study: PetCtStudy, scene=None):
    """The PET of `add_study_volumes` alone, not yet filed in the subject hierarchy."""
    scene = scene_or_default(scene)
    identity = study.identity
    pet = _volume(study.pet, scene.GenerateUniqueName(f"PET SUVbw {identity.pet_description}".strip()))
    _set_meaning(pet, _SUVBW, _SUVBW_UNITS, identity.pet_series_uid)
    pet.SetAttribute(records.STUDY_ATTRIBUTE, records.study_text(study))
    _add_to_scene(scene, pet, _PET_RANGE_SUV, _PET_COLORS)
    return pet


def add_ct_volume(ct: sitk.Image, identity: StudyIdentity, scene=None):
    """The CT of `add_study_volumes` alone (HU), not yet filed in the subject hierarchy."""
    scene = scene_or_default(scene)
    node = _volume(ct, scene.GenerateUniqueName(f"CT {identity.ct_description}".strip()))
    _set_meaning(node, _ATTENUATION, _HU, identity.ct_series_uid)
    _add_to_scene(scene, node, _CT_RANGE_HU, _CT_COLORS)
    return node


def study_from_nodes(pet_node, ct_node=None) -> PetCtStudy:
    """The study that volume nodes show, made by CLIPS or by another module.

    The PET must say by its coded units that it is SUVbw; of a volume that CLIPS did not make, the identity comes from
    the subject hierarchy alone. The CT may lack units (a caution), but not have others than HU.

    Raises:
        Refusal: the PET is not SUVbw or does not say so, the CT is not in HU, a volume is empty or transformed.
    """
    require_suvbw(pet_node)
    facts = study_facts(pet_node, ct_node)
    return PetCtStudy(
        pet=_as_float32(grids.image_from_node(pet_node)),
        ct=grids.image_from_node(ct_node) if ct_node else None,
        identity=facts.identity,
        suv=facts.suv,
        cautions=(*facts.cautions, *(ct_cautions(ct_node) if ct_node else ())),
    )


def study_facts(pet_node, ct_node=None) -> StudyRecord:
    """Identity, SUV audit trail and cautions of the study that volume nodes show; reads no voxel.

    Raises:
        Refusal: what CLIPS wrote about the PET node cannot be read.
    """
    text = pet_node.GetAttribute(records.STUDY_ATTRIBUTE)
    record = records.read_study_text(text, pet_node.GetName()) if text else StudyRecord()
    return replace(record, identity=identity_with_person(record.identity, pet_node, ct_node))


def pet_state(pet_node) -> tuple:
    """Differs whenever `study_from_nodes` would give another PET: voxels, grid, units, SUV audit trail."""
    units, image = pet_node.GetVoxelValueUnits(), pet_node.GetImageData()
    return (
        units.GetCodeValue() if units else "",
        pet_node.GetAttribute(records.STUDY_ATTRIBUTE),
        tuple(grids.matrix(pet_node).ravel()),
        (image.GetMTime(), image.GetDimensions()) if image is not None else None,
    )


def scene_or_default(scene):
    """The scene given, or the application's."""
    import slicer

    return slicer.mrmlScene if scene is None else scene


def _volume(image: sitk.Image, name: str):
    import slicer

    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name)
    grids.set_grid(node, image)
    node.SetAndObserveImageData(_voxels(image))
    return node


def _set_meaning(node, quantity: _Code, units: _Code, series_uid: str) -> None:
    node.SetVoxelValueQuantity(_coded_entry(quantity))
    node.SetVoxelValueUnits(_coded_entry(units))
    node.SetAttribute(records.SERIES_ATTRIBUTE, series_uid)


def _add_to_scene(scene, node, shown_range: tuple[float, float], color_node_id: str) -> None:
    """Display first, node second: views get it complete, and no histogram is made for a window nobody wants."""
    display = scene.CreateNodeByClass("vtkMRMLScalarVolumeDisplayNode")  # with the user's defaults, e.g. not smoothed
    display.UnRegister(None)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*shown_range)
    display.SetAndObserveColorNodeID(color_node_id)
    scene.AddNode(display)
    node.SetAndObserveDisplayNodeID(display.GetID())
    scene.AddNode(node)


def _voxels(image: sitk.Image):
    """A vtkImageData with a copy of an image's voxels; the geometry is the node's, not VTK's."""
    import vtk
    from vtk.util import numpy_support

    source = array_view(image)
    voxels = vtk.vtkImageData()
    voxels.SetDimensions(image.GetSize())
    voxels.AllocateScalars(numpy_support.get_vtk_array_type(source.dtype), 1)
    target = numpy_support.vtk_to_numpy(voxels.GetPointData().GetScalars())
    np.copyto(target.reshape(source.shape), source)
    return voxels


def _coded_entry(code: _Code):
    import slicer

    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(*code)
    return entry


def require_suvbw(node) -> None:
    """Raise `Refusal` unless a volume node says by its coded unit that it is SUVbw; reads no voxel.

    The coded quantity may be absent, but not be another one.
    """
    units, quantity = node.GetVoxelValueUnits(), node.GetVoxelValueQuantity()
    value = units.GetCodeValue() if units else ""
    found = f"has the unit '{value}'" if value else "does not say its unit (files such as nrrd and NIfTI lose it)"
    if value.lower() in _SUVBW_SPELLINGS:
        if quantity is None or quantity.GetCodeValue() in ("", None, *_SUVBW_QUANTITIES):
            return
        found += f", but is of the quantity {quantity.GetAsPrintableString()}"
    raise Refusal(
        "not-suvbw",
        f"The PET volume {found}; CLIPS needs SUV by body weight ('{_SUVBW_UNITS.value}')",
        node.GetName(),
        "Load the study from DICOM with CLIPS, which computes SUVbw and checks it.",
    )


def ct_cautions(node) -> tuple[Caution, ...]:
    """A caution for a CT volume that does not say its unit. Raises `Refusal` when it says another than HU."""
    units = node.GetVoxelValueUnits()
    value = units.GetCodeValue() if units else ""
    if value == _HU.value:
        return ()
    if not value:
        return (Caution("ct-without-units", "The CT volume does not say its unit; HU is taken", node.GetName()),)
    raise Refusal(
        "not-hu",
        f"The CT volume has the unit '{value}'; CLIPS needs HU ('{_HU.value}')",
        node.GetName(),
        "Choose the CT volume, or load the study from DICOM with CLIPS.",
    )


def _as_float32(image: sitk.Image) -> sitk.Image:
    """PETDICOM makes float64 volumes; a float32 image passes through uncopied."""
    import SimpleITK as sitk

    return image if image.GetPixelID() == sitk.sitkFloat32 else sitk.Cast(image, sitk.sitkFloat32)
