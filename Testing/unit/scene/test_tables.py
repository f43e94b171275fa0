"""Measures become a table with typed columns, units and a total; empty cells stay empty."""

import math

import pytest
from CLIPSLib.measures import LesionMeasures, Measures, PatientMeasures
from CLIPSLib.scene import add_measures_table
from mrml_scene import slicer_scene, write_and_read


@pytest.fixture
def scene():
    with slicer_scene() as scene:
        yield scene


def lesion(number: int, kind: str = "tumor", **changes) -> LesionMeasures:
    values = {
        "lesion_id": f"L{number}", "name": f"Lesion {number}", "kind": kind, "label": number, "voxel_count": 10,
        "volume_ml": 1.5 * number, "suv_max": 8.0, "suv_mean": 5.0, "suv_peak": 7.0, "suv_peak_local": 6.9,
        "tlg_g": 7.5 * number, "centroid_lps_mm": (10.0, 20.0, 30.0), "max_diameter_mm": 15.0,
    }  # fmt: skip
    return LesionMeasures(**{**values, **changes})


def patient(**changes) -> PatientMeasures:
    values = {
        "tmtv_ml": 1.5, "tlg_g": 7.5, "lesion_count": 1, "lesion_count_3ml": 0, "suv_max": 8.0, "suv_mean": 5.0,
        "suv_peak": 7.0, "d_max_mm": 0.0, "sd_max_per_m": 0.0, "connectivity": 26, "method": "SUV >= 4.0",
        "reviewed": False,
    }  # fmt: skip
    return PatientMeasures(**{**values, **changes})


def table(*lesions, **changes):
    return add_measures_table(Measures(lesions=lesions, patient=patient(**changes)))


def column(node, name: str):
    return node.GetTable().GetColumnByName(name)


def test_each_lesion_has_a_row_and_the_total_is_last(scene):
    node = table(lesion(1), lesion(2, kind="physiological"))
    ids = column(node, "lesion_id")
    assert [ids.GetValue(row) for row in range(node.GetNumberOfRows())] == ["L1", "L2", "TOTAL"]
    volume = column(node, "volume_ml")
    assert [volume.GetValue(row) for row in range(3)] == [1.5, 3.0, 1.5]
    assert column(node, "kind").GetValue(1) == "physiological"


def test_columns_are_typed_and_carry_their_units(scene):
    node = table(lesion(1))
    assert column(node, "volume_ml").GetClassName() == "vtkDoubleArray"
    assert column(node, "lesion_count").GetClassName() == "vtkIntArray"
    assert column(node, "name").GetClassName() == "vtkStringArray"
    assert node.GetColumnUnitLabel("volume_ml") == "mL"
    assert node.GetColumnUnitLabel("suv_peak") == "g/mL"
    assert node.GetColumnUnitLabel("tlg_g") == "g"
    assert node.GetColumnTitle("tlg_g") == "Total lesion glycolysis (g)"


def test_positions_are_ras_as_everywhere_in_slicer(scene):
    node = table(lesion(1))
    assert [column(node, f"centroid_{axis}_mm").GetValue(0) for axis in "ras"] == [-10.0, -20.0, 30.0]
    assert math.isnan(column(node, "centroid_r_mm").GetValue(1))


def test_a_measure_without_value_is_an_empty_cell(scene):
    node = table(lesion(1, suv_peak=None), d_max_mm=None, sd_max_per_m=None)
    assert math.isnan(column(node, "suv_peak").GetValue(0))
    assert math.isnan(column(node, "d_max_mm").GetValue(1))
    assert math.isnan(column(node, "d_max_mm").GetValue(0))
    assert column(node, "kind").GetValue(1) == ""


def test_a_patient_without_lesions_has_a_total_of_zero(scene):
    node = table(tmtv_ml=0.0, tlg_g=0.0, lesion_count=0, suv_max=None, suv_mean=None, suv_peak=None, d_max_mm=None)
    assert node.GetNumberOfRows() == 1
    assert column(node, "volume_ml").GetValue(0) == 0.0
    assert math.isnan(column(node, "suv_max").GetValue(0))


def test_the_table_says_how_it_was_made_and_from_what(scene):
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "PET lesions")
    node = add_measures_table(Measures(lesions=(), patient=patient()), segmentation)
    assert node.GetName() == "PET lesions measures"
    assert node.GetAttribute("CLIPS.Method") == "SUV >= 4.0"
    assert node.GetAttribute("CLIPS.Reviewed") == "false"
    assert node.GetNodeReference("segmentation") is segmentation


def test_a_csv_file_keeps_types_units_and_titles_in_its_schema_file_but_loses_attributes(scene, tmp_path):
    node = table(lesion(1))
    copy = write_and_read(node, "vtkMRMLTableStorageNode", tmp_path / "measures.csv", scene)
    assert (tmp_path / "measures.schema.csv").is_file()
    assert column(copy, "volume_ml").GetValue(0) == 1.5
    assert copy.GetColumnUnitLabel("volume_ml") == "mL"
    assert copy.GetAttribute("CLIPS.Method") is None


def test_a_csv_file_without_its_schema_loses_types_and_units(scene, tmp_path):
    node = table(lesion(1))
    write_and_read(node, "vtkMRMLTableStorageNode", tmp_path / "measures.csv", scene)
    (tmp_path / "measures.schema.csv").unlink()
    copy = scene.AddNewNodeByClass("vtkMRMLTableNode")
    storage = scene.AddNewNodeByClass("vtkMRMLTableStorageNode")
    storage.SetFileName(str(tmp_path / "measures.csv"))
    assert storage.ReadData(copy)
    assert column(copy, "volume_ml").GetClassName() == "vtkStringArray"
    assert copy.GetColumnUnitLabel("volume_ml") == ""
