"""Dates and times as real files write them."""

import datetime

import pytest
from CLIPSLib.study.dicom_time import (
    Moment,
    elapsed_s,
    parse_date,
    parse_datetime,
    parse_moment,
    parse_offset,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("09", 9 * 3600),
        ("0930", 9 * 3600 + 30 * 60),
        ("093015", 9 * 3600 + 30 * 60 + 15),
        ("093015.5", 9 * 3600 + 30 * 60 + 15.5),
        ("112011.00 ", 11 * 3600 + 20 * 60 + 11),
        ("093015.123456", 34215.123456),
        ("09:30:15", 34215.0),
        ("000000", 0.0),
        ("235959.999999", 86399.999999),
    ],
)
def test_every_legal_form_of_a_time_is_read(text, seconds):
    assert parse_time(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize("text", ["", "9", "2460", "250000", "101", "noon", "100000-110000", "10.5", "1000 00"])
def test_an_unreadable_time_is_none_and_never_a_guess(text):
    assert parse_time(text) is None


def test_dates_are_read_in_the_new_and_the_old_form():
    assert parse_date("20240229") == parse_date("2024.02.29") == datetime.date(2024, 2, 29)
    assert parse_date("20230229") is None
    assert parse_date("") is None


def test_a_datetime_needs_a_time_and_tells_its_offset():
    moment, offset = parse_datetime("20240305100500.250000+0130")
    assert moment == Moment(datetime.date(2024, 3, 5), 10 * 3600 + 5 * 60 + 0.25)
    assert offset == 90
    assert parse_datetime("202403051005")[1] is None
    assert parse_datetime("20240305") is None
    assert parse_offset("-0500") == -300


def test_elapsed_time_crosses_midnight_by_date_and_falls_back_to_times_of_day():
    evening, night = parse_moment("20240305", "233000"), parse_moment("20240306", "003000")
    assert elapsed_s(evening, night) == 3600.0
    assert elapsed_s(Moment(None, evening.seconds), night) == -23 * 3600.0


def test_shifting_over_midnight_moves_the_date():
    assert str(parse_moment("20240305", "235950").shifted(20.5)) == "2024-03-06 00:00:10.5"
    assert str(parse_moment("", "000010").shifted(-20)) == "23:59:50"
    assert parse_moment("99991231", "235959").shifted(10).date is None
