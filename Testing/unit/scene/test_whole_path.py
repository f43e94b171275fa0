"""DICOM to table through the scene: what is known to be in the phantom is in the table, however the patient lay."""

import pytest
from CLIPSLib import load_study, measure_lesions, segment_study
from CLIPSLib.phantom import ORIENTATIONS, write_phantom
from CLIPSLib.scene import (
    add_measures_table,
    add_segmentation,
    add_study_volumes,
    segmentation_from_node,
    study_from_nodes,
)
from mrml_scene import slicer_scene


@pytest.mark.parametrize("orientation", sorted(ORIENTATIONS))
def test_the_table_shows_the_volume_known_to_be_at_or_above_suv_4(tmp_path, orientation):
    truth = write_phantom(tmp_path / "phantom", preset="small", orientation=orientation).threshold(4.0)
    with slicer_scene():
        pet, ct = add_study_volumes(load_study(tmp_path / "phantom"))
        study = study_from_nodes(pet, ct)
        segments = add_segmentation(segment_study(study, "suv4"), study, pet)
        measures = measure_lesions(segmentation_from_node(segments, pet), study)
        table = add_measures_table(measures, segments)
        volumes = table.GetTable().GetColumnByName("volume_ml")
        assert table.GetNumberOfRows() == truth.preselected_component_count + 1
        assert volumes.GetValue(table.GetNumberOfRows() - 1) == pytest.approx(truth.preselected_volume_ml, rel=1e-6)
        counted = sum(lesion.voxel_count for lesion in measures.lesions)
        assert counted == truth.preselected_voxel_count
