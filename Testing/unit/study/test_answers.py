"""What a person types is checked before it is used."""

import pytest
from CLIPSLib.errors import UsageError
from CLIPSLib.study.answers import check_answers


def test_typed_numbers_and_texts_are_read():
    answers = check_answers({"weight_kg": "72.5", "sex": "f", "injection_time": "0955", "convert_undecayed": "YES"})
    assert (answers.weight_kg, answers.sex, answers.injection_time) == (72.5, "F", "0955")
    assert answers.convert_undecayed == "yes"
    assert answers.given == ("weight_kg", "sex", "injection_time", "convert_undecayed")


def test_an_unknown_answer_lists_the_known_ones():
    with pytest.raises(UsageError, match="There is no answer 'weight'") as error:
        check_answers({"weight": 70})
    assert "weight_kg" in error.value.remedy and "ct_series" in error.value.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight_kg", 0),
        ("weight_kg", -70),
        ("weight_kg", 70000),
        ("weight_kg", "seventy"),
        ("weight_kg", float("nan")),
        ("weight_kg", True),
        ("height_m", 175),
        ("dose_bq", 370),
        ("half_life_s", 109.77e9),
        ("sex", "male"),
        ("injection_time", "25:00"),
        ("injection_time", "20240231100000"),
        ("injection_time", "20240305100000+0100"),
        ("confirm_long_uptake", "maybe"),
        ("pet_series", ""),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_usage_error(key, value):
    with pytest.raises(UsageError, match=key):
        check_answers({key: value})


def test_none_means_not_answered():
    assert check_answers({"weight_kg": None}).given == ()
    assert check_answers(None).given == ()
