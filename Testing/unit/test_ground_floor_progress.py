"""CLIPSLib/progress.py: what a console, a log file and a test see of a long function."""

from __future__ import annotations

import io

import pytest
from CLIPSLib import progress
from CLIPSLib.errors import Cancelled, Caution
from CLIPSLib.progress import ConsoleReporter, RecordingReporter, Reporter, SilentReporter, format_duration

CAUTION = Caution("tracer", "The tracer is not FDG")
REDRAW = "\r\x1b[K"  # back to the start of the line, erase it


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it: `clock[0]`, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("reporter", [SilentReporter(), ConsoleReporter(io.StringIO()), RecordingReporter()])
def test_every_reporter_can_be_given_to_any_long_function(reporter):
    assert isinstance(reporter, Reporter)


def test_a_log_file_gets_one_line_per_stage(clock):
    log = io.StringIO()
    reporter = ConsoleReporter(log)
    for fraction in (0.0, 0.25, 0.5, 1.0):
        reporter.progress("reading PET", fraction)
        clock[0] += 1.0
    reporter.progress("segmenting", 1.0)
    assert log.getvalue() == "reading PET: done in 3.0 s\nsegmenting: done in 0.0 s\n"


def test_a_log_file_gets_a_line_a_minute_of_what_takes_hours(clock):
    log = io.StringIO()
    reporter = ConsoleReporter(log)
    for second in range(181):
        clock[0] = 100.0 + second
        reporter.progress(f"{second // 70} of 3 networks trained", second / 200)
    assert log.getvalue() == (
        "0 of 3 networks trained:  30 %, 2 min 20 s left\n"
        "1 of 3 networks trained:  60 %, 33 s left\n"
        "2 of 3 networks trained:  90 %, 4 s left\n"
    )


def test_a_terminal_line_is_redrawn_with_the_time_left(clock):
    terminal = Terminal()
    reporter = ConsoleReporter(terminal)
    reporter.progress("reading PET", 0.0)
    clock[0] += 30.0
    reporter.progress("reading PET", 0.25)  # a quarter in 30 s: 90 s to go
    clock[0] += 90.0
    reporter.progress("reading PET", 1.0)
    assert terminal.getvalue() == (
        f"{REDRAW}reading PET:   0 %{REDRAW}reading PET:  25 %, 1 min 30 s left{REDRAW}reading PET: done in 120.0 s\n"
    )


def test_a_terminal_is_not_redrawn_more_often_than_people_read(clock):
    terminal = Terminal()
    reporter = ConsoleReporter(terminal, min_interval_s=0.2)
    for step in range(1000):
        reporter.progress("reading PET", step / 1000)
        clock[0] += 0.001
    assert terminal.getvalue().count(REDRAW) == 5


def test_a_caution_is_said_once():
    log = io.StringIO()
    reporter = ConsoleReporter(log)
    reporter.caution(CAUTION)
    reporter.caution(Caution("tracer", "The tracer is not FDG"))
    assert log.getvalue() == "Caution: The tracer is not FDG\n"


def test_a_recording_keeps_everything_in_order():
    reporter = RecordingReporter()
    reporter.progress("reading", 0.5)
    reporter.caution(CAUTION)
    reporter.progress("reading", 1.0)
    assert reporter.stages == [("reading", 0.5), ("reading", 1.0)]
    assert reporter.cautions == [CAUTION]


def test_a_recording_cancels_after_the_checks_it_was_given():
    reporter = RecordingReporter(cancel_after=2)
    reporter.check()
    reporter.check()
    with pytest.raises(Cancelled):
        reporter.check()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.4, "59 min 59 s"),
        (7500, "2 h 05 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert format_duration(seconds) == text
