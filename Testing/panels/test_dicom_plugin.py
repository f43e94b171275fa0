"""From the DICOM browser: what the PET/CT plugin offers, that Slicer's rules then choose it, and what is loaded."""

from pathlib import Path

import builders_phantom
import numpy as np
import pytest
import reference_data
from builders_dicom import STUDY_UID, write_series

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PLUGIN_FILE = REPOSITORY / "CLIPSSegmentation" / "DICOMPETCTPlugin.py"
SUVBW, HU = "{SUVbw}g/ml", "[hnsf'U]"
FDG_FACTOR = 70000 / (370e6 * 2 ** (-3600 / 6586.2))  # of builders_dicom's patient: 70 kg, 370 MBq, one hour


@pytest.fixture
def plugin(host):
    """An instance of the plugin, registered as in Slicer."""
    import slicer

    host.load_module(PLUGIN_FILE)
    return slicer.modules.dicomPlugins["DICOMPETCTPlugin"]()


@pytest.fixture
def database(plugin):
    from DICOMLib import DICOMUtils

    with DICOMUtils.TemporaryDICOMDatabase() as opened:
        yield opened


@pytest.fixture
def imported(database, tmp_path):
    """Import what a test has written below its folder; gives the file lists as Slicer hands them to plugins."""
    from DICOMLib import DICOMUtils

    def run(folder=tmp_path):
        DICOMUtils.importDicom(str(folder), database)
        return [database.filesForSeries(uid) for uid in all_series(database)]

    return run


def all_series(database) -> list[str]:
    studies = [study for patient in database.patients() for study in database.studiesForPatient(patient)]
    return [uid for study in studies for uid in database.seriesForStudy(study)]


def write_pet_ct(folder, **pet_tags):
    write_series(folder / "pet", "PT", series="3", **pet_tags)
    write_series(folder / "ct", "CT", series="2")


def load(*series: str):
    """Load series as scripts do; gives the volume nodes by name."""
    import slicer
    from DICOMLib import DICOMUtils

    ids = DICOMUtils.loadSeriesByUID(list(series))
    nodes = [slicer.mrmlScene.GetNodeByID(each) for each in ids]
    return {node.GetName(): node for node in nodes if node.IsA("vtkMRMLVolumeNode")}


def units(node) -> str | None:
    code = node.GetVoxelValueUnits()
    return code.GetCodeValue() if code else None


def offered(plugin, file_lists) -> list[tuple[str, float]]:
    return [(loadable.name, loadable.confidence) for loadable in plugin.examineForImport(file_lists)]


def test_a_study_is_two_loadables_surer_than_any_other_plugin(plugin, imported, tmp_path):
    write_pet_ct(tmp_path)
    ct, pet = plugin.examineForImport(imported())
    assert (pet.name, ct.name) == ("3: PET WB AC (SUVbw)", "2: CT AC (CT of the PET)")
    assert pet.confidence == ct.confidence > 1.0  # PETDICOM: up to 1.0
    assert pet.warning == ct.warning == ""
    assert "370" in pet.tooltip and "CT: 2: CT AC" in pet.tooltip  # the formula with its numbers
    assert {len(pet.files), len(ct.files)} == {6} and pet.files[0].endswith("0000.dcm")


def test_a_patient_loads_as_suv_and_hounsfield_once_each(imported, database, tmp_path):
    import slicer
    from builders_dicom import default_values
    from DICOMLib import DICOMUtils

    write_pet_ct(tmp_path)
    imported()
    DICOMUtils.loadPatientByUID(database.patients()[0])
    pet, ct = sorted(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"), key=lambda node: units(node) != SUVBW)
    assert (units(pet), units(ct)) == (SUVBW, HU)
    expected = default_values("PT", 6, 8, 9)
    np.testing.assert_allclose(slicer.util.arrayFromVolume(pet), expected * FDG_FACTOR, rtol=1e-6)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(ct), default_values("CT", 6, 8, 9))


def test_loaded_nodes_are_filed_under_patient_and_study_and_know_their_instances(imported, database, tmp_path):
    import slicer

    write_pet_ct(tmp_path)
    imported()
    nodes = load(*all_series(database)).values()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    items = [hierarchy.GetItemByDataNode(node) for node in nodes]
    (study,) = {hierarchy.GetItemParent(item) for item in items}
    assert hierarchy.GetItemAttribute(hierarchy.GetItemParent(study), "DICOM.PatientID") == "P1"
    assert {hierarchy.GetItemAttribute(item, "DICOM.Modality") for item in items} == {"PT", "CT"}
    for node, item in zip(nodes, items, strict=True):
        instances = node.GetAttribute("DICOM.instanceUIDs")
        assert instances == hierarchy.GetItemUID(item, "DICOMInstanceUID") and len(instances.split()) == 6
        assert database.seriesForFile(database.fileForInstance(instances.split()[0])) == hierarchy.GetItemUID(
            item, "DICOM"
        )


def test_the_pet_is_what_the_views_show(imported, database, tmp_path):
    import slicer

    write_pet_ct(tmp_path)
    imported()
    load(*all_series(database))
    active = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActiveVolumeID())
    assert units(active) == SUVBW


def test_the_pet_knows_its_ct_although_it_is_loaded_alone(imported, database, tmp_path):
    write_pet_ct(tmp_path)
    imported()
    pet_uid, ct_uid = sorted(all_series(database), key=lambda uid: database.descriptionForSeries(uid), reverse=True)
    ((name, pet),) = load(pet_uid).items()
    assert name == "PET SUVbw PET WB AC" and ct_uid in pet.GetAttribute("CLIPS.Study")
    ((name, ct),) = load(ct_uid).items()
    assert name == "CT CT AC" and units(ct) == HU
    assert ct.GetAttribute("CLIPS.SeriesInstanceUID") == ct_uid


def test_a_ct_imported_later_is_found_by_the_same_plugin(plugin, database, imported, tmp_path):
    write_series(tmp_path / "pet", "PT", series="3")
    file_lists = imported()
    (alone,) = plugin.examineForImport(file_lists)
    assert "no CT" in alone.warning
    write_series(tmp_path / "ct", "CT", series="2")
    imported()
    (paired,) = plugin.examineForImport(file_lists)  # the PET's files only
    assert paired.warning == "" and "CT: 2: CT AC" in paired.tooltip


def test_cautions_are_shown_before_loading(plugin, imported, tmp_path):
    write_pet_ct(tmp_path, RadionuclideTotalDose="370")
    _ct, pet = plugin.examineForImport(imported())
    assert "370 was taken as MBq" in pet.warning and pet.warning in pet.tooltip.replace("Caution: ", "")
    assert pet.confidence > 1.0


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Units": "PROPCPS"}, "'PROPCPS'"),
        ({"CorrectedImage": ["DECY"]}, "not attenuation-corrected"),
        ({"PatientWeight": None}, "SUV needs an answer"),
    ],
)
def test_what_cannot_be_suv_is_offered_last_with_the_reason(plugin, database, imported, tmp_path, caplog, tags, reason):
    write_pet_ct(tmp_path, **tags)
    file_lists = imported()
    (refused,) = plugin.examineForImport(file_lists)
    assert refused.name.startswith("3: PET WB AC: ") and reason in refused.name
    assert refused.confidence < 0.2  # Slicer's own loader in its most doubtful moment
    assert refused.warning in refused.tooltip and refused.warning in caplog.text  # scripts have the log only
    nodes = load(*all_series(database))
    assert {name: units(node) for name, node in nodes.items()} == {"3: PET WB AC": None, "2: CT AC": HU}


def test_a_refused_series_that_is_chosen_by_hand_says_why_and_loads_nothing(plugin, imported, tmp_path, caplog):
    import slicer

    write_pet_ct(tmp_path, Units="PROPCPS")
    (refused,) = plugin.examineForImport(imported())
    before = slicer.mrmlScene.GetNumberOfNodes()
    assert plugin.load(refused) is False
    assert "'PROPCPS'" in caplog.text
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_pixels_that_cannot_be_read_say_so_and_leave_nothing_behind(plugin, imported, tmp_path, caplog):
    import slicer

    write_pet_ct(tmp_path)
    _ct, pet = plugin.examineForImport(imported())
    Path(pet.files[3]).unlink()
    before = slicer.mrmlScene.GetNumberOfNodes()
    assert plugin.load(pet) is False
    assert "0003.dcm" in caplog.text
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_a_refused_reconstruction_beside_a_good_one_takes_nothing_from_it(plugin, imported, tmp_path):
    write_pet_ct(tmp_path)
    write_series(tmp_path / "nac", "PT", series="4", SeriesDescription="PET NAC", CorrectedImage=["DECY"])
    confidences = dict(offered(plugin, imported()))
    assert [name for name, confidence in confidences.items() if confidence > 1] == [
        "2: CT AC (CT of the PET)",
        "3: PET WB AC (SUVbw)",
    ]
    assert any(name.startswith("4: PET NAC: no SUV") and confidence < 0.2 for name, confidence in confidences.items())


def test_two_reconstructions_are_two_pets_with_one_ct(plugin, database, imported, tmp_path):
    write_pet_ct(tmp_path)
    write_series(tmp_path / "second", "PT", series="4", SeriesDescription="PET PSF")
    assert [name for name, _ in offered(plugin, imported())] == [
        "2: CT AC (CT of the PET)",
        "3: PET WB AC (SUVbw)",
        "4: PET PSF (SUVbw)",
    ]
    assert len(load(*all_series(database))) == 3


def test_several_cts_that_fit_equally_are_left_to_the_user(plugin, database, imported, tmp_path):
    write_pet_ct(tmp_path)
    write_series(tmp_path / "ct2", "CT", series="5")
    (pet,) = plugin.examineForImport(imported())
    assert pet.confidence > 1.0 and "2 CT series fit equally well" in pet.warning
    assert sorted(units(node) for node in load(*all_series(database)).values()) == [
        HU,
        HU,
        SUVBW,
    ]


def test_studies_and_patients_do_not_mix(plugin, imported, tmp_path):
    for number in "123":
        patient = "A" if number < "3" else "B"
        tags = {"StudyInstanceUID": f"1.2.{number}", "PatientID": patient, "FrameOfReferenceUID": f"1.9.{number}"}
        write_series(tmp_path / number / "pet", "PT", series=f"3{number}", **tags)
        write_series(tmp_path / number / "ct", "CT", series=f"2{number}", **tags)
    loadables = plugin.examineForImport(imported())
    pets = [loadable.offer.candidate for loadable in loadables if loadable.offer.series.modality == "PT"]
    assert [(pet.pet.study_uid, pet.ct.study_uid) for pet in pets] == [(f"1.2.{n}", f"1.2.{n}") for n in "123"]
    assert len(loadables) == 6


def test_a_study_without_patient_id_has_a_patient_of_its_own(imported, database, tmp_path):
    import slicer

    for modality, series in (("PT", "3"), ("CT", "2")):
        write_series(tmp_path / modality, modality, series=series, PatientID="")
    imported()
    nodes = load(*all_series(database)).values()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    (study,) = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in nodes}
    assert {units(node) for node in nodes} == {SUVBW, HU}
    assert hierarchy.GetItemUID(study, "DICOM") == STUDY_UID
    assert hierarchy.GetItemUID(hierarchy.GetItemParent(study), "DICOM") == f"Patient-{STUDY_UID}"


def test_uninteresting_series_are_never_opened(plugin, imported, tmp_path, monkeypatch):
    write_series(tmp_path / "mr", "MR", series="7", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    write_series(tmp_path / "ct", "CT", series="8")
    file_lists = imported()
    monkeypatch.setattr("CLIPSLib.study.scan._read_start", lambda path: pytest.fail(f"{path} was opened"))
    assert plugin.examineForImport(file_lists) == []


def test_what_was_examined_once_is_remembered(plugin, imported, tmp_path, monkeypatch):
    write_pet_ct(tmp_path)
    file_lists = imported()
    first = plugin.examineForImport(file_lists)
    monkeypatch.setattr("CLIPSLib.study.scan._read_start", lambda path: pytest.fail(f"{path} was opened"))
    assert plugin.examineForImport(file_lists) == first
    assert plugin.examineForImport(file_lists[:1]) == [
        loadable for loadable in first if list(file_lists[0]) == loadable.files
    ]


def test_the_plugin_has_no_panel_and_loads_nothing_heavy(plugin):
    import slicer

    module = slicer.modules.dicompetctplugin
    assert module.hidden and module.widgetRepresentation() is None
    assert len(PLUGIN_FILE.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_phantom_loads_as_the_core_reads_it(imported, database, small_phantom):
    import SimpleITK as sitk
    import slicer
    from CLIPSLib import load_study

    imported(small_phantom)
    nodes = load(*all_series(database))
    pet = next(node for node in nodes.values() if units(node) == SUVBW)
    expected = sitk.GetArrayFromImage(load_study(small_phantom).pet)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(pet), expected)


def test_a_phantom_without_weight_is_a_question(plugin, imported, tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None)
    loadables = plugin.examineForImport(imported(folder))
    assert [loadable.offer.problem.key for loadable in loadables] == ["weight_kg"]


@pytest.mark.parametrize("patient", ["STS_001", "STS_020", "STS_046"])
def test_real_patients_load_from_the_browser(imported, database, patient):
    """Sarcoma patients: PET stored as GML, a slope for every slice; contours come with them and are left alone."""
    imported(reference_data.path("sts", patient))
    nodes = load(*all_series(database))
    assert sorted(str(units(node)) for node in nodes.values()) == [HU, SUVBW]


def test_a_real_whole_body_pet_without_ct_loads_as_suv(plugin, imported, database):
    """267 slices in Bq/mL, one slope per slice."""
    file_lists = imported(reference_data.path("wholebody_pet"))
    (pet,) = plugin.examineForImport(file_lists)
    assert "no CT" in pet.warning and len(pet.files) == 267
    assert [units(node) for node in load(pet.offer.series.series_uid).values()] == [SUVBW]
