"""Weight, height, sex, dose: units guessed only where real files leave one reading, and always said."""

import pytest
from CLIPSLib.errors import Question, Refusal
from CLIPSLib.study.answers import NO_ANSWERS, Answers
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.patient import find_dose, find_height, find_sex, find_weight


@pytest.mark.parametrize("stated", ["", "0", "-70", "heavy", "nan"])
def test_a_weight_that_is_no_weight_is_asked_for_and_never_assumed(stated):
    with pytest.raises(Question, match="PatientWeight") as question:
        find_weight(PetHeaders(patient_weight=stated), NO_ANSWERS)
    assert (question.value.key, question.value.unit) == ("weight_kg", "kg")


@pytest.mark.parametrize(
    ("stated", "kilograms", "codes"),
    [("71.0", 71.0, []), ("71000", 71.0, ["weight-in-grams"]), ("15", 15.0, ["weight-unusual"])],
)
def test_weights(stated, kilograms, codes):
    weight, cautions = find_weight(PetHeaders(patient_weight=stated), NO_ANSWERS)
    assert weight.value == kilograms
    assert [caution.code for caution in cautions] == codes


def test_a_typed_weight_overrules_the_header_and_says_so():
    weight, cautions = find_weight(PetHeaders(patient_weight="71"), Answers(weight_kg=80.0))
    assert (weight.value, weight.source) == (80.0, "user-entered")
    assert "'71' was overruled by the user-entered 80 kg" in cautions[0].what


def test_heights_in_centimeters_are_recognized():
    height, cautions = find_height(PetHeaders(patient_size="175"), NO_ANSWERS)
    assert height.value == 1.75
    assert [caution.code for caution in cautions] == ["height-in-centimeters"]
    assert find_height(PetHeaders(patient_size="0"), NO_ANSWERS) == (None, ())


@pytest.mark.parametrize("stated", ["0.174", "17.4", "2.7", "261", "1e9"])
def test_a_height_that_nobody_has_is_said_and_not_used(stated):
    height, (caution,) = find_height(PetHeaders(patient_size=stated), NO_ANSWERS)
    assert (height, caution.code) == (None, "height-unusual")
    assert "cannot be a height: not used" in caution.what


def test_sex_is_one_of_three_letters_or_unknown():
    assert find_sex(PetHeaders(patient_sex="O"), NO_ANSWERS)[0].value == "O"
    assert find_sex(PetHeaders(patient_sex="W"), NO_ANSWERS) == (None, ())


def pet(dose, items=1):
    return PetHeaders(total_dose=dose, radiopharmaceutical_items=items)


@pytest.mark.parametrize(
    ("stated", "becquerel", "codes"),
    [
        ("3.88777472E8", 388777472.0, []),
        ("368.08", 368.08e6, ["dose-in-mbq"]),
        ("370000", 370000.0, ["dose-unusual"]),
        ("5e9", 5e9, ["dose-unusual"]),
    ],
)
def test_doses(stated, becquerel, codes):
    dose, cautions = find_dose(pet(stated), NO_ANSWERS)
    assert dose.value == pytest.approx(becquerel)
    assert [caution.code for caution in cautions] == codes


def test_an_absent_dose_is_refused_and_the_remedy_names_the_answer():
    for headers in (pet(""), pet("0"), pet("", items=0)):
        with pytest.raises(Refusal, match=r"RadionuclideTotalDose \(0018,1074\) is") as refusal:
            find_dose(headers, NO_ANSWERS)
        assert "dose_bq" in refusal.value.remedy
    assert find_dose(pet(""), Answers(dose_bq=3e8))[0].source == "user-entered"


def test_two_injections_are_refused_even_with_a_typed_dose():
    with pytest.raises(Refusal, match="holds 2 items"):
        find_dose(pet("3e8", items=2), Answers(dose_bq=3e8))
