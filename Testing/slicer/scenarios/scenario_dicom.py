"""Slicer's own DICOM database, plugins and loading rules: a PET/CT study loads once, in SUVbw and HU, in its place."""

import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

import slicer
from DICOMLib import DICOMUtils

_SUVBW, _HU = "{SUVbw}g/ml", "[hnsf'U]"


@contextmanager
def imported_phantom(**tags) -> Iterator[object]:
    """A database with the small phantom; `tags` are set in (None: deleted from) every PET file before the import."""
    import pydicom
    from CLIPSLib.phantom import write_phantom

    with tempfile.TemporaryDirectory() as folder, DICOMUtils.TemporaryDICOMDatabase() as database:
        write_phantom(folder, preset="small")
        DICOMUtils.importDicom(folder, database)
        if tags:
            for path in _pet_files(database):
                dataset = pydicom.dcmread(path)
                for keyword, value in tags.items():
                    setattr(dataset, keyword, value) if value is not None else delattr(dataset, keyword)
                dataset.save_as(path)
        yield database


def _series(database) -> list[str]:
    studies = [study for patient in database.patients() for study in database.studiesForPatient(patient)]
    return [uid for study in studies for uid in database.seriesForStudy(study)]


def _pet_files(database) -> list[str]:
    files = [path for uid in _series(database) for path in database.filesForSeries(uid)]
    return [path for path in files if database.fileValue(path, "0008,0060") == "PT"]


def _loaded(node_ids):
    nodes = [slicer.mrmlScene.GetNodeByID(node_id) for node_id in node_ids]
    return [node for node in nodes if node is not None and node.IsA("vtkMRMLScalarVolumeNode")]  # None: gone again


def _units(node) -> str:
    return node.GetVoxelValueUnits().GetCodeValue() if node.GetVoxelValueUnits() else ""


class DicomScenario(unittest.TestCase):
    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_a_patient_loads_as_one_pet_in_suv_and_one_ct(self) -> None:
        with imported_phantom() as database:
            volumes = _loaded(DICOMUtils.loadPatientByUID(database.patients()[0]))
        self.assertEqual(sorted(map(_units, volumes)), [_HU, _SUVBW])
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        studies = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in volumes}
        self.assertEqual(len(studies), 1)
        self.assertTrue(hierarchy.GetItemAttribute(studies.pop(), "DICOM.StudyDate"))

    def test_without_a_weight_slicer_loads_the_pet_as_stored(self) -> None:
        with imported_phantom(PatientWeight=None) as database:
            volumes = _loaded(DICOMUtils.loadPatientByUID(database.patients()[0]))
        self.assertEqual(sorted(map(_units, volumes)), ["", _HU])

    def test_the_study_list_loads_what_it_shows(self) -> None:
        from CLIPSSegmentationLib.dicom_studies import list_database_studies, load_database_study

        with imported_phantom() as database:
            (study,) = list_database_studies(database)
            pet, ct = load_database_study(study)
        self.assertEqual([_units(pet), _units(ct)], [_SUVBW, _HU])
