"""Runs started from the panel: real ones in processes of their own, seen, stopped, resumed, found again and removed."""

import json
import signal
import subprocess
import sys

import builders_train_panel
import builders_training_panel
import pytest
from builders_train_panel import RUN_S
from builders_training_panel import REPOSITORY
from CLIPSLib.jobs import open_job
from CLIPSLib.training.tables import read_table


@pytest.fixture
def sections(host, own_data_folder, monkeypatch):
    """The panel without a registry, as somebody sees it who trains with a list of cases."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the runs: more only wait for each other on small images
    opened = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    yield opened
    for order in (own_data_folder / "runs" / "queue").glob("*/job.json"):
        open_job(order.parent).end()
    for run in opened.panel.runs.follower.statuses if opened.panel.runs.follower else ():
        run.job.end()


@pytest.fixture
def cases(tmp_path):
    return builders_train_panel.case_list(tmp_path / "images")


@pytest.mark.slow
def test_a_run_is_followed_from_start_to_finish_and_its_model_segments(sections, cases, host):
    import slicer
    from CLIPSLib.formats import read_image
    from CLIPSLib.scene import add_study_volumes
    from CLIPSLib.study import PetCtStudy
    from CLIPSLib.training import read_cases

    sections.open(cases)
    run = sections.start()
    assert sections.state(run) in ("waiting", "preparing")
    sections.wait_for(run, "finished")
    name, state, step, left, loss, dice, *_rest = sections.row(run)
    assert (name, state, step, left) == ("tiny · vanilla · seed 0", "finished", "6 of 6", "")
    assert float(loss) > 0
    assert 0 <= float(dice) <= 1
    assert "Finished after 6 steps" in sections.runs.ui.runStage.text
    plotted = sections.runs._loss.chartNode.GetNthPlotSeriesNode(0).GetTableNode()
    assert [plotted.GetTable().GetValue(row, 0).ToInt() for row in range(6)] == [0, 1, 2, 3, 4, 5]

    model = run.status.result["model"]
    with host.main_window():
        sections.press(run, "useModelButton")
        host.wait_until(lambda: not sections.runs.work.running, RUN_S)
        panel = slicer.modules.clipssegmentation.widgetRepresentation().self().panel  # which is open now
        assert panel.model.description.name == model
        panel.chooseStudy(*add_study_volumes(PetCtStudy(pet=read_image(read_cases(cases).cases[0].pet))))
        panel.ui.applyButton.click()
        host.wait_until(lambda: panel.parameterNode.segmentation is not None, RUN_S)
    (found,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert json.loads(found.GetAttribute("CLIPS.Provenance"))["model"] == model


_KILLED_SLICER = """
import os, signal, sys
sys.path[:0] = {path}
import slicer_host
host = slicer_host.start()
import builders_train_panel, builders_training_panel
sections = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
sections.open({cases!r})
run = sections.start(steps=60)
sections.wait_for(run, "training")
sections.press(run, "pauseRunButton")
sections.wait_for(run, "paused")
print(run.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_slicer_is_killed_and_the_next_one_finds_the_run_stops_it_and_resumes_it(
    started_host, own_data_folder, monkeypatch, cases, request
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
    code = _KILLED_SLICER.format(path=path, cases=str(cases))
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=2 * RUN_S)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    sections = request.getfixturevalue("sections")
    assert not sections.runs.ui.runsButton.collapsed  # something works
    run = sections.runs.table.chosen
    assert (str(run.folder), sections.state(run)) == (killed.stdout.splitlines()[-1], "paused")
    assert sections.runs.ui.pauseRunButton.text == "Go on"
    sections.press(run, "stopRunButton")
    sections.wait_for(run, "stopped")
    assert "Stopped and saved after" in sections.runs.ui.runStage.text
    sections.press(run, "resumeRunButton")
    sections.wait_for(run, "finished")
    assert sections.row(run)[2] == "60 of 60"
    steps = [int(row["step"]) for row in read_table(run.folder / "metrics.csv")]
    assert steps == list(range(60))


_CLOSED_SLICER = (
    _KILLED_SLICER.split("run = sections")[0]
    + """
runs = [sections.start(steps=4), sections.start(steps=2)]
sections.wait_for(runs[0], "training", "preparing")
assert sections.state(runs[1]) == "waiting"
print(*(run.folder for run in runs), sep="\\n", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
)


@pytest.mark.slow
def test_a_run_that_waits_begins_in_its_turn_although_slicer_has_gone(
    started_host, own_data_folder, monkeypatch, cases
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
    code = _CLOSED_SLICER.format(path=path, cases=str(cases))
    closed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=2 * RUN_S)
    assert closed.returncode == -signal.SIGKILL, closed.stderr
    first, second = (open_job(folder) for folder in closed.stdout.splitlines()[-2:])
    assert second.wait(RUN_S).result["state"] == "finished"
    assert first.status().result["state"] == "finished"
    assert first.status().ended_utc < second.status().started_utc
    assert open_job(own_data_folder / "runs" / "queue" / "job").wait(RUN_S).result == {"started": 1}


def test_a_damaged_order_of_the_process_that_sees_to_waiting_runs_is_replaced(sections, own_data_folder, monkeypatch):
    """A power failure can leave half a file: following the runs must not end with it."""
    from CLIPSTrainingLib.TrainingRuns import TrainingRuns

    folder = own_data_folder / "runs" / "queue" / "job"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{ half")
    started = []
    monkeypatch.setattr("CLIPSLib.jobs.start_job", lambda *order: started.append((order[0], folder.exists())))
    TrainingRuns()._keepGoing()
    assert started == [(folder, False)]


@pytest.mark.slow
def test_a_second_run_waits_and_a_killed_one_says_so_and_can_be_removed(sections, cases, host):
    import qt

    sections.open(cases)
    first, second = sections.start(steps=100000), sections.start(steps=100000)
    sections.wait_for(first, "training")
    assert sections.state(second) == "waiting"
    sections.press(second, "cancelRunButton")
    sections.wait_for(second, "cancelled")
    sections.press(second, "resumeRunButton")  # while the first trains, what goes on waits for its turn
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


def test_a_run_whose_folder_is_damaged_hides_no_other(host, own_data_folder, cases):
    import builders_run
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.training import read_cases

    for name in ("1-good", "2-damaged"):
        create_run(own_data_folder / "runs" / name, builders_run.TINY, read_cases(cases)).ask_cancel()
    (own_data_folder / "runs" / "2-damaged" / "recipe.toml").write_text("name = ")
    (own_data_folder / "runs" / "1-good" / "metrics.csv").write_bytes(b"step,loss\n0,1.5\n\0\0\0\n2,x\n3,1.0\n")
    sections = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    sections.runs.ui.runsButton.collapsed = False
    table = sections.runs.ui.runTable
    assert [table.item(row, 0).text() for row in range(2)] == ["2-damaged", "tiny · vanilla · seed 0"]
    table.selectRow(1)
    plotted = sections.runs._loss.chartNode.GetNthPlotSeriesNode(0).GetTableNode().GetTable()
    assert [plotted.GetValue(row, 1).ToDouble() for row in range(plotted.GetNumberOfRows())] == [1.5, 1.0]
