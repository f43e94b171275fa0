"""CLIPSLib/files.py: whole files or none, never over an existing one unasked."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from CLIPSLib import files
from CLIPSLib.errors import Failure, Refusal
from hypothesis import given
from hypothesis import strategies as st

CORE = Path(files.__file__).resolve().parent.parent
WRITERS = 4  # processes that race for one name


def run_python(code: str, *arguments: object) -> int:
    """The exit code of a fresh Python that runs `code`."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(CORE)}).returncode


def full_disk(*arguments, **keywords):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# --- one file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_written_with_its_folders(tmp_path):
    target = tmp_path / "new" / "folder" / "notes.txt"
    assert files.write_text(target, "naïve\r\n") == target
    assert target.read_bytes() == "naïve\r\n".encode()


def test_the_temporary_name_keeps_the_suffixes_because_image_writers_go_by_them(tmp_path):
    with files.atomic_path(tmp_path / "labels.nii.gz") as temporary:
        assert temporary.name.endswith("labels.nii.gz")
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"image")


def test_an_existing_file_is_refused_and_kept(tmp_path):
    target = files.write_text(tmp_path / "result.csv", "old")
    with pytest.raises(Refusal) as refusal:
        files.write_text(target, "new")
    assert refusal.value.code == "exists"
    assert str(target) in str(refusal.value)
    assert target.read_text() == "old"


def test_an_existing_file_is_replaced_when_asked(tmp_path):
    target = files.write_text(tmp_path / "result.csv", "old")
    files.write_text(target, "new", overwrite=True)
    assert target.read_text() == "new"


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "result.csv"
    with pytest.raises(Refusal, match="not overwritten"), files.atomic_path(target) as temporary:
        temporary.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["result.csv"]


def test_nor_is_it_on_file_systems_without_hard_links(tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    target = files.write_text(tmp_path / "first.txt", "written")
    assert target.read_text() == "written"
    with pytest.raises(Refusal), files.atomic_path(tmp_path / "second.txt"):
        (tmp_path / "second.txt").write_text("theirs")
    assert (tmp_path / "second.txt").read_text() == "theirs"


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_error_while_writing_leaves_nothing(tmp_path, overwrite):
    with pytest.raises(ZeroDivisionError), files.atomic_path(tmp_path / "result.csv", overwrite=overwrite) as temporary:
        temporary.write_text("half a ro")
        1 / 0  # noqa: B018
    assert os.listdir(tmp_path) == []


def test_a_process_that_dies_while_writing_leaves_the_old_file(tmp_path):
    target = files.write_text(tmp_path / "result.csv", "old")
    code = """
        import os, sys
        from CLIPSLib import files
        with files.atomic_path(sys.argv[1], overwrite=True) as temporary:
            temporary.write_text("half a ro")
            os._exit(7)
    """
    assert run_python(code, target) == 7
    assert target.read_text() == "old"


def test_a_full_disk_is_a_failure_in_words_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(Failure, match="The disk is full; nothing was written") as failure:
        files.write_text(tmp_path / "result.csv", "text")
    assert failure.value.code == "disk-full"
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_failure_that_names_it(tmp_path):
    blocked = files.write_text(tmp_path / "blocked", "a file")
    with pytest.raises(Failure, match="Cannot write") as failure:
        files.write_text(blocked / "result.csv", "text")
    assert failure.value.where == str(blocked / "result.csv")


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_permissions_follow_the_users_umask(tmp_path, umask, expected):
    before = os.umask(umask)
    try:
        target = files.write_text(tmp_path / "shared.csv", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == expected


def _race(target: Path, writer: int, start, results) -> None:
    start.wait()
    try:
        files.write_text(target, str(writer) * 100_000)
        results.put(("written", writer))
    except Refusal as refusal:
        results.put((refusal.code, writer))


def test_of_several_processes_that_write_one_name_exactly_one_wins(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(WRITERS), context.Queue()
    target = tmp_path / "result.csv"
    processes = [context.Process(target=_race, args=(target, i, start, results)) for i in range(WRITERS)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    winners = [writer for outcome, writer in outcomes if outcome == "written"]
    assert sorted(outcome for outcome, _ in outcomes) == ["exists"] * (WRITERS - 1) + ["written"]
    assert target.read_text() == str(winners[0]) * 100_000
    assert os.listdir(tmp_path) == ["result.csv"]


# --- one folder -------------------------------------------------------------------------------------------------------


def test_a_folder_takes_its_name_when_it_is_complete(tmp_path):
    target = tmp_path / "case"
    with files.atomic_folder(target) as temporary:
        (temporary / "a.txt").write_text("a")
        assert not target.exists()
    assert (target / "a.txt").read_text() == "a"
    assert os.listdir(tmp_path) == ["case"]


def test_a_folder_that_holds_something_is_refused_and_an_empty_one_is_used(tmp_path):
    target = tmp_path / "case"
    target.mkdir()
    with files.atomic_folder(target) as temporary:
        (temporary / "a.txt").write_text("a")
    with pytest.raises(Refusal), files.atomic_folder(target):
        pass
    assert (target / "a.txt").read_text() == "a"


def test_a_replaced_folder_keeps_nothing_of_the_old_one(tmp_path):
    target = tmp_path / "case"
    for name in ("old.txt", "new.txt"):
        with files.atomic_folder(target, overwrite=True) as temporary:
            (temporary / name).write_text(name)
    assert os.listdir(target) == ["new.txt"]
    assert os.listdir(tmp_path) == ["case"]


def test_an_error_while_filling_a_folder_keeps_the_old_one(tmp_path):
    target = tmp_path / "case"
    with files.atomic_folder(target) as temporary:
        (temporary / "old.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), files.atomic_folder(target, overwrite=True):
        1 / 0  # noqa: B018
    assert os.listdir(target) == ["old.txt"]
    assert os.listdir(tmp_path) == ["case"]


def test_a_process_that_dies_while_filling_a_folder_leaves_no_result(tmp_path):
    code = """
        import os, sys
        from CLIPSLib import files
        with files.atomic_folder(sys.argv[1]) as temporary:
            (temporary / "a.txt").write_text("a")
            os._exit(7)
    """
    assert run_python(code, tmp_path / "case") == 7
    assert not (tmp_path / "case").exists()


# --- JSON documents ---------------------------------------------------------------------------------------------------


def test_a_document_names_its_format_and_version_first_and_reads_back(tmp_path):
    path = files.write_json(tmp_path / "m.json", {"tmtv_ml": 12.5, "name": "Émile"}, format_name="m", version=2)
    assert path.read_text(encoding="utf-8").startswith('{\n  "format": "m",\n  "format_version": 2,')
    assert "Émile" in path.read_text(encoding="utf-8")
    document = files.read_json(path, format_name="m", version=2)
    assert document == {"format": "m", "format_version": 2, "tmtv_ml": 12.5, "name": "Émile"}


def test_an_older_version_is_read_and_a_newer_one_refused_with_both_numbers(tmp_path):
    path = files.write_json(tmp_path / "m.json", {}, format_name="m", version=3)
    assert files.read_json(path, format_name="m", version=4)["format_version"] == 3
    with pytest.raises(Refusal, match="version 3 is not known; this software reads up to version 2") as refusal:
        files.read_json(path, format_name="m", version=2)
    assert refusal.value.code == "newer-format"
    assert refusal.value.remedy == "Update CLIPS."


def test_another_format_is_refused(tmp_path):
    path = files.write_json(tmp_path / "m.json", {}, format_name="measures", version=1)
    with pytest.raises(Refusal, match="not a 'segmentation' document"):
        files.read_json(path, format_name="segmentation", version=1)


@pytest.mark.parametrize("text", ["", "{", "not json", "\xff\xfe"])
def test_what_is_not_json_is_a_failure_that_names_the_file(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Failure, match="not valid JSON") as failure:
        files.read_json(path, format_name="m", version=1)
    assert failure.value.where == str(path)


def test_a_missing_document_is_a_failure(tmp_path):
    with pytest.raises(Failure, match=r"Cannot read the file.*Check the path\."):
        files.read_json(tmp_path / "absent.json", format_name="m", version=1)


def test_a_folder_in_the_place_of_a_document_is_a_failure_that_says_so(tmp_path):
    with pytest.raises(Failure, match="Name a file in this folder"):
        files.read_json(tmp_path, format_name="m", version=1)


def test_numbers_that_json_does_not_know_are_not_written(tmp_path):
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "m.json", {"suv_max": float("nan")}, format_name="m", version=1)
    assert os.listdir(tmp_path) == []


# --- names and sums ---------------------------------------------------------------------------------------------------


def test_sha256_of_a_file_is_the_published_value(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert files.sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAT-001", "PAT-001"),
        ("Dupont^Émile", "Dupont_mile"),
        ("../../etc/passwd", "etc_passwd"),
        ("", "unnamed"),
        ("///", "unnamed"),
        ("a" * 100, "a" * 64),
        ("Con", "_Con"),  # Windows keeps this name for a device
        ("nul.txt", "_nul.txt"),
        ("Conrad", "Conrad"),
    ],
)
def test_any_text_becomes_a_file_name(text, expected):
    assert files.safe_name(text) == expected


@given(st.text())
def test_a_safe_name_is_one_visible_path_component(text):
    name = files.safe_name(text)
    assert Path(name).name == name
    assert not name.startswith(".")
    assert 1 <= len(name) <= 64
    assert name.isascii()
