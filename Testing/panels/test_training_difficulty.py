"""CLIPS Training: the case list is filtered and sorted by a difficulty table, which tells no rater what to rate."""

import pytest

SCORES = {"C0001": 0.2, "C0002": 0.9, "C0003": None}


def keep_table(registry, measurer: str, scores=SCORES) -> None:
    """A table as `clips cases difficulty` keeps it."""
    from CLIPSLib.difficulty import DifficultyTable
    from CLIPSLib.tasks.difficulty import keep_table as keep

    table = DifficultyTable(
        measurer=measurer,
        title=f"Title of {measurer}",
        hard_when="high",
        unit="",
        caveat="",
        scores=scores,
        values=scores,
        scored_on="test",
        evidence_sha256=f"{hash(tuple(scores.items()))}",
    )
    keep(registry, table, overwrite=True)


@pytest.fixture
def choose(training):
    """Chooses the entry of a box that begins with a text."""

    def choose(combo: str, text: str) -> None:
        box = getattr(training.cases.ui, combo)
        texts = [box.itemText(n) for n in range(box.count)]
        box.currentIndex = next(n for n, each in enumerate(texts) if each.startswith(text))

    return choose


def listed(training) -> list[str]:
    return training.cases.table.caseIds


def shown(training) -> list[str]:
    return [row[2] for row in training.rows()]


def test_a_table_of_uptake_is_open_filters_by_thirds_and_sorts(training, choose):
    keep_table(training.registry, "lesion_count", {"C0001": 7.0, "C0002": 2.0, "C0003": 4.0})
    training.cases.ui.refreshButton.click()
    choose("measureSelector", "by lesion_count")
    assert shown(training) == ["100 %", "33 %", "67 %"]
    assert "Title of lesion_count" in training.cases.ui.caseTable.horizontalHeaderItem(2).toolTip()
    choose("difficultyFilter", "hardest third")
    assert listed(training) == ["C0001"] and training.cases.ui.countLabel.text == "1 of 3 cases"
    choose("difficultyFilter", "Any difficulty")
    training.cases.ui.caseTable.horizontalHeader().sectionClicked.emit(2)
    assert listed(training) == ["C0002", "C0003", "C0001"]
    choose("measureSelector", "by mean rating")
    assert shown(training) == ["", "", ""]


@pytest.mark.parametrize(
    "measurer", ["teacher_dice", "rating", "correction_volume", "hospital-list", "lesion_count-of-a-fold"]
)
def test_what_tells_of_networks_colleagues_or_nobody_knows_what_is_hidden_until_the_case_is_rated(
    training, choose, measurer
):
    keep_table(training.registry, measurer)
    training.cases.ui.refreshButton.click()
    choose("measureSelector", f"by {measurer}")
    assert shown(training) == ["", "", ""]
    assert "hidden until you rate: 3" in training.cases.ui.countLabel.text
    choose("difficultyFilter", "hardest third")
    assert listed(training) == []
    training.registry.rate("C0002", rater="A. Reader", score=2)
    training.cases.ui.refreshButton.click()
    assert listed(training) == ["C0002"] and shown(training) == ["100 %"]
    assert "hidden until you rate: 2" in training.cases.ui.countLabel.text


def test_cases_without_a_score_are_in_no_third_and_last_in_the_list(training, choose):
    keep_table(training.registry, "lesion_count")
    training.cases.ui.refreshButton.click()
    choose("measureSelector", "by lesion_count")
    header = training.cases.ui.caseTable.horizontalHeader()
    for order in (["C0001", "C0002", "C0003"], ["C0002", "C0001", "C0003"]):
        header.sectionClicked.emit(2)
        assert listed(training) == order
    for third in ("hardest", "middle", "easiest"):
        choose("difficultyFilter", third)
        assert "C0003" not in listed(training)


def test_a_table_that_is_made_again_is_read_again_and_a_damaged_one_is_told(training, choose):
    import os

    keep_table(training.registry, "lesion_count")
    training.cases.ui.refreshButton.click()
    choose("measureSelector", "by lesion_count")
    assert shown(training)[0] == "50 %"
    keep_table(training.registry, "lesion_count", {"C0001": 5.0, "C0002": 1.0})
    path = training.registry.folder / "difficulty" / "lesion_count.json"
    os.utime(path, ns=(1, 1))
    training.cases.ui.refreshButton.click()
    assert shown(training)[0] == "100 %"
    path.write_text("{")
    training.cases.ui.refreshButton.click()
    assert "lesion_count" in training.cases.ui.registryMessage.text
    assert len(listed(training)) == 3 and shown(training) == ["", "", ""]
    path.unlink()
    training.cases.ui.refreshButton.click()
    assert training.cases.ui.measureSelector.currentText == "by mean rating"
