"""When the tracer was injected: dates that lie, clocks that are wrong, uptakes that are long."""

import pytest
from CLIPSLib.errors import Question, Refusal
from CLIPSLib.study.answers import Answers
from CLIPSLib.study.dicom_time import parse_moment
from CLIPSLib.study.headers import PetHeaders
from CLIPSLib.study.injection import find_injection

F18 = 6586.2
SCAN = parse_moment("20240305", "110000")


def find(reference=SCAN, half_life=F18, answers=None, **pet):
    return find_injection(PetHeaders(**pet), reference, half_life, answers or Answers())


def test_a_plausible_datetime_is_used():
    found = find(start_datetime="20240305100000.00", start_time="100000")
    assert found.elapsed_s == 3600.0
    assert found.cautions == ()


def test_a_time_belongs_to_the_day_of_the_scan():
    assert find(start_time="1000").elapsed_s == 3600.0


def test_a_time_later_than_the_scan_is_the_evening_before_within_six_hours():
    found = find(reference=parse_moment("20240306", "003000"), start_time="233000")
    assert found.elapsed_s == 3600.0
    assert [caution.code for caution in found.cautions] == ["injection-before-midnight"]


def test_a_day_is_never_added_to_a_clock_error():
    # 22 min after the scan: with 24 h added the factor would be 7700 times larger.
    with pytest.raises(Refusal, match=r"11:22:00.*11:00:00"):
        find(start_time="112200")


def test_a_datetime_shortly_after_the_scan_is_a_clock_error():
    with pytest.raises(Refusal, match="later than the reference time"):
        find(start_datetime="20240305110500")


def test_a_shifted_date_leaves_the_time_of_day():
    found = find(start_datetime="20010101100000")
    assert found.elapsed_s == 3600.0
    assert [caution.code for caution in found.cautions] == ["dates-shifted"]


def test_a_shifted_date_of_a_long_lived_nuclide_is_refused():
    with pytest.raises(Refusal, match="half-life of 282240 s"):
        find(half_life=282240.0, start_datetime="20010101100000")


def test_a_datetime_and_a_time_that_differ_are_both_said():
    found = find(start_datetime="20240305100000", start_time="093000")
    assert found.elapsed_s == 3600.0
    assert "09:30:00" in found.cautions[0].what


def test_a_differing_time_is_said_also_where_the_date_cannot_be_true():
    # scan on January 28 at 14:57, DateTime two days later at 13:51, Time 08:00
    scan = parse_moment("20060128", "145700")
    found = find(reference=scan, start_datetime="20060130135100", start_time="080000")
    assert found.elapsed_s == 66 * 60.0
    assert [caution.code for caution in found.cautions] == ["dates-shifted", "injection-times-differ"]
    assert "08:00:00" in found.cautions[1].what


def test_a_differing_time_is_said_also_of_a_long_uptake():
    found = find(
        start_datetime="20240305070000", start_time="100000", answers=Answers(confirm_long_uptake="yes")
    )  # 4 h by DateTime, 1 h by Time
    assert [caution.code for caution in found.cautions] == ["injection-times-differ", "long-uptake"]


def test_an_unreadable_datetime_is_said():
    found = find(start_datetime="yesterday", start_time="100000")
    assert found.elapsed_s == 3600.0
    assert "'yesterday'" in found.cautions[0].what


def test_time_zones_count_only_when_both_sides_state_them():
    with_zone = "20240305090000+0000"
    assert find(start_datetime=with_zone, timezone_offset="+0100").elapsed_s == 3600.0
    assert find(start_datetime="20240305100000+0000").elapsed_s == 3600.0


def test_over_two_half_lives_is_asked_confirmed_or_denied():
    # two half-lives are 219.5 min
    assert find(start_time="072100").elapsed_s == 219 * 60
    with pytest.raises(Question, match="220 min") as question:
        find(start_time="072000")
    assert (question.value.key, question.value.choices) == ("confirm_long_uptake", ("yes", "no"))
    confirmed = find(start_time="072000", answers=Answers(confirm_long_uptake="yes"))
    assert [caution.code for caution in confirmed.cautions] == ["long-uptake"]
    with pytest.raises(Refusal):
        find(start_time="072000", answers=Answers(confirm_long_uptake="no"))


def test_an_uptake_after_which_nothing_is_left_is_refused_even_when_confirmed():
    # C-11 (1223 s) injected 4 h before the scan: 11.8 half-lives
    with pytest.raises(Refusal, match="240 min"):
        find(half_life=1223.0, start_time="070000", answers=Answers(confirm_long_uptake="yes"))


def test_a_time_of_day_does_not_determine_the_decay_of_a_long_lived_nuclide():
    with pytest.raises(Refusal, match=r"\(0018,1072\) = 10:00:00 has no date"):
        find(half_life=282240.0, start_time="100000")


def test_an_offset_on_one_side_only_is_said_unless_the_other_time_confirms_it():
    assert [c.code for c in find(start_datetime="20240305100000+0100").cautions] == ["time-zone"]
    assert find(start_datetime="20240305100000+0100", start_time="100000").cautions == ()


def test_no_time_is_asked_and_the_answer_used():
    with pytest.raises(Question, match="time of day") as question:
        find(start_time="25")
    assert question.value.key == "injection_time"
    found = find(answers=Answers(injection_time="101500"))
    assert (found.elapsed_s, found.source) == (45 * 60.0, "user-entered")


def test_an_answer_overrules_a_wrong_clock():
    assert find(start_time="120000", answers=Answers(injection_time="1000")).elapsed_s == 3600.0


def test_a_typed_time_of_day_is_no_time_of_a_long_lived_nuclide():
    # Zr-89, injected days before: five hours since 10:00 of the same day would be a guess
    with pytest.raises(Refusal, match=r"user-entered injection time 06:00:00 has no date.*YYYYMMDDHHMMSS") as refusal:
        find(half_life=282240.0, answers=Answers(injection_time="060000"))
    assert refusal.value.code == "injection-date"


def test_a_typed_date_and_time_is_the_injection_of_a_long_lived_nuclide():
    found = find(half_life=282240.0, answers=Answers(injection_time="20240301100000"))
    assert (found.elapsed_s, found.source) == (4 * 86400 + 3600.0, "user-entered")  # four days and an hour
    assert found.cautions == ()


def test_a_typed_date_is_never_taken_for_shifted():
    with pytest.raises(Refusal, match=r"2024-03-06 10:00:00 by user-entered is later"):
        find(answers=Answers(injection_time="20240306100000"))
    with pytest.raises(Refusal, match="1500 min"):  # the day before, more than ten half-lives of F-18
        find(answers=Answers(injection_time="20240304100000"))


def test_a_scan_without_date_is_refused_with_a_long_lived_nuclide():
    undated = parse_moment("", "110000")
    for answers in (Answers(), Answers(injection_time="20240301100000")):
        with pytest.raises(Refusal, match="reference time 11:00:00 of the scan has no date"):
            find(reference=undated, half_life=282240.0, answers=answers, start_datetime="20240301100000")
    assert find(reference=undated, answers=Answers(injection_time="20240305100000")).elapsed_s == 3600.0


def test_a_missing_injection_of_a_long_lived_nuclide_is_asked_with_its_date():
    with pytest.raises(Question, match="date and time") as question:
        find(half_life=282240.0)
    assert question.value.unit == "YYYYMMDDHHMMSS"


def test_a_typed_time_that_overrules_the_header_is_said():
    found = find(start_datetime="20240305101500.00", start_time="101500", answers=Answers(injection_time="1000"))
    assert found.elapsed_s == 3600.0
    assert [caution.code for caution in found.cautions] == ["header-overruled", "header-overruled"]
    assert "'20240305101500.00'" in found.cautions[0].what
    assert find(start_time="100000.25", answers=Answers(injection_time="100000")).cautions == ()
