"""Several tables to one: weighted mean of percentiles, calculated by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders_difficulty import table
from CLIPSLib.difficulty import combine, require_unlearned
from CLIPSLib.errors import Refusal, UsageError

VOLUME = table("tmtv", {"a": 100.0, "b": 10.0, "c": 50.0}, hard_when="low")  # percentiles 1/3, 1, 2/3
COUNT = table("lesion_count", {"a": 1.0, "b": 2.0, "c": 9.0})  # 1/3, 2/3, 1


def test_equal_weights_are_the_default():
    assert combine([VOLUME, COUNT]).scores == pytest.approx({"a": 1 / 3, "b": 5 / 6, "c": 5 / 6})


def test_weights_count():
    found = combine([VOLUME, COUNT], {"tmtv": 3.0, "lesion_count": 1.0})
    assert found.scores == pytest.approx({"a": 1 / 3, "b": (3 * 1 + 2 / 3) / 4, "c": (3 * 2 / 3 + 1) / 4})
    assert found.weights == {"tmtv": 3.0, "lesion_count": 1.0}


def test_a_missing_part_is_replaced_by_the_others_and_named():
    rating = table("rating", {"a": 4.0, "b": None}, missing={"b": "nobody has rated the case"})
    found = combine([VOLUME, rating])
    assert found.scores["a"] == pytest.approx((1 / 3 + 1) / 2)
    assert found.scores["b"] == pytest.approx(1.0)
    assert found.remarks == {"b": "mean of the others, without rating", "c": "mean of the others, without rating"}


def test_a_case_that_no_part_scores_has_none_with_a_reason():
    empty = table("rating", {"a": None})
    found = combine([empty])
    assert found.scores == {"a": None}
    assert found.missing == {"a": "no part scores this case"}


def test_lesion_free_and_quarantined_cases_of_any_part_stay_out():
    outside = replace(COUNT, outside={"d": "the reference mask is empty"}, quarantined={"c": "SUV wrong"})
    found = combine([VOLUME, outside])
    assert set(found.scores) == {"a", "b"}
    assert found.outside == {"d": "the reference mask is empty"}
    assert found.quarantined == {"c": "SUV wrong"}


def test_the_same_parts_and_weights_give_the_same_evidence():
    assert combine([VOLUME, COUNT]).evidence_sha256 == combine([COUNT, VOLUME]).evidence_sha256
    assert (
        combine([VOLUME, COUNT]).evidence_sha256
        != combine([VOLUME, COUNT], {"tmtv": 2, "lesion_count": 1}).evidence_sha256
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"tmtv": 1.0}, "The weight of 'lesion_count' is None"),
        ({"tmtv": 0.0, "lesion_count": 1.0}, "must be a positive number"),
        (
            {"tmtv": 1.0, "lesion_count": 1.0, "ratings": 1.0},
            "There is no table 'ratings'",
        ),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(UsageError, match=message):
        combine([VOLUME, COUNT], weights)


def test_one_measurer_twice_is_refused():
    with pytest.raises(UsageError, match="different measurers"):
        combine([VOLUME, VOLUME])


def test_a_combination_has_learned_from_whom_any_of_its_parts_learned():
    one = table("teacher", {"a": 1.0, "b": 2.0}, options={"trained_with": ["x", "y"], "trained_with_complete": True})
    two = table("cross-review", {"a": 1.0}, options={"trained_with": ["y", "z"], "trained_with_complete": False})
    found = combine([VOLUME, one, two])
    assert found.options == {"trained_with": ["x", "y", "z"], "trained_with_complete": False}
    with pytest.raises(Refusal, match="held back: z"):
        require_unlearned(found, ["z", "c"])
    with pytest.raises(Refusal, match="held back: x"):  # a combination of a combination, too
        require_unlearned(combine([found, COUNT], name="again"), ["x"])
    assert combine([VOLUME, COUNT]).options == {}
