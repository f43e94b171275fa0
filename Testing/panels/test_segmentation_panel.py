"""From a study to the table of lesions, with real jobs in real processes; what cannot be trusted is refused."""

import os
import subprocess
import sys
from pathlib import Path

import builders_phantom
import pytest
from builders_panel import JOB_S, MODULE_FILE
from CLIPSLib.errors import ClipsError, Question

TESTING = Path(__file__).resolve().parent.parent


def test_load_suv_apply_progress_table_edit_totals(host, opened, small_phantom):
    import qt

    ui = opened.ui
    assert not ui.applyButton.enabled and "Choose a PET" in ui.applyButton.toolTip
    with host.answering(str(small_phantom)):
        ui.loadFolderButton.click()
    assert opened.parameters.petVolume is not None and opened.parameters.ctVolume is not None
    assert ui.suvState.text.startswith("Verified SUVbw: quantity SUVbw, unit {SUVbw}g/ml.")
    assert ui.frameState.text == "PET and CT share their frame of reference."
    assert ui.applyButton.enabled and ui.applyButton.text == "Apply"

    job = opened.apply_and_hold()
    assert ui.applyButton.text == "Cancel"
    host.wait_until(lambda: ui.progressBar.isVisibleTo(opened.panel.form), JOB_S)
    assert job.origin["title"] in ui.stageLabel.text
    job.job.resume()
    host.wait_until(lambda: opened.parameters.segmentation is not None, JOB_S)
    assert ui.applyButton.text == "Apply" and not ui.progressBar.isVisibleTo(opened.panel.form)

    assert len(opened.rows()) == len(opened.live.measures.lesions) > 1
    total = opened.live.measures.patient.tmtv_ml
    assert ui.tmtvLabel.text == f"TMTV {total:.1f} mL"
    assert "unreviewed" in ui.reviewLabel.text
    assert ui.tmtvLabel.font.pointSizeF() > 2 * ui.totalsLabel.font.pointSizeF()

    segments = opened.parameters.segmentation.GetSegmentation()
    removed = opened.live.measures.lesions[0].volume_ml
    segments.RemoveSegment(segments.GetNthSegmentID(0))
    opened.settle()
    assert ui.tmtvLabel.text == f"TMTV {total - removed:.1f} mL"
    assert isinstance(ui.lesionTable, qt.QTableWidget)


def test_the_numbers_are_those_of_the_command(opened, phantom_study, small_phantom, tmp_path):
    """After an edit, saved by Slicer and measured by `clips measure`."""
    import slicer
    from CLIPSLib.tasks import measure_mask

    opened.show(phantom_study)
    node = opened.apply()
    opened.select(1)
    opened.ui.kindButton.click()
    opened.ui.growSelector.currentIndex = 1  # 41 % of SUVmax: what is left is below SUV 4
    opened.panel.results.lesions.addLesionAt(_hottest_missed(opened))
    path = tmp_path / "edited.seg.nrrd"
    assert slicer.util.saveNode(node, str(path))
    measures = measure_mask(path, small_phantom)
    assert measures.lesions == opened.live.measures.lesions
    assert measures.patient == opened.live.measures.patient


def _hottest_missed(opened):
    """RAS of the hottest voxel that belongs to no lesion."""
    import numpy as np
    from CLIPSLib.imaging import array_view, index_to_lps_mm

    suv = array_view(opened.live.study.pet)
    free = np.where(array_view(opened.live.segmentation.labels) == 0, suv, 0.0)
    x, y, z = index_to_lps_mm(opened.live.study.pet, np.unravel_index(int(free.argmax()), free.shape))[0]
    return -x, -y, z


def test_values_that_do_not_say_their_unit_are_refused(opened):
    import numpy as np
    import slicer

    node = slicer.util.addVolumeFromArray(np.ones((4, 4, 4), np.float32), name="from a file")
    opened.parameters.petVolume = node
    assert "does not say its unit" in opened.ui.suvState.text
    assert not opened.ui.applyButton.enabled
    assert "does not say its unit" in opened.ui.applyButton.toolTip
    assert not opened.ui.convertButton.isVisibleTo(opened.panel.form)
    with pytest.raises(ClipsError, match="does not say its unit"):
        opened.logic.segment(node)
    with pytest.raises(ValueError, match="A PET volume is needed"):
        opened.logic.segment(None)


def test_a_volume_in_becquerel_is_converted_from_its_own_files(opened, small_phantom):
    """Loaded by Slicer's own loader: Bq/mL without a unit."""
    import slicer
    from DICOMLib import DICOMUtils

    with DICOMUtils.TemporaryDICOMDatabase() as database:
        DICOMUtils.importDicom(str(small_phantom), database)
        pet_series = _series(database, "PT")
        loaded = DICOMUtils.loadSeriesByUID([pet_series])
        becquerel = slicer.mrmlScene.GetNodeByID(loaded[0])
        opened.parameters.petVolume = becquerel
        assert opened.ui.convertButton.isVisibleTo(opened.panel.form)
        assert not opened.ui.applyButton.enabled
        opened.ui.convertButton.click()
        suv = opened.parameters.petVolume
        assert suv is not becquerel and opened.ui.applyButton.enabled
        assert suv.GetVoxelValueUnits().GetCodeValue() == "{SUVbw}g/ml"
        assert slicer.util.arrayFromVolume(suv).max() < 50 < slicer.util.arrayFromVolume(becquerel).max()


def _series(database, modality):
    (patient,) = database.patients()
    (study,) = database.studiesForPatient(patient)
    for series in database.seriesForStudy(study):
        files = database.filesForSeries(series)
        if files and database.fileValue(files[0], "0008,0060") == modality:
            return series
    raise AssertionError(modality)


def test_a_study_of_the_dicom_database_is_loaded_with_its_place_in_the_hierarchy(host, opened, small_phantom):
    import slicer
    from DICOMLib import DICOMUtils

    with DICOMUtils.TemporaryDICOMDatabase() as database:
        DICOMUtils.importDicom(str(small_phantom), database)
        opened.ui.databaseBox.collapsed = False
        table = opened.panel.study.database
        host.wait_until(lambda: table.studies and not table.busy, JOB_S)
        opened.panel.study.database._on_activated(0, 0)
        assert opened.ui.applyButton.enabled
        pet = opened.parameters.petVolume
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        assert hierarchy.GetItemUID(hierarchy.GetItemByDataNode(pet), "DICOM") == _series(database, "PT")
        opened.ui.databaseBox.collapsed = True


def test_what_is_missing_in_the_headers_is_asked_in_a_field(host, opened, tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None)
    with host.answering(str(folder)):
        opened.ui.loadFolderButton.click()
    field = opened.panel.study.questions.field("weight_kg")
    assert opened.parameters.petVolume is None
    assert not opened.ui.loadChosenButton.enabled
    field.text = "5000"
    opened.ui.loadChosenButton.click()
    assert "1 to 500 kg" in opened.ui.loadMessage.text
    field.text = "72"
    opened.ui.loadChosenButton.click()
    assert opened.parameters.petVolume is not None
    assert not opened.ui.loadArea.isVisibleTo(opened.panel.form)
    with pytest.raises(Question, match="PatientWeight") as question:
        opened.logic.loadStudy(str(folder))
    assert question.value.key == "weight_kg"
    assert opened.logic.loadStudy(str(folder), answers={"weight_kg": 72})[0] is not None


def test_a_study_that_cannot_be_trusted_is_refused_with_the_reason(host, opened, tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, CorrectedImage=["DECY"])
    with host.answering(str(folder)):
        opened.ui.loadFolderButton.click()
    assert "not attenuation-corrected" in opened.ui.loadMessage.text
    assert not opened.ui.loadChosenButton.enabled
    opened.ui.closeLoadButton.click()
    assert not opened.ui.loadArea.isVisibleTo(opened.panel.form)


def test_a_folder_without_pet_says_what_it_holds(host, opened, tmp_path):
    (tmp_path / "empty").mkdir()
    with host.answering(str(tmp_path / "empty")):
        opened.ui.loadFolderButton.click()
    assert "No PET series among 0 files" in opened.ui.loadMessage.text


def test_a_ct_of_another_examination_is_refused(opened, phantom_study):
    import numpy as np
    import slicer

    pet, _ct = opened.show(phantom_study)
    far = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="elsewhere")
    far.SetOrigin(5000, 5000, 5000)
    opened.parameters.ctVolume = far
    assert "do not overlap" in opened.ui.frameState.text and not opened.ui.applyButton.enabled
    with pytest.raises(ClipsError, match="do not overlap"):
        opened.logic.segment(pet, far)
    far.SetOrigin(pet.GetOrigin())
    opened.parameters.ctVolume = None
    opened.parameters.ctVolume = far
    assert "was not checked" in opened.ui.frameState.text and opened.ui.applyButton.enabled


def test_a_ct_of_another_frame_of_reference_is_refused(opened, phantom_study, monkeypatch):
    """Two examinations of one patient overlap in space and do not fit; only the UIDs of their files tell."""
    import numpy as np
    import slicer
    from CLIPSSegmentationLib import Inputs

    pet, _ct = opened.show(phantom_study)
    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="follow-up CT")
    other.SetOrigin(pet.GetOrigin())
    monkeypatch.setattr(Inputs, "_frameUid", lambda node: "1.2.3")  # not the PET's, which its study knows
    opened.parameters.ctVolume = other
    assert "different frames of reference" in opened.ui.frameState.text and not opened.ui.applyButton.enabled
    with pytest.raises(ClipsError, match="different frames of reference"):
        opened.logic.segment(pet, other)


def test_a_ct_that_the_scanner_did_not_register_is_told_before_anything_is_applied(host, opened, tmp_path):
    import pydicom

    folder = builders_phantom.make(tmp_path / "study")
    for path in folder.rglob("*.dcm"):
        header = pydicom.dcmread(path)
        if header.Modality == "CT":
            header.FrameOfReferenceUID = "2.25.999"
            header.save_as(path)
    with host.answering(str(folder)):
        opened.ui.loadFolderButton.click()
    assert opened.parameters.ctVolume is not None
    assert "not registered by the scanner" in opened.ui.frameState.text
    assert "different frames of reference (0020,0052)" in opened.ui.suvState.text


def test_the_console_gives_the_same_as_the_panel(opened, phantom_study):
    pet, ct = opened.show(phantom_study)
    node, table = opened.logic.segment(pet, ct, model="suv4", wait=True)
    column = table.GetTable().GetColumnByName("volume_ml")
    opened.apply()
    assert column.GetValue(table.GetNumberOfRows() - 1) == opened.live.measures.patient.tmtv_ml
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is pet


def test_the_result_lies_under_the_study_of_its_pet_and_carries_coded_terms(opened, phantom_study):
    import slicer
    import vtk

    pet, _ct = opened.show(phantom_study)
    node = opened.apply()
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    parents = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(each)) for each in (pet, node)]
    assert parents[0] == parents[1] != hierarchy.GetSceneItemID()
    tag = vtk.reference("")
    assert node.GetSegmentation().GetNthSegment(0).GetTag("TerminologyEntry", tag)
    assert "108369006" in tag.get()


def test_the_choices_of_a_scene_come_back_with_it(host, opened, phantom_study, tmp_path):
    import slicer

    opened.show(phantom_study)
    opened.ui.modelSelector.currentIndex = opened.ui.modelSelector.findText("41 % of SUVmax")
    opened.panel.model.options.field("min_volume_ml").text = "5"
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    assert opened.parameters.petVolume is None and opened.parameters.model == "suv4"
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    host.process_events()
    assert opened.parameters.model == "41max"
    assert opened.parameters.petVolume is not None
    assert opened.panel.model.chosenOptions() == {"min_volume_ml": 5.0}


def test_leaving_the_panel_gives_the_views_back(opened, phantom_study):
    import slicer

    manager = slicer.app.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    before = manager.layout
    opened.show(phantom_study)
    assert manager.layout != before
    composite = manager.sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetForegroundVolumeID() == opened.parameters.petVolume.GetID()
    assert composite.GetBackgroundVolumeID() == opened.parameters.ctVolume.GetID()
    opened.widget.exit()
    assert manager.layout == before
    opened.widget.enter()
    assert manager.layout != before


def test_a_study_from_the_dicom_browser_is_chosen_when_the_panel_is_opened(opened, phantom_study):
    from CLIPSLib.scene import add_study_volumes

    opened.widget.exit()
    pet, ct = add_study_volumes(phantom_study)
    opened.widget.enter()
    assert (opened.parameters.petVolume, opened.parameters.ctVolume) == (pet, ct)
    assert opened.ui.applyButton.enabled
    opened.parameters.petVolume = None
    opened.widget.exit()
    add_study_volumes(phantom_study)
    opened.widget.enter()
    assert opened.parameters.petVolume is None  # of two, the user chooses


@pytest.fixture
def packages_put_back():
    """Later tests must not see two generations of the same classes."""
    kept = {name: module for name, module in sys.modules.items() if name.startswith("CLIPS")}
    yield
    for name in [name for name in sys.modules if name.startswith("CLIPS")]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_the_panel_is_reloaded_with_its_packages(packages_put_back, host, opened):
    import slicer

    before = sys.modules["CLIPSSegmentationLib.Panel"]
    opened.widget.onReload()
    assert sys.modules["CLIPSSegmentationLib.Panel"] is not before
    reloaded = slicer.modules.CLIPSSegmentationWidget
    assert reloaded is not opened.widget
    assert reloaded.panel.parameterNode is not None  # it is used at once, and nobody enters it but the module


def test_a_panel_that_is_not_open_is_reloaded_without_being_entered(packages_put_back, host, opened):
    import slicer

    opened.widget.parent.exit()
    opened.widget.onReload()
    assert slicer.modules.CLIPSSegmentationWidget.panel.parameterNode is None


def test_the_phantom_is_sample_data_made_on_this_machine(host, opened):
    import SampleData

    pet, ct = SampleData.press("CLIPSPhantom")
    assert pet.GetImageData() is not None and ct.GetImageData() is not None


def test_every_control_says_what_it_is_for(opened):
    import qt

    silent = [
        widget.objectName
        for widget in vars(opened.ui).values()
        if isinstance(widget, qt.QAbstractButton | qt.QComboBox | qt.QTableWidget | qt.QProgressBar | qt.QCheckBox)
        and not widget.toolTip
        and not widget.objectName.startswith("qt_")  # a part of another widget
    ]
    assert not silent


def test_opening_the_panel_loads_no_network_library_and_no_reader():
    """What makes a panel slow to open is what it imports; seconds are measured by the benchmark of the panel."""
    code = (
        "import sys, slicer_host\n"
        "host = slicer_host.start()\n"
        f"host.open_panel({str(MODULE_FILE)!r})\n"
        "heavy = ('torch', 'monai', 'pydicom', 'SimpleITK', 'scipy', 'matplotlib', 'pandas')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTING), str(MODULE_FILE.parent)])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
