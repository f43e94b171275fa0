"""Loading DICOM follows Slicer's rules: who wins a series, what ties mean, what a plugin's opinion is worth."""

import numpy as np
import pytest
from builders_dicom import STUDY_UID, write_series


@pytest.fixture
def study(tmp_path):
    """A PET series whose slices have slopes of their own, and its CT."""
    write_series(tmp_path / "pet", "PT", slices=4, slope=lambda i: 0.5 + 0.25 * i, series="3")
    write_series(tmp_path / "ct", "CT", slices=4, series="2")
    return tmp_path


@pytest.fixture
def utils(host):
    from DICOMLib import DICOMUtils

    return DICOMUtils


def register(name, offer, load=lambda loadable: None):
    """Register a plugin: `offer(files)` gives (first file, confidence, selected) or None; loading is counted."""
    import DICOMLib
    import slicer

    class Plugin(DICOMLib.DICOMPlugin):
        examined, loaded = [], []

        def examineFiles(self, files):
            self.examined.append(files)
            offered = offer(files)
            if offered is None:
                return []
            loadable = DICOMLib.DICOMLoadable()
            loadable.files, loadable.confidence, loadable.selected = list(offered[0]), *offered[1:]
            return [loadable]

        def load(self, loadable):
            self.loaded.append(loadable)
            load(loadable)
            return True

    slicer.modules.dicomPlugins[name] = Plugin
    return Plugin


def is_pet(files):
    import slicer

    return slicer.dicomDatabase.fileValue(files[0], "0008,0060") == "PT"


def load_all(utils, folder, **options):
    with utils.TemporaryDICOMDatabase() as database:
        utils.importDicom(str(folder), database)
        (patient,) = database.patients()
        return utils.loadPatientByUID(patient, **options)


def test_the_database_knows_patients_studies_series_and_values(utils, study):
    import slicer

    with utils.TemporaryDICOMDatabase() as database:
        assert database is slicer.dicomDatabase and database.isOpen
        utils.importDicom(str(study), database)
        (patient,) = database.patients()
        assert database.studiesForPatient(patient) == (STUDY_UID,)
        series = database.seriesForStudy(STUDY_UID)
        files = [database.filesForSeries(uid) for uid in series]
        assert [len(each) for each in files] == [4, 4]
        assert {database.fileValue(each[0], "0008,0060") for each in files} == {"PT", "CT"}
        assert database.fileValue(files[0][0], "0008,0008").split("\\")[:2] == ["ORIGINAL", "PRIMARY"]
        assert database.fileValue(files[0][0], "0054,0016") == ""  # a sequence
    assert not slicer.dicomDatabase.isOpen


def test_pet_comes_as_bq_per_ml_without_units_and_each_slice_with_its_slope(utils, study):
    import slicer
    from builders_dicom import default_values

    ids = load_all(utils, study)
    volumes = [slicer.mrmlScene.GetNodeByID(each) for each in ids]
    pet, ct = sorted(
        (each for each in volumes if each.IsA("vtkMRMLVolumeNode")), key=lambda node: -ord(node.GetName()[0])
    )
    assert (pet.GetName(), ct.GetName()) == ("3: PET WB AC", "2: CT AC")
    assert pet.GetVoxelValueUnits() is None and ct.GetVoxelValueUnits().GetCodeValue() == "[hnsf'U]"
    expected = default_values("PT", 4, 8, 9)
    np.testing.assert_allclose(slicer.util.arrayFromVolume(pet), expected, atol=0.7)  # half of the largest slope
    bounds = np.zeros(6)
    pet.GetRASBounds(bounds)
    np.testing.assert_allclose(bounds, [-18, 18, -16, 16, 97.5, 117.5])  # 9 x 8 x 4 voxels of 4 x 4 x 5 mm


def test_loaded_nodes_are_filed_under_their_patient_and_study(utils, study):
    import slicer

    ids = load_all(utils, study)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    items = [hierarchy.GetItemByDataNode(slicer.mrmlScene.GetNodeByID(each)) for each in ids]
    parents = {hierarchy.GetItemParent(item) for item in items if item}
    (study_item,) = parents
    assert hierarchy.GetItemUID(study_item, "DICOM") == STUDY_UID
    patient_item = hierarchy.GetItemParent(study_item)
    assert hierarchy.GetItemAttribute(patient_item, "DICOM.PatientName") == "Test^Patient"


def test_the_surest_plugin_gets_a_series_and_the_others_keep_theirs(utils, study):
    sure = register("Sure", lambda files: (files, 1.01, True) if is_pet(files) else None)
    unsure = register("Unsure", lambda files: (files, 0.9, True) if is_pet(files) else None)
    ids = load_all(utils, study)
    assert len(sure.loaded) == 1 and not unsure.loaded
    assert len([each for each in ids if "ScalarVolume" in each]) == 1  # the CT, by the scalar volume plugin


def test_a_tie_loads_all(utils, study):
    first = register("First", lambda files: (files, 0.95, True) if is_pet(files) else None)
    second = register("Second", lambda files: (files, 0.95, True) if is_pet(files) else None)
    load_all(utils, study)
    assert len(first.loaded) == len(second.loaded) == 1


def test_what_a_plugin_says_about_selected_is_not_asked(utils, study):
    modest = register("Modest", lambda files: (files, 1.0, False))
    load_all(utils, study)
    assert len(modest.loaded) == 2


def test_a_loadable_belongs_to_the_series_of_its_first_file(utils, study):
    """One loadable for PET and CT together leaves the CT to whoever else wants it: it loads a second time."""
    together = register("Together", lambda files: (sorted(map(str, study.rglob("*.dcm")), reverse=True), 1.0, True))
    ids = load_all(utils, study)
    assert together.loaded[0].files[0].endswith("pet/0003.dcm")
    assert any("ScalarVolume" in each for each in ids)


def test_what_was_examined_once_is_remembered(utils, study):
    import slicer

    plugin_class = register("Counting", lambda files: (files, 1.0, True))
    plugin = plugin_class()
    with utils.TemporaryDICOMDatabase() as database:
        utils.importDicom(str(study), database)
        files = [database.filesForSeries(uid) for uid in database.seriesForStudy(STUDY_UID)]
        first, second = plugin.examineForImport(files), plugin.examineForImport(files)
    assert first == second and len(plugin_class.examined) == 2
    assert slicer.modules.dicomPlugins["Counting"] is plugin_class


def test_a_plugin_that_fails_drops_out_and_is_reported(started_host, tmp_path):
    from DICOMLib import DICOMUtils

    started_host.reset()
    write_series(tmp_path, "CT", slices=2)
    register("Broken", lambda files: 1 / 0)
    messages = []
    ids = load_all(DICOMUtils, tmp_path, messages=messages)
    assert messages == ["Plugin failed: Broken."] and len(ids) >= 1
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        started_host.check()


def test_series_must_be_given_as_a_list_and_the_database_be_open(utils):
    with pytest.raises(ValueError, match="list of series"):
        utils.loadSeriesByUID("1.2.3")
    with pytest.raises(OSError, match="not open"):
        utils.loadSeriesByUID(["1.2.3"])
