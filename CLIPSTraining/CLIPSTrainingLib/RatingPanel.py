"""The section "Difficulty": the written question, five anchors, reasons. Made by Panel.

A reader sees neither others' ratings nor numbers of agreement before having rated; the registry withholds them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import qt
from slicer.i18n import tr as _

from CLIPSTrainingLib import texts
from CLIPSTrainingLib.saying import saying

if TYPE_CHECKING:
    from CLIPSLib.cases import Rating

    from CLIPSTrainingLib.Panel import Panel

_TAG_COLUMNS = 2


class RatingPanel:
    """Rates the case that the section "Review" has open."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingRating")
        self._ratedCase: str | None = None
        self._shown: tuple | None = None  # of which case, for which reader
        self._scores: dict[int, object] = {}
        self._tags: dict[str, object] = {}
        self.ui.rateButton.connect("clicked()", self.onRate)
        self.keys: dict[str, Callable[[], object]] = {
            **{f"Alt+{score}": partial(self.choose, score) for score in range(1, 6)},
            "Alt+Return": self.onRate,
        }

    def enter(self) -> None:
        self.update()

    def exit(self) -> None:
        """What was chosen and not saved stays."""

    @property
    def isRated(self) -> bool:
        """Whether the reader has rated the open case."""
        return self._ratedCase is not None and self._ratedCase == self._panel.review.caseId

    @property
    def score(self) -> int | None:
        """The chosen score."""
        return next((score for score, button in self._scores.items() if button.checked), None)

    @property
    def tags(self) -> tuple[str, ...]:
        """The chosen reasons."""
        return tuple(tag for tag, box in self._tags.items() if box.checked)

    def choose(self, score: int) -> None:
        """Choose a score, as by a click."""
        if self._panel.review.caseId is not None:
            self._scores[score].checked = True

    def onRate(self) -> None:
        """Keep the rating."""
        case, review = self._panel.review.caseId, self._panel.review
        if case is None or self.score is None or not review.hasReader():
            return
        with saying(review.say, aloud=True):
            self._panel.registry.rate(
                case,
                rater=self._panel.reader,
                score=self.score,
                tags=self.tags,
                comment=self.ui.ratingCommentEdit.text.strip(),
                active_s=review.activeTime.seconds,
            )
            self._shown = None  # show what is kept
            review.say(_("Rated."))
            reviewed = any(each.reader == self._panel.reader for each in self._panel.registry.reviews(case))
            self._panel.onReviewed(reviewed and not review.work.changed)

    def update(self) -> None:
        """Show the reader's rating of the open case, and, once there is one, those of others."""
        case, reader = self._panel.review.caseId, self._panel.reader
        self.ui.ratingButton.visible = case is not None
        if case is not None and not self._scores:
            self._makeForm()
        ratings: list[Rating] = []
        if case is not None and reader:
            with saying(self._panel.review.say):
                ratings = self._panel.registry.ratings(case, viewer=reader)
        own = next((rating for rating in ratings if rating.rater == reader), None)
        self._ratedCase = case if own else None
        if case is not None and (case, reader) != self._shown:
            self._shown = (case, reader)
            self._show(own)
        self.ui.ratedLabel.text = texts.rated(own, [rating for rating in ratings if rating is not own])
        self._updateButton()
        with saying(self._panel.review.say):
            self._panel.review.versions.showDifference()

    def _makeForm(self) -> None:
        """The texts of the core as widgets; made with the first case, so that the panel opens without the core."""
        from CLIPSLib.difficulty import RATING_FORMS

        form = RATING_FORMS.get(qt.QLocale().name()[:2], RATING_FORMS["en"])
        self.ui.questionLabel.text, self.ui.hintLabel.text = f"<b>{form.question}</b>", form.hint
        group = self._group = qt.QButtonGroup()
        rows = qt.QGridLayout(self.ui.scoreArea)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setColumnStretch(1, 1)
        for row, (score, anchor) in enumerate(form.anchors.items()):
            button, text = qt.QRadioButton(str(score)), qt.QLabel(anchor)
            button.toolTip = text.toolTip = f"{anchor} (Alt+{score})"
            text.wordWrap = True
            group.addButton(button)
            button.connect("toggled(bool)", lambda _on: self._updateButton())
            rows.addWidget(button, row, 0)
            rows.addWidget(text, row, 1)
            self._scores[score] = button
        boxes = qt.QGridLayout(self.ui.tagArea)
        boxes.setContentsMargins(0, 0, 0, 0)
        for number, (tag, name) in enumerate(form.tags.items()):
            self._tags[tag] = qt.QCheckBox(name)
            boxes.addWidget(self._tags[tag], number // _TAG_COLUMNS, number % _TAG_COLUMNS)

    def _show(self, rating: Rating | None) -> None:
        self._group.exclusive = False
        for score, button in self._scores.items():
            button.checked = rating is not None and rating.score == score
        self._group.exclusive = True
        for tag, box in self._tags.items():
            box.checked = rating is not None and tag in rating.tags
        self.ui.ratingCommentEdit.text = rating.comment if rating else ""

    def _updateButton(self) -> None:
        self.ui.rateButton.enabled = self._panel.review.caseId is not None and self.score is not None
        self.ui.rateButton.text = _("Rate again") if self.isRated else _("Save rating")
