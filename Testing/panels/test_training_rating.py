"""CLIPS Training: difficulty is rated in words, blind to others, with the time it took; agreement is shown."""

import builders_training_panel
import pytest


def shown_text(training) -> str:
    """Everything that is written in the panel."""
    import qt

    sections = (training.cases, training.review, training.rating)
    labels = [each.text for section in sections for each in vars(section.ui).values() if isinstance(each, qt.QLabel)]
    return " ".join([*labels, *(text for row in training.rows() for text in row)])


def test_the_question_is_about_delineation_and_has_five_anchors(training):
    from CLIPSLib.difficulty import RATING_FORMS

    assert training.rating.ui.ratingButton.isHidden()  # nothing is open
    training.open("C0001")
    form = RATING_FORMS["en"]
    assert form.question in training.rating.ui.questionLabel.text
    assert training.rating.ui.hintLabel.text == form.hint
    assert sorted(training.rating._scores) == [1, 2, 3, 4, 5]
    assert not training.rating.ui.ratingButton.isHidden()


def test_a_rating_is_kept_with_its_reasons_and_remembered(training):
    training.open("C0001")
    training.rating.choose(4)
    training.rating._tags["faint"].checked = True
    training.rating.ui.ratingCommentEdit.text = "beside the bladder"
    training.review.activeTime.reset(75.0)
    training.rating.ui.rateButton.click()
    (rating,) = training.registry.ratings("C0001")
    assert (rating.rater, rating.score, rating.tags, rating.comment) == (
        "A. Reader",
        4,
        ("faint",),
        "beside the bladder",
    )
    assert rating.active_s >= 75.0
    training.open("C0002")
    assert training.rating.score is None and training.rating.tags == ()
    training.open("C0001")
    assert training.rating.score == 4 and training.rating.tags == ("faint",)
    training.rating.choose(2)
    training.rating.ui.rateButton.click()
    assert [each.score for each in training.registry.ratings("C0001", history=True)] == [4, 2]


def test_ratings_of_others_are_nowhere_before_the_own(training):
    training.registry.review("C0001", status="flagged", reader="B. Reader", comment="secret hint")
    training.registry.rate("C0001", rater="B. Reader", score=5, comment="secret remark")
    training.cases.ui.refreshButton.click()
    training.open("C0001")
    assert "B. Reader 5" not in shown_text(training) and "secret" not in shown_text(training)
    assert training.rows()[0][2] == ""
    training.rating.choose(2)
    training.rating.ui.rateButton.click()
    assert "Others: B. Reader 5" in training.rating.ui.ratedLabel.text
    assert training.rows()[0][2] == "3.5"


def test_without_a_name_nothing_of_others_is_shown(training):
    training.registry.rate("C0001", rater="B. Reader", score=5)
    training.cases.ui.readerEdit.text = ""
    training.cases.ui.readerEdit.editingFinished.emit()
    training.open("C0001")
    assert training.rows()[0][2] == "" and training.rating.ui.ratedLabel.text == ""
    training.rating.choose(3)
    training.rating.ui.rateButton.click()
    assert [each.rater for each in training.registry.ratings("C0001")] == ["B. Reader"]


def test_another_reader_sees_an_empty_form(training):
    training.open("C0001")
    training.rating.choose(4)
    training.rating.ui.rateButton.click()
    training.review.ui.goOnCheckBox.checked = False
    training.cases.ui.readerEdit.text = "B. Reader"
    training.cases.ui.readerEdit.editingFinished.emit()
    assert training.rating.score is None and training.rating.ui.ratedLabel.text == ""


def test_agreement_is_shown_with_two_raters_and_counts_the_cases(training):
    from CLIPSLib.difficulty import agreement

    training.registry.rate("C0001", rater="A. Reader", score=1)
    training.cases.ui.refreshButton.click()
    assert training.cases.ui.agreementLabel.text == ""
    for case, score in (("C0001", 2), ("C0002", 3), ("C0003", 5)):
        training.registry.rate(case, rater="B. Reader", score=score)
    for case, score in (("C0002", 3), ("C0003", 4)):
        training.registry.rate(case, rater="A. Reader", score=score)
    training.cases.ui.refreshButton.click()
    found = agreement(training.registry.ratings(history=True))
    text = training.cases.ui.agreementLabel.text
    assert "2 raters on 3 cases" in text
    assert f"α {found.krippendorff_alpha:.2f}" in text
    assert f"κ {found.weighted_kappa['A. Reader, B. Reader']:.2f}" in text


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves, and what the user does."""

    class Clock:
        now, doing = 0.0, 0

    return Clock


def test_a_pause_of_more_than_a_minute_does_not_count(host, clock):
    import builders_panel

    host.load_module(builders_panel.MODULE_FILE)
    host.load_module(builders_training_panel.MODULE_FILE)
    from CLIPSTrainingLib.ActiveTime import ActiveTime

    timer = ActiveTime(lambda: clock.doing, clock=lambda: clock.now)
    timer.start()

    def pass_seconds(seconds: int, active: bool) -> None:
        for _ in range(seconds):
            clock.now += 1.0
            clock.doing += active
            timer.look()

    pass_seconds(30, active=True)
    assert timer.seconds == 30.0
    pass_seconds(60, active=False)
    assert timer.seconds == 90.0  # thinking
    pass_seconds(240, active=False)
    assert timer.seconds == 30.0  # away since the last activity
    pass_seconds(10, active=True)
    assert timer.seconds == 39.0  # counted from the first movement
    timer.stop()
    clock.now += 1000.0
    assert timer.seconds == 39.0
    timer.reset(5.0)
    timer.start()
    clock.now += 2.0
    assert timer.seconds == 7.0


def test_the_clock_runs_only_while_a_case_is_open_in_the_panel(training):
    assert training.review.activeTime._since is None
    training.open("C0001")
    assert training.review.activeTime._since is not None
    training.widget.exit()
    assert training.review.activeTime._since is None
    training.widget.enter()
    assert training.review.activeTime._since is not None
