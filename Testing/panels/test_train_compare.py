"""The section "Compare": two finished runs case by case, and a case in the views with three outlines."""

import json
import os
import shutil
from dataclasses import replace

import builders_run
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
        assert float(difference.replace("−", "-")) == pytest.approx(
            dice["1-first"][case] - dice["2-second"][case], abs=6e-4
        )
    assert min(float(rows[0][1]), float(rows[0][2])) <= min(float(rows[1][1]), float(rows[1][2]))
    assert "an experiment tells whether a difference is real" in ui.comparisonLabel.text


@pytest.mark.slow
def test_a_case_is_predicted_in_the_background_and_shown_side_by_side(sections, template):
    import slicer
    from CLIPSLib.formats import read_labels
    from CLIPSLib.imaging import array_view
    from CLIPSLib.training import read_cases

    compare, manager = sections.compare, slicer.app.layoutManager()
    before = manager.layout
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

    assert manager.layout == 7151
    for column in ("Reference", "A", "B"):
        for orientation in ("Axial", "Coronal"):
            widget = manager.sliceWidget(f"CLIPS{column}{orientation}")
            composite = widget.mrmlSliceCompositeNode()
            assert composite.GetBackgroundVolumeID() == compare.case.petNode.GetID()
            assert composite.GetLinkedControl() and composite.GetHotLinkedControl()
            view = widget.mrmlSliceNode()
            assert view.GetOrientation() == orientation
            assert reference.GetDisplayNode().IsDisplayableInView(view.GetID())
            for name in ("A", "B"):
                assert nodes[name].GetDisplayNode().IsDisplayableInView(view.GetID()) == (name == column)

    compare.ui.showCaseButton.click()  # again: what was predicted is there, and replaces what is shown
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 3
    compare.ui.sideBySideCheckBox.click()
    assert manager.layout == 7150
    together = compare.case.segmentationNodes["B"].GetDisplayNode()
    assert together.IsDisplayableInView(manager.sliceWidget("Red").mrmlSliceNode().GetID())
    compare.ui.sideBySideCheckBox.click()
    sections.panel.exit()
    assert manager.layout == before
    sections.panel.enter()
    assert manager.layout == 7151
    compare.ui.closeCaseButton.click()
    assert manager.layout == 7150
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []
    compare.ui.showCaseButton.click()
    slicer.mrmlScene.Clear()
    assert compare.case is None


@pytest.mark.slow
def test_a_prediction_of_an_earlier_model_of_the_run_is_made_anew(sections, template):
    compare = sections.compare
    compare.ui.comparisonTable.selectRow(1)
    case_id = compare.ui.comparisonTable.item(1, 0).text()
    for name in ("1-first", "2-second"):
        path = template / "runs" / name / "predictions" / f"{case_id}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"of a model that was replaced")
        os.utime(path, (0, 0))
    compare.ui.showCaseButton.click()
    assert compare.case is None
    sections.host.wait_until(lambda: compare.case is not None, RUN_S)


@pytest.mark.slow
def test_the_better_one_is_installed_and_chosen_for_segmentation(sections):
    from CLIPSLib.models import ModelStore

    from CLIPSSegmentation import CLIPSSegmentationLogic

    sections.compare.ui.useBButton.click()
    sections.host.wait_until(lambda: not sections.compare.work.running, RUN_S)
    chosen = CLIPSSegmentationLogic().getParameterNode().model
    assert chosen == sections.compare.runB.status.result["model"]
    assert ModelStore().has(chosen)
    CLIPSSegmentationLogic().getParameterNode().model = "suv4"
    sections.compare.ui.useBButton.click()  # it is installed already
    assert not sections.compare.work.running
    assert CLIPSSegmentationLogic().getParameterNode().model == chosen
    assert chosen in sections.compare.ui.compareMessage.text


@pytest.mark.slow
def test_the_model_of_a_run_that_went_on_replaces_its_earlier_one(own_data_folder, template, tmp_path):
    """The version of a model names its run: it has other weights when the run was given more steps."""
    from CLIPSLib.models import ModelStore
    from CLIPSLib.tasks.install_job import install_model, is_installed

    first, later = (
        shutil.copytree(template / "runs" / name / "model", tmp_path / name) for name in ("1-first", "2-second")
    )
    ids = [json.loads((folder / "model.json").read_text())["version"] for folder in (first, later)]
    text = (later / "model.json").read_text().replace(ids[1], ids[0])
    (later / "model.json").write_text(text)
    store = ModelStore()
    model = install_model(first, store=store)
    assert is_installed(first, store) and not is_installed(later, store)
    assert install_model(later, store=store).model_id == model.model_id
    assert is_installed(later, store) and not is_installed(first, store)


def test_cases_with_another_reference_or_of_another_registry_are_not_compared(host, tmp_path):
    """ "C0001" of two registries are two patients, and a corrected reference is another truth."""
    from CLIPSLib.tasks.runs import create_run
    from CLIPSLib.training import hash_files, read_cases
    from CLIPSLib.training.tables import VALIDATION, Table

    host.load_module(builders_training_panel.SEGMENTATION_FILE)
    host.load_module(builders_training_panel.MODULE_FILE)
    from CLIPSTrainingLib import runTexts
    from CLIPSTrainingLib.RunComparison import compareRuns

    listed = read_cases(builders_train_panel.case_list(tmp_path / "images", train=1, validate=3))
    hashed = replace(listed, cases=tuple(hash_files(case) for case in listed.cases))
    corrected = {"case-1": {"mask": "0" * 64}, "case-2": {"pet": "0" * 64}}
    other = tuple(
        replace(case, sha256={**case.sha256, **corrected.get(case.case_id, {})}, mask=f"{case.mask}.copy")
        for case in hashed.cases
    )
    runs = []
    for name, cases, dice in (("a", hashed.cases, 0.5), ("b", other, 0.75)):
        runs.append(create_run(tmp_path / name, builders_run.TINY, replace(hashed, cases=cases)).folder)
        table = Table(tmp_path / name / "validation.csv", VALIDATION, before=0)
        for number in (1, 2, 3):
            table.add({"step": 2, "case": f"case-{number}", "dice": dice})
        table.close()
    found = compareRuns(*runs)
    assert [row.case_id for row in found.rows] == ["case-3"]  # its files have other paths and the same content
    assert found.means == (0.5, 0.75, 1)
    assert set(found.unlike) == {"case-1", "case-2"}
    assert "images or reference masks differ: case-1, case-2." in runTexts.comparison(found, 2, False)


@pytest.fixture
def experiment(tmp_path):
    return builders_train_panel.small_experiment(tmp_path / "quick-look")


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
    assert "1. paced: inconclusive" in ui.verdictLabel.text
    assert "Exploratory" in ui.verdictLabel.text
    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", opened.append)
    ui.openReportButton.click()
    assert opened[0].toLocalFile() == str(experiment / "result" / "report.html")
    offered = [ui.runASelector.itemText(number) for number in range(ui.runASelector.count)]
    assert sum("self-paced" in title for title in offered) == 1

    gains = sections.compare.experiments._gains.chartNode
    document = json.loads((experiment / "result" / "result.json").read_text())
    against = next(row for row in document["curricula"][0]["contrasts"] if row["role"] == "vanilla")
    bar = gains.GetNthPlotSeriesNode(1).GetTableNode().GetTable()
    assert [bar.GetValue(row, 1).ToDouble() for row in (0, 1)] == pytest.approx([against["low"], against["high"]])
    curves = sections.compare.experiments._curves.chartNode
    assert {curves.GetNthPlotSeriesNode(number).GetName() for number in range(2)} == {"vanilla", "paced"}

    ui.useWinnerButton.click()
    sections.host.wait_until(lambda: not sections.compare.work.running, RUN_S)
    from CLIPSSegmentation import CLIPSSegmentationLogic

    chosen = CLIPSSegmentationLogic().getParameterNode().model
    assert chosen.startswith("quick-look-vanilla@"), ui.compareMessage.text  # nothing was shown to help
    assert chosen in ui.compareMessage.text

    sections.compare.ui.experimentSelector.currentIndex = 0
    assert ui.verdictLabel.text == ""
    assert not any("self-paced" in ui.runASelector.itemText(number) for number in range(ui.runASelector.count))


def test_an_experiment_whose_job_is_damaged_says_so_and_stops_nothing_else(sections, experiment):
    (experiment / "job").mkdir()
    (experiment / "job" / "job.json").write_text("{")
    ui = sections.compare.ui
    with sections.host.answering(str(experiment)):
        ui.openExperimentButton.click()
    assert "job.json" in ui.verdictLabel.text
    assert "2 not started" in ui.verdictLabel.text
    assert not ui.useWinnerButton.enabled
    sections.compare.onClose()


class Compared:
    """Stands for a case that is compared."""

    removed = False

    def remove(self) -> None:
        self.removed = True


def test_a_compared_case_leaves_scene_and_views_before_another_one_is_reviewed(training, phantom_study):
    """Otherwise the outlines of one patient are drawn over the images of another, and the user's layout is lost."""
    import slicer
    from CLIPSLib.scene import add_study_volumes
    from CLIPSTrainingLib import CompareViews

    panel, manager = training.panel, slicer.app.layoutManager()
    before = manager.layout
    training.open("C0001")
    mask = training.registry.masks("C0001")[0]
    panel.compare.case = compared = Compared()
    CompareViews.show(*add_study_volumes(phantom_study), {})
    assert manager.layout == CompareViews.LAYOUT
    assert panel.review.open("C0001", mask.id)
    assert compared.removed and panel.compare.case is None
    assert manager.layout == 7150
    panel.exit()
    assert manager.layout == before


def test_a_case_that_was_predicted_meanwhile_does_not_take_the_views_from_a_review(training):
    compare = training.panel.compare
    training.open("C0001")
    compare._onPredicted("case-3", None, None)
    assert compare.case is None and training.review.caseId == "C0001"
    assert "case-3 is predicted" in compare.ui.compareMessage.text
