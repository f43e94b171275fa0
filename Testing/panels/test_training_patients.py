"""CLIPS Training with real patients: a published contour as the reference, a threshold as the prediction."""

import builders_training_panel
import pytest
import reference_data
import sarcoma
from builders_training_panel import READER, TrainingPanel

PATIENTS = ("STS_002", "STS_011")


@pytest.fixture
def sarcoma_registry(tmp_path):
    """Two sarcoma patients with GTV_Mass of their RTSTRUCT as reference, and all of SUV >= 4 as prediction."""
    from CLIPSLib import load_study, segment_study
    from CLIPSLib.cases import Registry
    from CLIPSLib.formats import read_reference_mask

    with Registry.create(tmp_path / "sarcoma") as registry:
        for patient in PATIENTS:
            folder = reference_data.path("sts", patient)
            study = load_study(folder)
            case = registry.add_case(study, source=patient, pseudonym=patient)
            contour = read_reference_mask(next((folder / "PET" / "mask").iterdir()), study)
            reference = registry.add_mask(case.case_id, contour, origin="imported", author="Vallières")
            registry.set_reference(case.case_id, reference.id, author="Vallières")
            prediction = segment_study(study, "suv4", options={"min_volume_ml": 0.0})
            registry.add_mask(case.case_id, prediction, origin="predicted", author="suv4")
    return tmp_path / "sarcoma"


def test_reference_and_prediction_differ_as_an_independent_script_measured(host, own_data_folder, sarcoma_registry):
    expected = {row["patient"]: row for row in sarcoma.expected_rows()}
    training = TrainingPanel(host)
    training.open_registry(sarcoma_registry)
    for patient in PATIENTS:
        assert training.open(patient)
        shown = training.live.measures.patient
        assert shown.tmtv_ml == pytest.approx(float(expected[patient]["gtv_ml"]), abs=0.01)
        assert not training.review.work.changed
        training.review.ui.compareButton.checked = True
        training.rating.choose(3)
        training.review.ui.goOnCheckBox.checked = False
        training.rating.ui.rateButton.click()
        dice = float(training.review.ui.diffLabel.text.split("Dice ")[1].rstrip("."))
        assert dice == pytest.approx(float(expected[patient]["dice_ge4.0_crop"]), abs=0.0006)


def test_a_real_patient_is_corrected_by_growing_and_keeps_the_grid(host, own_data_folder, sarcoma_registry):
    import numpy as np
    from CLIPSLib.imaging import array_view, index_to_lps_mm, same_grid

    training = TrainingPanel(host)
    training.open_registry(sarcoma_registry)
    training.open(PATIENTS[1])
    suv = array_view(training.live.study.pet)
    free = np.where(array_view(training.live.segmentation.labels) == 0, suv, 0.0)
    x, y, z = index_to_lps_mm(training.live.study.pet, np.unravel_index(int(free.argmax()), free.shape))[0]
    before = training.live.measures.patient.tmtv_ml
    training.review.lesions.addLesionAt((-x, -y, z))
    training.review.ui.saveButton.click()
    newest = training.registry.masks(PATIENTS[1])[-1]
    assert newest.author == READER and newest.volume_ml > before
    saved = training.registry.read_mask(newest.id)
    assert same_grid(saved.labels, training.registry.read_study(PATIENTS[1]).pet)
    assert builders_training_panel.written(training.registry) == {PATIENTS[0]: 2, PATIENTS[1]: 3}
