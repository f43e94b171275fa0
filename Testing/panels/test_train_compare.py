"""The section "Compare": two finished runs case by case, and a case in the views with three outlines."""

import builders_train_panel
import builders_training_panel
import pytest
from builders_train_panel import RUN_S


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Two finished runs of one list of cases, with another seed each."""
    root = tmp_path_factory.mktemp("compared")
    cases = builders_train_panel.case_list(root / "images", train=3, validate=2)
    for name, seed in (("1-first", 0), ("2-second", 1)):
        builders_train_panel.finished_run(root / "runs" / name, cases, training__steps=2, training__seed=seed)
    return root


@pytest.fixture
def sections(host, own_data_folder, template, monkeypatch):
    """The panel over these runs, with the section open."""
    own_data_folder.mkdir()
    (own_data_folder / "runs").symlink_to(template / "runs")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    opened = builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))
    opened.compare.ui.compareButton.collapsed = False
    return opened


def cells(table) -> list[list[str]]:
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


@pytest.mark.slow
def test_two_runs_are_compared_on_the_cases_that_both_validated(sections, template):
    from CLIPSLib.training.tables import read_table

    ui = sections.compare.ui
    assert [sections.compare.runA.folder.name, sections.compare.runB.folder.name] == ["2-second", "1-first"]
    dice = {
        name: {row["case"]: float(row["dice"]) for row in read_table(template / "runs" / name / "validation.csv")}
        for name in ("1-first", "2-second")
    }
    rows = cells(ui.comparisonTable)
    assert {row[0] for row in rows} == {"case-3", "case-4"}
    for case, a, b, difference in rows:
        assert float(a) == pytest.approx(dice["2-second"][case], abs=6e-4)
        assert float(b) == pytest.approx(dice["1-first"][case], abs=6e-4)
        assert float(difference) == pytest.approx(dice["1-first"][case] - dice["2-second"][case], abs=6e-4)
    assert min(float(rows[0][1]), float(rows[0][2])) <= min(float(rows[1][1]), float(rows[1][2]))
    assert "an experiment tells whether a difference is real" in ui.comparisonLabel.text


@pytest.mark.slow
def test_a_case_is_predicted_in_the_background_and_shown_with_three_outlines(sections, template):
    import slicer
    from CLIPSLib.formats import read_labels
    from CLIPSLib.imaging import array_view
    from CLIPSLib.training import read_cases

    compare = sections.compare
    compare.ui.comparisonTable.selectRow(0)
    case_id = compare.ui.comparisonTable.item(0, 0).text()
    compare.ui.showCaseButton.click()
    assert not compare.ui.showCaseButton.enabled
    sections.host.wait_until(lambda: compare.case is not None, RUN_S)
    nodes = compare.case.segmentationNodes
    assert list(nodes) == ["reference", "A", "B"]
    case = next(each for each in read_cases(template / "images" / "cases.json").cases if each.case_id == case_id)
    reference = nodes["reference"]
    shown = slicer.util.arrayFromSegmentBinaryLabelmap(
        reference, reference.GetSegmentation().GetNthSegmentID(0), compare.case.petNode
    )
    assert shown.sum() == (array_view(read_labels(case.mask)) > 0).sum()
    assert (template / "runs" / "2-second" / "predictions" / f"{case_id}.nii.gz").exists()

    compare.ui.showCaseButton.click()  # again: what was predicted is there, and replaces what is shown
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 3
    slicer.mrmlScene.Clear()
    assert compare.case is None


@pytest.mark.slow
def test_the_better_one_is_installed_and_chosen_for_segmentation(sections):
    from CLIPSLib.models import ModelStore

    from CLIPSSegmentation import CLIPSSegmentationLogic

    sections.compare.ui.useBButton.click()
    chosen = CLIPSSegmentationLogic().getParameterNode().model
    assert chosen == sections.compare.runB.status.result["model"]
    assert ModelStore().has(chosen)
    sections.compare.ui.useBButton.click()  # it is installed already
    assert chosen in sections.compare.ui.compareMessage.text


@pytest.fixture
def experiment(tmp_path):
    """Two arms, one fold, one seed, two steps."""
    from builders_run import TINY
    from CLIPSLib.experiments import Arm, Design
    from CLIPSLib.tasks.experiment_new import design_toml
    from CLIPSLib.training.recipe_toml import recipe_toml

    folder = tmp_path / "quick-look"
    builders_train_panel.case_list(folder, train=2, validate=2)
    arms = (Arm(name="vanilla", curriculum="vanilla"), Arm(name="paced", curriculum="self-paced"))
    design = Design(
        name="quick-look",
        question="Does order matter?",
        folds=2,
        use_folds=(0,),
        seeds=(0,),
        steps=2,
        at_once=2,
        arms=arms,
    )
    (folder / "experiment.toml").write_text(design_toml(design), encoding="utf-8")
    (folder / "recipe.toml").write_text(recipe_toml(TINY), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_an_experiment_is_run_and_ends_with_a_verdict_and_a_report(sections, experiment, monkeypatch):
    import qt

    ui = sections.compare.ui
    with sections.host.answering(str(experiment)):
        ui.openExperimentButton.click()
    assert "2 not started" in ui.verdictLabel.text
    ui.runExperimentButton.click()
    assert ui.runExperimentButton.text == "Stop"
    sections.host.wait_until(lambda: ui.runExperimentButton.text == "Run", RUN_S)
    assert ui.openReportButton.enabled, ui.verdictLabel.text
    assert "Does order matter?" in ui.verdictLabel.text
    assert "paced: inconclusive" in ui.verdictLabel.text
    assert "Exploratory" in ui.verdictLabel.text
    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", opened.append)
    ui.openReportButton.click()
    assert opened[0].toLocalFile() == str(experiment / "result" / "report.html")
    offered = [ui.runASelector.itemText(number) for number in range(ui.runASelector.count)]
    assert sum("self-paced" in title for title in offered) == 1

    sections.compare.ui.experimentSelector.currentIndex = 0
    assert ui.verdictLabel.text == ""
    assert not any("self-paced" in ui.runASelector.itemText(number) for number in range(ui.runASelector.count))
