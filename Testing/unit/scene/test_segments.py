"""Masks become segments and come back bit for bit, also through seg.nrrd and after a person's edits."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Caution, Refusal, UsageError
from CLIPSLib.formats import read_seg_nrrd, write_seg_nrrd
from CLIPSLib.scene import add_segmentation, add_study_volumes, segmentation_from_node
from CLIPSLib.segmentation import PHYSIOLOGICAL, TUMOR, Lesion, Segmentation
from CLIPSLib.segmentation.appearance import segment_color, terminology_entry
from CLIPSLib.study import PetCtStudy, StudyIdentity
from mrml_scene import slicer_scene, write_and_read

OBLIQUE_LEFT_HANDED = (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, -1.0)
SHAPE_ZYX = (12, 11, 10)


@pytest.fixture
def scene():
    with slicer_scene() as scene:
        yield scene


def on_grid(array: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0364201068878174, 2.04, 3.27))
    image.SetOrigin((-347.1234567, 12.3, -901.7))
    image.SetDirection(OBLIQUE_LEFT_HANDED)
    return image


def study() -> PetCtStudy:
    return PetCtStudy(pet=on_grid(np.ones(SHAPE_ZYX, np.float32)), identity=StudyIdentity(pet_series_uid="1.2.3"))


def segmentation() -> Segmentation:
    labels = np.zeros(SHAPE_ZYX, np.uint16)
    labels[2:5, 3:6, 4:8] = 1
    labels[7:9, 3:5, 4:6] = 4
    labels[11, 10, 9] = 300  # the grid's last voxel; needs more than 8 bits
    return Segmentation(
        labels=on_grid(labels),
        lesions=(
            Lesion(label=1, lesion_id="L-a1", name="Lesion 1"),
            Lesion(label=4, lesion_id="L-b7", name="Bladder: 50 % | urine", kind=PHYSIOLOGICAL),
            Lesion(label=300, lesion_id="L-c9", name="Lesion 3"),
        ),
        provenance={"model": "suv4", "parameters": {"threshold": 4.0}, "note": "é | : ~ ^"},
        valid_for="suv >= 4",
        cautions=(Caution("small", "a | b", "c"),),
    )


def shown(scene, mask=None):
    """A PET node and the segmentation node of a mask on it."""
    pet, _ = add_study_volumes(study())
    return pet, add_segmentation(mask or segmentation(), study(), pet)


def voxels(mask: Segmentation) -> np.ndarray:
    return sitk.GetArrayViewFromImage(mask.labels)


def test_a_user_who_turned_smooth_surfaces_off_gets_none(scene):
    import slicer

    slicer.modules.segmentations.logic().SetDefaultSurfaceSmoothingEnabled(False)
    pet, node = shown(scene)
    assert float(node.GetSegmentation().GetConversionParameter("Smoothing factor")) < 0.0  # Slicer's "off"
    assert np.array_equal(voxels(segmentation_from_node(node, pet)), voxels(segmentation()))


def draw(node, segment_id: str, pet, box) -> None:
    """Fill a box of a segment, as an effect of the Segment Editor would that lets segments overlap."""
    import slicer

    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, pet)
    array[box] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, segment_id, pet)


def assert_same(found: Segmentation, expected: Segmentation) -> None:
    assert np.array_equal(voxels(found), voxels(expected))
    assert found.labels.GetPixelID() == sitk.sitkUInt16
    assert found.labels.GetDirection() == expected.labels.GetDirection()
    assert found.labels.GetSpacing() == expected.labels.GetSpacing()
    assert found.labels.GetOrigin() == expected.labels.GetOrigin()
    assert replace(found, labels=expected.labels) == expected


def test_a_mask_comes_back_from_its_segments_bit_for_bit(scene):
    pet, node = shown(scene)
    assert_same(segmentation_from_node(node, pet), segmentation())


def test_a_segment_is_named_colored_coded_and_tagged_like_its_lesion(scene):
    import vtk

    _, node = shown(scene)
    segment = node.GetSegmentation().GetSegment("L-b7")
    assert segment.GetName() == "Bladder: 50 % | urine"
    assert segment.GetColor() == pytest.approx(segment_color(3, PHYSIOLOGICAL))
    tags = {}
    for name in ("TerminologyEntry", "CLIPS.Kind", "CLIPS.Label"):
        value = vtk.reference("")
        segment.GetTag(name, value)
        tags[name] = value.get()
    assert tags == {
        "TerminologyEntry": terminology_entry(PHYSIOLOGICAL),
        "CLIPS.Kind": "physiological",
        "CLIPS.Label": "4",
    }


def test_slicer_itself_finds_each_lesion_where_the_mask_has_it(scene):
    import slicer

    pet, node = shown(scene)
    for lesion in segmentation().lesions:
        seen = slicer.util.arrayFromSegmentBinaryLabelmap(node, lesion.lesion_id, pet)
        assert np.array_equal(seen != 0, voxels(segmentation()) == lesion.label)


def test_the_pet_is_the_reference_geometry_and_shares_its_study_in_the_hierarchy(scene):
    import slicer

    pet, node = shown(scene)
    assert node.GetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole()) == pet.GetID()
    assert node.GetSegmentation().GetConversionParameter("Reference image geometry").endswith(";0;9;0;10;0;11;")
    assert node.GetName() == f"{pet.GetName()} lesions"
    identity = StudyIdentity(study_uid="1.2", pet_series_uid="1.2.3", patient_name="Doe")
    pet, _ = add_study_volumes(replace(study(), identity=identity))
    node = add_segmentation(segmentation(), study(), pet)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    parents = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(each)) for each in (pet, node)]
    assert parents[0] == parents[1]


def test_all_lesions_share_one_labelmap_cropped_to_them(scene):
    mask = segmentation()
    labels = voxels(mask).copy()
    labels[labels == 300] = 0
    _, node = shown(scene, replace(mask, labels=on_grid(labels), lesions=mask.lesions[:2]))
    layer = node.GetSegmentation().GetLayerDataObject(0, "Binary labelmap")
    assert node.GetSegmentation().GetNumberOfLayers("Binary labelmap") == 1
    assert layer.GetExtent() == (4, 7, 3, 5, 2, 8)
    assert layer.GetScalarTypeAsString() == "unsigned char"


def test_a_mask_without_lesions_keeps_its_provenance(scene):
    empty = Segmentation(labels=on_grid(np.zeros(SHAPE_ZYX, np.uint16)), lesions=(), provenance={"model": "suv4"})
    pet, node = shown(scene, empty)
    assert_same(segmentation_from_node(node, pet), empty)


def test_seg_nrrd_keeps_lesions_kinds_and_provenance(scene, tmp_path):
    pet, node = shown(scene)
    copy = write_and_read(node, "vtkMRMLSegmentationStorageNode", tmp_path / "mask.seg.nrrd", scene)
    expected = segmentation()
    found = segmentation_from_node(copy, pet)
    assert np.array_equal(voxels(found), voxels(expected))
    assert found.provenance == expected.provenance
    assert (found.valid_for, found.reviewed) == (expected.valid_for, False)
    assert [caution.code for caution in found.cautions] == ["small", "pet-unverified"]  # names no PET series
    assert found.lesions == expected.lesions
    assert copy.GetSegmentation().GetSegment("L-c9").GetColor() == pytest.approx(segment_color(299), abs=1e-5)


def test_seg_nrrd_loses_the_nodes_attributes_and_its_reference_to_the_pet(scene, tmp_path):
    _, node = shown(scene)
    copy = write_and_read(node, "vtkMRMLSegmentationStorageNode", tmp_path / "mask.seg.nrrd", scene)
    assert node.GetAttribute("CLIPS.Provenance")
    assert copy.GetAttribute("CLIPS.Provenance") is None
    assert copy.GetNodeReferenceID(copy.GetReferenceImageGeometryReferenceRole()) is None


def test_seg_nrrd_of_a_mask_without_lesions_loses_its_provenance(scene, tmp_path):
    empty = Segmentation(labels=on_grid(np.zeros(SHAPE_ZYX, np.uint16)), lesions=(), provenance={"model": "suv4"})
    pet, node = shown(scene, empty)
    copy = write_and_read(node, "vtkMRMLSegmentationStorageNode", tmp_path / "empty.seg.nrrd", scene)
    assert segmentation_from_node(copy, pet).provenance == {}


def test_slicer_reads_the_seg_nrrd_that_the_core_writes(scene, tmp_path):
    pet, _ = add_study_volumes(study())
    write_seg_nrrd(segmentation(), tmp_path / "core.seg.nrrd")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "core.seg.nrrd"))
    assert storage.ReadData(node)
    found = segmentation_from_node(node, pet)
    assert np.array_equal(voxels(found), voxels(segmentation()))
    assert found.provenance == segmentation().provenance
    assert [(lesion.label, lesion.lesion_id, lesion.kind) for lesion in found.lesions] == [
        (1, "L-a1", TUMOR),
        (4, "L-b7", PHYSIOLOGICAL),
        (300, "L-c9", TUMOR),
    ]


def test_the_core_reads_the_seg_nrrd_that_slicer_writes(scene, tmp_path):
    _, node = shown(scene)
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "slicer.seg.nrrd"))
    assert storage.WriteData(node)
    found = read_seg_nrrd(tmp_path / "slicer.seg.nrrd", study().pet)
    for lesion, original in zip(found.lesions, segmentation().lesions, strict=True):
        assert (lesion.lesion_id, lesion.kind) == (original.lesion_id, original.kind)
        assert np.array_equal(voxels(found) == lesion.label, voxels(segmentation()) == original.label)


def test_removing_and_renaming_segments_never_renumbers_the_others(scene):
    pet, node = shown(scene)
    node.GetSegmentation().RemoveSegment("L-a1")
    node.GetSegmentation().GetSegment("L-c9").SetName("Left axilla")
    found = segmentation_from_node(node, pet)
    assert [(lesion.label, lesion.lesion_id, lesion.name) for lesion in found.lesions] == [
        (4, "L-b7", "Bladder: 50 % | urine"),
        (300, "L-c9", "Left axilla"),
    ]
    assert set(np.unique(voxels(found))) == {0, 4, 300}


def test_a_segment_drawn_by_a_person_gets_a_free_label_and_counts_as_tumor_with_a_caution(scene):
    pet, node = shown(scene)
    node.GetSegmentation().AddEmptySegment("Segment_1", "New")
    draw(node, "Segment_1", pet, np.s_[0, 0, 0:5])
    found = segmentation_from_node(node, pet)
    assert found.lesions[-1] == Lesion(label=301, lesion_id="Segment_1", name="New", kind=TUMOR)
    assert np.count_nonzero(voxels(found) == 301) == 5
    assert [caution.code for caution in found.cautions] == ["small", "kind-assumed"]


def test_an_empty_segment_is_a_lesion_without_voxels(scene):
    pet, node = shown(scene)
    node.GetSegmentation().AddEmptySegment("Segment_1", "Nothing yet")
    found = segmentation_from_node(node, pet)
    assert len(found.lesions) == 4
    assert np.array_equal(voxels(found), voxels(segmentation()))


def test_a_voxel_of_several_segments_counts_once_for_the_first_tumor(scene):
    pet, node = shown(scene)
    draw(node, "L-b7", pet, np.s_[2:5, 3:6, 4])  # urine over 9 of the 36 voxels of lesion 1
    draw(node, "L-c9", pet, np.s_[4, 3:6, 4:8])  # lesion 3 over 12 of them, 3 in common
    draw(node, "L-c9", pet, np.s_[7, 3, 4])  # and over one of the 8 voxels of urine
    found = segmentation_from_node(node, pet)
    counts = dict(zip(*np.unique(voxels(found), return_counts=True), strict=True))
    assert counts[1] == 36  # the first tumor keeps everything
    assert counts[300] == 1 + 1  # its own voxel, and the one of urine: tumor goes before physiological uptake
    assert counts[4] == 8 - 1
    overlap = found.cautions[-1]
    assert overlap.code == "overlapping-segments"
    assert overlap.what.startswith("22 voxels")  # 12 of lesion 3, then 9 of urine in lesion 1, 1 in lesion 3


def test_segments_drawn_on_the_ct_grid_are_measured_on_the_pets_with_a_caution(scene):
    import slicer

    pet, node = shown(scene)
    fine = sitk.Resample(study().pet, [20, 22, 24], sitk.Transform(), sitk.sitkNearestNeighbor,
                         study().pet.TransformContinuousIndexToPhysicalPoint((-0.25, -0.25, -0.25)),
                         [spacing / 2 for spacing in study().pet.GetSpacing()], OBLIQUE_LEFT_HANDED)  # fmt: skip
    ct, _ = add_study_volumes(PetCtStudy(pet=fine))
    node.GetSegmentation().AddEmptySegment("Segment_1", "On CT")
    array = np.zeros((24, 22, 20), np.uint8)
    array[0:4, 0:2, 0:6] = 1  # 2 x 1 x 3 voxels of the PET
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "Segment_1", ct)
    found = segmentation_from_node(node, pet)
    assert np.array_equal(np.argwhere(voxels(found) == 301), np.argwhere(np.ones((2, 1, 3))))
    assert "resampled-segments" in [caution.code for caution in found.cautions]
    assert np.count_nonzero(voxels(found) == 1) == 36


def test_a_node_of_another_program_is_read_as_tumor_without_provenance(scene):
    pet, _ = add_study_volumes(study())
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "foreign")
    node.SetReferenceImageGeometryParameterFromVolumeNode(pet)
    node.GetSegmentation().AddEmptySegment("x", "x")
    draw(node, "x", pet, np.s_[1, 1, 1])
    found = segmentation_from_node(node, pet)
    assert (found.provenance, found.reviewed, found.valid_for) == ({}, False, None)
    assert found.lesions == (Lesion(label=1, lesion_id="x", name="x", kind=TUMOR),)
    assert [caution.code for caution in found.cautions] == ["kind-assumed"]


def test_segments_of_two_results_are_only_as_reviewed_as_both(scene):
    pet, node = shown(scene, replace(segmentation(), reviewed=True))
    _, other = shown(scene, replace(segmentation(), provenance={"model": "percist"}, valid_for="liver found"))
    node.GetSegmentation().CopySegmentFromSegmentation(other.GetSegmentation(), "L-b7")
    found = segmentation_from_node(node, pet)
    assert found.provenance == {"sources": [segmentation().provenance, {"model": "percist"}]}
    assert found.valid_for == "suv >= 4 and liver found"
    assert not found.reviewed
    assert sorted(lesion.label for lesion in found.lesions) == [1, 4, 300, 301]


def test_a_closed_surface_from_another_program_becomes_a_mask(scene):
    import vtk

    pet, _ = add_study_volumes(study())
    bounds = [0.0] * 6
    pet.GetRASBounds(bounds)
    sphere = vtk.vtkSphereSource()
    sphere.SetCenter([(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    sphere.SetRadius(8.0)
    sphere.SetPhiResolution(60)
    sphere.SetThetaResolution(60)
    sphere.Update()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "contours")
    node.SetReferenceImageGeometryParameterFromVolumeNode(pet)
    node.AddSegmentFromClosedSurfaceRepresentation(sphere.GetOutput(), "Sphere", [1, 0, 0], "s")
    volume_ml = np.count_nonzero(voxels(segmentation_from_node(node, pet))) * 2.0364 * 2.04 * 3.27 / 1000
    assert volume_ml == pytest.approx(4 / 3 * np.pi * 0.8**3, rel=0.05)


def test_a_mask_of_another_patient_or_grid_is_refused(scene):
    pet, _ = add_study_volumes(study())
    with pytest.raises(Refusal, match=r"series 9\.9, the PET volume shows the series 1\.2\.3"):
        add_segmentation(segmentation(), replace(study(), identity=StudyIdentity(pet_series_uid="9.9")), pet)
    shifted = on_grid(voxels(segmentation()).copy())
    shifted.SetOrigin((0, 0, 0))
    with pytest.raises(Refusal, match="does not lie on the grid"):
        add_segmentation(replace(segmentation(), labels=shifted), study(), pet)
    smaller = on_grid(voxels(segmentation())[1:].copy())
    with pytest.raises(Refusal, match="does not lie on the grid"):
        add_segmentation(replace(segmentation(), labels=smaller), study(), pet)


def test_a_pet_that_another_module_loaded_is_known_by_its_place_in_the_hierarchy(scene):
    mask = replace(segmentation(), provenance={"model": "suv4", "pet_series_uid": "1.2.3"})
    _, node = shown(scene, mask)
    identity = StudyIdentity(patient_id="other", study_uid="9", pet_series_uid="9.9")
    other, _ = add_study_volumes(replace(study(), identity=identity))
    other.RemoveAttribute("CLIPS.SeriesInstanceUID")  # as PETDICOM leaves a volume
    with pytest.raises(Refusal, match=r"series 1\.2\.3, the PET volume shows the series 9\.9"):
        segmentation_from_node(node, other)


def test_a_mask_on_a_pet_of_which_nothing_tells_that_it_is_its_own_is_a_caution(scene):
    nameless = PetCtStudy(pet=study().pet)
    pet, _ = add_study_volumes(nameless)
    node = add_segmentation(segmentation(), nameless, pet)
    assert segmentation_from_node(node, pet).cautions == segmentation().cautions
    other, _ = add_study_volumes(nameless)
    assert "pet-unverified" in [caution.code for caution in segmentation_from_node(node, other).cautions]


def test_voxels_that_belong_to_no_lesion_are_an_error_of_the_caller(scene):
    pet, _ = add_study_volumes(study())
    with pytest.raises(UsageError, match=r"labels \[300\]"):
        add_segmentation(replace(segmentation(), lesions=segmentation().lesions[:2]), study(), pet)
    assert scene.GetFirstNodeByClass("vtkMRMLSegmentationNode") is None


def test_a_transformed_segmentation_is_refused(scene):
    pet, node = shown(scene)
    node.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift").GetID())
    with pytest.raises(Refusal, match="moved by the transform 'shift'"):
        segmentation_from_node(node, pet)


def test_provenance_changed_by_hand_is_refused(scene):
    pet, node = shown(scene)
    node.SetAttribute("CLIPS.Provenance", "{broken")
    with pytest.raises(Refusal, match="cannot be read"):
        segmentation_from_node(node, pet)


@pytest.mark.slow
def test_sixty_lesions_of_a_whole_body_go_into_the_scene_and_back(scene):
    labels = np.zeros((326, 400, 400), np.uint16)
    corners = np.random.default_rng(3).integers((10, 60, 60), (310, 330, 330), (60, 3))
    for label, (z, y, x) in enumerate(corners, start=1):
        labels[z : z + 6, y : y + 7, x : x + 8] = label
    mask = Segmentation(
        labels=on_grid(labels),
        lesions=tuple(Lesion(label=n, lesion_id=f"L{n}", name=f"Lesion {n}") for n in range(1, 61)),
    )
    whole_body = PetCtStudy(pet=on_grid(np.zeros(labels.shape, np.float32)))
    pet, _ = add_study_volumes(whole_body)
    found = segmentation_from_node(add_segmentation(mask, whole_body, pet), pet)
    assert np.array_equal(voxels(found), labels)
