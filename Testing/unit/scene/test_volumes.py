"""Studies become volume nodes and come back bit for bit, and nothing but SUVbw is taken for SUVbw."""

import math
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.scene import add_study_volumes, study_from_nodes
from CLIPSLib.study import PetCtStudy, StudyIdentity, SuvAlternative, SuvFactor, SuvInput
from mrml_scene import slicer_scene, write_and_read


@pytest.fixture
def scene():
    with slicer_scene() as scene:
        yield scene


def rotation(degrees_x: float, degrees_z: float) -> np.ndarray:
    """A rotation about x, then about z."""
    a, c = math.radians(degrees_x), math.radians(degrees_z)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return about_z @ about_x


ORIENTATIONS = {
    "head first supine": np.eye(3),
    "feet first": np.diag([-1.0, 1.0, -1.0]),
    "slices downward (left-handed)": np.diag([1.0, 1.0, -1.0]),
    "oblique": rotation(11.0, 23.0),
    "oblique and left-handed": rotation(-7.0, 31.0) @ np.diag([-1.0, 1.0, 1.0]),
}


def image(pixels: np.ndarray, direction: np.ndarray, spacing, origin) -> sitk.Image:
    result = sitk.GetImageFromArray(pixels)
    result.SetDirection(direction.ravel().tolist())
    result.SetSpacing(spacing)
    result.SetOrigin(origin)
    return result


def study(direction: np.ndarray = ORIENTATIONS["oblique"]) -> PetCtStudy:
    random = np.random.default_rng(2)
    pet = random.gamma(1.0, 2.0, (7, 6, 5)).astype(np.float32)
    ct = random.integers(-1024, 3071, (9, 8, 11)).astype(np.int16)
    return PetCtStudy(
        pet=image(pet, direction, (2.0364201068878174, 2.04, 3.27), (-347.1234567, 12.3, -901.7)),
        ct=image(ct, direction, (0.9765625, 0.9765625, 2.0), (-250.1, -249.3, -900.2)),
        identity=StudyIdentity(
            patient_id="A|1",
            patient_name="Müller^Åsa",
            birth_date="19500203",
            weight_kg=71.3,
            study_uid="1.2",
            study_date="20240131",
            pet_series_uid="1.2.3",
            ct_series_uid="1.2.4",
            pet_description="WB FDG",
            user_entered=("weight_kg",),
        ),
        suv=SuvFactor(
            factor=1.234567890123e-4,
            formula="weight / dose",
            inputs=(SuvInput(name="PatientWeight", value=71.3, unit="kg", source="user-entered"),),
            alternatives=(
                SuvAlternative(factor=2e-4, description="series time"),
                SuvAlternative(factor=None, description="slices disagree"),
            ),
            slice_factors=(1.0, 0.1),
            cautions=(Caution("a", "b", "c"),),
        ),
        cautions=(Caution("tracer-not-fdg", "Tracer is 'FLT'", "series 1.2.3"),),
    )


def assert_same_image(found: sitk.Image, expected: sitk.Image) -> None:
    assert found.GetPixelID() == expected.GetPixelID()
    assert found.GetSpacing() == expected.GetSpacing()
    assert found.GetOrigin() == expected.GetOrigin()
    assert found.GetDirection() == expected.GetDirection()
    assert np.array_equal(sitk.GetArrayViewFromImage(found), sitk.GetArrayViewFromImage(expected))


@pytest.mark.parametrize("direction", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_a_study_comes_back_from_its_nodes_bit_for_bit(scene, direction):
    expected = study(direction)
    found = study_from_nodes(*add_study_volumes(expected))
    assert_same_image(found.pet, expected.pet)
    assert_same_image(found.ct, expected.ct)
    assert (found.identity, found.suv, found.cautions) == (expected.identity, expected.suv, expected.cautions)


@pytest.mark.parametrize("direction", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_each_voxel_lies_where_dicom_puts_it_with_left_and_posterior_turned_round(scene, direction):
    import vtk

    pet, _ = add_study_volumes(study(direction))
    ijk_to_ras = vtk.vtkMatrix4x4()
    pet.GetIJKToRASMatrix(ijk_to_ras)
    lps = study(direction).pet.TransformIndexToPhysicalPoint((4, 2, 6))
    ras = ijk_to_ras.MultiplyPoint((4, 2, 6, 1))[:3]
    assert ras == pytest.approx((-lps[0], -lps[1], lps[2]), abs=1e-9)


def test_volumes_say_what_they_hold_and_are_shown_as_physicians_read_them(scene):
    pet, ct = add_study_volumes(study())
    assert pet.GetVoxelValueQuantity().GetAsPrintableString() == '(126401, DCM, "SUVbw")'
    assert pet.GetVoxelValueUnits().GetCodeValue() == "{SUVbw}g/ml"
    assert ct.GetVoxelValueUnits().GetAsPrintableString() == '([hnsf\'U], UCUM, "Hounsfield unit")'
    shown = pet.GetDisplayNode()
    assert (shown.GetWindowLevelMin(), shown.GetWindowLevelMax(), shown.GetAutoWindowLevel()) == (0, 6, 0)
    assert shown.GetColorNode().GetName() == "InvertedGrey"
    assert (ct.GetDisplayNode().GetWindow(), ct.GetDisplayNode().GetLevel()) == (400, 40)
    assert pet.GetName() == "PET SUVbw WB FDG"


def test_a_volume_owns_its_voxels_so_editing_it_leaves_the_study_alone(scene):
    import slicer

    original = study()
    pet, _ = add_study_volumes(original)
    slicer.util.arrayFromVolume(pet)[:] = 0
    assert sitk.GetArrayViewFromImage(original.pet).max() > 0


def test_a_study_without_ct_makes_one_node(scene):
    original = study()
    pet, ct = add_study_volumes(PetCtStudy(pet=original.pet))
    assert ct is None
    found = study_from_nodes(pet)
    assert found.ct is None
    assert found.suv is None
    assert found.identity == StudyIdentity()


def test_both_spellings_of_the_suv_unit_are_read(scene):
    import slicer

    pet, _ = add_study_volumes(study())
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight")
    pet.SetVoxelValueUnits(units)
    assert study_from_nodes(pet).pet.GetSize() == (5, 6, 7)


@pytest.mark.parametrize("unit", ["Bq/ml", "g/ml", "{SUVlbm}g/ml", "g/ml{SUVlbm(Janma)}", "cm2/ml{SUVbsa}"])
def test_a_pet_in_another_unit_is_refused_by_its_name(scene, unit):
    import slicer

    pet, _ = add_study_volumes(study())
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning(unit, "UCUM", "something else")
    pet.SetVoxelValueUnits(units)
    with pytest.raises(Refusal, match="has the unit") as refusal:
        study_from_nodes(pet)
    assert refusal.value.code == "not-suvbw"
    assert unit in str(refusal.value)


@pytest.mark.parametrize(
    ("code", "accepted"), [("126400", True), ("110821", True), ("126402", False), ("112031", False)]
)
def test_a_quantity_that_contradicts_the_unit_is_refused(scene, code, accepted):
    """SUV in general (PETDICOM) and activity leave it to the unit; SUVlbm and attenuation are something else."""
    import slicer

    pet, _ = add_study_volumes(study())
    quantity = slicer.vtkCodedEntry()
    quantity.SetValueSchemeMeaning(code, "DCM", "some quantity")
    pet.SetVoxelValueQuantity(quantity)
    if accepted:
        assert study_from_nodes(pet).pet.GetSize() == (5, 6, 7)
    else:
        with pytest.raises(Refusal, match=f"but is of the quantity .{code}, DCM"):
            study_from_nodes(pet)


def test_a_pet_without_units_is_refused_with_what_to_do(scene):
    pet, _ = add_study_volumes(study())
    pet.SetVoxelValueUnits(None)
    with pytest.raises(Refusal, match=r"does not say its unit.*Load the study from DICOM"):
        study_from_nodes(pet)


def test_a_pet_chosen_as_ct_is_refused_and_a_ct_without_units_is_a_caution(scene):
    pet, ct = add_study_volumes(study())
    with pytest.raises(Refusal, match="needs HU"):
        study_from_nodes(pet, pet)
    ct.SetVoxelValueUnits(None)
    assert [caution.code for caution in study_from_nodes(pet, ct).cautions] == ["tracer-not-fdg", "ct-without-units"]


def test_volumes_moved_by_a_transform_and_empty_ones_are_refused(scene):
    pet, ct = add_study_volumes(study())
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    pet.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(Refusal, match="moved by the transform 'registration'"):
        study_from_nodes(pet, ct)
    pet.SetAndObserveTransformNodeID(None)
    ct.SetAndObserveImageData(None)
    with pytest.raises(Refusal, match="no voxels"):
        study_from_nodes(pet, ct)


def test_a_damaged_attribute_is_refused_instead_of_losing_the_suv_audit_trail(scene):
    pet, _ = add_study_volumes(study())
    pet.SetAttribute("CLIPS.Study", pet.GetAttribute("CLIPS.Study").replace('"identity"', '"someone"'))
    with pytest.raises(Refusal, match="cannot be read"):
        study_from_nodes(pet)


def test_volumes_lie_under_their_patient_and_study_as_after_a_dicom_import(scene):
    import slicer

    pet, ct = add_study_volumes(study())
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study_item = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(pet))
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(ct)) == study_item
    assert hierarchy.GetItemUID(study_item, "DICOM") == "1.2"
    assert hierarchy.GetItemName(study_item) == "PET/CT 20240131"
    assert hierarchy.GetItemAttribute(hierarchy.GetItemParent(study_item), "DICOM.PatientID") == "A|1"


def test_a_second_study_of_the_patient_joins_the_first(scene):
    import slicer

    first, later = study(), study()
    later = replace(
        later, identity=replace(later.identity, study_uid="1.3", pet_series_uid="1.3.1", ct_series_uid="1.3.2")
    )
    items = [add_study_volumes(each)[0] for each in (first, later)]
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    studies = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in items]
    assert studies[0] != studies[1]
    assert hierarchy.GetItemParent(studies[0]) == hierarchy.GetItemParent(studies[1])


def test_defaults_that_the_user_has_given_the_scene_hold_for_what_is_not_ours_to_choose(scene):
    import slicer

    unsmoothed = slicer.vtkMRMLScalarVolumeDisplayNode()
    unsmoothed.SetInterpolate(False)
    unsmoothed.SetWindowLevelMinMax(0, 40)
    scene.AddDefaultNode(unsmoothed)
    pet, _ = add_study_volumes(study())
    display = pet.GetDisplayNode()
    assert not display.GetInterpolate()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, 6.0)


def test_pet_and_ct_of_a_patient_without_an_id_lie_in_one_study(scene):
    import slicer

    anonymous = replace(study(), identity=replace(study().identity, patient_id="", patient_name=""))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    pet_item, ct_item = (hierarchy.GetItemByDataNode(node) for node in add_study_volumes(anonymous))
    study_item = hierarchy.GetItemParent(pet_item)
    assert hierarchy.GetItemParent(ct_item) == study_item
    patient_item = hierarchy.GetItemParent(study_item)
    assert [hierarchy.GetItemUID(item, "DICOM") for item in (study_item, patient_item)] == ["1.2", "Patient-1.2"]
    assert hierarchy.GetItemParent(patient_item) == hierarchy.GetSceneItemID()


def test_a_patient_that_slicer_knows_from_its_dicom_import_is_not_renamed(scene):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient_item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "As imported")
    hierarchy.SetItemUID(patient_item, "DICOM", "A|1")
    hierarchy.SetItemAttribute(patient_item, "DICOM.PatientID", "A|1")
    pet, _ = add_study_volumes(study())
    assert hierarchy.GetItemParent(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(pet))) == patient_item
    assert hierarchy.GetItemName(patient_item) == "As imported"


def test_a_volume_loaded_by_another_module_gets_its_identity_from_the_subject_hierarchy(scene):
    pet, ct = add_study_volumes(study())
    pet.RemoveAttribute("CLIPS.Study")
    found = study_from_nodes(pet, ct)
    assert found.identity == StudyIdentity(
        patient_id="A|1",
        patient_name="Müller^Åsa",
        birth_date="19500203",
        study_date="20240131",
        study_uid="1.2",
        pet_series_uid="1.2.3",
        ct_series_uid="1.2.4",
    )
    assert found.suv is None


def test_nrrd_keeps_voxels_place_and_attributes_but_loses_units_display_and_the_person(scene, tmp_path):
    pet, _ = add_study_volumes(study())
    path = tmp_path / "pet.nrrd"
    copy = write_and_read(pet, "vtkMRMLNRRDStorageNode", path, scene)
    assert copy.GetVoxelValueUnits() is None
    assert copy.GetVoxelValueQuantity() is None
    assert copy.GetDisplayNode() is None
    with pytest.raises(Refusal, match="does not say its unit"):
        study_from_nodes(copy)
    copy.SetVoxelValueUnits(pet.GetVoxelValueUnits())
    found = study_from_nodes(copy)
    assert np.array_equal(sitk.GetArrayViewFromImage(found.pet), sitk.GetArrayViewFromImage(study().pet))
    assert found.pet.GetDirection() == pytest.approx(study().pet.GetDirection(), abs=1e-12)
    assert found.suv == study().suv
    assert found.identity == replace(study().identity, patient_id="", patient_name="", birth_date="")
    header = path.read_bytes()[:8000]
    assert b"1.2.3" in header
    assert not any(personal in header for personal in (b"ller^", b"19500203", b"A|1", b"A\\u007c1"))


def test_a_saved_scene_keeps_units_and_attributes(scene, tmp_path):
    import slicer

    pet, _ = add_study_volumes(study())
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    reopened = slicer.vtkMRMLScene()
    reopened.SetURL(str(tmp_path / "scene.mrml"))
    reopened.Import()
    copy = reopened.GetFirstNodeByName(pet.GetName())
    assert copy.GetVoxelValueUnits().GetCodeValue() == "{SUVbw}g/ml"
    assert copy.GetAttribute("CLIPS.Study") == pet.GetAttribute("CLIPS.Study")
