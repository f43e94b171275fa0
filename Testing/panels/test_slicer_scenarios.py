"""The scenarios for a real Slicer are kept alive on the host: they load, and pass where the host suffices."""

import importlib.util
import unittest
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SCENARIOS = REPOSITORY / "Testing" / "slicer" / "scenarios"


def load(name):
    """A scenario's file as a module."""
    spec = importlib.util.spec_from_file_location(name, SCENARIOS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(module):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return result


@pytest.fixture
def loaded(host):
    host.load_module(REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py")


def test_the_module_scenario_passes(loaded):
    result = results(load("scenario_module"))
    assert result.testsRun == 2 and result.wasSuccessful(), result.errors + result.failures


def test_the_stand_ins_scenario_sees_what_the_stand_ins_offer(loaded):
    scenario = load("scenario_stand_ins")
    offered = scenario.offered_by_stand_ins()
    assert {"noneEnabled", "setCurrentNode", "currentNodeID"} <= offered["qMRMLNodeComboBox"].names
    assert "currentNodeChanged(vtkMRMLNode*)" in offered["qMRMLNodeComboBox"].signals
    result = results(scenario)
    assert result.wasSuccessful(), result.errors + result.failures


def test_the_manners_scenario_passes(host):
    result = results(load("scenario_manners"))
    assert result.testsRun == 4 and result.wasSuccessful(), result.errors + result.failures


def test_the_segment_editor_scenario_stops_only_where_a_real_slicer_is_needed(loaded):
    result = results(load("scenario_segment_editor"))
    assert result.testsRun == 2
    assert all("works on voxels only in a real Slicer" in error for _test, error in result.errors)


def test_the_views_scenario_is_skipped_without_a_main_window(loaded):
    ((_test, reason),) = results(load("scenario_views")).skipped
    assert reason == "there are no views without a main window"


def test_the_dicom_scenario_passes(host):
    host.load_module(REPOSITORY / "CLIPSSegmentation" / "DICOMPETCTPlugin.py")
    result = results(load("scenario_dicom"))
    assert result.testsRun == 3 and result.wasSuccessful(), result.errors + result.failures


def test_the_exit_code_says_whether_anything_ran_and_passed(tmp_path):
    run = load("runner").run
    assert run(tmp_path) == 2
    case = "import unittest\nclass S(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, {})\n"
    (tmp_path / "scenario_a.py").write_text(case.format(1))
    assert run(tmp_path) == 0
    (tmp_path / "scenario_b.py").write_text(case.format(2))
    assert run(tmp_path) == 1


@pytest.fixture
def loaded_both(loaded, host, own_data_folder):
    host.load_module(REPOSITORY / "CLIPSTraining" / "CLIPSTraining.py")


def test_the_training_scenario_passes_but_for_the_effect_that_needs_a_real_slicer(host, loaded_both):
    with host.main_window():
        result = results(load("scenario_training"))
    assert result.testsRun == 6 and not result.failures
    ((_test, error),) = result.errors
    assert "works on voxels only in a real Slicer" in error


@pytest.mark.slow
def test_the_scenarios_of_training_pass(loaded_both, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # more only wait for each other on small images
    result = results(load("scenario_train"))
    assert result.testsRun == 4 and result.wasSuccessful(), result.errors + result.failures
