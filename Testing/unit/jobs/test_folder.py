"""The files of a job folder, as readers find them: half-written, damaged, absent."""

from __future__ import annotations

import threading

import pytest
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.jobs.folder import JobFolder


@pytest.fixture
def folder(tmp_path):
    return JobFolder(tmp_path)


def test_a_line_that_is_still_being_written_is_left_for_the_next_look(folder):
    folder.append_event("stage", stage="Reading PET – été")
    with open(folder.events, "ab") as stream:
        stream.write(b'{"event": "sta')
    first, position = folder.read_events()
    assert [event["stage"] for event in first] == ["Reading PET – été"]
    with open(folder.events, "ab") as stream:
        stream.write(b'ge", "stage": "Reading CT"}\n')
    second, end = folder.read_events(position)
    assert [event["stage"] for event in second] == ["Reading CT"]
    assert folder.read_events(end) == ([], end)


def test_half_a_line_of_a_killed_process_spoils_no_other(folder):
    folder.events.write_bytes(b'{"event": "sta')
    folder.append_event("stage", stage="Reading PET")
    assert [event["stage"] for event in folder.read_events()[0]] == ["Reading PET"]


def test_events_and_status_that_do_not_exist_yet_are_empty(folder):
    assert folder.read_events() == ([], 0)
    assert folder.read_status() is None
    assert folder.read_control() == ([], 0)
    assert folder.log_tail(5) == []


def test_a_reader_waits_for_a_status_that_is_just_being_written(folder):
    folder.write_status({"state": "running"})
    whole = folder.status.read_bytes()
    folder.status.write_bytes(whole[:20])
    threading.Timer(0.1, folder.status.write_bytes, [whole]).start()
    assert folder.read_status()["state"] == "running"


def test_a_damaged_status_is_said_after_a_moment(folder):
    folder.status.write_text("{")
    with pytest.raises(Failure, match="not valid JSON"):
        folder.read_status()


def test_readers_see_only_whole_statuses(folder):
    """One writer in a hurry, one reader in a hurry."""
    written = threading.Event()

    def write():
        for number in range(300):
            folder.write_status({"state": "running", "filler": "x" * number, "number": number})
        written.set()

    folder.write_status({"state": "running", "filler": "", "number": 0})
    writer = threading.Thread(target=write)
    writer.start()
    while not written.is_set():
        status = folder.read_status()
        assert len(status["filler"]) == status["number"]
    writer.join()


def test_the_log_tail_is_its_last_lines_even_of_a_long_log_with_broken_text(folder):
    folder.log.write_bytes(b"noise\n" * 100_000 + b"caf\xe9\nlast\n")
    assert folder.log_tail(2) == ["caf\ufffd", "last"]


def test_a_folder_holds_one_job(folder):
    folder.write_job("segment", {})
    with pytest.raises(Refusal, match="exists"):
        folder.write_job("segment", {})


def test_arguments_that_are_no_json_are_refused_and_leave_nothing(folder):
    with pytest.raises(UsageError, match="segment"):
        folder.write_job("segment", {"path": folder.path})
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("content", ['{"format": "clips-job", "format_version": 1}', "[]", "{", ""])
def test_a_damaged_order_is_told(content, folder):
    folder.job.write_text(content)
    with pytest.raises((Failure, Refusal), match=r"job\.json"):
        folder.read_job()
