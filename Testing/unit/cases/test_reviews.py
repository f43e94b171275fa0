"""Reviews and ratings are added, never changed; raters are blind to each other; the list finds cases."""

from __future__ import annotations

import builders_registry as builders
import pytest
from CLIPSLib.cases import CaseQuery
from CLIPSLib.errors import UsageError


@pytest.fixture
def registry(tmp_path):
    return builders.registry(tmp_path / "cases", cases=4)[0]


def listed(registry, **query) -> list[str]:
    return [row.case_id for row in registry.cases(CaseQuery(**query))]


def test_the_last_review_is_the_status_and_earlier_ones_stay(registry):
    registry.review("C0001", status="flagged", reader="GW", comment="artefact?", active_s=30.0)
    registry.review("C0001", status="accepted", reader="AB", active_s=90.5, edit_count=2)
    assert [(r.status, r.reader, r.active_s, r.edit_count) for r in registry.reviews("C0001")] == [
        ("flagged", "GW", 30.0, 0),
        ("accepted", "AB", 90.5, 2),
    ]
    row = registry.cases()[0]
    assert (row.status, row.flagged, row.readers) == ("accepted", True, ("AB", "GW"))
    registry.review("C0001", status="accepted", reader="GW")
    assert not registry.cases()[0].flagged


@pytest.mark.parametrize("status", ["to review", "done", ""])
def test_an_unknown_status_is_refused(registry, status):
    with pytest.raises(UsageError, match="accepted, corrected, flagged, skipped, unusable"):
        registry.review("C0001", status=status, reader="GW")


@pytest.mark.parametrize("effort", [{"active_s": -1}, {"active_s": float("nan")}, {"edit_count": -2}])
def test_effort_is_a_number_from_zero_up(registry, effort):
    with pytest.raises(UsageError, match="numbers from 0 up"):
        registry.review("C0001", status="skipped", reader="GW", **effort)


@pytest.mark.parametrize("score", [0, 6, 2.5, "3", True])
def test_a_score_is_a_whole_number_from_1_to_5(registry, score):
    with pytest.raises(UsageError, match=r"1 \(easy\) to 5 \(hard\)"):
        registry.rate("C0001", rater="GW", score=score)


def test_cases_that_do_not_exist_are_no_empty_answers(registry):
    for ask in (registry.case, registry.masks, registry.reviews, registry.ratings, registry.reference):
        with pytest.raises(UsageError, match="There is no case 'C9'"):
            ask("C9")


def test_reasons_are_tags_of_a_list(registry):
    rating = registry.rate("C0001", rater="GW", score=4, tags=["faint", "dispersed"])
    assert rating.tags == ("dispersed", "faint")
    with pytest.raises(UsageError, match="Unknown reason 'blurred'"):
        registry.rate("C0001", rater="GW", score=4, tags=["blurred"])


def test_a_corrected_rating_is_a_new_one_and_the_latest_counts(registry):
    for rater, score in (("GW", 2), ("AB", 5), ("GW", 3)):
        registry.rate("C0001", rater=rater, score=score)
    assert [(r.rater, r.score) for r in registry.ratings()] == [("AB", 5), ("GW", 3)]
    assert [(r.rater, r.score) for r in registry.ratings("C0001", history=True)] == [("GW", 2), ("AB", 5), ("GW", 3)]
    assert registry.cases()[0].difficulty == 4.0


def test_a_rater_sees_others_ratings_only_of_cases_that_he_rated(registry):
    registry.rate("C0001", rater="AB", score=5, comment="near the bladder")
    registry.rate("C0002", rater="AB", score=1)
    registry.rate("C0002", rater="GW", score=3)
    assert [(r.case_id, r.rater) for r in registry.ratings(viewer="GW")] == [("C0002", "AB"), ("C0002", "GW")]
    assert registry.ratings("C0001", viewer="GW", history=True) == []
    shown = {row.case_id: (row.difficulty, row.rated) for row in registry.cases(CaseQuery(viewer="GW"))}
    assert shown["C0001"] == (None, False) and shown["C0002"] == (2.0, True)
    assert listed(registry, viewer="GW", difficulty=(4, None)) == []
    registry.rate("C0001", rater="GW", score=4)
    assert listed(registry, viewer="GW", difficulty=(4, None)) == ["C0001"]


def test_metrics_and_effort_of_others_are_withheld_until_one_has_rated(registry):
    registry.review("C0001", status="corrected", reader="AB", comment="hard!", active_s=600, edit_count=40)
    scores = {"C0001": 0.9, "C0002": 0.1}
    blind = registry.cases(CaseQuery(viewer="GW", scores=scores))[0]
    assert (blind.difficulty, blind.comment, blind.status) == (None, "", "corrected")
    seen = registry.cases(CaseQuery(viewer="GW", scores=scores, scores_open=True))[0]
    assert (seen.difficulty, seen.comment) == (0.9, "")  # made from images that he is shown anyway
    (review,) = registry.reviews("C0001", viewer="GW")
    assert (review.comment, review.active_s, review.edit_count) == (None, None, None)
    assert registry.cases(CaseQuery(viewer="AB"))[0].comment == "hard!"
    assert listed(registry, viewer="GW", text="hard!") == []
    registry.rate("C0001", rater="GW", score=4)
    assert registry.cases(CaseQuery(viewer="GW", scores=scores))[0].difficulty == 0.9
    assert registry.reviews("C0001", viewer="GW")[0].edit_count == 40


def test_the_list_is_narrowed_down_by_every_field_of_a_query(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=3)
    registry.add_case(builders.study(9, scanner="Épsilon 64"), source="test", pseudonym="Nantes-01", stratum="PMBCL")
    study = builders.study()
    mask = registry.add_mask("C0002", builders.mask(study, model="tmtvnet"), origin="predicted", author="GW")
    registry.set_reference("C0002", mask.id, author="GW")
    registry.review("C0001", status="flagged", reader="GW", comment="Muscle uptake")
    registry.review("C0002", status="accepted", reader="AB")
    registry.rate("C0003", rater="AB", score=5)
    assert listed(registry) == ["C0001", "C0002", "C0003", "Nantes-01"]
    assert listed(registry, text="épsilon") == ["Nantes-01"]
    assert listed(registry, text="MUSCLE") == ["C0001"]
    assert listed(registry, text="P0003") == ["C0003"]
    assert listed(registry, status="to review") == ["C0003", "Nantes-01"]
    assert listed(registry, status=("flagged", "accepted")) == ["C0001", "C0002"]
    assert listed(registry, flagged=True) == ["C0001"]
    assert listed(registry, flagged=False, stratum="") == ["C0002", "C0003"]
    assert listed(registry, reader="AB") == ["C0002"]
    assert listed(registry, model="tmtvnet") == ["C0002"]
    assert listed(registry, has_reference=False, stratum="PMBCL") == ["Nantes-01"]
    assert listed(registry, rated=True) == ["C0003"]
    assert listed(registry, rated=False, viewer="GW") == ["C0001", "C0002", "C0003", "Nantes-01"]
    assert listed(registry, difficulty=(4, 5)) == ["C0003"]
    assert listed(registry, difficulty=(None, 0.5), scores={"C0001": 0.5, "C0002": 0.6, "C0003": None}) == ["C0001"]
    with pytest.raises(UsageError, match="not 'open'"):
        listed(registry, status="open")


def test_counts_for_a_summary(registry):
    study = builders.study()
    mask = registry.add_mask("C0001", builders.mask(study), origin="predicted", author="GW")
    registry.add_mask("C0001", builders.mask(study), origin="corrected", author="GW", parent=mask.id)
    registry.set_reference("C0001", mask.id, author="GW")
    registry.review("C0001", status="accepted", reader="GW")
    registry.rate("C0001", rater="GW", score=1)
    counts = registry.counts()
    assert (counts.cases, counts.patients, counts.with_ct, counts.with_reference) == (4, 4, 4, 1)
    assert (counts.masks, counts.reviews, counts.ratings) == (2, 1, 1)
    assert counts.by_status == {"accepted": 1, "to review": 3}
    assert counts.masks_by_origin == {"corrected": 1, "predicted": 1}
    assert counts.masks_by_model == {"suv4": 1}
