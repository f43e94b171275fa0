"""CLIPS Training: the list of cases, its filters and keys, adding from the scene, registries that come and go."""

import shutil

import builders_training_panel
import pytest
from builders_training_panel import PATIENCE_S, TrainingPanel

MANY = 600


def choose(combo, text: str) -> None:
    """Choose the entry of a filter that begins with a text."""
    texts = [combo.itemText(n) for n in range(combo.count)]
    combo.currentIndex = next(n for n, each in enumerate(texts) if each.startswith(text))


def listed(training) -> list[str]:
    return training.cases.table.caseIds


def test_filters_and_search_narrow_the_list_and_the_count_says_so(host, training):
    registry, ui = training.registry, training.cases.ui
    registry.review("C0002", status="flagged", reader="B. Reader", comment="Liver?")
    registry.rate("C0001", rater="A. Reader", score=5)
    registry.rate("C0003", rater="B. Reader", score=5)
    ui.refreshButton.click()
    assert ui.countLabel.text == "3 of 3 cases"
    choose(ui.stateFilter, "to review")
    assert listed(training) == ["C0001", "C0003"] and ui.countLabel.text == "2 of 3 cases"
    choose(ui.stateFilter, "flagged")
    assert listed(training) == ["C0002"]
    choose(ui.stateFilter, "not rated by me")
    assert listed(training) == ["C0002", "C0003"]
    choose(ui.stateFilter, "Any state")
    choose(ui.difficultyFilter, "hard")
    assert listed(training) == ["C0001"]  # what B gave C0003 is not A's to see yet
    choose(ui.difficultyFilter, "Any difficulty")
    choose(ui.readerFilter, "B. Reader")
    assert listed(training) == ["C0002"]
    choose(ui.readerFilter, "Any reader")
    choose(ui.modelFilter, "suv4")
    assert len(listed(training)) == 3
    ui.searchBox.text = "c0003"
    host.wait_until(lambda: listed(training) == ["C0003"], PATIENCE_S)
    ui.searchBox.text = ""
    host.wait_until(lambda: len(listed(training)) == 3, PATIENCE_S)


def test_chosen_filters_survive_a_refresh(training):
    training.registry.review("C0002", status="flagged", reader="B. Reader")
    training.cases.ui.refreshButton.click()
    choose(training.cases.ui.readerFilter, "B. Reader")
    training.registry.review("C0001", status="accepted", reader="C. Reader")
    training.cases.ui.refreshButton.click()
    assert listed(training) == ["C0002"]


def test_a_click_on_a_title_sorts_and_unknown_values_come_last(training):
    registry = training.registry
    for case, score in (("C0003", 1), ("C0002", 4)):
        registry.rate(case, rater="A. Reader", score=score)
    training.cases.ui.refreshButton.click()
    header = training.cases.ui.caseTable.horizontalHeader()
    header.sectionClicked.emit(2)
    assert listed(training) == ["C0003", "C0002", "C0001"]
    header.sectionClicked.emit(2)
    assert listed(training) == ["C0002", "C0003", "C0001"]
    header.sectionClicked.emit(0)
    assert listed(training) == ["C0001", "C0002", "C0003"]


def test_next_and_previous_walk_through_the_list_as_it_is_shown(training):
    ui = training.cases.ui
    choose(ui.stateFilter, "to review")
    ui.nextButton.click()
    assert training.review.caseId == "C0001" and not ui.previousButton.enabled
    ui.nextButton.click()
    ui.nextButton.click()
    assert training.review.caseId == "C0003" and not ui.nextButton.enabled
    ui.previousButton.click()
    assert training.review.caseId == "C0002"
    assert training.cases.table.selectedId == "C0002"


def test_the_neighbors_are_read_ahead_and_a_case_that_was_read_opens_at_once(host, training):
    training.open("C0002")
    reader = training.panel.imageReader
    host.wait_until(lambda: not reader.busy, PATIENCE_S)
    assert set(reader._ahead) == {"C0001", "C0003"}
    started = []
    read, reader._images = reader._images, lambda case: started.append(case) or read(case)
    training.open("C0003")
    assert training.review.caseId == "C0003" and "C0003" not in started


def test_a_neighbor_that_cannot_be_read_is_told_when_it_is_opened(host, training, registry_folder):
    next((registry_folder / "images" / "C0002").rglob("pet*")).write_bytes(b"")
    training.open("C0001")
    host.wait_until(lambda: not training.panel.imageReader.busy, PATIENCE_S)
    assert not training.open("C0002")
    assert training.review.ui.messageLabel.text
    assert training.review.caseId is None
    assert training.open("C0003")


def test_a_decision_goes_on_to_the_next_case_when_the_case_is_rated(training):
    training.open("C0001")
    training.review.ui.acceptButton.click()
    assert training.review.caseId == "C0001" and "Rate its difficulty" in training.review.ui.messageLabel.text
    training.rating.choose(3)
    training.rating.ui.rateButton.click()
    assert training.review.caseId == "C0002"
    training.review.ui.skipButton.click()
    assert training.review.caseId == "C0003"


def test_the_next_case_is_that_of_the_list_before_the_decision_took_this_one_out(training):
    choose(training.cases.ui.stateFilter, "to review")
    training.open("C0002")
    training.review.ui.unusableButton.click()
    assert listed(training) == ["C0001", "C0003"]
    assert training.review.caseId == "C0003"


def test_a_case_that_its_own_decision_took_out_of_the_list_keeps_its_place(training):
    choose(training.cases.ui.stateFilter, "to review")
    training.open("C0002")
    training.review.ui.acceptButton.click()  # not rated yet: it stays open
    assert training.review.caseId == "C0002" and listed(training) == ["C0001", "C0003"]
    assert training.cases.neighbor(-1) == "C0001"
    training.rating.choose(1)
    training.rating.ui.rateButton.click()
    assert training.review.caseId == "C0003"


def test_going_on_can_be_switched_off(training):
    training.review.ui.goOnCheckBox.checked = False
    training.open("C0001")
    training.review.ui.skipButton.click()
    assert training.review.caseId == "C0001"


def test_keys_work_while_the_panel_is_open_and_only_then(host, training):
    import qt

    with host.main_window() as window:
        training.widget.exit()
        training.widget.enter()
        keys = {each.key.toString(): each for each in window.findChildren(qt.QShortcut)}
        assert {"Ctrl+N", "Ctrl+P", "Ctrl+D", "Ctrl+Return", "Alt+1", "Alt+5"} <= set(keys)
        assert not any(key.autoRepeat for key in keys.values())  # one that is held must not accept case after case
        keys["Ctrl+N"].activated.emit()
        keys["Ctrl+N"].activated.emit()
        assert training.review.caseId == "C0002"
        keys["Ctrl+P"].activated.emit()
        keys["Alt+4"].activated.emit()
        assert (training.review.caseId, training.rating.score) == ("C0001", 4)
        keys["Alt+Return"].activated.emit()
        training.settle()
        keys["Ctrl+Return"].activated.emit()
        assert training.registry.reference("C0001") is not None
        assert training.registry.ratings("C0001")[0].score == 4
        training.widget.exit()
        host.process_events()
        assert window.findChildren(qt.QShortcut) == []
        assert not training.review.ui.editor._shortcuts


def test_a_study_of_the_scene_and_its_lesions_become_a_case(training, phantom_study):
    from CLIPSLib import segment_study
    from CLIPSLib.scene import add_segmentation, add_study_volumes

    study = builders_training_panel.study_of(phantom_study, 9)
    pet, ct = add_study_volumes(study)
    lesions = add_segmentation(segment_study(study, "41max"), study, pet)
    ui = training.cases.ui
    ui.petSelector.setCurrentNode(pet)
    ui.ctSelector.setCurrentNode(ct)
    ui.maskSelector.setCurrentNode(lesions)
    ui.stratumEdit.text = "B"
    ui.referenceCheckBox.checked = True
    ui.addButton.click()
    case = training.registry.case("C0004")
    assert (case.stratum, case.has_ct) == ("B", True)
    (mask,) = training.registry.masks("C0004")
    assert (mask.author, mask.origin, mask.model) == ("A. Reader", "predicted", "41max")
    assert training.registry.reference("C0004").id == mask.id
    assert training.rows()[3][4] == f"{mask.volume_ml:.1f}"
    ui.addButton.click()
    assert "already, as case C0004" in ui.registryMessage.text
    assert len(training.registry.masks("C0004")) == 2 and len(listed(training)) == 4


def test_a_volume_that_is_no_suv_is_not_added(training):
    import numpy as np
    import slicer

    node = slicer.util.addVolumeFromArray(np.ones((4, 5, 6), dtype=np.float32))
    training.cases.ui.petSelector.setCurrentNode(node)
    training.cases.ui.addButton.click()
    assert "does not say its unit" in training.cases.ui.registryMessage.text
    assert len(listed(training)) == 3


def test_a_registry_is_made_and_opens_by_itself_the_next_time(host, own_data_folder, tmp_path):
    training = TrainingPanel(host)
    assert training.registry is None and not training.cases.ui.addButton.enabled
    with host.answering(str(tmp_path / "new")):
        training.cases.ui.createRegistryButton.click()
    assert training.cases.ui.countLabel.text == "0 of 0 cases"
    training.widget.exit()
    training.widget.cleanup()
    from CLIPSTrainingLib import Settings

    assert Settings.registryFolder() == str(tmp_path / "new")


def test_a_folder_that_is_no_registry_leaves_the_open_one(host, training, tmp_path):
    with host.answering(str(tmp_path)):
        training.cases.ui.openRegistryButton.click()
    assert training.cases.ui.registryMessage.text
    assert len(listed(training)) == 3
    assert training.open("C0001")


def test_a_registry_whose_disk_has_gone_is_told_and_work_goes_on_when_it_is_back(training, registry_folder):
    training.open("C0001")
    training.delete_lesion()
    away = registry_folder.rename(registry_folder.with_name("away"))
    training.review.ui.saveButton.click()
    assert training.review.ui.messageLabel.text
    assert training.review.work.changed and training.live.measures.patient.lesion_count == 6
    away.rename(registry_folder)
    training.review.ui.saveButton.click()
    assert len(training.registry.masks("C0001")) == 2
    assert not training.review.work.changed


def test_the_registry_of_last_time_that_is_not_there_any_more_is_told(host, own_data_folder, training, registry_folder):
    host.reset()
    from CLIPSTrainingLib import Settings

    host.load_module(builders_training_panel.SEGMENTATION_FILE)
    Settings.setRegistryFolder(str(registry_folder.with_name("gone")))
    again = TrainingPanel(host)
    assert "gone" in again.cases.ui.registryMessage.text
    assert again.registry is None and again.rows() == []
    again.open_registry(registry_folder)
    assert len(again.rows()) == 3 and again.cases.ui.registryMessage.text == ""


@pytest.fixture(scope="module")
def many_cases(registry_template, tmp_path_factory):
    """A registry of 600 cases whose images are those of the first: only the list is looked at."""
    import sqlite3

    folder = shutil.copytree(registry_template, tmp_path_factory.mktemp("many") / "registry")
    with sqlite3.connect(folder / "registry.sqlite") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(cases)")]
        (case,) = database.execute("SELECT * FROM cases LIMIT 1").fetchall()
        new = dict(zip(columns, case, strict=True))
        names = ", ".join(columns)
        for number in range(4, MANY + 1):
            new |= {"case_id": f"C{number:04d}", "series_key": f"2.25.9{number}", "pet_series_uid": f"2.25.9{number}"}
            database.execute(
                f"INSERT INTO cases ({names}) VALUES ({', '.join('?' * len(columns))})", list(new.values())
            )
            database.execute(
                "INSERT INTO reviews (case_id, status, reader, reviewed_utc, comment, active_s, edit_count) "
                "VALUES (?, 'accepted', 'B. Reader', '2026-01-01T00:00:00Z', 'fine', 1, 1)",
                (new["case_id"],),
            )
    database.close()
    return folder


def test_six_hundred_cases_are_listed_filtered_and_sorted(host, own_data_folder, many_cases):
    """How long it takes is measured in Testing/benchmarks/bench_review.py."""
    training = TrainingPanel(host)
    training.open_registry(many_cases)
    assert training.cases.ui.countLabel.text == f"{MANY} of {MANY} cases"
    choose(training.cases.ui.stateFilter, "accepted")
    accepted = training.cases.ui.countLabel.text
    choose(training.cases.ui.stateFilter, "Any state")
    assert accepted != training.cases.ui.countLabel.text == f"{MANY} of {MANY} cases"
    training.cases.ui.caseTable.horizontalHeader().sectionClicked.emit(1)
    assert training.cases.neighbor(1)
