"""The section "Train" as a form: what it offers, what it plots, what it refuses. Nothing is trained here."""

import os
import subprocess
import sys

import builders_train_panel
import builders_training_panel
import numpy as np
import pytest
from builders_train_panel import RUN_S
from builders_training_panel import MODULE_FILE, READER, REPOSITORY, SEGMENTATION_FILE, study_of


@pytest.fixture
def sections(host, own_data_folder):
    return builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))


@pytest.fixture
def with_registry(training):
    """The sections over a registry of three reviewed cases; one reference says that there is no lesion."""
    registry = training.registry
    for row in registry.cases():
        mask = registry.masks(row.case_id)[0]
        registry.set_reference(row.case_id, mask.id, author=READER)
        registry.review(row.case_id, status="accepted", reader=READER, mask_id=mask.id)
    return builders_train_panel.TrainSections(training)


@pytest.fixture
def cases(tmp_path):
    return builders_train_panel.case_list(tmp_path / "images", train=10, validate=2)


def test_every_control_has_a_tooltip_and_every_field_of_the_recipe_a_widget(sections, cases):
    import qt
    from CLIPSLib.training.recipe_toml import field_names

    sections.open(cases)
    kinds = (qt.QAbstractButton, qt.QComboBox, qt.QLineEdit, qt.QSpinBox, qt.QTableWidget)
    for section in (sections.train, sections.runs, sections.compare):
        for name, widget in vars(section.ui).items():
            if isinstance(widget, kinds) and not name.startswith("qt_"):
                assert widget.toolTip, name
    shown = {*sections.train.main.names, *sections.train.more.names}
    assert {*field_names()} - shown == {"data.cases", "curriculum.name", "curriculum.options"}
    assert "How many times the weights are changed" in sections.train.main.field("training.steps").toolTip


def test_the_panel_opens_fast_and_without_torch_when_there_are_runs(started_host, tmp_path, cases):
    import builders_run
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.training import read_cases

    for number in range(20):
        create_run(tmp_path / "home" / "runs" / f"{number}", builders_run.TINY, read_cases(cases)).ask_cancel()
    path = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
    code = (
        f"import sys, time; sys.path[:0] = {path}\n"
        "import slicer_host; host = slicer_host.start()\n"
        f"host.load_module({str(SEGMENTATION_FILE)!r}); host.load_module({str(MODULE_FILE)!r})\n"
        "import slicer; began = time.process_time()\n"
        "slicer.modules.clipstraining.widgetRepresentation().enter()\n"
        "print(time.process_time() - began)\n"
        "panel = slicer.modules.clipstraining.widgetRepresentation().self().panel\n"
        "print(len(panel.runs.follower.statuses), sorted({n.split('.')[0] for n in sys.modules} & "
        "{'SimpleITK', 'scipy', 'torch', 'monai', 'matplotlib'}))"
    )
    environment = {**os.environ, "CLIPS_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    seconds, found = done.stdout.splitlines()[-2:]
    assert found == "20 []"
    assert float(seconds) < 0.5  # of the processor, with modules compiled anew; the docs say what a user waits


def test_runs_of_another_data_folder_leave_the_table(sections, cases, own_data_folder, monkeypatch):
    import builders_run
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.training import read_cases

    create_run(own_data_folder / "runs" / "1", builders_run.TINY, read_cases(cases)).ask_cancel()
    sections.panel.exit()
    sections.panel.enter()
    sections.runs.ui.runsButton.collapsed = False
    assert sections.runs.ui.runTable.rowCount == 1
    sections.panel.exit()
    monkeypatch.setenv("CLIPS_HOME", str(own_data_folder / "other"))
    sections.panel.enter()
    assert sections.runs.ui.runTable.rowCount == 0 and not sections.runs.ui.runLogButton.enabled


def test_runs_are_followed_although_none_can_be_started(sections, cases, own_data_folder, monkeypatch):
    import builders_run
    from CLIPSLib.errors import Failure
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.training import read_cases

    def full():
        raise Failure("cannot-write", "Cannot write: No space left on device", "queue.lock")

    runs = sections.runs
    monkeypatch.setattr(runs.runs, "advance", full)
    job = create_run(own_data_folder / "runs" / "1", builders_run.TINY, read_cases(cases))
    runs.follower.look()
    job.ask_cancel()
    with pytest.raises(Failure, match="No space left"):
        runs.follower.look()
    assert [status.state for status in runs.follower.statuses.values()] == ["cancelled"]


def test_what_is_not_changed_is_the_preset(sections, cases):
    from CLIPSLib.training import preset

    sections.open(cases)
    selector = sections.train.ui.presetSelector
    for name in ("standard", "complete", "quick"):
        selector.currentIndex = selector.findData(name)
        assert sections.train.recipe() == preset(name)


def test_another_preset_replaces_what_was_changed_only_after_a_question(sections, cases):
    import qt

    sections.open(cases)
    train, selector = sections.train, sections.train.ui.presetSelector
    before = selector.currentData
    sections.set({"training.steps": "77"})
    with sections.host.answering(qt.QMessageBox.Cancel):
        selector.currentIndex = selector.findData("standard")
    assert (selector.currentData, train.main.field("training.steps").text) == (before, "77")
    with sections.host.answering(qt.QMessageBox.Ok):
        selector.currentIndex = selector.findData("standard")
    assert selector.currentData == "standard" and train.main.field("training.steps").text != "77"
    with sections.host.answering():  # nothing was changed: no question
        selector.currentIndex = selector.findData(before)


def test_what_was_checked_or_started_last_is_set_again_in_the_next_slicer(sections, cases, host, monkeypatch):
    from slicer_host import modules

    sections.open(cases)
    train = sections.train
    train.ui.presetSelector.currentIndex = train.ui.presetSelector.findData("standard")
    train.curriculum.show("bootstrapping", {"start": 0.4, "lesion_free": "constant"})
    sections.set({"training.steps": "77", "data.patch": "[16, 16, 32]", "network.options": "{ filters = 8 }"})
    monkeypatch.setattr(train, "ensureDependencies", lambda: None)
    monkeypatch.setattr(train, "_check", lambda *_order: None)
    train.ui.checkButton.click()
    recipe = train.recipe()
    assert recipe.training.steps == 77
    assert recipe.curriculum.options == {"start": 0.4, "lesion_free": "constant"}

    modules.unload_all()
    again = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    again.open(cases)
    assert again.train.ui.presetSelector.currentData == "standard"
    assert again.train.recipe() == recipe


def test_a_remembered_recipe_of_another_version_is_left_out(sections, cases):
    from CLIPSLib.training import preset
    from CLIPSTrainingLib import RunSettings

    RunSettings.setLastRecipe({"preset": "standard", "values": {"training.gone": 1}, "curriculum": ["vanilla", {}]})
    sections.open(cases)
    assert sections.train.recipe() == preset("quick")


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("training.steps", "many", "Steps: “many” cannot be read."),
        ("training.batch", "0", "it must be at least 1"),
        ("training.steps", "0", "needs optimizer.schedule = 'constant'"),
    ],
)
def test_a_value_that_is_not_possible_is_named_and_nothing_can_be_started(sections, cases, field, text, said):
    sections.open(cases)
    sections.set({field: text})
    assert said in sections.train.ui.trainMessage.text
    assert not sections.train.ui.startButton.enabled


def test_a_curriculum_says_before_the_start_how_often_the_hardest_are_drawn(sections, cases):
    from CLIPSLib.tasks.curriculum import preview_curriculum, read_listed_cases

    sections.open(cases)
    ui = sections.train.ui
    ui.curriculumSelector.currentIndex = ui.curriculumSelector.findData("bootstrapping")
    sections.set({"training.steps": "500", "training.batch": "1"})
    expected = preview_curriculum(
        "bootstrapping", read_listed_cases(cases), total_steps=500, seed=0, options={"batch_size": 1}
    ).exposure
    assert expected.sentence() in ui.exposureLabel.text
    table = sections.train.curriculum._draws.chartNode.GetNthPlotSeriesNode(0).GetTableNode().GetTable()
    drawn = np.array([table.GetValue(row, 1).ToDouble() for row in range(table.GetNumberOfRows())])
    assert drawn[-1] == pytest.approx(expected.hardest_decile)  # ten cases: a tenth is one of them
    assert drawn[0] == pytest.approx(expected.easiest_decile)


def test_a_curriculum_that_needs_difficulty_cannot_start_without_it(with_registry):
    train = with_registry.train
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    train.ui.newSplitButton.click()
    assert train.ui.startButton.enabled
    train.ui.curriculumSelector.currentIndex = train.ui.curriculumSelector.findData("bootstrapping")
    train.preview()
    assert "needs a difficulty score for each case" in train.ui.exposureLabel.text
    assert not train.ui.startButton.enabled


def test_a_new_split_tells_whose_patient_is_not_certain(with_registry, phantom_study):
    """His studies may be on both sides of a fold: not to be passed over in silence."""
    from dataclasses import replace

    train, registry = with_registry.train, with_registry.panel.registry
    stranger = study_of(phantom_study, 9)
    registry.add_case(replace(stranger, identity=replace(stranger.identity, patient_id="")), source="phantom")
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    train.ui.newSplitButton.click()
    assert "not certain who the patient is" in train.ui.casesLabel.text


def test_charts_return_after_the_scene_was_closed(sections, cases):
    import slicer

    sections.open(cases)
    assert sections.train.curriculum._pool.chartNode is not None
    slicer.mrmlScene.Clear()
    assert sections.train.curriculum._pool.chartNode.GetScene() is not None
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotChartNode")) == 2


def test_cases_of_a_split_are_frozen_once_and_again_when_somebody_reviews(with_registry, own_data_folder):
    from CLIPSLib.progress import SILENT
    from CLIPSLib.training import read_cases
    from CLIPSTrainingLib.CaseChoice import frozenCases

    train, registry = with_registry.train, with_registry.panel.registry
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    train.ui.newSplitButton.click()
    assert registry.split("3 parts of 3 cases").method == "k-fold"
    train.ui.foldBox.value = 2
    folder = own_data_folder / "kept"
    path = frozenCases(registry, train.cases.choice, folder, SILENT)
    frozen = read_cases(path)
    assert [case.case_id for case in frozen.of_role("validate")] == list(
        registry.split("3 parts of 3 cases").folds[2].validation
    )
    written = path.stat().st_mtime_ns
    frozenCases(registry, train.cases.choice, folder, SILENT)
    assert path.stat().st_mtime_ns == written
    left = frozen.of_role("train")[0].case_id
    registry.review(left, status="unusable", reader=READER, comment="motion")
    again = read_cases(frozenCases(registry, train.cases.choice, folder, SILENT))
    assert again.left_out == {left: "reviewed as unusable"}


def test_a_new_split_of_as_many_other_cases_gets_a_name_of_its_own(with_registry):
    """A split is kept for good: the one before must not stand in the way, nor be taken for this one."""
    from CLIPSLib.cases import make_split

    train, registry = with_registry.train, with_registry.panel.registry
    registry.save_split("3 parts of 3 cases", make_split(registry.cases(), folds=2, seed=5))
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    for _again in range(2):
        train.ui.newSplitButton.click()
        assert train.cases.choice.split == "3 parts of 3 cases (2)", train.ui.casesLabel.text
    assert [each.name for each in registry.splits()] == ["3 parts of 3 cases", "3 parts of 3 cases (2)"]


@pytest.mark.slow
def test_cases_are_frozen_in_the_background_and_a_run_takes_its_masks_with_it(with_registry):
    """Slicer stays alive: the bar moves, Start waits, Cancel ends it; the kept list is there for the next run."""
    from CLIPSLib.training import read_cases
    from CLIPSLib.training.run_folder import RunFolder

    train, runs = with_registry.train, with_registry.runs.runs
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    train.ui.newSplitButton.click()
    train.ui.startButton.click()
    assert train.work.running and not train.ui.startButton.enabled and not train.ui.trainBar.isHidden()
    train.ui.cancelTrainButton.click()
    with_registry.host.wait_until(lambda: not train.work.running, RUN_S)
    assert train.ui.startButton.enabled and runs.jobs() == []

    train.ui.startButton.click()
    with_registry.host.wait_until(lambda: not train.work.running, RUN_S)
    (run,) = runs.jobs()
    run.job.ask_cancel()
    run.job.end()
    masks = {case.mask for case in RunFolder(run.folder).cases().cases}
    assert len(masks) == 3 and all(mask.startswith(str(run.folder / "frozen")) for mask in masks)
    (kept,) = runs.keptFolder.glob("*/cases.json")
    assert len(read_cases(kept).cases) == 3
    assert "2 cases train, 1 validate." in train.ui.casesLabel.text
    assert not list((runs.root / "work").glob("*/job.json"))  # nothing is left of what was waited for


@pytest.mark.slow
def test_a_panel_that_goes_lets_its_work_go_on_and_nobody_waits_for_it(with_registry):
    """A reload of the module, or the end of Slicer, while cases are being frozen."""
    import slicer
    from CLIPSLib.jobs import list_jobs
    from CLIPSTrainingLib.TrainingRuns import workFolder

    train = with_registry.train
    train.ui.trainButton.collapsed = False
    train.ui.splitFoldsBox.value = 3
    train.ui.newSplitButton.click()
    train.ui.startButton.click()
    (job,) = list_jobs(workFolder())
    with_registry.opened.widget.cleanup()
    assert not train.work.running
    assert slicer.util.getNodesByClass("vtkMRMLPlotChartNode") == []
    assert job.wait(RUN_S).state == "done"
    with_registry.host.wait_until(lambda: True)
    assert with_registry.runs.follower is None  # nothing was ordered behind the user's back


def test_without_packages_for_networks_the_user_is_asked_and_told(sections, cases, monkeypatch):
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find_spec(name, *rest)
    )
    sections.open(cases)
    sections.train.ui.startButton.click()
    assert "needs the extension PyTorch" in sections.train.ui.trainMessage.text
    assert sections.runs.ui.runTable.rowCount == 0
