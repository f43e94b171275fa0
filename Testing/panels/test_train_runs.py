"""Runs started from the panel: real ones in processes of their own, seen, stopped, resumed, found again and removed."""

import json

import builders_train_panel
import builders_training_panel
import pytest
from builders_train_panel import RUN_S
from CLIPSLib.training.tables import read_table


@pytest.fixture
def sections(host, own_data_folder, monkeypatch):
    """The panel without a registry, as somebody sees it who trains with a list of cases."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the runs: more only wait for each other on small images
    opened = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    yield opened
    for run in opened.panel.runs.follower.statuses if opened.panel.runs.follower else ():
        run.job.end()


@pytest.fixture
def cases(tmp_path):
    return builders_train_panel.case_list(tmp_path / "images")


@pytest.mark.slow
def test_a_run_is_followed_from_start_to_finish_and_its_model_segments(sections, cases, host):
    import builders_panel
    import slicer
    from CLIPSLib.formats import read_image
    from CLIPSLib.study import PetCtStudy
    from CLIPSLib.training import read_cases

    sections.open(cases)
    run = sections.start()
    assert sections.state(run) in ("waiting", "preparing")
    sections.wait_for(run, "finished")
    name, state, step, loss, dice, *_rest = sections.row(run)
    assert (name, state, step) == ("tiny · vanilla", "finished", "6 of 6")
    assert float(loss) > 0
    assert 0 <= float(dice) <= 1
    assert "Finished after 6 steps" in sections.runs.ui.runStage.text
    plotted = sections.runs._loss.chartNode.GetNthPlotSeriesNode(0).GetTableNode()
    assert [plotted.GetTable().GetValue(row, 0).ToInt() for row in range(6)] == [0, 1, 2, 3, 4, 5]

    with host.main_window():
        sections.press(run, "useModelButton")
        segmentation = builders_panel.OpenPanel(host)  # the same module, opened
        model = run.status.result["model"]
        assert segmentation.panel.model.description.name == model
        assert segmentation.ui.modelSelector.currentText.startswith("tiny")
        segmentation.show(PetCtStudy(pet=read_image(read_cases(cases).cases[0].pet)))
        found = segmentation.apply()
    assert json.loads(found.GetAttribute("CLIPS.Provenance"))["model"] == model
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == [found]


@pytest.mark.slow
def test_a_restarted_slicer_finds_the_run_then_stops_and_resumes_it(sections, cases, host):
    sections.open(cases)
    run = sections.start(steps=60)
    sections.wait_for(run, "training")
    sections.press(run, "pauseRunButton")
    sections.wait_for(run, "paused")
    assert sections.runs.ui.pauseRunButton.text == "Go on"
    host.reset()  # Slicer ends: panel, scene and timers are gone, the run is not

    again = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    assert not again.runs.ui.runsButton.collapsed  # somebody works
    found = again.runs.table.chosen
    assert found is not run
    assert (found.folder, again.state(found)) == (run.folder, "paused")
    again.press(found, "stopRunButton")
    again.wait_for(found, "stopped")
    assert "Stopped and saved after" in again.runs.ui.runStage.text
    again.press(found, "resumeRunButton")
    again.wait_for(found, "finished")
    assert again.row(found)[2] == "60 of 60"
    steps = [int(row["step"]) for row in read_table(found.folder / "metrics.csv")]
    assert steps == list(range(60))


@pytest.mark.slow
def test_a_second_run_waits_and_a_killed_one_says_so_and_can_be_removed(sections, cases, host):
    import qt

    sections.open(cases)
    first, second = sections.start(steps=100000), sections.start(steps=100000)
    sections.wait_for(first, "training")
    assert sections.state(second) == "waiting"
    sections.press(second, "cancelRunButton")
    sections.wait_for(second, "cancelled")
    first.job.end()  # as the machine does when memory runs out
    sections.wait_for(first, "ended without a word")
    assert "killed, ran out of memory" in sections.runs.ui.runStage.text
    assert sections.runs.ui.resumeRunButton.enabled
    with host.answering(qt.QMessageBox.Ok):
        sections.press(first, "removeRunButton")
    assert not first.folder.exists()
    assert sections.runs.ui.runTable.rowCount == 1


@pytest.mark.slow
def test_the_check_says_what_a_run_would_need_and_trains_nothing(sections, cases):
    sections.open(cases)
    sections.set({**builders_train_panel.TINY, **builders_train_panel.TINY_MORE, "training.device": "cpu"})
    sections.train.ui.checkButton.click()
    assert not sections.train.ui.checkButton.enabled
    sections.host.wait_until(lambda: sections.train.ui.checkButton.enabled, RUN_S)
    said = sections.train.ui.checkLabel.text
    assert "3 cases train, 1 validate" in said
    assert "weights, on cpu in float32" in said
    assert "Nothing stands in the way" in said
    assert sections.runs.ui.runTable.rowCount == 0
